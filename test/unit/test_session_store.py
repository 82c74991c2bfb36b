"""The session store: finished turns survive, once each, without a child's voice or name."""

import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path

import pytest

from phied_robot.messages import Session, Turn
from phied_robot.sessions.store import SessionStore, StoreError


def turn(number: int) -> Turn:
    return Turn(turn_id=f"t{number}", session_id="s", phase="ended", status="done", heard="Why?", stamp=float(number))


def test_turns_come_back_in_order(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "a" / "sessions.sqlite")
    for number in range(3):
        store.add(turn(number), Session())
    store.close()
    reopened = SessionStore(tmp_path / "a" / "sessions.sqlite")
    assert [one.turn_id for one in reopened.turns("s")] == ["t0", "t1", "t2"]
    assert reopened.turns("another") == []


def test_the_same_turn_is_kept_once(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "s.sqlite")
    store.add(turn(1), Session())
    store.add(turn(1), Session())
    assert len(store.turns("s")) == 1


def _write_and_die(path: Path) -> None:
    store = SessionStore(path)
    store.add(turn(1), Session())
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_turn_is_on_disk_when_the_process_is_killed_after_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    process = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [one.turn_id for one in SessionStore(path).turns("s")] == ["t1"]


def test_a_write_ahead_log_is_kept(tmp_path: Path) -> None:
    SessionStore(tmp_path / "s.sqlite")
    assert sqlite3.connect(tmp_path / "s.sqlite").execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_no_store_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes, which are long enough to be no database at all\n" * 20)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"notes\.txt"):
        SessionStore(path)
    assert path.read_bytes() == before


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match="version 99"):
        SessionStore(path)
