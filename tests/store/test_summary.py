"""The database's metrics are NumPy's metrics."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftft.datamap import DataMap
from ftft.dynamics import Epoch
from ftft.metrics import METRICS
from ftft.runfolder import RunFolder
from ftft.store import Store
from tests.store.conftest import dynamics_of

LABELS = ("a", "b", "c")


def agree(found, datamap):
    assert set(found) == {name for name, metric in METRICS.items() if not metric.of_logits}
    for name, values in found.items():
        np.testing.assert_allclose(values, datamap.values[name], rtol=1e-9, atol=1e-9, err_msg=name)


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
        dynamics = dynamics_of(folder)
        agree(store.summary("a"), DataMap.of(dynamics, LABELS))
        agree(store.summary("a", (first, last)), DataMap.of(dynamics, LABELS, (first, last)))


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_table_of_metrics_covers_all_epochs_so_far(store, make_run, make_epoch, epochs):
    folder = make_run(epochs=())
    for number in range(1, epochs + 1):
        folder.publish_epoch(make_epoch(number))
        store.ingest(folder)
    found = store.metrics("a")
    datamap = DataMap.of(dynamics_of(folder), LABELS)
    for name, values in datamap.values.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
