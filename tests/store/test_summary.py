"""The database's metrics are NumPy's metrics."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftft.datamap import DataMap
from ftft.dynamics import Epoch
from ftft.metrics import METRICS, p_gold
from ftft.runfolder import RunFolder
from ftft.store import Store

LABELS = ("a", "b", "c")


def agree(found, datamap):
    assert set(found) == set(METRICS)
    for name, values in datamap.values.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-9, err_msg=name)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 999), st.integers(1, 9), st.integers(2, 3), st.sets(st.integers(1, 70), min_size=1, max_size=5), st.data())
def test_sql_agrees_with_numpy_over_any_epochs(tmp_path_factory, seed, n, classes, epochs, data):
    """Logits come from a few values, so that ties, certainty and forgetting happen; epochs may have gaps, and pass 64."""
    draw = np.random.default_rng(seed)
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "a")
    ids, gold = np.array([f"x{i}" for i in range(n)], dtype=object), draw.integers(0, classes, n)
    for number in sorted(epochs):
        logits = draw.choice([-800, -1, 0, 0.1, 2, 800], size=(n, classes)).astype(np.float32)
        folder.publish_epoch(Epoch(number, ids, gold, logits, np.arange(n), "online", ""))
    first, last = sorted(data.draw(st.tuples(st.sampled_from(sorted(epochs)), st.sampled_from(sorted(epochs)))))
    with Store.memory() as store:
        store.ingest(folder)
        dynamics = store.dynamics("a")
        agree(store.summary("a"), DataMap.of(dynamics, LABELS))
        agree(store.summary("a", (first, last)), DataMap.of(dynamics, LABELS, (first, last)))


def test_curves_are_p_gold_in_the_order_of_the_question(store, make_run, make_epoch):
    store.ingest(make_run(epochs=(1, 2)))
    p_gold_EN = p_gold(np.array([make_epoch(e).logits_NC for e in (1, 2)]), make_epoch(1).gold_N)
    curves_EM = store.curves("a", ["example-07", "stranger", "example-02"])
    assert curves_EM.shape == (2, 3)
    np.testing.assert_allclose(curves_EM[:, [0, 2]], p_gold_EN[:, [7, 2]], rtol=1e-12)
    assert np.isnan(curves_EM[:, 1]).all()


def test_a_run_nobody_knows_has_no_curve(store):
    assert store.curves("nobody", ["x"]).shape == (0, 1)


def test_each_epoch_has_the_hash_of_its_order(store, make_run):
    store.ingest(make_run(epochs=(1, 3)))
    assert store.order_hashes("a") == {1: "order-1", 3: "order-3"}


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_table_of_metrics_covers_all_epochs_so_far(store, make_run, make_epoch, train_file, epochs):
    folder = make_run(epochs=())
    for number in range(1, epochs + 1):
        folder.publish_epoch(make_epoch(number))
        store.ingest(folder)
    store.ingest_dataset("reviews", "f1", train_file, ("premise",))
    frame, _ = store.page("reviews", run="a", sort="id", descending=False)
    datamap = DataMap.of(store.dynamics("a"), LABELS)
    agree({name: frame[name].astype(float).to_numpy() for name in METRICS}, datamap)
