"""Bags: what is written is in the file, and whatever is found is read or refused with one sentence."""

import resource
import shutil
from pathlib import Path

import pytest
from recorded import SAMPLES, SECOND, cdr, text, write
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from phied_robot import topics
from phied_robot.cli.main import main
from phied_robot.messages import Session, Transcript, Turn
from phied_robot.replay.errors import BagError
from phied_robot.replay.reading import Bag
from phied_robot.replay.runs import Run
from phied_robot.replay.writing import BagWriter

QUESTIONS = [(topics.TRANSCRIPT, Transcript(turn_id=f"t{number}", final="Why?" * number)) for number in range(1, 9)]


def transcripts(path: Path) -> list[str]:
    return [Transcript.from_json(text(one.data)).turn_id for one in Bag(path).messages(topics.TRANSCRIPT)]


def test_another_reader_of_rosbag2_reads_what_we_write(tmp_path: Path) -> None:
    write(tmp_path / "bag", QUESTIONS, "/robot2/").close()
    with Reader(tmp_path / "bag") as reader:
        found = [(one.topic, one.msgtype, stamp, text(data)) for one, stamp, data in reader.messages()]
        durable = {one.topic: one.ext.offered_qos_profiles[0].durability.name for one in reader.connections}
    assert [stamp for _, _, stamp, _ in found] == [number * SECOND for number in range(1, 9)]
    assert {(topic, kind) for topic, kind, _, _ in found} == {("/robot2/speech/transcript", "std_msgs/msg/String")}
    assert Transcript.from_json(found[0][3]).turn_id == "t1"
    assert durable["/robot2/tutor/session"] == "TRANSIENT_LOCAL" and durable["/robot2/tutor/turn"] == "VOLATILE"


