"""The course of a conversation: events of the tutor on one side, questions and commands on the other."""

import queue
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from pydantic import ValidationError

from phied_robot import topics
from phied_robot.cli.supervisor import Supervisor
from phied_robot.cli.view import View
from phied_robot.expression.personalities import scale
from phied_robot.messages import (
    Expression,
    LlmChunk,
    LlmResult,
    LlmState,
    Payload,
    Progress,
    Reply,
    RobotState,
    Session,
    SpeechState,
    Strategy,
    Turn,
)
from phied_robot.robots.simulator import Simulator

if TYPE_CHECKING:
    from phied_robot.nodes.terminal import Diagnosis, TerminalNode

START_SECONDS = 600.0
"""Longest start: a large model that is read from a slow disk and quantized."""


WISH_SECONDS = 5.0
"""Longest wait for the session node's answer to a wish."""


class StartFailedError(RuntimeError):
    """The tutor did not get ready; the text says what is missing."""


class HearingError(RuntimeError):
    """A recording was not heard; the text says which and why."""


class Conversation:
    """Shows what happens and asks what is to be asked. Runs on the main thread."""

    def __init__(
        self,
        terminal: "TerminalNode",
        supervisor: Supervisor,
        simulator: Simulator | None,
        view: View,
        *,
        expects_robot: bool,
        records: bool,
        shares_audio: bool,
    ) -> None:
        """`turns` holds the terminal message of every turn, in order; `unasked` counts what was no question."""
        self.turns: list[Turn] = []
        self.unasked = 0
        self._terminal = terminal
        self._supervisor = supervisor
        self._simulator = simulator
        self._view = view
        self._expects_robot = expects_robot
        self._shares_audio = shares_audio
        self._awaits_recorder = records
        self._model = LlmState(state="loading")
        self._robot = RobotState(state="connecting")
        self._session: Session | None = None
        self._speech = SpeechState(state="off")
        self._has_voice = False
        self._ready = False
        self._talking = False
        self._shown: set[str] = set()
        self._audio = ""
        self._ailing: dict[str, str] = {}
        self._lines: queue.Queue[str] = queue.Queue()

    def wait_until_ready(self) -> None:
        """Show the start's progress until every node is there.

        Raises:
            StartFailedError: the model cannot be loaded, or something is missing after a long time.
        """
        deadline = time.monotonic() + START_SECONDS
        with self._view.progress as progress:
            model = progress.add_task("language model", total=1.0)
            while missing := self._missing():
                self.step()
                progress.update(model, completed=self._model.progress, description=self._model.detail or missing)
                if self._model.state == "failed":
                    raise StartFailedError(self._model.detail)
                if time.monotonic() > deadline:
                    raise StartFailedError(f"still waiting for {missing} after {START_SECONDS:.0f} s; see the logs")
        self._ready = True
        self._view.line(self._model.detail)
        if self._expects_robot:
            self._view.robot(self._robot)
        assert self._session is not None
        self._view.session(self._session)

    def ask_all(self, questions: Sequence[str]) -> None:
        """Ask one question after the other, each when the turn before has ended."""
        for question in questions:
            turn_id = self.ask(question)
            while turn_id and not self.has_ended(turn_id):
                self.step()

    def hear_all(self, audio_files: list[str]) -> None:
        """Let speech input hear the files, to the end of the last turn.

        Raises:
            HearingError: something cannot be heard, or a file holds no words.
        """
        if not audio_files:
            return
        before = len(self.turns)
        self._supervisor.start("speech_input", source="wav", audio_files=audio_files, share_audio=self._shares_audio)
        while self._speech.state not in ("finished", "failed"):
            self.step()
            if "speech_input" in self._supervisor.gone:
                raise HearingError("the recordings were not heard to their end; ask what is missing again")
        while len(self.turns) < before + self._speech.utterances:
            self.step()
        if self._speech.detail:
            raise HearingError(self._speech.detail)

    def talk(self, lines: TextIO) -> None:
        """Talk until /quit or the end of `lines`; speech input listens where there is a microphone."""
        self._supervisor.start("speech_input", source="auto", share_audio=self._shares_audio)
        threading.Thread(target=self._read, args=(lines,), name="keyboard", daemon=True).start()
        self._talking = True
        self._view.line("/help shows the commands")
        self._view.prompt()
        pending = ""
        while True:
            self.step()
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                continue
            if line in ("", "/quit\n"):
                while line == "" and pending and not self.has_ended(pending):
                    self.step()
                return
            if line.startswith("/"):
                self._command(line.split())
            elif line.strip():
                pending = self.ask(line.strip())

    def ask(self, question: str) -> str:
        """Put a question; its turn id, or an empty string where it cannot be put."""
        try:
            return self._terminal.ask(question)
        except ValidationError as error:
            self.unasked += 1
            self._view.error(f"this question cannot be asked: {error.errors()[0]['msg']}; type another")
            return ""

    def _read(self, lines: TextIO) -> None:
        for line in iter(lines.readline, ""):
            self._lines.put(line)
        self._lines.put("")

    def _command(self, words: list[str]) -> None:
        match words:
            case ["/help"]:
                self._view.help()
            case ["/lesson", lesson]:
                self._wish(lesson=lesson)
            case ["/personality", text]:
                try:
                    self._wish(extraversion=scale().parse(text))
                except (ValueError, ValidationError) as error:
                    self._view.error(str(error))
            case ["/stop"]:
                self._terminal.stop_robot()
            case ["/pause"]:
                self._terminal.pause(True)
            case ["/resume"]:
                self._terminal.pause(False)
            case _:
                self._view.error(f"no command {' '.join(words)!r}; /help shows them all")
        self._view.prompt()

    def _wish(self, **changes: object) -> None:
        """Ask for a change and wait for the answer, so that the next question belongs to the changed session."""
        before, deadline = self._session, time.monotonic() + WISH_SECONDS
        self._terminal.wish(**changes)
        while self._session is before and time.monotonic() < deadline:
            self.step()

    def _missing(self) -> str:
        """What the tutor still waits for, or an empty string."""
        waits = {
            "the language model": self._model.state != "ready",
            "the robot": self._expects_robot and self._robot.state != "connected",
            "the session": self._session is None,
            "the voice": not self._has_voice,
            "the session node": self._terminal.readers(topics.TRANSCRIPT) < 1,
            "the strategy node": "pedagogical_strategy" not in self._terminal.listeners(topics.LLM_RESULT),
            "the response node": "response_generation" not in self._terminal.listeners(topics.LLM_CHUNK),
            "the recorder": self._awaits_recorder,
        }
        return next((name for name, waiting in waits.items() if waiting), "")

    def has_ended(self, turn_id: str) -> bool:
        """Whether the terminal message of a turn has come."""
        return any(turn.turn_id == turn_id for turn in self.turns)

    def step(self) -> None:
        """Handle one event, or 50 ms without one."""
        robot_said = self._simulator.look_after() if self._simulator else []
        for sentence in (*self._supervisor.look_after(in_lesson=self._ready), *robot_said):
            self._view.error(sentence)
        try:
            event = self._terminal.events.get(timeout=0.05)
        except queue.Empty:
            return
        if isinstance(event, bool):
            self._has_voice = True
        elif not isinstance(event, Payload):
            self._diagnosed(event)
        else:
            self.show(event)

    def show(self, event: Payload) -> None:
        """Take in what the tutor says."""
        match event:
            case LlmState():
                self._model = event
                if self._ready and event.state != "ready":
                    self._view.line(f"language model: {event.detail or event.state}")
            case SpeechState():
                self._speech_changed(event)
            case RobotState():
                known, self._robot = self._robot, event
                if self._ready and (known.state, known.detail) != (event.state, event.detail):
                    self._view.robot(event)
            case Session():
                self._session_changed(event)
            case LlmChunk() if event.request_id.endswith(".response"):
                self._shown.add(event.turn_id)
                self._view.text(event.text)
            case Reply(source="lesson"):
                self._shown.add(event.turn_id)
                self._view.text(f"{event.sentence} ")
            case LlmResult() if event.request_id.endswith(".response"):
                self._view.text_ended()
            case Reply(done=True):
                self._view.text_ended()
            case Strategy():
                self._view.strategy(event)
            case Expression():
                self._view.expression(event)
            case Turn():
                self._turn_changed(event)
            case Progress(turn=Turn(done=True) as turn):
                # The message of its end may have been sent before we were there to hear it.
                self._turn_changed(turn)

    def _diagnosed(self, diagnosis: "Diagnosis") -> None:
        """Say once where the sound goes, and once what ails a node."""
        if diagnosis.audio and diagnosis.audio != self._audio:
            self._audio = diagnosis.audio
            self._view.line(f"voice: {diagnosis.audio}")
        if diagnosis.node == "recorder" and diagnosis.level == "ok":
            self._awaits_recorder = False
        known = self._ailing.get(diagnosis.node, "")
        self._ailing[diagnosis.node] = "" if diagnosis.level == "ok" else diagnosis.says
        # The robot's and the model's own states are said as they change.
        said_elsewhere = diagnosis.node in ("reachy_mini", "language_model")
        ailment = self._ailing[diagnosis.node]
        if not self._ready or ailment in ("", known) or said_elsewhere:
            return
        # Of several that miss the same node, the first one says so.
        if list(self._ailing.values()).count(ailment) == 1:
            self._view.error(f"{diagnosis.node}: {ailment}")

    def _speech_changed(self, speech: SpeechState) -> None:
        # What a finished recording says is raised by whoever waits for it.
        if speech.detail and speech.detail != self._speech.detail and speech.state != "finished":
            (self._view.error if speech.state == "failed" else self._view.line)(speech.detail)
        self._speech = speech

    def _session_changed(self, session: Session) -> None:
        known, self._session = self._session, session
        if not self._ready or known is None:
            return
        if session.notice:
            self._view.error(session.notice)
        else:
            self._view.session(session)

    def _turn_changed(self, turn: Turn) -> None:
        if turn.phase == "deciding":
            self._view.heard(turn)
        if turn.done and not self.has_ended(turn.turn_id):
            self.turns.append(turn)
            self._view.ended(turn, turn.turn_id in self._shown)
            if self._talking:
                self._view.prompt()
