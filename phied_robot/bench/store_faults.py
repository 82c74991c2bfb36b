"""Cuts a session store off at random moments, by kill -9 and by a full disk, and looks at what is left of it."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from phied_robot.messages import Session, Turn
from phied_robot.sessions.record import SessionRecord
from phied_robot.sessions.store import SessionStore

SESSION = "bench"
MOST_TURNS = 20
"""Turns that a writer finishes, at most, before it is killed."""
WITHIN = 0.006
"""Seconds after a turn within which it is killed: as long as a turn takes to be written."""
DISK_BYTES = 1_000_000
FULL = b"full\n"
MOST_REFUSED = 20
"""Turns that end while the disk is full: they have to fit where the ballast was."""


def run_kills(moments: int, seed: int, path: Path, advance: Callable[[], object] = lambda: None) -> list[str]:
    """Kill the writer of one store at so many moments; what was wrong comes back, a sentence each."""
    chance, promised, wrong = random.Random(seed), set[str](), list[str]()
    for number in range(moments):
        pid, output = _writer(path, str(number))
        turns = chance.randrange(MOST_TURNS)
        promised |= {output.readline().decode().strip() for _ in range(turns)}
        time.sleep(chance.uniform(0.0, WITHIN))
        promised |= _end(pid, output)
        wrong += [f"moment {number}: {sentence}" for sentence in _look(path, promised)]
        advance()
    return wrong


def run_full_disks(moments: int, seed: int, folder: Path) -> list[str]:
    """Fill the disk that `folder` lies on under so many writers; every other one is killed while it is full.

    Call it where `folder` is an empty disk of DISK_BYTES.
    """
    chance, wrong = random.Random(seed), list[str]()
    for number in range(moments):
        path, ballast = folder / str(number) / "sessions.sqlite", folder / "ballast"
        path.parent.mkdir()
        ballast.write_bytes(bytes(chance.randrange(DISK_BYTES // 4, DISK_BYTES // 2)))
        pid, output = _writer(path, str(number))
        promised = {line.decode().strip() for line in iter(output.readline, FULL)}
        if number % 2:
            promised |= _end(pid, output)
            wrong += [f"full disk {number}, still full: {sentence}" for sentence in _look(path, promised)]
            ballast.unlink()
        else:
            ballast.unlink()
            after = next(line for line in iter(output.readline, b"") if line != FULL).decode().strip()
            promised |= {after, *_end(pid, output)}
            # What the disk had refused was written first, in its order.
            promised |= {f"{number}.{turn}" for turn in range(int(after.partition(".")[2]))}
        wrong += [f"full disk {number}: {sentence}" for sentence in _look(path, promised)]
        shutil.rmtree(path.parent)
    return wrong


def run_full_disks_apart(moments: int, seed: int, folder: Path) -> list[str]:
    """As `run_full_disks`, on a small disk in memory that only a process of its own sees.

    Raises:
        OSError: this machine does not let us make one; the text says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-m", __name__, str(moments), str(seed)]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"a full disk cannot be tried here: {done.stderr.strip().splitlines()[-1]}")
    wrong: list[str] = json.loads(done.stdout)
    return wrong


def _writer(path: Path, name: str) -> tuple[int, BinaryIO]:
    """A process that finishes turn after turn as the session node does, and prints each once it is promised."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, os.fdopen(reader, "rb")
    try:
        record = SessionRecord(SessionStore(path), Session(session_id=SESSION))
        number = refused = 0
        while True:
            if refused < MOST_REFUSED:
                turn = Turn(session_id=SESSION, turn_id=f"{name}.{number}", phase="deciding", heard="Why? " * 100)
                record.follow(turn)
                end = {"phase": "ended", "status": "done", "answer": "So. " * 100, "done": True}
                ended = turn.model_copy(update=end)
                record.finish(ended)
                record.told(ended)
                number += 1
            else:
                record.keep()
            refused = refused + 1 if record.fault else 0
            os.write(writer, FULL if record.fault else f"{ended.turn_id}\n".encode())
    except BaseException as error:
        print(error, file=sys.stderr)
    finally:
        os._exit(1)


def _end(pid: int, output: BinaryIO) -> set[str]:
    """Kill a writer; what it had promised meanwhile comes back."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with output:
        return {line.decode().strip() for line in output if line != FULL}


def _look(path: Path, promised: set[str]) -> list[str]:
    """What is wrong with a store that must hold what was promised."""
    try:
        store = SessionStore(path)
        kept = [turn.turn_id for turn in store.turns(SESSION)]
        store.close()
        with closing(sqlite3.connect(path)) as database:
            sound = database.execute("PRAGMA integrity_check").fetchone()[0]
    except (OSError, sqlite3.Error, ValueError) as error:
        return [f"the store does not open: {error}"]
    wrong = [] if sound == "ok" else [f"the store is damaged: {sound}"]
    if missing := sorted(promised - {""} - set(kept)):
        wrong.append(f"{len(missing)} finished turns are missing, such as {missing[0]}")
    if len(kept) > len(set(kept)):
        wrong.append("a turn is there twice")
    return wrong


if __name__ == "__main__":
    place = sys.argv[3]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", place], check=True)
    print(json.dumps(run_full_disks(int(sys.argv[1]), int(sys.argv[2]), Path(place))))
