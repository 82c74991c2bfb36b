"""What the JSON on each topic holds: topics and messages, which know nothing of each other, put together."""

from collections.abc import Mapping

from phied_robot import topics
from phied_robot.messages import (
    Configuration,
    Control,
    Expression,
    LlmCancel,
    LlmChunk,
    LlmRequest,
    LlmResult,
    LlmState,
    Payload,
    Progress,
    Reply,
    RobotState,
    Session,
    SessionSet,
    SpeechState,
    Strategy,
    Transcript,
    Turn,
)

PAYLOADS: Mapping[topics.Topic, type[Payload]] = {
    topics.TRANSCRIPT: Transcript,
    topics.SPEECH_STATE: SpeechState,
    topics.STRATEGY: Strategy,
    topics.REPLY: Reply,
    topics.EXPRESSION: Expression,
    topics.SESSION: Session,
    topics.SESSION_SET: SessionSet,
    topics.TURN: Turn,
    topics.PROGRESS: Progress,
    topics.CONTROL: Control,
    topics.CONFIGURATION: Configuration,
    topics.LLM_REQUEST: LlmRequest,
    topics.LLM_CANCEL: LlmCancel,
    topics.LLM_CHUNK: LlmChunk,
    topics.LLM_RESULT: LlmResult,
    topics.LLM_STATE: LlmState,
    topics.ROBOT_STATE: RobotState,
}
"""The payload of every topic of type std_msgs/String."""
