"""Steps by strategy, random steps like another step, and threshold samples: in a workspace, from the files of runs."""

import hashlib
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import ftft
from ftft.dataset.thresholds import LABEL
from ftft.domain import Selection, Step, mean_id
from ftft.dynamics import Epoch
from ftft.errors import InputError
from ftft.selection import ranking, top
from ftft.strategies import Candidates, choose
from tests.synthetic import add_dataset, add_run, record, spec_of

N = 60


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """Two seeds of one model, over four epochs; one that was imported with its metrics alone."""
    folder = tmp_path_factory.mktemp("strategies")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    dataset = add_dataset(ws, folder, rows=N)
    for seed in (1, 2):
        add_run(ws, dataset, seed=seed, epochs=4, verdict={})
    measured = pd.DataFrame({"id": [f"train-{n}" for n in range(N)], "confidence": np.linspace(0, 1, N), "variability": 0.1})
    measured.to_csv(folder / "measured.csv", index=False)
    ws.import_run(folder / "measured.csv", name="measured", dataset=dataset, epochs=4)
    return ws


@pytest.fixture(scope="module")
def runs(ws):
    """The ids of the two seeds."""
    found = {r.spec.seed: r.id for r in ws.runs.list(dataset="reviews")}
    return [found[1], found[2]]


def train(ws, dataset, margin, seed=1, epoch=1, only=None) -> str:
    """A run on `dataset` whose margins are `margin` of the ids; or one more epoch of it. `only`: the ids that it saw."""
    spec = spec_of(ws, dataset, seed)
    folder = ws.runs.folder(spec.run)
    if epoch == 1:
        folder.create(spec, "2026-01-01T00:00:00+00:00")
    seen_N = np.array([only is None or i in only for i in ws.data.ids(dataset)])
    ids_M, gold_M = ws.data.ids(dataset)[seen_N], ws.data.gold(dataset)[seen_N]
    logits_MC = np.zeros((len(ids_M), len(ws.data.get(dataset).labels)), np.float32)
    logits_MC[np.arange(len(ids_M)), gold_M] = [margin(i) for i in ids_M]
    folder.publish_epoch(Epoch(epoch, ids_M, gold_M, logits_MC, np.ones(len(ids_M), int), "online", f"order-{epoch}"))
    return spec.run


@pytest.fixture(scope="module")
def third(ws):
    """A run over every third example."""
    draw, only = np.random.default_rng(5), {f"train-{n}" for n in range(0, N, 3)}
    for epoch in (1, 2, 3, 4):
        run = train(ws, "reviews", lambda i: draw.normal(1, 2), seed=7, epoch=epoch, only=only)
    return run


def number(i) -> int:
    return int(i.removeprefix("train-"))


def by_strategy(run, strategy, q=0.25, dataset="reviews", **how) -> Selection:
    return Selection(dataset, (Step("new", "strategy", {"run": run, "strategy": strategy, "q": q, **how}),))


def picked(ws, selection) -> set[str]:
    return set(ws.data.ids(selection.dataset)[ws.resolve(selection)])


def losses(ws, run) -> np.ndarray:
    """(E, N) in the order of the run's map."""
    return -np.log(np.stack([ws.curves([run], i)[run] for i in ws.map(run).ids_N], axis=1))


def labels(ids) -> dict[str, int]:
    return dict(Counter("positive" if number(i) % 2 else "negative" for i in ids))


# ---- a step by strategy


def test_a_step_by_strategy_is_frozen_with_the_epochs_that_it_took(ws, runs):
    subset = ws.select(by_strategy(runs[0], "ambiguous"), name="ambiguous")
    found = ws.map(runs[0])
    assert set(subset.ids) == set(found.ids_N[top(found.ids_N, found.of_metric("variability"), 0.25)])
    (step,) = subset.selection["steps"]
    assert (step["epochs"], step["burn_in"], step["strategy"]) == ([1, 4], 0, "ambiguous")
    assert picked(ws, Selection.from_json(subset.selection)) == set(subset.ids)


