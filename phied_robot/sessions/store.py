"""Finished turns on disk: one SQLite file, write-ahead log, pseudonyms only, no audio."""

import json
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
            self._database.execute("PRAGMA synchronous=FULL")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise StoreError(f"session store {path} has version {version}, this program reads {SCHEMA_VERSION}")
            self._database.executescript(_SCHEMA)
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
        try:
            with self._database:
                self._database.execute(f"INSERT OR IGNORE INTO turns VALUES ({', '.join('?' * len(row))})", row)
        except sqlite3.Error as error:
            raise StoreError(f"turn {turn.turn_id} could not be written to {self._path}: {error}") from error

    def turns(self, session_id: str) -> list[Turn]:
        """The finished turns of a session, oldest first."""
        rows = self._database.execute("SELECT turn FROM turns WHERE session_id = ? ORDER BY ended", (session_id,))
        return [Turn.model_validate(json.loads(text)) for (text,) in rows]

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
