"""Payload models: what the JSON on each `std_msgs/String` topic may hold.

A reader ignores keys it does not know and refuses an unknown major version or a malformed payload.
Field names follow hri_msgs where it has one (`incremental`, `final`, `confidence`, `locale`).
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_PAYLOAD_BYTES = 262_144
"""A payload above this is refused unread; the longest legitimate one is a prompt of 4,096 tokens."""

Identifier = Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9_.:-]*$")]
RequestId = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_.:-]*$")]
"""A turn's identifier, and what is asked of it."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Stamp = Annotated[float, Field(ge=0, lt=2**31, allow_inf_nan=False)]
"""ROS time in seconds, as builtin_interfaces/Time can hold it."""
Count = Annotated[int, Field(ge=0, lt=2**63)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=65_536)]
Sentence = Annotated[str, Field(max_length=4_000)]


class MalformedPayloadError(ValueError):
    """A payload that its reader must refuse; the text says why in one sentence."""


class Payload(BaseModel):
    """The envelope that every payload carries. `stamp` is ROS time in seconds."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)
    kind: ClassVar[str]
    major: ClassVar[int] = 1

    schema_: str = Field(default="", alias="schema", max_length=80)
    stamp: Stamp = 0.0
    session_id: Identifier = ""
    turn_id: Identifier = ""
    seq: Count = 0
    done: bool = False

    @classmethod
    def schema_name(cls) -> str:
        """The schema this model writes and reads, such as "phied/transcript/1"."""
        return f"phied/{cls.kind}/{cls.major}"

    def to_json(self) -> str:
        """The payload as JSON, with its schema."""
        stamped = self.model_copy(update={"schema_": self.schema_name()})
        return stamped.model_dump_json(by_alias=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a payload.

        Raises:
            MalformedPayloadError: too large, not JSON, another schema, or a field out of its range.
        """
        if len(text) > MAX_PAYLOAD_BYTES:
            raise MalformedPayloadError(f"{cls.kind}: {len(text)} characters, at most {MAX_PAYLOAD_BYTES} are read")
        try:
            payload = cls.model_validate_json(text)
        except (ValidationError, UnicodeError, RecursionError) as error:
            raise MalformedPayloadError(f"{cls.kind}: {_first_mistake(error)}") from error
        if payload.schema_ != cls.schema_name():
            raise MalformedPayloadError(f"{cls.kind}: schema {payload.schema_!r} instead of {cls.schema_name()!r}")
        return payload


def _first_mistake(error: Exception) -> str:
    if isinstance(error, ValidationError):
        mistake = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in mistake["loc"])
        return f"{place}: {mistake['msg']}" if place else mistake["msg"]
    return str(error)


class Transcript(Payload):
    """What was heard. `final` is empty while `incremental` grows.

    `speech_ended` is the ROS time at which the speech ended (or the line was entered), from which
    all of a turn's timings count.
    """

    kind: ClassVar[str] = "transcript"
    turn_id: Annotated[Identifier, Field(min_length=1)]
    incremental: Text = ""
    final: Text = ""
    confidence: Probability | None = None
    locale: Annotated[str, Field(max_length=16)] = "en"
    source: Literal["typed", "wav", "microphone", "injected"] = "injected"
    speech_ended: Stamp = 0.0


class SpeechState(Payload):
    """What speech input is doing; `detail` is one sentence for people, `utterances` counts transcripts so far."""

    kind: ClassVar[str] = "speech_state"
    utterances: Count = 0
    state: Literal["off", "idle", "listening", "hearing", "recognizing", "muted", "finished", "failed"]
    detail: Sentence = ""


class Strategy(Payload):
    """The strategy of a turn, with the whole distribution over labels (sums to 1); `lesson`: of a story or a quiz."""

    kind: ClassVar[str] = "strategy"
    label: Annotated[str, Field(max_length=40)]
    probabilities: dict[str, Probability] = Field(default_factory=dict, max_length=64)
    reveals_answer: bool = False
    source: Literal["model", "default", "lesson"] = "model"
    question: Text = ""


class Reply(Payload):
    """One sentence of an answer; `done` marks the last one, whose sentence may be empty.

    `lesson`: a story or a quiz, word for word; `repeated`: what is still to be said, for a voice that was lost.
    """

    kind: ClassVar[str] = "reply"
    sentence: Sentence = ""
    source: Literal["model", "lesson", "prepared", "repeated"] = "model"
    strategy: Annotated[str, Field(max_length=40)] = ""


class Expression(Payload):
    """What the robot does: a gesture, a filler or a sentence's sound begins, a sentence ends, or a turn is finished.

    `lost`: the voice came back in the middle of the answer and does not know what is still to be said.
    `audio_file` is set where sentences are kept as WAV files; `duration` is in seconds.
    """

    kind: ClassVar[str] = "expression"
    event: Literal["gesture", "filler", "sentence_started", "sentence_ended", "finished", "lost"]
    gesture: Annotated[str, Field(max_length=40)] = ""
    sentence: Sentence = ""
    audio_file: Annotated[str, Field(max_length=1_024)] = ""
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Session(Payload):
    """Who is taught what: latched, published by the session node alone.

    `notice` says in one sentence why the last wish was not granted.
    """

    kind: ClassVar[str] = "session"
    pupil: Identifier = "pupil-1"
    age: Annotated[int, Field(ge=3, le=12)] = 8
    language: Literal["en", "fr", "de"] = "en"
    lesson: Annotated[str, Field(max_length=200)] = "plants"
    extraversion: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = 0.0
    paused: bool = False
    notice: Sentence = ""