def test_burn_in_drops_the_first_epochs(ws, runs):
    subset = ws.select(by_strategy(runs[0], "hard", burn_in=2), name="late")
    found = ws.map(runs[0], (3, 4))
    assert set(subset.ids) == set(found.ids_N[top(found.ids_N, found.of_metric("confidence"), 0.25, "bottom")])
    assert set(subset.ids) != picked(ws, by_strategy(runs[0], "hard"))
    assert (subset.selection["steps"][0]["epochs"], subset.selection["steps"][0]["burn_in"]) == ([3, 4], 0)
    assert picked(ws, by_strategy(runs[0], "hard", epochs=[3, 4])) == set(subset.ids)


def test_burn_in_that_leaves_no_epoch_is_refused(ws, runs):
    for run in (runs[0], mean_id(runs)):
        with pytest.raises(InputError, match="none is left after 4") as refused:
            picked(ws, by_strategy(run, "hard", burn_in=4))
        assert refused.value.remedy == "Drop fewer of the first epochs"
    with pytest.raises(InputError, match="both epochs and burn_in"):
        by_strategy(runs[0], "hard", burn_in=1, epochs=[2, 4])


def test_a_frozen_step_stays_as_it_was_when_the_run_goes_on(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path, "growing", rows=20)
    run = add_run(ws, dataset, epochs=2)
    subset = ws.select(by_strategy(run.id, "ambiguous", dataset=dataset), name="early")
    record(ws, ws.runs.folder(run.id), dataset, 1, epochs=6)
    assert picked(ws, Selection.from_json(subset.selection)) == set(subset.ids)
    assert picked(ws, by_strategy(run.id, "ambiguous", dataset=dataset)) != set(subset.ids)


def test_options_labels_and_seed_of_a_step_reach_the_strategy(ws, runs):
    found = ws.map(runs[0])
    easiest = found.ids_N[top(found.ids_N, found.of_metric("confidence"), 0.25)]
    assert picked(ws, by_strategy(runs[0], "mix", options={"easy": 1})) == set(easiest)
    assert labels(picked(ws, by_strategy(runs[0], "hard", q=0.3, per_label=True))) == {"negative": 9, "positive": 9}
    for seed in (0, 8):
        lowest = sorted(found.ids_N, key=lambda i: hashlib.sha256(f"{seed}/{i}".encode()).digest())[:15]
        assert picked(ws, by_strategy(runs[0], "random", seed=seed)) == set(lowest)


@pytest.mark.parametrize(
    ("strategy", "options", "problem"),
    [
        ("ambigous", {}, "Perhaps you mean ambiguous"),
        ("mix", {"easy": 2}, "Give a number from 0 to 1"),
        ("hard", {"threshold": "nobody"}, "It takes none"),
        ("consensus", {}, "mean~A~B"),
        ("aum", {"threshold": "nobody"}, "run 'nobody' is not known"),
    ],
)
def test_what_a_strategy_cannot_do_is_refused_with_a_remedy(ws, runs, strategy, options, problem):
    with pytest.raises(InputError, match=problem):
        ws.resolve(by_strategy(runs[0], strategy, options=options))


def test_a_run_on_some_examples_gives_its_share_of_those(ws, third):
    ids = picked(ws, by_strategy(third, "ambiguous", q=0.5))
    assert len(ids) == N // 6
    assert ids <= {f"train-{n}" for n in range(0, N, 3)}


# ---- several references


def test_consensus_and_union_compare_the_runs_behind_a_mean(ws, runs):
    for ends in ((1, 4), (2, 3)):
        maps = [ws.map(run, ends) for run in runs]
        place = {i: [list(m.ids_N[ranking(m.ids_N, m.of_metric("variability"))]).index(i) for m in maps] for i in maps[0].ids_N}
        for strategy, best in (("consensus", max), ("union", min)):
            ids = picked(ws, by_strategy(mean_id(runs), strategy, epochs=list(ends)))
            limit = sorted(best(places) for places in place.values())[14]
            assert {i for i in place if best(place[i]) < limit} <= ids <= {i for i in place if best(place[i]) <= limit}
            assert len(ids) == 15


