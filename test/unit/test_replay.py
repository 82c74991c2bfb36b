"""What is said again, when, and what counts as a difference: on the sample bags, and with something planted in them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from recorded import SAMPLES, changed, run_of

from phied_robot import topics
from phied_robot.configuration import ConfigurationError, config_path
from phied_robot.messages import (
    ChatMessage,
    Configuration,
    Control,
    Expression,
    LlmRequest,
    Payload,
    Reply,
    SessionSet,
    Strategy,
    Transcript,
    Turn,
)
from phied_robot.replay.comparison import Comparison, compare
from phied_robot.replay.errors import BagError
from phied_robot.replay.inputs import NOTHING_YET, Moment, inputs
from phied_robot.replay.marking import marked
from phied_robot.replay.reading import Bag
from phied_robot.replay.report import summary, write_report
from phied_robot.replay.runs import Run
from phied_robot.replay.settings import node_parameters, session_parameters
from phied_robot.replay.stock import play_command, quality_overrides, record_command
from phied_robot.replay.tolerances import Tolerances, load_tolerances

DEFAULT = load_tolerances(config_path("replay_tolerances.yaml"))


def sample(name: str) -> Run:
    return Run(Bag(SAMPLES / name))


def turn(turn_id: str, phase: Any, **more: Any) -> tuple[topics.Topic, Turn]:
    return topics.TURN, Turn(turn_id=turn_id, phase=phase, done=phase == "ended", **more)


def heard(turn_id: str, final: str = "Why?") -> tuple[topics.Topic, Transcript]:
    return topics.TRANSCRIPT, Transcript(turn_id=turn_id, final=final)


def test_each_input_comes_at_the_moment_of_the_conversation_at_which_it_came(tmp_path: Path) -> None:
    run = run_of(
        tmp_path / "bag",
        (topics.SESSION_SET, SessionSet(lesson="fractions")),
        heard("a"),
        turn("a", "deciding"),
        turn("a", "speaking"),
        (topics.REPLY, Reply(turn_id="a", sentence="Plants eat light.")),
        (topics.EXPRESSION, Expression(turn_id="a", event="sentence_started")),
        (topics.REPLY, Reply(turn_id="a", sentence="And air.")),
        (topics.REPLY, Reply(turn_id="a", done=True)),
        heard("b"),
        turn("a", "ended", status="cancelled"),
        turn("b", "deciding"),
        (topics.CONTROL, Control(action="stop", turn_id="b")),
        turn("b", "ended", status="cancelled"),
        (topics.CONTROL, Control(action="stop")),
        (topics.CONTROL, Control(action="pause")),
        (topics.CONTROL, Control(action="resume")),
        (topics.CONTROL, Control(action="default_strategy", turn_id="b")),
    )
    found = inputs(run, "transcripts")
    assert [(one.topic.name if one.topic else one.service, one.after) for one in found] == [
        ("tutor/session/set", NOTHING_YET),
        ("speech/transcript", NOTHING_YET),
        ("speech/transcript", Moment("a", "speaking", given=2, sounded=1)),
        ("stop", Moment("b", "deciding")),
        ("pause", Moment("b", "ended")),
        ("resume", Moment("b", "ended")),
    ]
    assert [one.turn_id for one in found] == ["", "a", "b", "", "", ""]


def test_a_moment_is_reached_when_the_turn_is_there_or_beyond() -> None:
    answering = Moment("a", "answering")
    assert answering.reached(Moment("a", "speaking")) and answering.reached(answering)
    assert not Moment("a", "speaking").reached(answering)
    said = Moment("a", "speaking", given=2, sounded=1)
    assert said.reached(Moment("a", "speaking", given=3, sounded=1)) and said.reached(Moment("a", "ended"))
    assert not said.reached(Moment("a", "speaking", given=1, sounded=1))
    assert not said.reached(Moment("a", "speaking", given=2, sounded=0))


def test_from_strategies_on_the_strategies_are_said_too() -> None:
    names = [one.topic.name for one in inputs(sample("introvert"), "strategies") if one.topic]
    assert names == ["speech/transcript", "tutor/strategy"]


def test_from_audio_on_sound_takes_the_place_of_what_was_heard() -> None:
    (stretch,) = inputs(sample("extravert"), "audio")
    assert stretch.topic is topics.AUDIO and len(stretch.sound) > 50
    with pytest.raises(BagError, match="holds no sound; replay it --from transcripts"):
        inputs(sample("introvert"), "audio")


def test_a_bag_in_which_nothing_was_said_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="nothing was said to the tutor"):
        inputs(run_of(tmp_path / "bag", turn("a", "deciding")), "transcripts")


def test_nodes_are_set_as_they_were_but_patient(tmp_path: Path) -> None:
    told = Configuration(
        node="response_generation", package_version="0", parameters={"seed": 7, "temperature": 0.5, "unknown": 1}
    )
    run = run_of(tmp_path / "bag", (topics.CONFIGURATION, told), heard("a"))
    assert node_parameters(run, "response_generation") == {"seed": 7, "temperature": 0.5}
    assert node_parameters(run, "robot_expression") == {"filler_after": 10.0}
    parameters = session_parameters(sample("introvert"), tmp_path / "store")
    assert (parameters["personality"], parameters["lesson"]) == ("-1.0", "plants")
    assert parameters["deciding_deadline"] == 60.0 and parameters["store"] == str(tmp_path / "store")


def what(comparison: Comparison) -> set[str]:
    return {one.what for one in comparison.differences}


@pytest.mark.parametrize("name", ["introvert", "extravert", "story", "fault"])
def test_a_run_is_the_same_as_itself(name: str) -> None:
    comparison = compare(sample(name), sample(name), DEFAULT)
    assert comparison.same and "no difference" in summary(comparison)
    assert [turn.note != "" for turn in comparison.turns] == [turn.end is None for turn in sample(name).turns]


def prompt_changed(_topic: topics.Topic, payload: Payload) -> Payload:
    if isinstance(payload, LlmRequest) and payload.adapter == "response":
        first = payload.messages[0]
        said = first.content.replace("a small robot", "a large robot")
        return payload.model_copy(
            update={"messages": [ChatMessage(role="system", content=said), *payload.messages[1:]]}
        )
    return payload


def adapter_changed(_topic: topics.Topic, payload: Payload) -> Payload:
    if isinstance(payload, Configuration) and payload.fingerprints:
        return payload.model_copy(update={"fingerprints": {**payload.fingerprints, "response": "0" * 64}})
    return payload


def stage_slower(_topic: topics.Topic, payload: Payload) -> Payload:
    if isinstance(payload, Turn) and "voice" in payload.timings:
        return payload.model_copy(update={"timings": {**payload.timings, "voice": payload.timings["voice"] * 2 + 0.6}})
    return payload


def answer_changed(_topic: topics.Topic, payload: Payload) -> Payload:
    return payload.model_copy(update={"answer": "I do not know."}) if getattr(payload, "answer", "") else payload


def choice_changed(_topic: topics.Topic, payload: Payload) -> Payload:
    if isinstance(payload, Strategy):
        shares = dict.fromkeys(payload.probabilities, 1 / len(payload.probabilities))
        return payload.model_copy(update={"label": "encouragement", "probabilities": shares})
    return payload


def gestures_changed(_topic: topics.Topic, payload: Payload) -> Payload:
    if isinstance(payload, Turn) and payload.gestures:
        return payload.model_copy(update={"gestures": ["one", "two", "three"]})
    return payload


def failed(_topic: topics.Topic, payload: Payload) -> Payload:
    return payload.model_copy(update={"status": "failed"}) if isinstance(payload, Turn) and payload.done else payload


def nothing_heard(_topic: topics.Topic, payload: Payload) -> Payload | None:
    return None if isinstance(payload, Turn) else payload


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (prompt_changed, {"prompt of response"}),
        (adapter_changed, {"language_model fingerprints response"}),
        (stage_slower, {"time of voice"}),
        (answer_changed, {"answer"}),
        (choice_changed, {"strategy", "distribution"}),
        (gestures_changed, {"gestures"}),
        (failed, {"status"}),
        (nothing_heard, {"turn"}),
    ],
)
def test_what_is_planted_is_found_and_nothing_else(tmp_path: Path, plant: Any, found: set[str]) -> None:
    comparison = compare(sample("introvert"), changed("introvert", tmp_path / "bag", plant), DEFAULT)
    assert what(comparison) == found and not comparison.same
    paths = write_report([comparison], tmp_path)
    assert all(next(iter(found)) in path.read_text(encoding="utf-8") for path in paths)


def test_the_differing_words_are_marked_and_what_was_said_is_escaped(tmp_path: Path) -> None:
    def said(_topic: topics.Topic, payload: Payload) -> Payload:
        if isinstance(payload, Turn) and payload.answer:
            return payload.model_copy(update={"answer": payload.answer + " <b>Really</b>."})
        return payload

    comparison = compare(sample("introvert"), changed("introvert", tmp_path / "bag", said), DEFAULT)
    markdown, page = (path.read_text(encoding="utf-8") for path in write_report([comparison], tmp_path))
    assert "<mark>&lt;b&gt;Really&lt;/b&gt;.</mark>" in page and "<b>" not in page
    assert "**&lt;b>Really&lt;/b>.**" in markdown
    assert marked("a b c", "a x c", lambda words: f"[{words}]", str) == ("a [b] c", "a [x] c")


def test_tolerances_let_pass_what_they_allow(tmp_path: Path) -> None:
    lenient = DEFAULT.model_copy(
        update={"configuration": [], "prompts": False, "strategy": False, "distribution": 1.0, "answer": 1.0}
    )
    for number, plant in enumerate((prompt_changed, adapter_changed, answer_changed, choice_changed)):
        assert compare(sample("introvert"), changed("introvert", tmp_path / str(number), plant), lenient).same
    slow = changed("introvert", tmp_path / "slow", stage_slower)
    assert compare(sample("introvert"), slow, DEFAULT.model_copy(update={"timings": {}})).same


def test_a_turn_that_is_cut_off_is_compared_as_far_as_both_came(tmp_path: Path) -> None:
    then = run_of(tmp_path / "1", heard("a"), turn("a", "ended", status="cancelled", answer="Plants eat light."))
    now = run_of(tmp_path / "2", heard("a"), turn("a", "ended", status="cancelled", answer="Plants eat"))
    other = run_of(tmp_path / "3", heard("a"), turn("a", "ended", status="cancelled", answer="Roots drink"))
    assert compare(then, now, DEFAULT).same
    assert what(compare(then, other, DEFAULT)) == {"answer"}


def test_a_turn_that_came_of_sound_is_found_under_its_new_name(tmp_path: Path) -> None:
    then = run_of(tmp_path / "1", heard("a", "why plants"), turn("a", "ended", heard="why plants"))
    now = run_of(tmp_path / "2", heard("x", "why planets"), turn("x", "ended", heard="why planets"))
    assert what(compare(then, now, DEFAULT, {"a": "x"})) == {"transcript"}
    assert what(compare(then, now, DEFAULT)) == {"turn"}


def test_a_broken_file_of_tolerances_is_refused_with_all_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "tolerances.yaml"
    content = yaml.safe_load(config_path("replay_tolerances.yaml").read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**content, "answer": 2, "timing": {}}), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_tolerances(path)
    assert "answer" in str(refused.value) and "timing: unknown key" in str(refused.value)
    assert isinstance(DEFAULT, Tolerances)


def test_ros2_bag_records_every_topic_with_its_quality_and_sound_only_when_asked(tmp_path: Path) -> None:
    command = record_command("/robot2/", tmp_path / "quality.yaml", audio=False)
    recorded = command[command.index("--topics") + 1 :]
    assert set(recorded) == {f"/robot2/{name}" for name in topics.TOPICS} - {"/robot2/speech/audio"}
    assert "/robot2/speech/audio" in record_command("/robot2/", tmp_path / "quality.yaml", audio=True)
    overrides = quality_overrides("/robot2/")
    assert set(overrides) == {f"/robot2/{name}" for name in topics.TOPICS}
    assert overrides["/robot2/tutor/session"]["durability"] == "transient_local"
    assert overrides["/robot2/joint_commands"]["reliability"] == "best_effort"


def test_ros2_bag_plays_inputs_alone_under_the_names_of_the_nodes(tmp_path: Path) -> None:
    command = play_command(tmp_path, "/", "/replay/", "transcripts", 2.0)
    played = command[command.index("--topics") + 1 : command.index("--remap")]
    assert played == ["/speech/transcript", "/tutor/session/set"]
    assert "/speech/transcript:=/replay/speech/transcript" in command and "--clock" in command
    assert "--remap" not in play_command(tmp_path, "/", "/", "audio", 1.0)


def test_the_layout_for_foxglove_shows_topics_and_joints_that_there_are() -> None:
    layout = config_path("foxglove.json").read_text(encoding="utf-8")
    panels = json.loads(layout)["configById"]
    shown = set(re.findall(r'"/([a-z_/]+)', layout))
    assert shown <= set(topics.TOPICS) and {"joint_commands", "tutor/turn", "diagnostics"} <= shown
    for path in (one for panel in panels.values() for one in panel.get("paths", []) if "label" in one):
        joint, place = path["label"].split()[0], int(re.search(r"\[(\d)\]", path["value"])[1])
        assert topics.JOINTS[place] == joint


def test_both_launch_files_are_python() -> None:
    for path in (SAMPLES.parents[1] / "launch").glob("*.py"):
        compile(path.read_text(encoding="utf-8"), path, "exec")