class SessionSet(Payload):
    """A wish to change the session; what is left out stays."""

    kind: ClassVar[str] = "session_set"
    pupil: Identifier | None = None
    age: Annotated[int, Field(ge=3, le=12)] | None = None
    language: Literal["en", "fr", "de"] | None = None
    lesson: Annotated[str, Field(max_length=200)] | None = None
    extraversion: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None = None

    def changes(self) -> dict[str, object]:
        """The fields of the session that are to change."""
        return self.model_dump(exclude=set(Payload.model_fields), exclude_none=True)


Status = Literal["running", "done", "cancelled", "failed", "blocked"]


class Turn(Payload):
    """Where a turn stands. The one message with `done` set is terminal and holds the whole turn.

    Of a cancelled turn `answer` holds what began to sound.
    `timings` are seconds: each stage's own time, and `first_audio` and `thinking` since the end of speech.
    """

    kind: ClassVar[str] = "turn"
    phase: Literal["heard", "deciding", "answering", "speaking", "ended"]
    status: Status = "running"
    reason: Sentence = ""
    heard: Text = ""
    source: Annotated[str, Field(max_length=20)] = ""
    strategy: Annotated[str, Field(max_length=40)] = ""
    distribution: dict[str, Probability] = Field(default_factory=dict, max_length=64)
    answer: Text = ""
    gestures: list[str] = Field(default_factory=list, max_length=256)
    audio_files: list[str] = Field(default_factory=list, max_length=256)
    timings: dict[str, Finite] = Field(default_factory=dict, max_length=64)


class Exchange(BaseModel):
    """A turn as the conversation remembers it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    turn_id: Identifier
    heard: Text
    strategy: Annotated[str, Field(max_length=40)]
    answer: Text


class Progress(Payload):
    """Where the lesson stands: latched, published by the session node alone, for a node that comes back.

    `exchanges` are the last turns of the conversation on `lesson`, oldest first; `ended` the ids of turns that are
    over; `turn` is the latest one, under way or over.
    """

    kind: ClassVar[str] = "progress"
    lesson: Annotated[str, Field(max_length=200)] = ""
    exchanges: list[Exchange] = Field(default_factory=list, max_length=40)
    ended: list[Identifier] = Field(default_factory=list, max_length=256)
    turn: Turn | None = None


class Control(Payload):
    """A word from the session node to the others.

    stop: silence and no motion, and the turn ends; pause and resume: no new turns, or again;
    cancel: the turn ends in favour of another; default_strategy and prepared_reply: the stage is late.
    """

    kind: ClassVar[str] = "control"
    action: Literal["stop", "pause", "resume", "cancel", "default_strategy", "prepared_reply"]
    reason: Sentence = ""


class Configuration(Payload):
    """What a node is, by which one run can be told from another.

    `fingerprints` are SHA-256 of weights, by "base", "merged", "strategy" and "response".
    """

    kind: ClassVar[str] = "configuration"
    node: Annotated[str, Field(max_length=80)]
    package_version: Annotated[str, Field(max_length=80)]
    parameters: dict[str, str | bool | int | Finite | list[str]] = Field(default_factory=dict, max_length=64)
    prompt_version: Annotated[str, Field(max_length=80)] = ""
    fingerprints: dict[str, Annotated[str, Field(max_length=80)]] = Field(default_factory=dict, max_length=16)


class ChatMessage(BaseModel):
    """One message of a chat, as chat templates take it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    role: Literal["system", "user", "assistant"]
    content: Text


class LlmRequest(Payload):
    """A job for the language model: score `choices` where there are any, else generate."""

    kind: ClassVar[str] = "llm_request"
    request_id: Annotated[RequestId, Field(min_length=1)]
    adapter: Literal["strategy", "response"]
    messages: list[ChatMessage] = Field(min_length=1, max_length=256)
    choices: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(default_factory=list, max_length=64)
    max_new_tokens: Annotated[int, Field(ge=1, le=2_048)] = 160
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.0
    seed: Count = 0


class LlmCancel(Payload):
    """All jobs of the envelope's `turn_id` are to end."""

    kind: ClassVar[str] = "llm_cancel"


class LlmChunk(Payload):
    """Text that a job has generated since the last chunk."""

    kind: ClassVar[str] = "llm_chunk"
    request_id: RequestId
    text: Text


class LlmResult(Payload):
    """The end of a job. `timings` in seconds: queued, prefill, total; and the number of tokens."""

    kind: ClassVar[str] = "llm_result"
    request_id: RequestId
    status: Literal["ok", "cancelled", "failed", "refused"]
    reason: Sentence = ""
    text: Text = ""
    probabilities: dict[str, Probability] = Field(default_factory=dict, max_length=64)
    tokens: Count = 0
    timings: dict[str, Finite] = Field(default_factory=dict, max_length=64)


class LlmState(Payload):
    """Whether the language model can answer; `progress` runs from 0 to 1 while it loads."""

    kind: ClassVar[str] = "llm_state"
    state: Literal["loading", "ready", "failed"]
    progress: Probability = 0.0
    detail: Sentence = ""


class RobotState(Payload):
    """The connection to the robot's daemon; `clamped` counts targets that were outside the safe boxes."""

    kind: ClassVar[str] = "robot_state"
    state: Literal["off", "connecting", "connected", "lost"]
    address: Annotated[str, Field(max_length=300)] = ""
    daemon_version: Annotated[str, Field(max_length=80)] = ""
    detail: Sentence = ""
    clamped: Count = 0