def test_a_mean_of_a_run_on_all_and_one_on_some_compares_the_same_examples(ws, runs, third):
    """Rows of the two maps differ."""
    some, rows = ws.map(third), rows_of(ws, runs[0], third)
    confidence = (some.of_metric("confidence"), ws.map(runs[0]).of_metric("confidence")[rows])
    places = [np.argsort(ranking(some.ids_N, values, "bottom")) for values in confidence]
    expected = some.ids_N[top(some.ids_N, np.max(places, axis=0), 0.3, "bottom")]
    for mean in ([third, runs[0]], [runs[0], third]):
        consensus = by_strategy(mean_id(mean), "consensus", q=0.3, options={"metric": "confidence", "end": "bottom"})
        assert picked(ws, consensus) == set(expected)


def rows_of(ws, run, some) -> list[int]:
    """The rows in the map of `run` of the examples that `some` saw."""
    return [list(ws.map(run).ids_N).index(i) for i in ws.map(some).ids_N]


# ---- trajectories


def coverage(ids_N, losses_EN, k, clusters=4, seed=0) -> set[str]:
    found = Candidates(ids_N, np.zeros(len(ids_N), dtype=int), lambda name: np.empty(0), lambda: losses_EN)
    return set(ids_N[choose("s2l", found, k / len(ids_N), {"clusters": clusters}, seed=seed)])


def test_s2l_clusters_the_losses_of_the_epochs_that_a_step_takes(ws, runs):
    ids_N = ws.map(runs[0]).ids_N
    whole = by_strategy(runs[0], "s2l", options={"clusters": 4})
    assert picked(ws, whole) == coverage(ids_N, losses(ws, runs[0]), 15)
    late = by_strategy(runs[0], "s2l", options={"clusters": 4}, burn_in=2, seed=3)
    assert picked(ws, late) == coverage(ids_N, losses(ws, runs[0])[2:], 15, seed=3)


def test_s2l_on_a_mean_takes_the_mean_of_the_losses(ws, runs):
    mean = by_strategy(mean_id(runs), "s2l", options={"clusters": 4})
    assert picked(ws, mean) == coverage(ws.map(runs[0]).ids_N, np.mean([losses(ws, run) for run in runs], axis=0), 15)


def test_s2l_on_a_mean_of_runs_on_all_and_on_some_pairs_the_same_examples(ws, runs, third):
    mean = by_strategy(mean_id([runs[0], third]), "s2l", options={"clusters": 4}, q=0.5)
    both = losses(ws, runs[0])[:, rows_of(ws, runs[0], third)], losses(ws, third)
    assert picked(ws, mean) == coverage(ws.map(third).ids_N, np.mean(both, axis=0), 10)


def test_s2l_on_a_mean_takes_the_epochs_that_all_runs_have_even_where_one_is_damaged(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path, "damaged", rows=24)
    ids = [add_run(ws, dataset, seed=seed, epochs=4).id for seed in (1, 2)]
    whole = losses(ws, ids[0])
    ws.runs.folder(ids[1]).epoch_files()[3].write_bytes(b"torn")
    expected = coverage(ws.map(ids[0]).ids_N, (whole[[0, 1, 3]] + losses(ws, ids[1])) / 2, 12)
    assert picked(ws, by_strategy(mean_id(ids), "s2l", q=0.5, dataset=dataset, options={"clusters": 4})) == expected


