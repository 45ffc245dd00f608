"""Mean maps: against means taken by hand, wherever a run's id can stand."""

import json

import numpy as np
import pytest

import ftft
from ftft.domain import Selection, mean_id
from ftft.errors import InputError
from ftft.metrics import METRICS
from ftft.workspace.averaging import Stabilising
from tests.synthetic import add_dataset, add_run

N = 60


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """Three seeds of one model, the last with an epoch more; one of another model; a run of another dataset."""
    folder = tmp_path_factory.mktemp("averaging")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    dataset = add_dataset(ws, folder, rows=N)
    for seed, epochs in ((1, 3), (2, 3), (3, 4)):
        add_run(ws, dataset, seed=seed, epochs=epochs, verdict={})
    add_run(ws, dataset, seed=9, model="/nowhere/other", verdict={})
    add_run(ws, add_dataset(ws, folder, "other", rows=40), verdict={})
    return ws


@pytest.fixture(scope="module")
def seeds(ws):
    """The ids of the three seeds."""
    found = {r.spec.seed: r.id for r in ws.runs.list(dataset="reviews")}
    return [found[1], found[2], found[3]]


@pytest.fixture(scope="module")
def mean(seeds):
    return mean_id(seeds)


# ---- the map


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_of_a_mean_map_is_the_mean_over_its_runs(ws, seeds, mean, metric):
    values = np.array([ws.map(run, (1, 3)).values[metric] for run in seeds])
    expected_N = [
        np.mean([v for v in of_example if not np.isnan(v)]) if not np.isnan(of_example).all() else np.nan for of_example in values.T
    ]
    np.testing.assert_allclose(ws.map(mean).values[metric], expected_N, rtol=1e-12)


def test_a_mean_map_takes_the_epochs_that_all_its_runs_have_and_says_so(ws, seeds, mean):
    found = ws.map(mean)
    assert (found.epochs, found.recorded, found.n, found.capture) == ((1, 3), 3, N, "online")
    assert ws.map(mean, (2, 3)).epochs == (2, 3)
    assert found.title == "mean of 3: tiny, seeds 1, 2, 3"
    with pytest.raises(InputError, match="epochs 2-4"):
        ws.map(mean, (2, 4))


def test_a_mean_of_two_models_names_both(ws, seeds):
    other = next(r.id for r in ws.runs.list(dataset="reviews") if r.spec.seed == 9)
    assert ws.map(mean_id([seeds[0], other])).title == "mean of 2: tiny, seed 1 + other, seed 9"


def test_means_are_not_cut_to_whole_numbers_in_a_table(ws, mean):
    frame = ws.map(mean).frame()
    assert list(frame.columns) == ["id", "gold", *METRICS]
    assert (frame["correctness"] % 1 != 0).any()
    np.testing.assert_allclose(frame["correctness"], ws.map(mean).values["correctness"])


def test_nothing_is_worked_out_before_it_is_asked_for_and_then_once(ws, seeds, mean):
    found = ws.map(mean_id(seeds[::-1]))
    assert found.values._kept == {}
    assert found.values["aum"] is ws.map(mean_id(seeds[::-1])).values["aum"]
    assert set(found.values._kept) == {"aum"}


