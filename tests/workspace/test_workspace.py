import json
from contextlib import nullcontext

import numpy as np
import pytest

import ftft
from ftft import jobs
from ftft.domain import Selection
from ftft.errors import InputError
from ftft.jobs.lock import take
from tests.synthetic import add_dataset, add_run


@pytest.fixture
def dataset(ws, tmp_path):
    return add_dataset(ws, tmp_path)


@pytest.fixture
def run(ws, dataset):
    return add_run(ws, dataset, verdict={})


def test_a_folder_with_other_things_in_it_is_not_taken_for_a_workspace(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="--workspace"):
        ftft.Workspace(tmp_path)


def test_opening_a_workspace_again_finds_what_is_there(ws, dataset):
    assert [d.name for d in ftft.Workspace(ws.path, runner=False).data.list()] == [dataset]


def test_a_map_has_every_example_and_metric_and_its_regions_partition_it(ws, run):
    found = ws.map(run.id)
    assert found.n == 60
    assert list(found.frame().columns) == [
        "id",
        "gold",
        "confidence",
        "variability",
        "correctness",
        "forgetting",
        "threshold_closeness",
        "aum",
        "el2n",
        "aleatoric",
        "entropy",
        "loss",
    ]
    assert sum(found.regions().values()) == 60
    assert found.regions()["ambiguous"] == round(0.33 * 60)


def test_the_answer_is_the_same_whether_another_process_holds_the_database_or_not(ws, run):
    alone = ws.map(run.id).frame()
    owner = ftft.Workspace(ws.path, runner=False)
    assert owner.own()
    assert not ftft.Workspace(ws.path, runner=False).own()
    beside = ftft.Workspace(ws.path, runner=False).map(run.id).frame()
    inside = owner.map(run.id).frame()
    assert alone.equals(beside)
    assert alone.equals(inside)
    owner.close()
    assert alone.equals(owner.map(run.id).frame())


def test_a_new_epoch_is_in_the_next_map(ws, dataset):
    run = add_run(ws, dataset, epochs=2)
    assert ws.map(run.id).epochs == (1, 2)
    add_run(ws, dataset, epochs=3)
    assert ws.map(run.id).epochs == (1, 3)
    assert ws.map(run.id, (2, 3)).epochs == (2, 3)


def test_a_run_without_a_complete_epoch_has_no_map_yet(ws, dataset):
    with pytest.raises(InputError, match="Wait"):
        ws.map(add_run(ws, dataset, epochs=0).id)


def test_a_region_selects_what_lies_in_it(ws, dataset, run):
    frame = ws.map(run.id).frame()
    step = {"op": "new", "by": "region", "run": run.id, "shapes": [{"type": "box", "x0": 0, "x1": 0.1, "y0": 0.5, "y1": 1}]}
    inside = frame[(frame["variability"] <= 0.1) & (frame["confidence"] >= 0.5)]["id"]
    subset = ws.select({"dataset": dataset, "steps": [step]}, name="easy")
    assert 0 < len(inside) < 60
    assert subset.ids == tuple(sorted(inside))


def test_steps_of_every_kind_are_resolved(ws, dataset, run):
    def ids(*steps):
        mask = ws.resolve(Selection.from_json({"dataset": dataset, "steps": list(steps)}))
        return set(ws.data.ids(dataset)[mask])

    positive = ids({"op": "new", "by": "label", "labels": ["positive"]})
    assert positive == {f"train-{i}" for i in range(1, 60, 2)}
    assert ids({"op": "new", "by": "text", "query": "GOOD"}) == positive
    assert ids({"op": "new", "by": "text", "query": r"review 1\d of", "regex": True}) == {f"train-{i}" for i in range(10, 20)}
    assert ids({"op": "new", "by": "label", "labels": ["positive"]}, {"op": "new", "by": "invert"}) == {
        f"train-{i}" for i in range(0, 60, 2)
    }
    assert ids(
        {"op": "new", "by": "ids", "ids": ["train-3", "train-4"]},
        {"op": "intersect", "by": "column", "column": "label", "values": ["positive"]},
    ) == {"train-3"}
    ws.select(name="three", run=run.id, by="confidence", bottom=0.05)
    assert ids({"op": "new", "by": "subset", "subset": "three"}) == set(ws.subsets.get("three").ids)


def test_a_subset_remembers_the_epochs_that_made_it(ws, run):
    subset = ws.select(run=run.id, by="variability", top=0.33, name="ambiguous")
    assert subset.selection["steps"][0]["epochs"] == [1, 3]
    assert len(subset.ids) == round(0.33 * 60)
    assert sum(subset.labels.values()) == len(subset.ids)
    assert json.loads((ws.path / "subsets/ambiguous/subset.json").read_text())["hash"] == subset.hash


def test_saving_the_same_subset_twice_is_one_subset_and_another_under_its_name_an_error(ws, run):
    first = ws.select(run=run.id, by="variability", top=0.33, name="s")
    assert ws.select(run=run.id, by="variability", top=0.33, name="s").created == first.created
    with pytest.raises(InputError, match="another name"):
        ws.select(run=run.id, by="variability", top=0.5, name="s")