def test_a_run_with_its_metrics_alone_has_no_trajectories_but_has_the_other_strategies(ws, runs):
    assert picked(ws, by_strategy("measured", "hard")) == {f"train-{n}" for n in range(15)}
    for run in ("measured", mean_id([runs[0], "measured"])):
        with pytest.raises(InputError, match="run measured was imported with its metrics alone: it has no losses") as refused:
            ws.resolve(by_strategy(run, "s2l"))
        assert refused.value.remedy == "Import the logits of every epoch"
    with pytest.raises(InputError, match="without aum"):
        ws.resolve(by_strategy("measured", "aum"))


# ---- a random step like another


def like(*steps, seed=0) -> Selection:
    return Selection("reviews", (Step("new", "random", {"seed": seed, "like": list(steps)}),))


def test_a_random_step_has_the_size_and_the_labels_of_what_it_is_like(ws, runs):
    (of,) = by_strategy(runs[0], "hard").steps
    hard = picked(ws, by_strategy(runs[0], "hard"))
    drawn = [picked(ws, like(of, seed=seed)) for seed in range(4)]
    assert labels(hard)["negative"] != labels(hard)["positive"]
    assert all(labels(ids) == labels(hard) for ids in drawn)
    assert len({*map(frozenset, drawn)}) == 4
    positive = sorted(
        (i for i in ws.data.ids("reviews") if labels([i]) == {"positive": 1}), key=lambda i: hashlib.sha256(f"3/{i}".encode()).digest()
    )
    assert drawn[3] >= {*positive[: labels(hard)["positive"]]}


def test_a_random_step_is_like_all_its_steps_together(ws, runs):
    text, ids = Step("new", "text", {"query": "review 1"}), Step("new", "ids", {"ids": ["train-1", "train-2", "train-10"]})
    together = picked(ws, Selection("reviews", (text, Step("add", "ids", {"ids": ids["ids"]}))))
    assert len(together) == 12  # 1, 10 to 19, and 2
    assert labels(picked(ws, like(text, ids))) == labels(together)


def test_a_random_step_is_frozen_with_the_epochs_of_what_it_is_like(ws, runs):
    (of,) = by_strategy(runs[0], "hard", burn_in=1).steps
    subset = ws.select(like(of, seed=5), name="matched")
    (inner,) = subset.selection["steps"][0]["like"]
    assert (inner["epochs"], inner["burn_in"]) == ([2, 4], 0)
    assert subset.labels == labels(picked(ws, by_strategy(runs[0], "hard", burn_in=1)))
    assert Selection.from_json(subset.selection).runs == (runs[0],)
    assert picked(ws, Selection.from_json(subset.selection)) == set(subset.ids)


def test_like_nothing_is_nothing(ws):
    nothing = like(Step("new", "text", {"query": "no review says this"}))
    assert picked(ws, nothing) == set()
    with pytest.raises(InputError, match="is empty"):
        ws.select(nothing, name="nothing")


@pytest.mark.parametrize("more", [{"n": 3}, {"n": 3, "counts": {"positive": 3}}])
def test_a_random_step_is_like_another_or_has_a_size_of_its_own(more):
    with pytest.raises(InputError, match="Leave out one of them"):
        Step("new", "random", {"seed": 1, "like": [{"by": "text", "query": "good"}], **more})
    with pytest.raises(InputError, match="Give the number of examples as n"):
        Step("new", "random", {"seed": 1})
    with pytest.raises(InputError, match="Name the same counts"):
        Step("new", "random", {"seed": 1, "like": [{"by": "random", "seed": 2, "n": 3}]})


# ---- threshold samples


@pytest.fixture(scope="module")
def judged(ws):
    """`reviews` with threshold samples."""
    return ws.data.derive("reviews", name="judged", threshold_samples=1)


@pytest.fixture(scope="module")
def samples(ws, judged):
    rows = ws.data.rows("judged")
    return set(rows["id"][rows["label"] == LABEL])


def without(threshold, **how) -> dict:
    return {"options": {"threshold": threshold, **how}}


