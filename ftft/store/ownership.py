"""Who may open the database file: one process at a time, by a lock on a file beside it.

DuckDB's own lock is of the kind that any `open(database).close()` of its owner drops: so nobody touches the file's bytes, and the lock that
counts lies elsewhere. The kernel releases it when its owner dies.
"""

from pathlib import Path

import duckdb
from filelock import FileLock

from ftft.errors import WorkError
from ftft.store import schema
from ftft.store.store import Store

FILE = "workspace.duckdb"
REMEDY = "Nothing is lost, the next command makes it again from the files; ftft rebuild does so now"


def open_database(workspace: Path, afresh: bool = False) -> Store | None:
    """The workspace's database, or None, at once, where it cannot be had: another process owns it, or the folder cannot be written.

    Closing the store gives it back. A file that is damaged, of another version or no database at all is thrown away; its owner ingests
    the workspace's files again. With `afresh` a sound one is thrown away, too.
    """
    lock = _take(Path(workspace) / "locks" / "database.lock")
    if lock is None:
        return None
    try:
        connection = _connect(Path(workspace) / FILE, afresh)
    except BaseException:
        lock.release()
        raise
    if connection is None:
        lock.release()
        return None
    return Store(connection, on_close=lock.release)


def look_into(workspace: Path) -> Store | None:
    """The same for somebody who only looks: nothing is made, mended or written. None where the database is owned by a process.

    WorkError where it is damaged or of another version.
    """
    file, lock_file = Path(workspace) / FILE, Path(workspace) / "locks" / "database.lock"
    lock = _take(lock_file) if lock_file.exists() else None
    if lock is None and lock_file.exists():
        return None
    release = lock.release if lock else lambda: None
    try:
        connection = schema.connect(file, read_only=True)
        if not schema.is_current(connection):
            connection.close()
            raise WorkError(f"{FILE} was made by another version", REMEDY)
    except duckdb.Error as problem:
        release()
        raise WorkError(f"{FILE} cannot be opened: {str(problem).splitlines()[0]}", REMEDY) from problem
    except BaseException:
        release()
        raise
    return Store(connection, on_close=release)


def _take(file: Path) -> FileLock | None:
    lock = FileLock(file, timeout=0, thread_local=False)  # it may be closed by another thread
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        return None
    return lock


def _connect(database: Path, afresh: bool) -> duckdb.DuckDBPyConnection | None:
    try:
        connection = schema.connect(database)
        if schema.is_current(connection) and not afresh:
            return connection
        connection.close()
    except duckdb.Error as problem:
        if "Could not set lock" in str(problem):
            return None  # somebody looks at it with a tool of his own
    try:
        for file in (database, database.with_name(f"{database.name}.wal")):
            file.unlink(missing_ok=True)
    except OSError:
        return None
    return schema.connect(database)