def test_a_bag_of_a_killed_recorder_is_read_to_its_last_whole_message_wherever_it_was_cut(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", list(topics.TOPICS.values()), "/")
    (file,) = (tmp_path / "bag").iterdir()
    ends = []
    for number, (topic, payload) in enumerate(QUESTIONS, start=1):
        writer.write(topic.name, number * SECOND, cdr(payload.to_json()))
        ends.append(file.stat().st_size)  # nothing waits in memory
    whole = file.read_bytes()
    cut = tmp_path / "cut"
    cut.mkdir()
    for size in range(ends[0], len(whole), 7):
        (cut / "bag_0.mcap").write_bytes(whole[:size])
        assert transcripts(cut) == [f"t{number}" for number, end in enumerate(ends, start=1) if end <= size]
        assert "was cut short" in Bag(cut).cut_short and "last whole message" in Bag(cut).cut_short


def test_an_ended_bag_was_not_cut_short_with_or_without_its_metadata(tmp_path: Path) -> None:
    write(tmp_path / "bag", QUESTIONS).close()
    assert Bag(tmp_path / "bag").cut_short == ""
    (tmp_path / "bag" / "metadata.yaml").unlink()
    assert Bag(tmp_path / "bag").cut_short == "" and len(transcripts(tmp_path / "bag")) == 8
    (file,) = (tmp_path / "bag").iterdir()
    assert Bag(file).cut_short == ""


def test_a_recorder_that_was_started_again_leaves_two_files_and_both_are_read(tmp_path: Path) -> None:
    write(tmp_path / "one", QUESTIONS[:3])
    write(tmp_path / "two", QUESTIONS[3:]).close()
    shutil.copy(tmp_path / "two" / "two_0.mcap", tmp_path / "one" / "two_0.mcap")
    assert transcripts(tmp_path / "one") == [f"t{number}" for number in range(1, 9)]


def test_a_clock_that_steps_back_does_not_spoil_the_order(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", [topics.TRANSCRIPT], "/")
    for number, (topic, payload) in zip((5, 3, 6), QUESTIONS, strict=False):
        writer.write(topic.name, number * SECOND, cdr(payload.to_json()))
    writer.close()
    assert [one.stamp // SECOND for one in Bag(tmp_path / "bag").messages(topics.TRANSCRIPT)] == [5, 5, 6]


def test_the_samples_are_mcap_and_sqlite3_small_and_of_both_personalities() -> None:
    runs = {name: Run(Bag(SAMPLES / name)) for name in ("introvert", "extravert", "story", "fault")}
    assert {name: run.bag.storage for name, run in runs.items()}["introvert"] == "sqlite3"
    assert runs["extravert"].session.extraversion == 1 and runs["introvert"].session.extraversion == -1
    assert runs["fault"].bag.cut_short and runs["fault"].turns[-1].end is None
    assert runs["extravert"].bag.counts["speech/audio"] > 50
    assert [turn.end.strategy for turn in runs["story"].turns if turn.end] == ["direct_instruction", "confirmation"]
    for name in runs:
        assert sum(path.stat().st_size for path in (SAMPLES / name).iterdir()) < 200_000


def test_a_run_can_be_told_from_another(tmp_path: Path) -> None:
    run = Run(Bag(SAMPLES / "introvert"))
    model, strategy = run.configuration["language_model"], run.configuration["pedagogical_strategy"]
    assert {name: len(digest) for name, digest in model.fingerprints.items()} == {
        "base": 64,
        "strategy": 64,
        "response": 64,
    }
    assert strategy.prompt_version and strategy.package_version
    assert run.configuration["session"].parameters["lesson"] == "plants"


def empty(folder: Path) -> None:
    folder.mkdir()


def no_bag(folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("hello")


def damaged(folder: Path) -> None:
    folder.mkdir()
    (folder / "bag_0.mcap").write_bytes(b"\x89MCAP0\r\n" + bytes(range(256)) * 20)


def damaged_sqlite(folder: Path) -> None:
    folder.mkdir()
    (folder / "bag_0.db3").write_bytes(b"SQLite format 3\0" + bytes(4000))


def silent(folder: Path) -> None:
    write(folder, []).close()


def of_an_arm(folder: Path) -> None:
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    with writer:
        from recorded import TYPES

        arm = writer.add_connection("/joint_states", "sensor_msgs/msg/JointState", typestore=TYPES)
        writer.write(arm, SECOND, b"\0\1\0\0")


def of_two_robots(folder: Path) -> None:
    from recorded import TYPES

    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    with writer:
        for robot in ("a", "b"):
            said = writer.add_connection(f"/{robot}/tutor/turn", "std_msgs/msg/String", typestore=TYPES)
            writer.write(said, SECOND, cdr("{}"))


BAD = [
    (lambda folder: None, "there is no bag"),
    (empty, "is no bag"),
    (no_bag, "is no bag"),
    (damaged, "no whole message can be read"),
    (damaged_sqlite, "no whole message can be read"),
    (silent, "holds no message"),
    (of_an_arm, "holds no topic of a tutor, such as tutor/turn, but /joint_states"),
    (of_two_robots, "holds several robots (/a, /b)"),
]


@pytest.mark.parametrize(("make", "says"), BAD)
def test_what_is_no_bag_of_a_tutor_is_refused_with_one_sentence(tmp_path: Path, capsys, make, says: str) -> None:
    make(tmp_path / "bag")
    for command in (["bag", "info"], ["bag", "turns"], ["replay"]):
        with pytest.raises(SystemExit) as ending:
            main([*command, str(tmp_path / "bag")])
        said = capsys.readouterr().out.strip()
        assert ending.value.code == 2 and says in " ".join(said.split()), said
        assert "Traceback" not in said


def test_damage_in_the_middle_costs_what_comes_after_it_alone(tmp_path: Path) -> None:
    write(tmp_path / "bag", QUESTIONS).close()
    (file,) = (tmp_path / "bag").glob("*.mcap")
    whole = file.read_bytes()
    place = whole.index(b"t5") - 200
    file.write_bytes(whole[:place] + b"\xff" * 400 + whole[place + 400 :])
    run = Run(Bag(tmp_path / "bag"))
    understood = [event.payload.turn_id for event in run.events if event.payload]
    assert understood[:3] == ["t1", "t2", "t3"] and "t5" not in understood
    assert run.bag.cut_short or run.refused


def test_what_is_malformed_is_counted_and_passed_over(tmp_path: Path) -> None:
    said = [
        (topics.SESSION, Session(session_id="s")),
        (topics.TRANSCRIPT, "{"),
        (topics.TURN, '{"schema": "phied/turn/9"}'),
        (topics.TURN, Turn(turn_id="t1", phase="ended", status="done", done=True)),
    ]
    write(tmp_path / "bag", said).close()
    run = Run(Bag(tmp_path / "bag"))
    assert run.refused == {"speech/transcript": 1, "tutor/turn": 1}
    assert [turn.turn_id for turn in run.turns] == ["t1"] and run.session.session_id == "s"


def test_a_folder_that_is_there_is_not_written_into(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="name another folder"):
        BagWriter(tmp_path, [topics.TURN], "/")


@pytest.mark.parametrize(("sample", "heard"), [("extravert", "why do plants need"), ("introvert", "What do roots do?")])
def test_turns_and_what_the_tutor_was_are_shown(capsys, sample: str, heard: str) -> None:
    for part, says in (("turns", (heard, "first audio")), ("info", ("sha256", "prompt version", "speech/transcript"))):
        with pytest.raises(SystemExit) as ending:
            main(["bag", part, str(SAMPLES / sample)])
        shown = " ".join(capsys.readouterr().out.split())
        assert ending.value.code == 0
        assert all(one.split()[0] in shown for one in says), shown


def test_pictures_are_drawn_of_what_there_is(tmp_path: Path, capsys) -> None:
    for sample, names in (("extravert", {"motion.png", "latency.png"}), ("introvert", {"latency.png"})):
        with pytest.raises(SystemExit) as ending:
            main(["bag", "plot", str(SAMPLES / sample), "--output", str(tmp_path / sample)])
        assert ending.value.code == 0
        assert {path.name for path in (tmp_path / sample).iterdir()} == names
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / sample).iterdir())


def test_a_disk_that_refuses_is_said_and_what_was_written_is_read(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", [topics.TRANSCRIPT], "/")
    message = cdr(Transcript(turn_id="t", final="Why?" * 200).to_json())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(BagError, match="free the disk"):
            for second in range(100):
                writer.write(topics.TRANSCRIPT.name, second * SECOND, message)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert 10 < writer.messages == Bag(tmp_path / "bag").counts["speech/transcript"]
