"""What runs will cost: the arithmetic against hand and against real runs, and the process that measures."""

import json
import time

import numpy as np
import psutil
import pytest

import ftft
from ftft.domain import Dataset, Estimate, Pending, RunSpec, Seeds, Selection, Split
from ftft.domain.profile import Profile, Speed
from ftft.errors import InputError, WorkError
from ftft.train import run_folder
from ftft.train.retraining import Recipe
from ftft.workspace import costing, estimating
from ftft.workspace.training import bundled_models
from tests.synthetic import add_dataset

MODEL = str(bundled_models()[0])
SETTINGS = {"epochs": 2, "batch_size": 8, "eval_batch_size": 8, "lr": 1e-3, "precision": "fp32"}


def spec_of(**settings) -> RunSpec:
    return RunSpec("d", "print", "/model", "0" * 64, Seeds(1, 1, 1), **({"batch_size": 2, "epochs": 1} | settings))


def about(rows: int) -> Dataset:
    splits = (Split("train", rows, {"a": rows}, role="train"), Split("dev", 3, {"a": 3}, role="dev"))
    return Dataset("d", "print", ("text",), ("a", "b"), "accuracy", splits, ("text",))


# Evaluating costs 1 a token, training 3; a batch costs 10 more.
PROFILE = Profile(
    forward=(10.0, 0.0, 1.0, 0.0), training=(10.0, 0.0, 3.0, 0.0), parameters=100, words=40, max_length=9, cut=0, model_bytes=400,
    checkpoint_bytes=1200, record_bytes=20.0, prediction_bytes=10.0, environment={"hardware": "a machine"},
    speed=Speed(start=5.0, update=(1.0, 0.01, 0.5), forward=(0.1, 0.001, 0.0), row=0.01, byte=0.001, timed=9),
    memory_bytes=10_000, shapes=1, shape_bytes=(1000.0, 10.0),
)  # fmt: skip
LENGTHS = {"train": np.array([4, 4, 4, 4]), "dev": np.array([2, 5, 3])}


def cost(lengths=LENGTHS, mask_N=None, **settings) -> costing.Cost:
    spec = spec_of(**settings)
    return costing.cost(PROFILE, lengths, spec, about(len(lengths["train"])), mask_N)


def test_the_bill_of_a_run_as_counted_by_hand():
    found = cost(eval_batch_size=2)
    assert (found.steps, found.epochs, found.records) == (2, 1, 4)
    assert found.train_flops == found.full_flops == 2 * (10 + 2 * 3 * 4)
    assert found.scores_flops == (10 + 2 * 3) + (10 + 1 * 5)  # in order of length: 2 and 3, then 5
    assert (found.forwards, found.shapes, found.new, found.predictions) == (2, (1, 2), (1, 2), 3)
    assert found.ratio == 1.0


def test_looking_twelve_times_is_on_the_bill_and_in_the_share():
    found = cost(eval_batch_size=4, epochs=10, stop="id_dev")
    assert found.looks == 12
    assert found.stop_flops == 12 * (10 + 3 * 5)
    assert found.ratio == 1 + found.stop_flops / found.train_flops
    assert cost(epochs=1, stop="id_dev").looks == 2  # there are no more steps


def test_capture_at_the_ends_of_epochs_is_an_evaluation_of_what_the_run_sees():
    found = cost(eval_batch_size=4, epochs=3, capture="epoch_end")
    assert found.capture_flops == 3 * (10 + 4 * 4)


def test_a_subset_of_long_texts_costs_more_than_one_of_short_ones_for_the_same_steps():
    lengths = {"train": np.array([1, 1, 9, 9, 1, 9, 1, 9]), "dev": np.array([1])}
    long_N = lengths["train"] == 9
    long, short, whole = cost(lengths, long_N), cost(lengths, ~long_N), cost(lengths)
    assert long.steps == short.steps == whole.steps == 4
    assert (long.train_flops, short.train_flops) == (4 * (10 + 2 * 3 * 9), 4 * (10 + 2 * 3 * 1))
    assert short.ratio < 1 < long.ratio
    assert long.examples == (4, 8)


