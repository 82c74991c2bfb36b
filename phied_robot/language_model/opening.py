"""The model that the settings ask for: local, on a server, or both."""

from phied_robot.language_model.fallback import FallbackModel
from phied_robot.language_model.generation import TutorModel
from phied_robot.language_model.loading import Progress, load
from phied_robot.language_model.remote import RemoteModel
from phied_robot.language_model.sources import ModelSource
from phied_robot.language_model.worker import LanguageModel


def open_model(
    source: ModelSource | None, remote: RemoteModel | None, *, device: str, context: int, progress: Progress
) -> LanguageModel:
    """Load what is to be loaded.

    Args:
        source: the local model; with a server, the one that answers while the server cannot.
        remote: the server, if there is one; without a source it is alone.
        device: of the local model, as of `load`.
        context: of the local model: most tokens of a prompt and its answer.
        progress: told how far the loading is.

    Raises:
        ModelError: the local model cannot be loaded.
    """
    local = TutorModel(load(source, device=device, progress=progress), context) if source else None
    if remote:
        return FallbackModel(remote, local)
    assert local is not None, "neither a model nor a server"
    return local