@pytest.mark.parametrize("kind", [".jsonl", ".csv", ".parquet", ".txt", ""])
def test_an_exported_subset_holds_its_rows(ws, run, tmp_path, kind):
    import datasets
    import pandas as pd

    subset = ws.select(run=run.id, by="confidence", bottom=0.1, name="hard")
    out = ws.subsets.export("hard", tmp_path / f"hard{kind}")
    readers = {
        ".jsonl": lambda: pd.read_json(out, lines=True)["id"],
        ".csv": lambda: pd.read_csv(out)["id"],
        ".parquet": lambda: pd.read_parquet(out)["id"],
        ".txt": lambda: out.read_text().split(),
        "": lambda: datasets.load_from_disk(str(out))["id"],
    }
    assert sorted(readers[kind]()) == list(subset.ids)


def test_a_subset_becomes_a_datasets_dataset(ws, run):
    rows = ws.select(run=run.id, by="confidence", bottom=0.1, name="hard").dataset()
    assert len(rows) == 6
    assert {"id", "text", "label"} <= set(rows.column_names)


def test_transfer_of_a_run_with_itself_under_another_seed(ws, dataset):
    a, b = (add_run(ws, dataset, seed, verdict={}) for seed in (1, 2))
    (pair,) = ws.transfer(a.id, b.id)
    assert pair["same_order"] is False
    assert pair["overlap"]["low"] <= pair["overlap"]["value"] <= pair["overlap"]["high"]
    assert pair["overlap"]["chance"] == pytest.approx(20 / 60)
    assert pair["overlap"]["ceiling"] == pytest.approx(pair["overlap"]["value"])


def test_the_curve_of_an_example_is_its_p_gold(ws, dataset, run):
    curve = ws.curves([run.id], "train-7")[run.id]
    frame = ws.map(run.id).frame().set_index("id")
    assert curve.shape == (3,)
    assert np.mean(curve) == pytest.approx(frame.loc["train-7", "confidence"])
    assert np.std(curve) == pytest.approx(frame.loc["train-7", "variability"])


def test_a_page_of_examples_is_sorted_by_the_runs_metric(ws, dataset, run):
    page, total = ws.examples(dataset, run=run.id, sort="variability", limit=10)
    assert total == 60
    wanted = ws.map(run.id).frame().sort_values("variability", ascending=False)["variability"].head(10)
    assert page["variability"].tolist() == pytest.approx(wanted.tolist())
    mask = ws.data.gold(dataset) == 1
    page, total = ws.examples(dataset, mask, run=run.id, search="review 1", limit=50)
    assert total == len(page) == 6
    assert set(page["label"]) == {"positive"}


def test_a_deleted_run_is_gone_from_the_list_and_named_in_the_error(ws, dataset, run):
    import shutil

    shutil.rmtree(run.folder)
    assert ws.runs.list() == []
    with pytest.raises(InputError, match="not known"):
        ws.runs.get(run.id)


def test_a_prefix_that_fits_two_runs_is_ambiguous(ws, dataset):
    runs = [add_run(ws, dataset, seed, epochs=1).id for seed in range(1, 30)]
    twice = next(p for p in "0123456789abcdef" if sum(r.startswith(p) for r in runs) > 1)
    with pytest.raises(InputError, match="ambiguous"):
        ws.runs.get(twice)


@pytest.mark.parametrize("name", ["../../etc", "a/b", ".hidden", ""])
def test_names_cannot_leave_the_workspace(ws, dataset, run, name):
    with pytest.raises(InputError):
        ws.data.get(name)
    with pytest.raises(InputError):
        ws.runs.get(name)
    with pytest.raises(InputError):
        ws.select(run=run.id, by="confidence", top=0.5, name=name)
    with pytest.raises(InputError):
        ws.subsets.get(name)


def test_a_run_that_is_just_being_cancelled_can_be_resumed(ws, dataset):
    run = add_run(ws, dataset, epochs=1)
    folder = ws.runs.folder(run.id)
    with take(folder):
        jobs.Queue(ws.path).submit(run.id)
        folder.cancel_file.touch()
        assert ws.runs.resume(run.id).state == "running"
    assert ws.runs.get(run.id).state == "queued", "when the attempt ends, the runner starts the next one"


def test_resuming_a_run_that_succeeded_changes_nothing(ws, run):
    assert ws.runs.resume(run.id) == run
    assert jobs.Queue(ws.path).rows() == []


def test_a_run_that_has_ended_can_be_removed_and_takes_nothing_else_with_it(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path)
    gone, kept = add_run(ws, dataset, verdict={}), add_run(ws, dataset, seed=2, verdict={})
    subset = ws.select(run=gone.id, by="variability", top=0.5, name="half")
    ws.runs.remove(gone.id[:6])
    assert [r.id for r in ws.runs.list()] == [kept.id]
    assert not gone.folder.exists()
    assert list((ws.path / "runs").iterdir()) == [kept.folder]
    assert ws.subsets.get("half").ids == subset.ids
    with pytest.raises(InputError, match="not known"):
        ws.map(gone.id)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_that_waits_or_runs_is_not_removed(ws, tmp_path, state):
    run = add_run(ws, add_dataset(ws, tmp_path))
    jobs.Queue(ws.path).submit(run.id)
    with jobs.claim(ws.runs.folder(run.id)) if state == "running" else nullcontext(), pytest.raises(InputError, match="runs cancel"):
        ws.runs.remove(run.id)
    assert run.folder.exists()
    ws.runs.cancel(run.id)
    ws.runs.remove(run.id)
    assert not run.folder.exists()
