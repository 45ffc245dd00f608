"""`queue.db`: which runs wait, in which order, and how often each has been tried. What state a run is in is not in it.

SQLite with its rollback journal: writes are rare and tiny, a process killed in the middle of one leaves a journal that the next reader
rolls back, and no mode has to be switched while others open the file. Each operation has its own connection, so threads and forks
share nothing.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ftft.errors import InputError
from ftft.jobs.environment import carried
from ftft.jobs.lock import is_held
from ftft.runpaths import RunPaths

_TABLES = (
    """CREATE TABLE IF NOT EXISTS queue(
    run TEXT PRIMARY KEY, position INTEGER NOT NULL, priority INTEGER NOT NULL DEFAULT 0, dependencies TEXT NOT NULL DEFAULT '[]',
    environment TEXT NOT NULL DEFAULT '{}', attempts INTEGER NOT NULL DEFAULT 0, progress TEXT, token TEXT)""",
    "CREATE TABLE IF NOT EXISTS settings(name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
)
_ROW = "run, position, priority, dependencies, environment, attempts, progress, token"
_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_ERROR)  # the last: other columns
_PATIENCE_S = 30.0  # for other processes' writes, which take milliseconds


@dataclass(frozen=True)
class Row:
    """A run that waits or is being trained. `attempts` counts starts since the last progress, `progress` is where the last one began,
    `token` what its processes carry.

    `dependencies`: the runs that must succeed first. `environment`: what it takes from whoever asked for it.
    """

    run: str
    position: int
    priority: int
    dependencies: tuple[str, ...]
    environment: dict[str, str]
    attempts: int
    progress: str | None
    token: str | None


class Queue:
    """The queue of the workspace at `root`. Any number of processes and threads may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def folder(self, run: str) -> RunPaths:
        """Where the run lies."""
        return RunPaths(self.root / "runs" / run)

    def submit(self, run: str, priority: int = 0, dependencies: Sequence[str] = ()) -> None:
        """Puts a run at the end of those of its priority, with what it needs of this process's environment. One that is in stays."""
        values = (run, priority, json.dumps(list(dependencies)), json.dumps(carried()))
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO queue(run, priority, dependencies, environment, position) "
                "SELECT ?, ?, ?, ?, coalesce(max(position), 0) + 1 FROM queue",
                values,
            )

    def remove(self, run: str) -> None:
        """Takes a run out, if it is in."""
        with self._write() as db:
            db.execute("DELETE FROM queue WHERE run = ?", (run,))

    def started(self, run: str, attempts: int, progress: str, token: str) -> bool:
        """Notes a start; False if the run has been taken out meanwhile."""
        values = (attempts, progress, token, run)
        with self._write() as db:
            return db.execute("UPDATE queue SET attempts = ?, progress = ?, token = ? WHERE run = ?", values).rowcount == 1

    def forgive(self, run: str) -> None:
        """Takes the last start back: its end was no fault of the run."""
        with self._write() as db:
            db.execute("UPDATE queue SET attempts = max(attempts - 1, 0) WHERE run = ?", (run,))

    def prioritise(self, run: str, priority: int) -> bool:
        """Changes a run's priority; False if it is not in the queue."""
        if run not in self:
            return False
        with self._write() as db:
            return db.execute("UPDATE queue SET priority = ? WHERE run = ?", (priority, run)).rowcount == 1

    def rows(self) -> list[Row]:
        """Everything in the queue, in the order in which it is to be started."""
        return [_row(*values) for values in self._read(f"SELECT {_ROW} FROM queue ORDER BY priority DESC, position")]

    def __contains__(self, run: str) -> bool:
        return bool(self._read("SELECT 1 FROM queue WHERE run = ?", run))

    def look(self) -> "Look":
        """The queue as it is now, for many questions at once."""
        return Look(self, self.rows())

    def position(self, run: str) -> int | None:
        """Place among the runs that wait: 1 is the next to be started. None for a run that is being trained, or is not in the queue."""
        return self.look().position(run)

    # ---- settings

    @property
    def slots(self) -> int:
        """How many runs may be trained at once: on each GPU, or in all where there is none."""
        return self._setting("slots", 1)

    @property
    def paused(self) -> bool:
        """Is nothing started? What runs goes on."""
        return bool(self._setting("paused", 0))

    def set(self, name: str, value: int) -> None:
        """Changes "slots" or "paused"."""
        assert name in ("slots", "paused")
        with self._write() as db:
            db.execute("INSERT OR REPLACE INTO settings(name, value) VALUES (?, ?)", (name, value))

    def _setting(self, name: str, default: int) -> int:
        found = self._read("SELECT value FROM settings WHERE name = ?", name)
        return found[0][0] if found else default

    def _read(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if not (self.root / "queue.db").exists():  # nothing was ever queued; looking does not make the file
            return []
        with self._connect() as db:
            return db.execute(query, values).fetchall()

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        file = self.root / "queue.db"
        try:
            with closing(sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None)) as db:
                for table in _TABLES:
                    db.execute(table)
                yield db
        except sqlite3.DatabaseError as problem:
            code = problem.sqlite_errorcode & 0xFF
            if code == sqlite3.SQLITE_READONLY:
                raise InputError(f"{file} cannot be written: {problem}", "Name a workspace that you may write to") from problem
            if code not in _BROKEN:
                raise
            remedy = "Remove it, and queue the runs that waited again with ftft runs resume: files say all else"
            raise InputError(f"{file} is no queue: {problem}", remedy) from problem

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._connect() as db:
            db.execute("BEGIN IMMEDIATE")  # a transaction that starts as a reader can meet another like it, and neither can go on
            yield db
            db.execute("COMMIT")


class Look:
    """The queue at one moment. Answers what `state` asks a `Queue`, without reading it once a run."""

    def __init__(self, queue: Queue, rows: list[Row]) -> None:
        self.queue, self.rows = queue, {row.run: row for row in rows}

    def __contains__(self, run: str) -> bool:
        return run in self.rows

    def position(self, run: str) -> int | None:
        """As `Queue.position`."""
        return self._places.get(run)

    @cached_property
    def _places(self) -> dict[str, int]:
        waiting = [row.run for row in self.rows.values() if not (row.attempts and is_held(self.queue.folder(row.run)))]
        return {run: place for place, run in enumerate(waiting, 1)}


def _row(run: str, position: int, priority: int, dependencies: str, environment: str, *rest: Any) -> Row:
    return Row(run, position, priority, tuple(json.loads(dependencies)), json.loads(environment), *rest)
