"""What is kept of a session: found again after a crash, and written once the disk lets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from phied_robot.bench import store_faults
from phied_robot.messages import MAX_PAYLOAD_BYTES, Session, Turn
from phied_robot.sessions.record import EXCHANGES, SessionRecord
from phied_robot.sessions.store import SessionStore, StoreError


def running(number: int) -> Turn:
    return Turn(turn_id=f"t{number}", session_id="s", phase="speaking", heard=f"q{number}", answer=f"a{number}.")


def ended(number: int, **fields: object) -> Turn:
    return running(number).model_copy(update={"phase": "ended", "status": "done", "done": True, **fields})


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sessions.sqlite"


def begin(path: Path, session_id: str = "s") -> SessionRecord:
    return SessionRecord(SessionStore(path), Session(session_id=session_id))


def test_a_session_that_was_not_closed_goes_on_where_it_stood(path: Path) -> None:
    record = begin(path)
    record.finish(ended(1))
    record.change(record.session.model_copy(update={"lesson": "fractions", "extraversion": 0.5}))
    record.finish(ended(2))
    record.follow(running(3))
    found = begin(path)
    assert (found.session.lesson, found.session.extraversion) == ("fractions", 0.5)
    assert found.lost is not None
    assert (found.lost.turn_id, found.lost.status, found.lost.done) == ("t3", "failed", True)
    assert found.ended == ["t1", "t2", "t3"] or sorted(found.ended) == ["t1", "t2", "t3"]
    progress = found.progress(found.ended)
    assert {one.turn_id for one in progress.exchanges} == {"t2", "t3"} and progress.turn == found.lost
    assert [turn.turn_id for turn in SessionStore(path).turns("s")].count("t3") == 1


def test_the_end_of_a_turn_that_is_on_disk_but_was_not_told_is_told_as_it_was(path: Path) -> None:
    record = begin(path)
    record.follow(running(1))
    record.finish(ended(1))
    lost = begin(path).lost
    assert lost is not None and lost.status == "done"
    record.told(ended(1))
    assert begin(path).lost is None


def test_a_blocked_question_does_not_hide_the_turn_under_way(path: Path) -> None:
    record = begin(path)
    record.follow(running(1))
    record.finish(ended(2, status="blocked"))
    record.told(ended(2, status="blocked"))
    lost = begin(path).lost
    assert lost is not None and lost.turn_id == "t1"


def test_a_closed_session_and_another_one_begin_anew(path: Path) -> None:
    record = begin(path)
    record.change(record.session.model_copy(update={"lesson": "fractions"}))
    assert begin(path, "another").session.lesson == "plants"
    record.close()
    assert begin(path).session.lesson == "plants"


def test_a_new_lesson_begins_a_new_conversation(path: Path) -> None:
    record = begin(path)
    record.finish(ended(1))
    record.change(record.session.model_copy(update={"age": 5}))
    assert len(record.progress([]).exchanges) == 1
    record.change(record.session.model_copy(update={"lesson": "fractions"}))
    assert record.progress([]).exchanges == []


def test_the_progress_of_the_longest_conversation_fits_into_a_payload(path: Path) -> None:
    record = begin(path)
    for number in range(EXCHANGES + 5):
        record.finish(ended(number, answer="é" * 16_000))
    progress = record.progress([])
    assert len(progress.to_json()) <= MAX_PAYLOAD_BYTES
    assert [one.turn_id for one in progress.exchanges][-1] == f"t{EXCHANGES + 4}"


class FullStore(SessionStore):
    """A store on a disk that is full when it is told so."""

    full = False

    def add(self, turn: Turn, session: Session) -> None:
        if self.full:
            raise StoreError("database or disk is full")
        super().add(turn, session)


def test_what_the_disk_refuses_is_said_and_written_when_there_is_room(path: Path) -> None:
    store = FullStore(path)
    record = SessionRecord(store, Session(session_id="s"))
    store.full = True
    record.finish(ended(1))
    record.finish(ended(2))
    assert "2 finished turns" in record.fault and len(record.progress([]).exchanges) == 2
    store.full = False
    record.keep()
    assert record.fault == ""
    assert [turn.turn_id for turn in store.turns("s")] == ["t1", "t2"]


def test_kill_at_random_moments_costs_no_finished_turn(path: Path) -> None:
    assert store_faults.run_kills(16, 1, path) == []


def test_a_full_disk_costs_no_finished_turn(tmp_path: Path) -> None:
    try:
        assert store_faults.run_full_disks_apart(4, 1, tmp_path / "disk") == []
    except OSError as error:
        pytest.skip(str(error))


def test_a_turn_that_is_missing_or_a_file_that_is_damaged_is_found(path: Path) -> None:
    record = begin(path, store_faults.SESSION)
    record.finish(ended(1, session_id=store_faults.SESSION))
    record.close()
    assert store_faults._look(path, {"t1"}) == []
    assert "t2" in store_faults._look(path, {"t1", "t2"})[0]
    path.write_bytes(b"x" * 10_000)
    assert "does not open" in store_faults._look(path, {"t1"})[0]
