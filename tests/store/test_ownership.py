"""One owner at a time; and a database is never worth more than the files."""

import multiprocessing
import subprocess
import sys

import duckdb
import pytest

from ftft.store import Store, open_database, schema


def can_open(workspace, answer):
    store = open_database(workspace)
    answer.put(store is not None)


def another_process_can_open(workspace):
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    process = context.Process(target=can_open, args=(workspace, answer))
    process.start()
    process.join()
    return answer.get(timeout=5)


def test_a_second_opener_gets_none_at_once_and_can_have_it_later(tmp_path):
    first = open_database(tmp_path)
    assert open_database(tmp_path) is None
    assert not another_process_can_open(tmp_path)
    first.close()
    assert another_process_can_open(tmp_path)
    open_database(tmp_path).close()  # its owner died without closing


def test_what_was_ingested_is_there_for_the_next_owner(tmp_path, make_run):
    with open_database(tmp_path) as store:
        store.ingest(make_run())
    with open_database(tmp_path) as store:
        assert store.ingest(make_run()).epochs == (1, 2, 3)  # published anew
        assert store.epochs("a") == (1, 2, 3)


def damage(database):
    database.write_bytes(database.read_bytes()[:3000])


def no_database(database):
    database.write_bytes(b"this is not a database" * 1000)


def nothing_at_all(database):
    database.write_bytes(b"")


def another_version(database):
    with duckdb.connect(str(database)) as connection:
        connection.execute("UPDATE about SET version = 0")


def another_software(database):
    database.unlink()
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE theirs (n INTEGER)")


@pytest.mark.parametrize("happened", [damage, no_database, nothing_at_all, another_version, another_software])
def test_a_database_that_cannot_be_used_is_made_again_from_the_files(tmp_path, make_run, happened):
    folder = make_run()
    with open_database(tmp_path) as store:
        store.ingest(folder)
    happened(tmp_path / "workspace.duckdb")
    with open_database(tmp_path) as store:
        assert store.ingest(folder).epochs == (1, 2, 3)
        assert store.epochs("a") == (1, 2, 3)


def test_a_torn_log_beside_the_database_is_no_obstacle(tmp_path, make_run):
    folder = make_run()
    with open_database(tmp_path) as store:
        store.ingest(folder)
    (tmp_path / "workspace.duckdb.wal").write_bytes(b"torn" * 500)
    with open_database(tmp_path) as store:
        store.ingest(folder)
        assert store.epochs("a") == (1, 2, 3)


def test_a_database_that_somebody_looks_at_with_a_tool_is_left_alone(tmp_path):
    open_database(tmp_path).close()
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "workspace.duckdb")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as tool:
        assert tool.stdout.readline() == b"open\n"
        assert open_database(tmp_path) is None
        tool.stdin.close()
    open_database(tmp_path).close()


def test_a_workspace_that_cannot_be_written_has_no_database(tmp_path):
    (tmp_path / "locks").write_text("a file where the folder should be")
    assert open_database(tmp_path) is None


def test_no_question_reaches_another_file_through_the_database(tmp_path):
    with Store.open(tmp_path / "test.duckdb"):
        pass
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    connection = schema.connect(tmp_path / "test.duckdb")
    for statement in (f"SELECT * FROM '{secret}'", f"COPY about TO '{tmp_path / 'out.csv'}'", "SET enable_external_access = true"):
        with pytest.raises(duckdb.Error):
            connection.execute(statement).fetchall()
    connection.close()
