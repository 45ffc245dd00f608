"""The tables, and how a connection is set up.

`row` is an example's place among the examples of its run (ordered by id), or in its dataset (the order of train.parquet).
There are no keys on the large tables: they cost five times the insert, and the logs below already make ingest happen once.
"""

import os
from pathlib import Path

import duckdb

VERSION = 2  # raise it with every change below: a database of another version is filled again

TABLES = """
CREATE TABLE about (version INTEGER);

-- What was read, and what was wrong with it (then none of it is here). A file that changed is read again.
CREATE TABLE ingested (
    run VARCHAR, file VARCHAR, size BIGINT, modified BIGINT, inode UBIGINT, epoch INTEGER, problem VARCHAR, PRIMARY KEY (run, file)
);

CREATE TABLE epochs (run VARCHAR, epoch INTEGER, capture VARCHAR, order_hash VARCHAR, in_metrics BOOLEAN, PRIMARY KEY (run, epoch));
CREATE TABLE members (run VARCHAR, row INTEGER, id VARCHAR, gold INTEGER);

-- One row an example and epoch. Logits stay in the files, where metrics that need them find them.
CREATE TABLE dynamics (run VARCHAR, epoch INTEGER, row INTEGER, p_gold DOUBLE, correct BOOLEAN);

-- The metrics of a run over all its epochs, as NumPy works them out, for tables that are sorted by one of them.
CREATE TABLE metrics (
    run VARCHAR, row INTEGER, id VARCHAR, confidence DOUBLE, variability DOUBLE, correctness BIGINT, forgetting BIGINT,
    threshold_closeness DOUBLE, aum DOUBLE, el2n DOUBLE, aleatoric DOUBLE, entropy DOUBLE, loss DOUBLE
);

CREATE TABLE results (run VARCHAR, evaluation VARCHAR, metric VARCHAR, value DOUBLE);

CREATE TABLE datasets (dataset VARCHAR PRIMARY KEY, fingerprint VARCHAR);
CREATE TABLE examples (dataset VARCHAR, row INTEGER, id VARCHAR, label VARCHAR, text VARCHAR);
"""

_MEMORY = "4GB"  # what a database that lies in memory may hold
_CACHE = "400MB"  # and what one in a file may keep of it in memory: with more, an app that ingests grew by gigabytes for nothing
# What arrives comes as arrays, so that the database needs no file but its own: text in a dataset can never make it read or write another.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": min(4, os.cpu_count() or 1),
}


def connect(path: Path | None, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to the database in `path` (made when missing), or to a new one in memory. duckdb.Error when the file is none."""
    room = _MEMORY if path is None else _CACHE
    connection = duckdb.connect(":memory:" if path is None else str(path), read_only=read_only, config=_CONFIG | {"memory_limit": room})
    try:
        connection.execute("SET lock_configuration = true")
        if not read_only and not connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            connection.begin()
            connection.execute(TABLES)
            connection.execute("INSERT INTO about VALUES (?)", [VERSION])
            connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this version of the software made the tables, and they can be read."""
    try:
        return connection.execute("SELECT version FROM about").fetchall() == [(VERSION,)]
    except duckdb.Error:
        return False