@pytest.mark.parametrize("rows", [7, 40])
def test_devices_pay_for_the_padding_of_their_own_share_alone(rows):
    lengths = {"train": np.random.default_rng(0).integers(1, 30, rows), "dev": np.array([1])}
    one, two = cost(lengths, batch_size=8), cost(lengths, batch_size=8, devices=2)
    assert two.train_flops < one.train_flops + 10 * one.steps  # a constant a share, less padding
    assert two.train_flops > 3 * lengths["train"].sum()


def test_one_epoch_stands_for_all_where_data_are_large(monkeypatch):
    lengths = {"train": np.random.default_rng(0).integers(1, 60, 4001), "dev": np.array([1])}
    exact = cost(lengths, batch_size=8, epochs=None, steps=1600)
    monkeypatch.setattr(costing, "EXACT", 5000)
    quick = cost(lengths, batch_size=8, epochs=None, steps=1600)
    assert quick.train_flops == pytest.approx(exact.train_flops, rel=0.01)
    assert quick.train_flops != exact.train_flops


def test_seconds_and_bytes_are_sums_of_what_was_measured():
    found = cost(eval_batch_size=2)
    training = 2 * 1.0 + 68 * 0.01 + 1 * 0.5
    evaluating = 2 * 0.1 + 31 * 0.001
    writing = 0.01 * (4 + 3) + 0.001 * (1200 + 400)
    assert costing.seconds(PROFILE.speed, PROFILE, found) == pytest.approx(5 + training + evaluating + writing)
    assert costing.seconds(PROFILE.speed, PROFILE, found, slower=2.0) == pytest.approx(5 + 2 * (training + evaluating) + writing)
    assert costing.disk(PROFILE, found, 10.0) == (400 + 4 * 20 + 3 * 10, 4 * 20 + 1200 + 400 + 3 * 10)
    assert costing.memory(PROFILE, found) == 10_000 + 10  # one shape more, in the evaluation


def test_surt_is_on_the_bill_of_the_run_that_does_it():
    lengths = {"train": np.full(40, 4), "dev": np.array([2])}
    spec, recipe = spec_of(), Recipe(epochs=3, masked=0.15, batch_size=32)
    plain = costing.cost(PROFILE, lengths, spec, about(40), None)
    found = costing.after_retraining(plain, PROFILE, lengths["train"], spec, recipe)
    steps, flops, new = found.retraining  # 2 of 40 texts are held out: batches of 32 and 6, three times
    assert (steps, new) == (6, 1)
    assert flops == pytest.approx(3 * (2 * 10 + 38 * 4 * (3 + 6 * 0.15 * 40)))
    assert found.flops == pytest.approx(plain.flops + flops)
    assert found.ratio == pytest.approx(1 + flops / plain.full_flops)
    longer = costing.seconds(PROFILE.speed, PROFILE, found) - costing.seconds(PROFILE.speed, PROFILE, plain)
    assert longer == pytest.approx(6 * 1.0 + 0.01 * flops + 0.5 * new, rel=1e-6)


def test_three_checkpoints_lie_on_the_disk_while_the_third_is_written():
    assert costing.disk(PROFILE, cost(epochs=5, capture="none"), 10.0)[1] == 3 * 1200
    assert costing.disk(PROFILE, cost(epochs=1, capture="none"), 1900.0)[1] == 3 * 1200  # one every ten minutes


