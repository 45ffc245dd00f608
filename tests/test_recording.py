"""A loop of somebody's own, recorded in two lines and imported."""

import numpy as np
import pytest

import ftft
from ftft.errors import InputError
from ftft.metrics import compute
from tests.synthetic import add_dataset

CLASSES = 2


@pytest.fixture
def loop(ws, tmp_path):
    """A dataset, and what a model says of its examples in three epochs: (dataset, ids, logits_ENC, gold)."""
    dataset = add_dataset(ws, tmp_path)
    ids_N, gold_N = ws.data.ids(dataset), ws.data.gold(dataset)
    return dataset, ids_N, np.random.default_rng(1).normal(size=(3, len(ids_N), CLASSES)).astype(np.float32), gold_N


def record(recorder, ids_N, logits_NC, gold_N, batch=16, seed=0):
    order_N = np.random.default_rng(seed).permutation(len(ids_N))
    for start in range(0, len(ids_N), batch):
        row_B = order_N[start : start + batch]
        recorder.add(ids_N[row_B], logits_NC[row_B], gold_N[row_B])


def test_what_a_loop_recorded_is_a_run_whose_map_has_the_metrics_of_its_logits(ws, loop, tmp_path):
    dataset, ids_N, logits_ENC, gold_N = loop
    recorder = ftft.Recorder(tmp_path / "mine")
    for number, logits_NC in enumerate(logits_ENC):
        record(recorder, ids_N, logits_NC, gold_N, seed=number)
        assert recorder.end_epoch() == number + 1
    done = ws.import_run(tmp_path / "mine", name="theirs", dataset=dataset)
    assert (done.n, done.epochs, done.run.spec.imported) == (60, 3, "recorder")
    found = ws.map("theirs")
    assert found.capture == "online"
    order = np.argsort(ids_N.astype(str))
    expected = compute(["confidence", "variability", "aum"], logits_ENC[:, order], gold_N[order])
    for name, values_N in expected.items():
        np.testing.assert_allclose(found.values[name], values_N, atol=1e-12)


def test_a_loop_that_starts_again_counts_on_and_repeats_the_epoch_that_was_cut(tmp_path, loop):
    _, ids_N, logits_ENC, gold_N = loop
    first = ftft.Recorder(tmp_path / "mine")
    record(first, ids_N, logits_ENC[0], gold_N)
    first.end_epoch()
    record(first, ids_N[:10], logits_ENC[1], gold_N)  # and the process dies
    second = ftft.Recorder(tmp_path / "mine")
    assert second.epoch == 2
    record(second, ids_N, logits_ENC[1], gold_N)
    second.end_epoch()
    assert list(second.folder.epoch_files()) == [1, 2]
    assert len(second.folder.read_epoch(2).ids_N) == 60


def test_an_example_that_a_sampler_repeats_counts_the_first_time(tmp_path):
    recorder = ftft.Recorder(tmp_path / "mine")
    recorder.add([1, 2], [[0.0, 1.0], [2.0, 0.0]], [0, 1])
    recorder.add([3, 1], [[5.0, 5.0], [9.0, 9.0]], [1, 0])
    recorder.end_epoch()
    epoch = recorder.folder.read_epoch(1)
    assert (epoch.ids_N.tolist(), epoch.step_N.tolist()) == (["1", "2", "3"], [1, 1, 2])
    assert epoch.logits_NC.tolist() == [[0, 1], [2, 0], [5, 5]]


@pytest.mark.parametrize(
    ("batches", "says"),
    [
        ([], "nothing was recorded"),
        ([([1], [[0.0, 1.0]], [0, 1])], r"ids \(1,\), logits \(1, 2\), gold \(2,\)"),
        ([([1], [0.0], [0])], r"Add \(B,\) ids"),
        ([([1], [[0.0, 1.0]], [2])], "goes from 2 to 2.*from 0"),
        ([([1], [[0.0, float("nan")]], [0])], "not finite"),
        ([([1], [[0.0, 1.0]], [0]), ([2], [[0.0, 1.0, 2.0]], [0])], "2 and 3 classes"),
    ],
)
def test_what_does_not_fit_together_is_refused_and_nothing_is_published(tmp_path, batches, says):
    recorder = ftft.Recorder(tmp_path / "mine")
    for batch in batches:
        recorder.add(*batch)
    with pytest.raises(InputError, match=says):
        recorder.end_epoch()
    assert not recorder.folder.epoch_files()


def test_a_loop_may_go_on_with_its_arrays(tmp_path):
    recorder, logits_BC = ftft.Recorder(tmp_path / "mine"), np.array([[1.0, 0.0]])
    recorder.add(["a"], logits_BC, [0])
    logits_BC[:] = 7
    recorder.end_epoch()
    assert recorder.folder.read_epoch(1).logits_NC.tolist() == [[1, 0]]
