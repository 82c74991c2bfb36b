"""Finished turns on disk: one SQLite file, write-ahead log, pseudonyms only, no audio."""

import os
import sqlite3
from pathlib import Path

from phied_robot.messages import Session, Turn

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    turn_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    ended REAL NOT NULL,
    pupil TEXT NOT NULL,
    age INTEGER NOT NULL,
    language TEXT NOT NULL,
    lesson TEXT NOT NULL,
    extraversion REAL NOT NULL,
    status TEXT NOT NULL,
    turn TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS turns_by_session ON turns (session_id, ended);
CREATE TABLE IF NOT EXISTS open_sessions (
    session_id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    turn TEXT
);
"""


class StoreError(OSError):
    """The store cannot be opened or written; the text names the file and what to do."""


class SessionStore:
    """The store of turns. Used from one thread."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StoreError: the folder cannot be written, or the file is no store of this version.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path)
            self._database.execute("PRAGMA journal_mode=WAL")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise StoreError(f"session store {path} has version {version}, this program reads {SCHEMA_VERSION}")
            self._database.executescript(_SCHEMA)
            if version != SCHEMA_VERSION:
                # Only then: a store that is there opens on a full disk too.
                self._database.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"session store {path} cannot be opened: {error}; name another file in `store`") from error

    def add(self, turn: Turn, session: Session) -> None:
        """Write a finished turn; it is on disk when this returns. The same turn twice is kept once.

        Raises:
            StoreError: the disk refused.
        """
        row = (
            turn.turn_id,
            turn.session_id,
            turn.stamp,
            session.pupil,
            session.age,
            session.language,
            session.lesson,
            session.extraversion,
            turn.status,
            turn.to_json(),
        )
        self._write(f"INSERT OR IGNORE INTO turns VALUES ({', '.join('?' * len(row))})", row, durable=True)

    def turns(self, session_id: str, lesson: str | None = None) -> list[Turn]:
        """The finished turns of a session, or of one lesson in it, oldest first."""
        query = "SELECT turn FROM turns WHERE session_id = ? AND lesson = coalesce(?, lesson) ORDER BY ended"
        rows = self._database.execute(query, (session_id, lesson))
        return [Turn.from_json(text) for (text,) in rows]

    def note(self, session: Session, turn: Turn | None) -> None:
        """Write down where an open session stands; it outlives this process, though not a loss of power.

        Raises:
            StoreError: the disk refused.
        """
        row = (session.session_id, session.to_json(), turn.to_json() if turn else None)
        self._write("INSERT OR REPLACE INTO open_sessions VALUES (?, ?, ?)", row, durable=False)

    def noted(self, session_id: str) -> tuple[Session, Turn | None] | None:
        """Where a session stood that was never closed, with its latest turn; None when there is no such session."""
        query = "SELECT session, turn FROM open_sessions WHERE session_id = ?"
        row = self._database.execute(query, (session_id,)).fetchone()
        return (Session.from_json(row[0]), Turn.from_json(row[1]) if row[1] else None) if row else None

    def close_session(self, session_id: str) -> None:
        """Forget where a session stood: it ended as it should.

        Raises:
            StoreError: the disk refused.
        """
        self._write("DELETE FROM open_sessions WHERE session_id = ?", (session_id,), durable=False)

    def _write(self, statement: str, row: tuple[object, ...], *, durable: bool) -> None:
        try:
            # In write-ahead mode NORMAL leaves out the wait for the disk (0.1 ms instead of some).
            self._database.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            with self._database:
                self._database.execute(statement, row)
        except sqlite3.Error as error:
            raise StoreError(f"the session store {self._path} cannot be written ({error}): free some space") from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def state_folder() -> Path:
    """Where the tutor keeps sessions and logs: $XDG_STATE_HOME/phied_robot, by default in ~/.local/state."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "phied_robot"


def default_store() -> Path:
    """The session store that is used where no other is named."""
    return state_folder() / "sessions.sqlite"