# ---- the process


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A workspace in which a model was measured on reviews of growing length: (workspace, what it was told first, the estimate)."""
    folder = tmp_path_factory.mktemp("measured")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    write(folder, ws)
    specs = ws.plan("reviews", model=MODEL, seeds=[1, 2], **SETTINGS)
    first = ws.estimate(specs)
    return ws, first, ws.estimate(specs, wait=True)


def write(folder, ws):
    lines = [f"{n},{'good ' * (n % 29)}film {n},{('no', 'yes')[n % 2]}" for n in range(70)]
    (folder / "train.csv").write_text("\n".join(["id,text,label", *lines]), encoding="utf-8")
    (folder / "dev.csv").write_text("\n".join(["id,text,label", *lines[:13]]), encoding="utf-8")
    ws.data.add("reviews", train=folder / "train.csv", text="text", label="label", evaluations=[f"dev={folder / 'dev.csv'}:id:dev"])


def test_who_asks_first_is_told_to_wait_and_then_it_is_there(measured):
    ws, first, estimate = measured
    assert isinstance(first, Pending)
    assert first.since.startswith("20")
    assert isinstance(estimate, Estimate)
    assert len(estimate.runs) == 2
    assert estimate.flops == sum(run.flops for run in estimate.runs) > 0
    assert estimate.seconds > 1
    assert estimate.memory_bytes > 100e6
    assert (
        estimate.peak_disk_bytes > estimate.disk_bytes > 2 * sum(f.stat().st_size for f in bundled_models()[0].glob("*.safetensors")) * 0.5
    )
    assert "updates of this model on this machine" in estimate.measured
    assert not estimate.upper_bound
    assert estimate.tokens[1] <= 32 + 5
    assert ws.runs.list() == []


@pytest.mark.parametrize(
    "settings", [{}, {"capture": "epoch_end", "stop": "id_dev", "evals": 3, "patience": 3}, {"grad_accum": 3, "epochs": None, "steps": 5}]
)
def test_the_bill_of_a_real_run_is_what_was_estimated(measured, settings):
    ws, _, _ = measured
    (plain,), (spec,) = (ws.plan("reviews", model=MODEL, seeds=[3], **(SETTINGS | more)) for more in ({}, settings))
    known = ws._estimating._known(plain, wait=True)
    said = costing.cost(known.profile, known.lengths, spec, ws.data.get("reviews"), None)
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    spent = run_folder(folder)["cost"]
    assert said.train_flops == pytest.approx(spent["train_flops"], rel=1e-6)
    assert said.eval_flops == pytest.approx(spent["eval_flops"], rel=0.01)
    assert said.stop_flops == pytest.approx(spent["stop_flops"], rel=1e-6)
    assert said.capture_flops == pytest.approx(spent["capture_flops"], rel=0.01)
    left = sum(f.stat().st_size for f in folder.path.rglob("*") if f.is_file())
    assert costing.disk(known.profile, said, 1.0)[0] == pytest.approx(left, rel=0.15)
    if "grad_accum" not in settings:
        (run,) = ws.estimate([spec]).runs
        assert (run.existing, run.upper_bound) == (True, "stop" in settings)


def test_runs_that_share_what_surt_makes_pay_for_it_once_and_then_not_at_all(measured):
    ws, _, _ = measured
    specs = ws.plan("reviews", model=MODEL, seeds=[6, 7], methods=["surt:epochs=2"], **SETTINGS)
    first, second = ws.estimate(specs).runs
    assert first.retraining_flops > second.retraining_flops == 0
    assert first.cost_ratio > 1 == second.cost_ratio
    folder = ws.runs.folder(specs[1].run)
    folder.create(specs[1], "2026-01-01T00:00:00+00:00")
    spent = run_folder(folder)["cost"]
    assert first.retraining_flops == pytest.approx(spent["pretrain_flops"], rel=0.1)  # a tiny head has other weights that are not few
    assert ws.estimate(specs).runs[0].retraining_flops == 0


def test_other_seeds_epochs_and_subsets_need_no_new_measuring(measured):
    ws, _, whole = measured
    ids = [str(n) for n in range(70) if n % 29 > 20]
    ws.select(Selection.from_json({"dataset": "reviews", "steps": [{"op": "new", "by": "ids", "ids": ids}]}), name="long")
    long = ws.estimate(ws.plan("reviews", model=MODEL, subset="long", **SETTINGS))
    assert isinstance(long, Estimate)
    assert long.runs[0].examples == (len(ids), 70)
    assert long.cost_ratio > 1.2 > whole.cost_ratio == 1.0
    short = ws.estimate(ws.plan("reviews", model=MODEL, seeds=[9], **(SETTINGS | {"epochs": 4})))
    assert short.flops == pytest.approx(whole.flops, rel=0.2)


def test_a_subset_that_a_selection_will_make_is_priced_by_what_it_holds_now(measured):
    ws, _, _ = measured
    some = {"dataset": "reviews", "steps": [{"op": "new", "by": "ids", "ids": ["1", "2", "3"]}]}
    estimate = ws.estimate(ws.plan("reviews", model=MODEL, subset="few", selection=some, **SETTINGS))
    assert estimate.runs[0].examples == (3, 70)
    assert estimate.cost_ratio < 0.5
    assert "few" not in ws.subsets.names()


def test_runs_of_the_model_on_this_machine_correct_the_measured_speed(measured, monkeypatch):
    ws, _, _ = measured
    monkeypatch.setattr(estimating, "LEAST_S", 0.0)
    (spec,) = ws.plan("reviews", model=MODEL, seeds=[5], **SETTINGS)
    before = ws.estimate([spec]).runs[0].seconds
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    verdict = run_folder(folder)
    verdict["cost"]["examples_per_second"] /= 100.0  # the machine was busy
    folder.publish_verdict(verdict)
    other = ws.estimate(ws.plan("reviews", model=MODEL, seeds=[6], **SETTINGS))
    assert "run" in other.measured
    assert other.seconds > before


def test_looking_at_a_read_only_workspace_writes_nothing(measured):
    ws, _, whole = measured
    still = ftft.Workspace(ws.path, read_only=True, runner=False)
    before = sorted(ws.path.rglob("*"))
    assert still.estimate(still.plan("reviews", model=MODEL, **SETTINGS)).runs[0].run == whole.runs[0].run
    with pytest.raises(InputError, match="never measured"):
        still.estimate(still.plan("reviews", model=MODEL, **(SETTINGS | {"batch_size": 4})))
    assert sorted(ws.path.rglob("*")) == before


def test_a_model_that_cannot_be_loaded_says_why_and_is_not_tried_again_at_once(ws, tmp_path, monkeypatch):
    dataset = add_dataset(ws, tmp_path)
    torn = tmp_path / "torn"
    torn.mkdir()
    for file in bundled_models()[0].iterdir():
        (torn / file.name).write_bytes(file.read_bytes())
    config = json.loads((torn / "config.json").read_text())
    (torn / "config.json").write_text(json.dumps(config | {"model_type": "no such kind"}))
    specs = ws.plan(dataset, model=str(torn))
    for _ in range(2):
        with pytest.raises(InputError, match="cannot be loaded"):
            ws.estimate(specs, wait=True)
    started = []
    monkeypatch.setattr(estimating.Estimating, "_start", lambda self, key, spec, lock: started.append(key) or Pending("now"))
    with pytest.raises(InputError, match="cannot be loaded"):
        ws.estimate(specs)
    monkeypatch.setattr(estimating, "AGAIN_S", 0.0)
    deadline = time.monotonic() + 60
    while not started and time.monotonic() < deadline:  # the process that failed may be about to end
        assert isinstance(ws.estimate(specs), Pending)
    assert len(started) == 1


def measuring() -> list[psutil.Process]:
    """The processes that measure for an estimate asked for here."""
    return [p for p in psutil.Process().children() if "ftft.train.profile" in p.cmdline()]


def test_a_process_that_is_killed_is_a_failure_with_a_remedy(ws, tmp_path):
    specs = ws.plan(add_dataset(ws, tmp_path), model=MODEL)
    assert isinstance(ws.estimate(specs), Pending)
    deadline = time.monotonic() + 60
    while not (mine := measuring()) and time.monotonic() < deadline:
        time.sleep(0.02)
    mine[0].kill()
    with pytest.raises(WorkError, match=r"was killed.*--batch-size"):
        ws.estimate(specs, wait=True)


def test_two_who_ask_at_once_start_one_process(ws, tmp_path, monkeypatch):
    specs = ws.plan(add_dataset(ws, tmp_path), model=MODEL)
    first = ws.estimate(specs)
    monkeypatch.setattr(estimating.Estimating, "_start", lambda *_: pytest.fail("a second one was started"))
    other = ftft.Workspace(ws.path, runner=False)
    assert other.estimate(specs) == first
    assert other.estimate(other.plan("reviews", model=MODEL, batch_size=3)) == first  # another model waits its turn
    for process in measuring():  # and no other child of this process, which has a browser's
        process.kill()
