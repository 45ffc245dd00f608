"""Who may open the database file: one process at a time, by a lock on a file beside it.

DuckDB's own lock is of the kind that any `open(database).close()` of its owner drops: so nobody touches the file's bytes, and the lock that
counts lies elsewhere. The kernel releases it when its owner dies.
"""

from pathlib import Path

import duckdb
from filelock import FileLock

from ftft.store import schema
from ftft.store.store import Store


def open_database(workspace: Path) -> Store | None:
    """The workspace's database, or None, at once, where it cannot be had: another process owns it, or the folder cannot be written.

    Closing the store gives it back. A file that is damaged, of another version or no database at all is thrown away; its owner ingests
    the workspace's files again.
    """
    lock_file = Path(workspace) / "locks" / "database.lock"
    lock = FileLock(lock_file, timeout=0, thread_local=False)  # it may be closed by another thread
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        return None
    try:
        connection = _connect(Path(workspace) / "workspace.duckdb")
    except BaseException:
        lock.release()
        raise
    if connection is None:
        lock.release()
        return None
    return Store(connection, on_close=lock.release)


def _connect(database: Path) -> duckdb.DuckDBPyConnection | None:
    try:
        connection = schema.connect(database)
        if schema.is_current(connection):
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