def test_only_examples_that_all_runs_recorded_are_in_the_mean(ws, tmp_path, seeds):
    half = [f"train-{n}" for n in range(0, N, 2)]
    dynamics = tmp_path / "training_dynamics"
    dynamics.mkdir()
    for epoch in range(3):
        lines = [{"guid": i, f"logits_epoch_{epoch}": [0.5, 0.1 * k], "gold": 0} for k, i in enumerate(half)]
        (dynamics / f"dynamics_epoch_{epoch}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ws.import_run(dynamics, name="half", dataset="reviews")
    try:
        found = ws.map(mean_id([seeds[0], "half"]))
        assert list(found.ids_N) == sorted(half)
        whole = ws.map(seeds[0], (1, 3))
        rows = [list(whole.ids_N).index(i) for i in found.ids_N]
        np.testing.assert_allclose(found.values["confidence"], (whole.values["confidence"][rows] + ws.map("half").values["confidence"]) / 2)
        assert found.capture == "online + unknown"
        assert ws.places(found.run).tolist() == [list(found.ids_N).index(i) if i in half else -1 for i in ws.data.ids("reviews")]
    finally:
        ws.runs.remove("half")


def test_runs_of_two_datasets_have_no_mean(ws, seeds):
    other = ws.runs.list(dataset="other")[0].id
    with pytest.raises(InputError, match="different datasets: other, reviews"):
        ws.map(mean_id([seeds[0], other]))


# ---- steps on it


def test_prefixes_stand_for_the_runs_of_a_mean(ws, seeds, mean):
    assert ws.map("mean~" + "~".join(run[:6] for run in seeds)) is ws.map(mean)
    with pytest.raises(InputError, match="each of them once"):
        ws.map(f"mean~{seeds[0]}~{seeds[0][:6]}")


def test_a_top_step_on_a_mean_takes_the_highest_means(ws, mean):
    found = ws.map(mean)
    subset = ws.select(run=mean, by="variability", top=0.25, name="steady")
    highest = found.ids_N[np.argsort(-found.values["variability"])[: N // 4]]
    assert list(subset.ids) == sorted(highest)
    assert ws.subsets.get("steady").selection["steps"][0] | {"q": 0} == {
        "op": "new", "by": "top", "run": mean, "metric": "variability", "q": 0, "end": "top", "epochs": [1, 3], "per_label": False,
    }  # fmt: skip


def test_a_region_on_a_mean_takes_the_points_inside(ws, mean):
    found = ws.map(mean)
    box = {"type": "box", "x0": 0.05, "x1": 0.3, "y0": 0.5, "y1": 0.8}
    step = {"op": "new", "by": "region", "run": mean, "shapes": [box]}
    mask_N = ws.resolve(Selection.from_json({"dataset": "reviews", "steps": [step]}))
    x_N, y_N = found.values["variability"], found.values["confidence"]
    inside = found.ids_N[(x_N >= 0.05) & (x_N <= 0.3) & (y_N >= 0.5) & (y_N <= 0.8)]
    assert 0 < len(inside) < N
    assert sorted(ws.data.ids("reviews")[mask_N]) == sorted(inside)


# ---- spread and stability


def test_the_spread_is_the_sample_deviation_over_runs(ws, seeds, mean):
    values_RN = np.array([ws.map(run, (1, 3)).values["confidence"] for run in seeds])
    ids_N, sd_N = ws.spread(mean, "confidence")
    assert list(ids_N) == list(ws.map(mean).ids_N)
    np.testing.assert_allclose(sd_N, values_RN.std(axis=0, ddof=1), atol=1e-12)
    learnt_RN = np.array([ws.map(run, (1, 3)).values["forgetting"] for run in seeds])
    expected_N = [np.std(kept, ddof=1) if len(kept := v[~np.isnan(v)]) > 1 else np.nan for v in learnt_RN.T]
    np.testing.assert_allclose(ws.spread(mean, "forgetting")[1], expected_N, atol=1e-12)
    with pytest.raises(InputError, match="one run alone"):
        ws.spread(seeds[0], "confidence")


def test_stability_counts_the_examples_that_all_some_or_no_runs_hold(ws, seeds, mean):
    found = ws.stability(seeds, top=0.25)
    tops = [set(ws.map(run, (1, 3)).ids_N[np.argsort(-ws.map(run, (1, 3)).values["variability"])[:15]]) for run in seeds]
    pairs = [len(tops[a] & tops[b]) / 15 for a, b in ((0, 1), (0, 2), (1, 2))]
    assert (found["n"], found["k"], found["runs"], found["epochs"]) == (N, 15, seeds, [1, 3])
    assert found["overlap"]["value"] == pytest.approx(np.mean(pairs))
    assert (found["overlap"]["pair_min"], found["overlap"]["pair_max"]) == (min(pairs), max(pairs))
    assert found["always"] == len(set.intersection(*tops))
    assert found["never"] == N - len(set.union(*tops))
    assert found["always"] + found["sometimes"] + found["never"] == N
    assert [f["runs"] for f in found["rank"]["foreseen"]] == [2, 3, 5, 10]
    assert found["rank"]["mean"] == found["rank"]["foreseen"][1]["value"]
    assert ws.stability([mean], top=0.25) is found, "a mean stands for its runs, and nothing is worked out twice"
    json.dumps(found)

    share_N = ws.top_share(seeds, top=0.25)
    assert share_N.tolist() == [sum(i in t for t in tops) / 3 for i in ws.data.ids("reviews")]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"top": 0.001}, "nothing"), ({"top": 1.5}, "top is 1.5"), ({"by": "confdence"}, "metric 'confdence' is not known"),
        ({"end": "both"}, "end 'both' is not known"), ({"epochs": (1, 9)}, "epochs 1-9"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_of_several_runs_is_refused_with_a_remedy(ws, seeds, words, problem):
    for ask in (ws.stability, ws.top_share, lambda runs, **words: ws.stabilising(runs[0], **words)):
        with pytest.raises(InputError, match=problem):
            ask(seeds, **words)


def test_one_run_has_no_stability(ws, seeds):
    with pytest.raises(InputError, match="Name two runs or more"):
        ws.stability(seeds[:1])


# ---- stabilising


@pytest.mark.parametrize("which", ["run", "mean"])
@pytest.mark.parametrize("by", ["variability", "aum", "forgetting"])
def test_the_overlap_with_the_last_epoch_is_that_of_the_maps_up_to_each(ws, seeds, mean, which, by):
    id = seeds[2] if which == "run" else mean

    def top(last):
        step = {"op": "new", "by": "top", "run": id, "metric": by, "q": 0.3, "epochs": [1, last]}
        return ws.resolve(Selection.from_json({"dataset": "reviews", "steps": [step]}))

    found = ws.stabilising(id, top=0.3, by=by)
    lasts = range(2, found.epochs[1] + 1)
    overlaps = [(top(last) & top(lasts[-1])).sum() / 18 for last in lasts]
    assert [p["overlap"] for p in found.points] == overlaps
    assert [p["epoch"] for p in found.points] == list(lasts)
    assert {p["chance"] for p in found.points} == {18 / N}
    assert ws.stabilising(id, top=0.3, by=by) is found


def test_a_top_has_stabilised_from_where_it_stays_the_same_on():
    def at(*overlaps):
        points = tuple({"epoch": e, "overlap": o, "chance": 0.3} for e, o in enumerate(overlaps, 2))
        return Stabilising("r", "variability", "top", 0.3, 3, (1, len(overlaps) + 1), points).stabilised_at

    assert at(0.5, 0.95, 0.8, 0.92, 0.97, 1.0) == 5
    assert at(0.9, 0.9, 1.0) == 2
    assert at(0.5, 0.6, 1.0) is None, "the last epoch always agrees with itself"


def test_one_epoch_cannot_stabilise(ws, seeds):
    with pytest.raises(InputError, match="two epochs or more"):
        ws.stabilising(seeds[0], epochs=(2, 2))
    assert [p["epoch"] for p in ws.stabilising(seeds[0], epochs=(2, 3)).points] == [3]
