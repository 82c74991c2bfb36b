"""The recorder node: everything that is said on the topics, into a bag."""

from itertools import count
from pathlib import Path

from pydantic import Field

from phied_robot.nodes.parameters import Settings
from phied_robot.nodes.recording import Recording
from phied_robot.nodes.tutor_node import Health, StartError, TutorNode, run
from phied_robot.replay.errors import BagError


class RecorderSettings(Settings):
    """Parameters of the recorder node."""

    folder: str = Field("", description="Folder of the bag; it must not be there yet.")
    audio: bool = Field(False, description="Whether what the microphone hears goes into the bag too.")


class RecorderNode(TutorNode[RecorderSettings]):
    """Writes each message as it comes, so that a crash costs none but the one under way."""

    def __init__(self) -> None:
        """Make the bag and begin to listen."""
        super().__init__("recorder", RecorderSettings)
        if not self.settings.folder:
            raise StartError("recorder: folder is empty; name the folder of the bag")
        try:
            self._recording = Recording(self, _free(Path(self.settings.folder)), audio=self.settings.audio)
        except BagError as error:
            raise StartError(f"recorder: {error}") from error

    def close(self) -> None:
        """End the bag."""
        self._recording.close()

    def health(self) -> Health:
        """An error where the disk refuses; a warning until all are matched who speak from the first question on."""
        values: dict[str, object] = {"messages": self._recording.messages}
        if self._recording.fault:
            return Health("error", self._recording.fault, values)
        if missing := self._recording.unmatched():
            return Health("warning", f"waiting for {', '.join(missing)}", values)
        return Health("ok", "recording", values)


def _free(folder: Path) -> Path:
    """The folder, or, for a recorder that is started again, the next beside it: DIR-2, DIR-3 and so on."""
    names = (folder if number == 1 else folder.with_name(f"{folder.name}-{number}") for number in count(1))
    return next(path for path in names if not path.exists())


def main() -> None:
    """Run the recorder node."""
    run(RecorderNode)


if __name__ == "__main__":
    main()
