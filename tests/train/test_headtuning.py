"""Head tuning: the encoder stays as it is, many runs share one process, and each leaves what any run leaves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from ftft.errors import InputError
from ftft.runpaths import CACHE
from ftft.train import run_folder, run_heads
from tests.train.predicted import as_recorded
from tests.train.test_architectures import FAMILIES

HEAD = {"tune": "head", "lr": 0.05, "epochs": 3}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_architecture_learns_and_saves_a_model_that_predicts_the_same(make_run, make_model, family):
    path = make_model(family, **FAMILIES[family])
    runs = [make_run(model=path, methods=methods, **HEAD | {"epochs": 20}) for methods in (None, ("mmr:alpha=0.1", "mhloss:heads=3"))]
    run_heads(runs)
    for run in runs:
        first, last = run.read_epoch(1), run.read_epoch(20)
        assert -np.log(last.p_gold_N).mean() < -np.log(first.p_gold_N).mean()
        as_recorded(run)


def test_a_run_is_the_same_whoever_trains_with_it(make_run):
    seeds, methods = (1, 2, 3), (None, ("mmr:alpha=0.5",), ("mhloss:heads=2",), ("long:epochs=5",))
    together = [make_run(seed=seed, methods=method, **HEAD) for seed in seeds for method in methods]
    alone = [make_run(seed=seed, methods=method, again=1, **HEAD) for seed in seeds for method in methods]
    run_heads(together)
    for run in alone:
        run_folder(run)
    for a, b in zip(together, alone, strict=True):
        last = max(a.epoch_files())
        assert last == max(b.epoch_files()) == (5 if "long:epochs=5" in (a.spec().methods or ()) else 3)
        for number in (1, last):
            x, y = a.read_epoch(number), b.read_epoch(number)
            assert x.ids_N.tolist() == y.ids_N.tolist()
            assert x.step_N.tolist() == y.step_N.tolist()
            assert x.order_hash == y.order_hash
            np.testing.assert_allclose(x.logits_NC, y.logits_NC, atol=1e-5)
        assert a.verdict()["scores"]["far"] == pytest.approx(b.verdict()["scores"]["far"], abs=1e-5)
        np.testing.assert_allclose(a.read_predictions("far")[2], b.read_predictions("far")[2], atol=1e-5)
    assert len({tuple(run.read_predictions("far")[2].ravel().tolist()) for run in together}) == len(together)


def test_the_encoder_stays_and_every_example_is_recorded_once_an_epoch(make_run):
    run = make_run(rows=21, **HEAD)
    run_folder(run)
    before = AutoModelForSequenceClassification.from_pretrained(run.spec().model).base_model
    after = AutoModelForSequenceClassification.from_pretrained(run.model).base_model
    pooler = [name for name, _ in before.named_parameters() if "pooler" in name]
    assert pooler
    assert all(torch.equal(w, dict(after.named_parameters())[name]) for name, w in before.named_parameters() if name not in pooler)
    for number in (1, 2, 3):
        epoch = run.read_epoch(number)
        assert len(set(epoch.ids_N)) == len(epoch.ids_N) == 21
        assert set(epoch.step_N) == set(range(3 * (number - 1) + 1, 3 * number + 1))


def test_it_begins_with_the_head_that_full_tuning_begins_with(make_run):
    head, full = (make_run(rows=8, lr=1e-12, steps=1, epochs=None, warmup=0.0, **more) for more in ({"tune": "head"}, {}))
    for run in (head, full):
        run_folder(run)
    a, b = (load_file(run.model / "model.safetensors") for run in (head, full))
    torch.testing.assert_close(a["classifier.weight"], b["classifier.weight"], atol=1e-6, rtol=0)
    a, b = (run.read_predictions("far")[2] for run in (head, full))
    np.testing.assert_allclose(a, b, atol=1e-5)


def test_steps_that_cut_an_epoch_short_leave_a_partial_one(make_run):
    run = make_run(rows=21, tune="head", steps=4)
    verdict = run_folder(run)
    assert (verdict["steps_done"], verdict["epochs_recorded"]) == (4, 1)
    assert len(pd.read_parquet(run.path / "dynamics" / "partial=002.parquet")) in (5, 8)


def test_features_are_computed_once_for_all_and_paid_for_once(make_run):
    run = make_run(**HEAD)
    verdict = run_folder(run)
    files = list((run.workspace / CACHE / "features").glob("*.npz"))
    assert len(files) == 3  # train, dev, far
    stamps = [file.stat().st_mtime_ns for file in files]
    again = run_folder(make_run(again=1, **HEAD))
    assert [file.stat().st_mtime_ns for file in files] == stamps
    assert again["cost"]["features_flops"] == verdict["cost"]["features_flops"] > 100 * verdict["cost"]["train_flops"] / 3
    assert again["environment"]["heads_together"] == 1


def test_where_a_layer_below_the_last_is_new_each_seed_has_features_of_its_own(make_run, make_model):
    drawn, whole = make_model("distilbert"), make_model("bert")
    for path, files in ((drawn, 6), (whole, 3)):
        runs = [make_run(model=path, seed=seed, **HEAD) for seed in (1, 2)]
        folder = runs[0].workspace / CACHE / "features"
        before = len(list(folder.glob("*.npz")))
        run_heads(runs)
        assert len(list(folder.glob("*.npz"))) - before == files


def test_a_left_out_example_counts_for_nothing_and_the_distance_says_what_it_changed(make_run):
    base = make_run(rows=21, distance_to="start", **HEAD)
    start = run_folder(base)["distance"]["start"]
    without = make_run(rows=21, left_out="1-3", distance_to=base.run, **HEAD)
    found = run_folder(without)["distance"]
    a, b = (load_file(run.path / "head.safetensors") for run in (base, without))
    expected = sum(float((a[name] - b[name]).square().sum()) for name in a) ** 0.5
    assert found[base.run] == pytest.approx(expected, rel=1e-5)
    assert 0 < found[base.run] < start
    same = make_run(rows=21, distance_to=base.run, again=1, **HEAD)
    assert run_folder(same)["distance"][base.run] == 0
    said = base.verdict()["theory"]
    assert (said["n"], said["d"], said["steps"], said["lr"]) == (21, start, 9, 0.05)
    assert 0 < said["mu"] < said["beta"]
    assert said["full_bound"] > 0
    assert same.verdict()["theory"] is None


def test_the_failure_of_one_is_none_of_the_others(make_run):
    good, bad = make_run(**HEAD), make_run(left_out="nobody", **HEAD)
    run_heads([good, bad])
    assert good.verdict()["state"] == "succeeded"
    assert bad.verdict()["error"]["message"] == "there is no example 'nobody' to leave out"
    with pytest.raises(InputError, match="nobody"):
        run_heads([make_run(left_out="nobody", again=1, **HEAD), make_run(again=2, **HEAD)])
    diverged = make_run(**HEAD | {"lr": 1e38})
    with pytest.raises(Exception, match="not a finite number"):
        run_folder(diverged)
    assert diverged.verdict()["cause"] == "non_finite"


def test_what_is_done_is_not_done_again(make_run):
    runs = [make_run(seed=seed, **HEAD) for seed in (1, 2)]
    run_heads(runs[:1])
    finished = runs[0].results_file.stat().st_mtime_ns
    run_heads(runs)
    assert runs[0].results_file.stat().st_mtime_ns == finished
    assert runs[1].verdict()["state"] == "succeeded"


def test_only_runs_with_the_same_features_train_together(make_run):
    spec = make_run(**HEAD).spec()
    assert spec.trains_with(replace(spec, lr=1.0, methods=("mmr",), epochs=7, batch_size=4, left_out="1-1"))
    for other in ({"max_length": 16}, {"layers": 1}, {"dataset_fingerprint": "x"}, {"tune": None}, {"selection": "a" * 64, "subset": "s"}):
        assert not spec.trains_with(replace(spec, **other))
    assert not replace(spec, tune=None).trains_with(replace(spec, tune=None))
