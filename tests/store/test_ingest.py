"""Each complete epoch is in the database once, or not at all with a word about why."""

import multiprocessing
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftft.metrics import is_correct, p_gold
from ftft.store import Ingested, Store, ingest


def test_what_was_published_comes_back_epoch_by_epoch(store, make_run, make_epoch):
    assert store.ingest(make_run(epochs=(1, 2, 3))).epochs == (1, 2, 3)
    assert store.epochs("a") == (1, 2, 3)
    for number in (1, 2, 3):
        epoch = make_epoch(number)
        alone = store.summary("a", (number, number))
        np.testing.assert_array_equal(alone["confidence"], p_gold(epoch.logits_NC[None], epoch.gold_N)[0])
        np.testing.assert_array_equal(alone["correctness"], is_correct(epoch.logits_NC[None], epoch.gold_N)[0])


def test_an_epoch_is_taken_once_however_often_one_looks(store, make_run, make_epoch):
    folder = make_run(epochs=(1, 2))
    store.ingest(folder)
    assert store.ingest(folder).epochs == ()
    folder.publish_epoch(make_epoch(3))
    assert store.ingest(folder).epochs == (3,)
    assert store.ingest(folder).epochs == ()
    assert store.epochs("a") == (1, 2, 3)


def test_threads_that_ingest_at_once_take_each_epoch_once(store, make_run):
    folders = [make_run(run, epochs=(1, 2)) for run in ("a", "b")]
    taken = []
    threads = [threading.Thread(target=lambda f=folder: taken.append(store.ingest(f).epochs)) for folder in folders * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [()] * 4 + [(1, 2)] * 2
    assert len(store.summary("a", (1, 1))["confidence"]) == 12


def test_a_partial_epoch_never_enters(store, make_run, make_epoch):
    folder = make_run(epochs=(1,))
    folder.publish_epoch(make_epoch(2, complete=False))
    assert store.ingest(folder).epochs == (1,)
    assert store.epochs("a") == (1,)


def test_epochs_come_in_any_order_and_may_have_a_gap(store, make_run, make_epoch):
    folder = make_run(epochs=(5,))
    store.ingest(folder)
    folder.publish_epoch(make_epoch(2))
    store.ingest(folder)
    assert store.epochs("a") == (2, 5)
    np.testing.assert_array_equal(store.summary("a", (2, 2))["confidence"], p_gold(make_epoch(2).logits_NC[None], make_epoch(2).gold_N)[0])


def test_a_run_that_was_made_anew_replaces_what_was_known(store, make_run, make_epoch):
    folder = make_run(epochs=(1, 2))
    store.ingest(folder)
    for number in (1, 2):
        folder.publish_epoch(make_epoch(number, n=20))
    assert store.ingest(folder).epochs == (1, 2)
    assert len(store.summary("a")["confidence"]) == 20
    folder.epoch_files()[2].unlink()
    store.ingest(folder)
    assert store.epochs("a") == (1,)


def not_finite(epoch):
    logits = epoch.logits_NC.copy()
    logits[3, 1] = np.nan
    return {"logits_NC": logits}


UNFIT = {
    "cannot be read": lambda e: {"ids_N": e.ids_N[:0], "gold_N": e.gold_N[:0], "logits_NC": e.logits_NC[:0], "step_N": e.step_N[:0]},
    "not distinct": lambda e: {"ids_N": np.where(e.ids_N == "example-03", "example-04", e.ids_N)},
    "not finite": not_finite,
    "not the 12 of the epochs before": lambda e: {"ids_N": np.where(e.ids_N == "example-03", "example-99", e.ids_N)},
    "gold labels are not those": lambda e: {"gold_N": 1 - e.gold_N},
    "3 classes": lambda e: {"logits_NC": np.pad(e.logits_NC, ((0, 0), (0, 1)))},
}


@pytest.mark.parametrize("why", UNFIT)
def test_an_unfit_epoch_is_left_out_and_said_to_be(store, make_run, make_epoch, why):
    folder = make_run(epochs=(1, 3))
    folder.publish_epoch(make_epoch(2, **UNFIT[why](make_epoch(2))))
    for found in (store.ingest(folder), store.ingest(folder)):  # and it is still said when nothing is new
        (problem,) = found.problems
        assert why in problem.message
        assert problem.examples == ("epoch=002.parquet",)
    assert store.epochs("a") == (1, 3)


def test_a_file_from_elsewhere_with_labels_beyond_its_classes_is_left_out(store, make_run):
    folder = make_run(epochs=(1, 2))
    file = folder.epoch_files()[1]
    table = pq.ParquetFile(file).read()
    pq.write_table(table.set_column(1, "gold", pa.array([2] * 12, pa.int32())), file)
    found = store.ingest(folder)
    assert found.epochs == (2,)
    assert "2 classes" in found.problems[0].message


def test_an_epoch_that_was_mended_enters(store, make_run, make_epoch):
    folder = make_run(epochs=(1,))
    file = folder.epoch_files()[1]
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert store.ingest(folder).epochs == ()
    assert "cannot be read" in store.ingest(folder).problems[0].message
    file.write_bytes(whole)
    found = store.ingest(folder)
    assert (found.epochs, found.problems) == ((1,), ())


def test_a_failure_in_the_middle_leaves_no_half_epoch_and_the_next_try_takes_the_rest(store, make_run, make_epoch, monkeypatch):
    folder, plain, calls = make_run(epochs=(1, 2)), ingest.insert, []

    def failing(cursor, statement, *rest):
        plain(cursor, statement, *rest)
        if "INTO dynamics" in statement:
            calls.append(statement)
            if len(calls) == 2:
                raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(ingest, "insert", failing)
        with pytest.raises(ZeroDivisionError):
            store.ingest(folder)
    assert store.epochs("a") == (1,)
    assert len(store.summary("a")["confidence"]) == 12
    assert store.ingest(folder).epochs == (2,)
    np.testing.assert_array_equal(store.summary("a", (2, 2))["confidence"], p_gold(make_epoch(2).logits_NC[None], make_epoch(2).gold_N)[0])


def test_an_epoch_that_comes_late_decides_as_if_it_had_been_there_from_the_start(store, make_run, make_epoch):
    """Which epochs count follows from the files alone: the first sound one says of which examples a run is."""
    folder = make_run(epochs=(2, 3))
    store.ingest(folder)
    folder.publish_epoch(make_epoch(1, n=20))
    found = store.ingest(folder)
    with Store.memory() as afresh:
        assert afresh.ingest(folder) == Ingested((1,), found.problems)
    assert store.epochs("a") == (1,)
    assert len(found.problems) == 2
    assert "not the 20 of the epochs before" in found.problems[0].message


def test_nothing_new_waits_for_no_writer(store, make_run):
    folder = make_run()
    store.ingest(folder)
    with store._transaction():
        reader = threading.Thread(target=lambda: store.ingest(folder))
        reader.start()
        reader.join(timeout=5)
        assert not reader.is_alive()


def die_in_the_middle(database, folder):
    """An ingest that is killed after its rows were written and before they were committed."""
    import os

    plain = ingest.insert

    def dying(cursor, statement, *rest):
        plain(cursor, statement, *rest)
        if "INTO dynamics" in statement:
            os._exit(9)

    ingest.insert = dying
    Store.open(database).ingest(folder)


def test_a_killed_ingest_loses_nothing_and_takes_nothing_twice(tmp_path, make_run, make_epoch):
    database, folder = tmp_path / "test.duckdb", make_run(epochs=(1,))
    with Store.open(database) as store:
        store.ingest(folder)
    folder.publish_epoch(make_epoch(2))
    process = multiprocessing.get_context("spawn").Process(target=die_in_the_middle, args=(database, folder))
    process.start()
    process.join()
    assert process.exitcode == 9
    with Store.open(database) as store:
        assert store.epochs("a") == (1,)
        assert store.ingest(folder).epochs == (2,)


def test_scores_of_the_verdict_come_along_and_follow_it(store, make_run):
    folder = make_run(epochs=(1,))
    folder.publish_verdict({"state": "succeeded", "scores": {"test": {"accuracy": 0.5, "auroc": None}}})
    store.ingest(folder)
    scores = store.scores(["a", "b"])
    assert scores[["run", "evaluation", "metric"]].to_numpy().tolist() == [["a", "test", "accuracy"], ["a", "test", "auroc"]]
    assert scores["value"].fillna(-1).tolist() == [0.5, -1]
    folder.publish_verdict({"state": "succeeded", "scores": {"test": {"accuracy": 0.75}}})
    store.ingest(folder)
    store.ingest(folder)
    assert store.scores(["a"])["value"].tolist() == [0.75]


def test_a_forgotten_run_is_gone_and_others_stay(store, make_run):
    for run in ("a", "b"):
        store.ingest(make_run(run))
    store.forget("a")
    assert (store.runs(), store.epochs("a")) == (["b"], ())
    assert store.epochs("b") == (1, 2, 3)
