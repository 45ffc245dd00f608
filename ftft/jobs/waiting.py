"""`queue.db`: which runs wait, in which order, and how often each has been tried. What state a run is in is not in it.

SQLite with its rollback journal: writes are rare and tiny, a process killed in the middle of one leaves a journal that the next reader
rolls back, and no mode has to be switched while others open the file. Each operation has its own connection, so threads and forks
share nothing.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftft.errors import InputError
from ftft.jobs.lock import is_held
from ftft.runpaths import RunPaths

_TABLE = """CREATE TABLE IF NOT EXISTS queue(
    run TEXT PRIMARY KEY, position INTEGER NOT NULL, priority INTEGER NOT NULL DEFAULT 0, dependencies TEXT NOT NULL DEFAULT '[]',
    attempts INTEGER NOT NULL DEFAULT 0, progress TEXT)"""
_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_ERROR)  # the last: other columns
_PATIENCE_S = 30.0  # for other processes' writes, which take milliseconds


@dataclass(frozen=True)
class Row:
    """A run that waits or is being trained. `attempts` counts starts since the last progress, `progress` is where the last one began."""

    run: str
    position: int
    priority: int
    dependencies: tuple[str, ...]
    attempts: int
    progress: str | None


class Queue:
    """The queue of the workspace at `root`. Any number of processes and threads may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def folder(self, run: str) -> RunPaths:
        """Where the run lies."""
        return RunPaths(self.root / "runs" / run)

    def submit(self, run: str) -> None:
        """Puts a run at the end. One that is in the queue stays where it is."""
        with self._write() as db:
            db.execute("INSERT OR IGNORE INTO queue(run, position) SELECT ?, coalesce(max(position), 0) + 1 FROM queue", (run,))

    def remove(self, run: str) -> None:
        """Takes a run out, if it is in."""
        with self._write() as db:
            db.execute("DELETE FROM queue WHERE run = ?", (run,))

    def started(self, run: str, attempts: int, progress: str) -> bool:
        """Notes a start; False if the run has been taken out meanwhile."""
        with self._write() as db:
            return db.execute("UPDATE queue SET attempts = ?, progress = ? WHERE run = ?", (attempts, progress, run)).rowcount == 1

    def rows(self) -> list[Row]:
        """Everything in the queue, in the order in which it is to be started."""
        found = self._read("SELECT run, position, priority, dependencies, attempts, progress FROM queue ORDER BY priority DESC, position")
        return [Row(run, at, prio, tuple(json.loads(after)), attempts, progress) for run, at, prio, after, attempts, progress in found]

    def __contains__(self, run: str) -> bool:
        return bool(self._read("SELECT 1 FROM queue WHERE run = ?", run))

    def position(self, run: str) -> int | None:
        """Place among the runs that wait: 1 is the next to be started. None for a run that is being trained, or is not in the queue."""
        waiting = [row.run for row in self.rows() if not (row.attempts and is_held(self.folder(row.run)))]
        return waiting.index(run) + 1 if run in waiting else None

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
                db.execute(_TABLE)
                yield db
        except sqlite3.DatabaseError as problem:
            if problem.sqlite_errorcode & 0xFF not in _BROKEN:
                raise
            remedy = "Remove it, and queue the runs that waited again with ftft runs resume: files say all else"
            raise InputError(f"{file} is no queue: {problem}", remedy) from problem

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._connect() as db:
            db.execute("BEGIN IMMEDIATE")  # a transaction that starts as a reader can meet another like it, and neither can go on
            yield db
            db.execute("COMMIT")
