"""Every topic of the tutor: name, type name and quality of service, as plain data.

Nodes, bags and documentation read this table; only `nodes/` turns the type names into classes.
"""

from dataclasses import dataclass
from typing import Literal

TypeName = Literal[
    "std_msgs/String",
    "std_msgs/Bool",
    "std_msgs/Int16MultiArray",
    "sensor_msgs/JointState",
    "geometry_msgs/PoseStamped",
    "diagnostic_msgs/DiagnosticArray",
]


@dataclass(frozen=True)
class QualityOfService:
    """Quality of service of a topic; `latched` means transient local, so a late joiner gets the last one."""

    reliable: bool
    latched: bool
    depth: int


STATE = QualityOfService(reliable=True, latched=True, depth=1)
EVENT = QualityOfService(reliable=True, latched=False, depth=50)
SOUND = QualityOfService(reliable=True, latched=False, depth=2_000)
"""A minute of sound, so that a replay may send it faster than it is heard."""
ONE_A_NODE = QualityOfService(reliable=True, latched=True, depth=16)
STREAM = QualityOfService(reliable=False, latched=False, depth=1)


@dataclass(frozen=True)
class Topic:
    """A topic by its relative name, so that a namespace makes a second robot."""

    name: str
    type_name: TypeName
    quality: QualityOfService
    says: str


TRANSCRIPT = Topic("speech/transcript", "std_msgs/String", EVENT, "what the child said or typed")
AUDIO = Topic("speech/audio", "std_msgs/Int16MultiArray", SOUND, "what the microphone hears; only when switched on")
SPEECH_STATE = Topic("speech/state", "std_msgs/String", STATE, "what speech input is doing")
SPEAKING = Topic("speech/speaking", "std_msgs/Bool", STATE, "whether the robot's voice is sounding")
STRATEGY = Topic("tutor/strategy", "std_msgs/String", EVENT, "the teaching strategy chosen for a turn")
REPLY = Topic("tutor/reply", "std_msgs/String", EVENT, "the answer, sentence by sentence")
EXPRESSION = Topic("tutor/expression", "std_msgs/String", EVENT, "gestures and sentences as they begin and end")
SESSION = Topic("tutor/session", "std_msgs/String", STATE, "who is taught what, and how")
SESSION_SET = Topic("tutor/session/set", "std_msgs/String", EVENT, "a wish to change the session")
TURN = Topic("tutor/turn", "std_msgs/String", EVENT, "the phases of a turn, one of them terminal")
PROGRESS = Topic("tutor/progress", "std_msgs/String", STATE, "the conversation so far and the turn under way")
CONTROL = Topic("tutor/control", "std_msgs/String", EVENT, "stop, pause, cancel, and fallbacks for late stages")
CONFIGURATION = Topic(
    "tutor/configuration", "std_msgs/String", ONE_A_NODE, "each node's version, parameters and fingerprints"
)
LLM_REQUEST = Topic("llm/request", "std_msgs/String", EVENT, "a job for the language model")
LLM_CANCEL = Topic("llm/cancel", "std_msgs/String", EVENT, "the end of interest in a turn's jobs")
LLM_CHUNK = Topic("llm/chunk", "std_msgs/String", EVENT, "generated text as it comes")
LLM_RESULT = Topic("llm/result", "std_msgs/String", EVENT, "the end of a job: text or probabilities")
LLM_STATE = Topic("llm/state", "std_msgs/String", STATE, "loading, ready or failed, with progress")
ROBOT_STATE = Topic("robot/state", "std_msgs/String", STATE, "the connection to the robot's daemon")
JOINT_COMMANDS = Topic("joint_commands", "sensor_msgs/JointState", STREAM, "targets of the nine joints, 50 Hz")
JOINT_STATES = Topic("joint_states", "sensor_msgs/JointState", STREAM, "the nine joints as the robot reports them")
HEAD_POSE = Topic("head_pose", "geometry_msgs/PoseStamped", STREAM, "the head's pose as the robot reports it")
DIAGNOSTICS = Topic("diagnostics", "diagnostic_msgs/DiagnosticArray", EVENT, "the health of every node, 1 Hz")

TOPICS: dict[str, Topic] = {topic.name: topic for topic in list(globals().values()) if isinstance(topic, Topic)}

JOINTS = (
    "head_x",
    "head_y",
    "head_z",
    "head_roll",
    "head_pitch",
    "head_yaw",
    "body_yaw",
    "antenna_right",
    "antenna_left",
)
"""Joint order of `joint_commands` and `joint_states`: metres for the first three, radians for the others."""