@pytest.fixture(scope="module")
def judge(ws, samples):
    """A run with threshold samples. Their margins are 0 to 19, the 99th percentile of them 18.81; that of train-7, say, is 14."""
    rank = {i: n for n, i in enumerate(sorted(samples))}
    return train(ws, "judged", lambda i: rank[i] if i in rank else 2 * number(i))


def test_threshold_samples_are_a_class_more_and_as_many_as_a_class_has_then(ws, judged, samples):
    parent = ws.data.get("reviews")
    assert judged.labels == ("negative", "positive", LABEL)
    assert len(samples) == N // 3
    assert samples == set(sorted(ws.data.ids("reviews"), key=lambda i: hashlib.sha256(f"1/{i}".encode()).digest())[: N // 3])
    others = ~ws.data.rows("judged")["id"].isin(samples)
    pd.testing.assert_frame_equal(ws.data.rows("judged")[others], ws.data.rows("reviews")[others])
    pd.testing.assert_frame_equal(ws.data.rows("judged", "ood"), ws.data.rows("reviews", "ood"))
    assert judged.fingerprint != parent.fingerprint
    assert (judged.parent.dataset, judged.parent.kind, judged.parent.count) == ("reviews", "threshold", N // 3)
    assert judged.train.labels[LABEL] == N // 3


def test_the_same_seed_derives_the_same_dataset_and_another_seed_another(ws, judged):
    assert ws.data.derive("reviews", name="judged", threshold_samples=1).fingerprint == judged.fingerprint
    with pytest.raises(InputError, match="exists with other content"):
        ws.data.derive("reviews", name="judged", threshold_samples=2)


def test_findings_that_the_rows_do_not_tell_stay_with_threshold_samples(ws, tmp_path):
    rows = [{"id": n, "guid": f"g{n}", "text": f"t{n}", "label": "xy"[n % 2]} for n in range(12)]
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    ws.data.add("renamed", train=tmp_path / "t.csv", text=["text"], label="label", id="guid")
    derived = ws.data.derive("renamed", name="renamed-judged", threshold_samples=0)
    assert "column_renamed" in {finding.kind for finding in derived.warnings}


@pytest.mark.parametrize(
    ("dataset", "seed", "problem"),
    [
        ("judged", 1, "Derive from the dataset that it was made from"),
        ("reviews", -1, "whole number of at least 0"),
        ("reviews", True, "whole number of at least 0"),
        ("reviews", 1.5, "whole number of at least 0"),
        ("tiny", 0, "Use a larger dataset, or another seed"),
        ("nowhere", 0, "nowhere"),
    ],
)
def test_threshold_samples_that_cannot_be_are_refused(ws, judged, tmp_path, dataset, seed, problem):
    if dataset == "tiny":  # two rows, of two labels: one of them would be lost
        add_dataset(ws, tmp_path, "tiny", rows=2)
    with pytest.raises(InputError, match=problem):
        ws.data.derive(dataset, name="new", threshold_samples=seed)
    assert not (ws.path / "datasets" / "new").exists()


def test_what_lies_below_the_threshold_samples_is_left_out_and_the_lowest_of_the_others_are_taken(ws, runs, judge, samples):
    suspects = {f"train-{n}" for n in range(10)} - samples
    found = ws.map(runs[0])
    margin = dict(zip(found.ids_N, found.of_metric("aum"), strict=True))
    lowest = sorted(set(margin) - suspects, key=margin.__getitem__)[:15]
    ids = picked(ws, by_strategy(runs[0], "aum", **without(judge)))
    assert suspects
    assert ids == set(lowest)
    assert picked(ws, by_strategy(runs[0], "aum")) & suspects
    highest = sorted(set(margin) - suspects, key=margin.__getitem__)[-15:]
    assert picked(ws, by_strategy(runs[0], "aum", **without(judge[:6], end="top"))) == set(highest)


def test_all_that_is_not_suspected_can_be_taken_and_no_more(ws, runs, judge, samples):
    left = {f"train-{n}" for n in range(N)} - ({f"train-{n}" for n in range(10)} - samples)
    assert picked(ws, by_strategy(runs[0], "aum", q=len(left) / N, **without(judge))) == left
    with pytest.raises(InputError, match=f"{len(left)} are left without those that run {judge} suspects"):
        ws.resolve(by_strategy(runs[0], "aum", q=(len(left) + 1) / N, **without(judge)))


def test_an_example_that_the_run_did_not_see_is_not_suspected(ws, runs, samples):
    seen = samples | {"train-8", "train-9"}  # the last of all ids, in the order of texts
    judge = train(ws, "judged", lambda i: 9 if i in samples else 0, seed=5, only=seen)
    unseen = {f"train-{n}" for n in range(N)} - (seen - samples)
    assert picked(ws, by_strategy(runs[0], "aum", q=len(unseen) / N, **without(judge))) == unseen


def test_on_their_own_dataset_threshold_samples_are_suspected_themselves(ws, judge, samples):
    ids = picked(ws, by_strategy(judge, "aum", dataset="judged", **without(judge)))
    assert ids == set(sorted({f"train-{n}" for n in range(10, N)} - samples, key=number)[:15])


def test_a_subset_names_the_run_that_suspects_and_needs_it(ws, runs, judge):
    subset = ws.select(by_strategy(runs[0], "aum", **without(judge)), name="clean")
    again = Selection.from_json(subset.selection)
    assert again.runs == (runs[0], judge)
    assert picked(ws, again) == set(subset.ids)


def test_two_runs_with_threshold_samples_can_suspect_as_one(ws, runs, judge, samples):
    other = train(ws, "judged", lambda i: 0 if i in samples else 100 - number(i), seed=2)
    rank = {i: n for n, i in enumerate(sorted(samples))}
    mean = {f"train-{n}": (2 * n + 100 - n) / 2 for n in range(N)}
    limit = np.percentile([n / 2 for n in rank.values()], 99)
    assert not [i for i in set(mean) - samples if mean[i] < limit]  # together they suspect nobody
    assert picked(ws, by_strategy(runs[0], "aum", **without(mean_id([judge, other])))) == picked(ws, by_strategy(runs[0], "aum"))


def test_who_is_suspected_is_looked_at_again_when_that_run_goes_on(ws, runs, samples):
    run = train(ws, "judged", lambda i: 0, seed=3)
    selection = by_strategy(runs[0], "aum", **without(run))
    everybody = picked(ws, selection)
    train(ws, "judged", lambda i: 9 if i in samples else -9 if i in everybody else 99, seed=3, epoch=2)
    assert picked(ws, selection) & everybody == everybody & samples


def test_a_run_without_threshold_samples_suspects_nobody_and_says_how_to_make_them(ws, runs):
    for refuse in (lambda: ws.resolve(by_strategy(runs[0], "aum", **without(runs[1]))), lambda: ws.check_threshold(runs[1])):
        with pytest.raises(InputError, match="dataset 'reviews', which has no threshold samples") as refused:
            refuse()
        assert "ftft data derive" in refused.value.remedy


def test_a_run_that_saw_no_threshold_sample_or_none_of_the_examples_is_refused(ws, runs, judge, samples, tmp_path):
    blind = train(ws, "judged", number, seed=4, only={f"train-{n}" for n in range(N)} - samples)
    with pytest.raises(InputError, match=f"run {blind} saw no threshold sample"):
        ws.resolve(by_strategy(runs[0], "aum", **without(blind)))
    rows = [{"id": f"other-{n}", "text": f"t{n}", "label": "xy"[n % 2]} for n in range(12)]
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    ws.data.add("strange", train=tmp_path / "t.csv", text=["text"], label="label")
    strange = add_run(ws, "strange").id
    with pytest.raises(InputError, match=f"run {judge} saw none of these examples"):
        ws.resolve(by_strategy(strange, "aum", dataset="strange", **without(judge)))
