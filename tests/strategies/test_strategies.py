"""Each strategy against what a hand, or a slow and plain program, chooses."""

import hashlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.errors import InputError
from ftft.metrics import METRICS
from ftft.selection import ranking, top
from ftft.strategies import Candidates, choose, clusters, draws
from ftft.strategies.clusters import k_means
from ftft.strategies.draws import LONGEST_LOSS, evenly

HARD_IS_LOW = ("confidence", "correctness", "aum")
EIGHTHS = st.integers(-8, 8).map(lambda n: n / 8)  # exact in floating point, and they tie


def values(least: int = 2, most: int = 30, of=EIGHTHS):
    return st.lists(of, min_size=least, max_size=most).map(lambda found: np.array(found, dtype=float))


def candidates(metrics=None, losses=None, references=(), suspect=None, gold=None) -> Candidates:
    """Examples "0", "1", … with these values. A metric that is not among them must not be asked for; nor must anything else."""
    n = len(next(iter(metrics.values()))) if metrics else np.shape(losses)[1]
    ids_N = np.array([str(i) for i in range(n)], dtype=object)
    gold_N = np.zeros(n, dtype=int) if gold is None else np.array(gold)
    told = {name: np.array(of, dtype=float) for name, of in (metrics or {}).items()}
    return Candidates(
        ids_N, gold_N, told.__getitem__, lambda: np.array(losses, dtype=float), references,
        suspect and (lambda run: np.isin(ids_N, suspect[run])),
    )  # fmt: skip


def chosen(name, found, k, **how) -> list[int]:
    return np.flatnonzero(choose(name, found, k / found.n, **how)).tolist()


def digest(i, seed=None) -> bytes:
    return hashlib.sha256((f"{i}" if seed is None else f"{seed}/{i}").encode()).digest()


# ---- one end


@pytest.mark.parametrize(
    ("name", "options", "metric", "end"),
    [
        ("top", {}, "variability", "top"),
        ("bottom", {}, "confidence", "bottom"),
        *(("top", {"metric": metric}, metric, "top") for metric in METRICS),
        *(("bottom", {"metric": metric}, metric, "bottom") for metric in METRICS),
        ("ambiguous", {}, "variability", "top"),
        ("easy", {}, "confidence", "top"),
        ("hard", {}, "confidence", "bottom"),
        ("el2n", {}, "el2n", "top"),
        ("forgetting", {}, "forgetting", "top"),
        ("aum", {}, "aum", "bottom"),
        ("aum", {"end": "top"}, "aum", "top"),
    ],
)
def test_one_end_of_a_ranking_is_what_top_takes(name, options, metric, end):
    draw = np.random.default_rng(0)
    for n in (2, 7, 60):
        found = candidates({metric: draw.choice([0.0, 0.5, 1.0, np.nan], n)}, gold=draw.integers(0, 3, n))
        for q, labels_N in ((0.5, None), (0.33, None), (0.5, found.gold_N)):
            expected = top(found.ids_N, found.metric(metric), q, end, labels_N)
            assert choose(name, found, q, options, per_label=labels_N is not None).tolist() == expected.tolist()


def test_an_example_never_learnt_counts_as_forgotten_most():
    found = candidates({"forgetting": [3, 0, np.nan, 1, np.nan, 2]})
    assert chosen("forgetting", found, 2) == [2, 4]
    assert chosen("forgetting", found, 3) == [0, 2, 4]


# ---- several ends


CONFIDENCE = [0.9, 0.1, 0.5, 0.3, 0.8, 0.2, 0.7, 0.4, 0.6, 0.0]


@pytest.mark.parametrize(
    ("options", "hardest", "easiest"),
    [({}, [9, 1, 5], [0, 4]), ({"hard": 0.5}, [9, 1], [0, 4, 6]), ({"hard": 0}, [], [0, 4, 6, 8, 2]), ({"hard": 1}, [9, 1, 5, 3, 7], [])],
)
def test_both_ends_take_the_hardest_share_rounded_down_and_then_the_easiest(options, hardest, easiest):
    assert chosen("both_ends", candidates({"confidence": CONFIDENCE}), 5, options=options) == sorted(hardest + easiest)


VARIABILITY = [0.5, 0.1, 0.4, 0.3, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0]  # the first is the easiest, too


@pytest.mark.parametrize(
    ("options", "ambiguous", "easiest"),
    [({}, [0, 2, 3, 5], [4]), ({"easy": 0.5}, [0, 2, 3], [4, 6]), ({"easy": 0}, [0, 2, 3, 5, 1], []), ({"easy": 1}, [], [0, 4, 6, 8, 2])],
)
def test_a_mix_counts_an_example_that_is_both_as_ambiguous_and_takes_the_next_easiest(options, ambiguous, easiest):
    found = candidates({"confidence": CONFIDENCE, "variability": VARIABILITY})
    assert chosen("mix", found, 5, options=options) == sorted(ambiguous + easiest)


def test_a_share_is_taken_as_it_was_written():
    """0.29 of 100 are 29; in floating point they are 28.999999999999996."""
    hundreds = np.arange(300.0)
    found = candidates({"confidence": hundreds, "variability": hundreds[::-1]})
    assert chosen("mix", found, 100, options={"easy": 0.29}) == [*range(71), *range(271, 300)]
    assert chosen("both_ends", found, 100, options={"hard": 0.29}) == [*range(29), *range(229, 300)]


# ---- without what is suspected


def test_the_lowest_margins_are_taken_without_those_that_the_run_suspects():
    found = candidates({"aum": range(10)}, suspect={"A": ["0", "2", "9"], "B": ["1"]})
    assert chosen("aum", found, 4) == [0, 1, 2, 3]
    assert chosen("aum", found, 4, options={"threshold": "A"}) == [1, 3, 4, 5]
    assert chosen("aum", found, 4, options={"threshold": "B"}) == [0, 2, 3, 4]
    assert chosen("aum", found, 4, options={"threshold": "A", "end": "top"}) == [5, 6, 7, 8]
    assert chosen("aum", found, 7, options={"threshold": "A"}) == [1, 3, 4, 5, 6, 7, 8]


def test_suspects_are_left_out_within_each_label():
    found = candidates({"aum": range(10)}, suspect={"A": ["0", "1"]}, gold=[0, 1] * 5)
    assert chosen("aum", found, 4, options={"threshold": "A"}, per_label=True) == [2, 3, 4, 5]


def test_too_few_that_are_not_suspected_are_refused():
    found = candidates({"aum": range(10)}, suspect={"A": ["0", "2", "9"]})
    with pytest.raises(InputError, match="8 of 10 examples are to be chosen, and 7 are left") as refused:
        chosen("aum", found, 8, options={"threshold": "A"})
    assert refused.value.remedy == "Choose a smaller share, or leave threshold out"
    with pytest.raises(InputError, match="nobody can say"):
        chosen("aum", candidates({"aum": range(10)}), 4, options={"threshold": "A"})


# ---- at random


def test_a_random_draw_takes_the_smallest_digests_and_a_larger_one_holds_it():
    found = candidates({"loss": [0] * 30})
    for seed in (0, 4):
        order = sorted(range(30), key=lambda i: digest(i, seed))
        assert all(chosen("random", found, k, seed=seed) == sorted(order[:k]) for k in range(1, 30))


# ---- shared evenly


def test_groups_share_from_the_smallest_up_and_a_later_one_gives_the_odd_example():
    assert evenly(np.array([5, 2, 9]), 9).tolist() == [3, 2, 4]
    assert evenly(np.array([5, 2, 9]), 16).tolist() == [5, 2, 9]
    assert evenly(np.array([4, 4, 4]), 5).tolist() == [1, 2, 2]
    assert evenly(np.array([4, 0, 4, 0]), 5).tolist() == [2, 0, 3, 0]
    assert evenly(np.array([3, 8, 5]), 2).tolist() == [0, 1, 1]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12), st.data())
@settings(max_examples=30, deadline=None)
def test_nobody_gives_two_more_than_a_group_that_has_examples_left(sizes, data):
    k = data.draw(st.integers(0, sum(sizes)))
    budget = evenly(np.array(sizes), k)
    assert budget.sum() == k
    assert (budget <= sizes).all()
    assert all(given >= budget.max() - 1 for given, size in zip(budget, sizes, strict=True) if given < size)


# ---- coverage of a score


def coverage_by_hand(found, metric, k, seed, beta, strata):
    """Zheng et al. 2023, algorithm 1, in fractions. None where the hardest that are dropped leave too few."""
    score = [None if np.isnan(v) else Fraction(v) for v in found.metric(metric)]  # None: never learnt
    hardness = [(1, 0) if s is None else (0, -s if metric in HARD_IS_LOW else s) for s in score]
    hardest_first = sorted(range(found.n), key=lambda i: ((-hardness[i][0], -hardness[i][1]), digest(i)))
    left = hardest_first[int(Fraction(str(beta)) * found.n) :]
    if len(left) < k:
        return None
    present = [score[i] for i in left if score[i] is not None]
    low, high = min(present, default=0), max(present, default=0)
    bins: list[list[int]] = [[] for _ in range(strata)]
    for i in left:
        above = (high if score[i] is None else score[i]) - low
        bins[min(int(above * strata / (high - low)), strata - 1) if high > low else 0].append(i)
    taken: list[int] = []
    for before, members in enumerate(sorted(bins, key=len)):
        budget = min(len(members), (k - len(taken)) // (strata - before))
        taken += sorted(members, key=lambda i: digest(i, seed))[:budget]
    return sorted(taken)


@pytest.mark.parametrize("metric", ["aum", "el2n", "confidence", "forgetting"])
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_coverage_is_what_the_papers_algorithm_gives(metric, data):
    of = EIGHTHS if metric != "forgetting" else st.sampled_from([0.0, 1.0, 2.0, 5.0, np.nan])
    found = candidates({metric: data.draw(values(4, of=of))})
    k, seed, strata = data.draw(st.integers(1, found.n - 1)), data.draw(st.integers(0, 9)), data.draw(st.integers(1, 12))
    beta = data.draw(st.sampled_from([0, 0.1, 0.29, 0.5, 1]))
    expected = coverage_by_hand(found, metric, k, seed, beta, strata)
    options = {"metric": metric, "beta": beta, "strata": strata}
    if expected is None:
        with pytest.raises(InputError, match=f"a beta below {beta:g}"):
            chosen("ccs", found, k, options=options, seed=seed)
    else:
        assert chosen("ccs", found, k, options=options, seed=seed) == expected


@pytest.mark.parametrize("metric", METRICS)
def test_the_hardest_are_dropped_at_the_end_where_a_score_has_them(metric):
    found = candidates({metric: range(20)})
    left = range(5, 20) if metric in HARD_IS_LOW else range(15)
    assert chosen("ccs", found, 15, options={"beta": 0.25, "metric": metric}) == [*left]
    assert {*chosen("ccs", found, 10, options={"beta": 0.25, "metric": metric}, seed=1)} < {*left}


def test_few_examples_of_a_rare_score_are_all_taken_and_the_common_ones_share_the_rest():
    found = candidates({"aum": [0] * 50 + [1] * 3 + [2] * 30 + [3]})
    taken = chosen("ccs", found, 24, options={"beta": 0, "strata": 4})
    per_score = np.unique(found.metric("aum")[taken], return_counts=True)[1]
    assert per_score.tolist() == [10, 3, 10, 1]


def test_a_count_at_the_edge_of_two_strata_belongs_to_the_upper_one():
    """29 / 50 * 50 is 28.999999999999996."""
    found = candidates({"correctness": range(51)})
    taken = chosen("ccs", found, 50, options={"beta": 0, "metric": "correctness"})
    assert len({*taken} & {49, 50}) == 1  # they share the last of 50 ranges; each other count has its own
    assert {*taken} >= {*range(49)}


# ---- coverage of trajectories


SEPARATED = np.repeat([[9, 9, 0], [9, 0, 9], [9, 0, 0]], [4, 10, 26], axis=1)  # three kinds of trajectories


def shaken(losses_EN, seed=0):
    return losses_EN + np.random.default_rng(seed).normal(0, 0.1, losses_EN.shape)


@pytest.mark.parametrize(("k", "of_each"), [(12, (4, 4, 4)), (15, (4, 5, 6)), (3, (1, 1, 1)), (30, (4, 10, 16)), (2, (0, 1, 1))])
def test_clusters_of_trajectories_share_evenly_and_each_is_drawn_by_digests(k, of_each):
    groups = [range(4), range(4, 14), range(14, 40)]
    found = candidates(losses=shaken(SEPARATED))
    for seed in range(4):
        expected = [i for group, n in zip(groups, of_each, strict=True) for i in sorted(group, key=lambda i: digest(i, seed))[:n]]
        assert chosen("s2l", found, k, options={"clusters": 3}, seed=seed) == sorted(expected)


def test_one_cluster_is_a_draw_from_all():
    found = candidates(losses=shaken(SEPARATED))
    for seed in range(3):
        assert chosen("s2l", found, 11, options={"clusters": 1}, seed=seed) == chosen("random", found, 11, seed=seed)


def test_trajectories_of_one_epoch_will_do():
    found = candidates(losses=shaken(SEPARATED[1:2]))  # the first and the last kind are one now
    taken = chosen("s2l", found, 26, options={"clusters": 2})
    assert [i for i in taken if 4 <= i < 14] == [*range(4, 14)]


def test_clusters_that_nobody_is_in_give_nothing(monkeypatch):
    group_N = np.array([7] * 10 + [2] * 20 + [0] * 3)
    place = np.argsort(sorted(range(33), key=digest))  # of each example, in the order that k-means sees
    monkeypatch.setattr(draws, "k_means", lambda losses_EN, *_: group_N[np.argsort(place)])
    taken = chosen("s2l", candidates(losses=np.zeros((2, 33))), 13)
    assert np.bincount(group_N[taken]).tolist() == [3, 0, 5, 0, 0, 0, 0, 5]


def test_more_clusters_than_examples_or_distinct_trajectories_still_give_as_many_as_asked():
    few = candidates(losses=np.repeat([[1, 2, 3]], [5, 10, 15], axis=1))
    taken = chosen("s2l", few, 12, options={"clusters": 1000})
    assert [sum(i in group for i in taken) for group in (range(5), range(5, 15), range(15, 30))] == [4, 4, 4]
    lone = candidates(losses=np.arange(6.0).reshape(1, 6))
    assert len(chosen("s2l", lone, 4)) == 4


def test_centres_are_fitted_to_a_draw_of_the_examples(monkeypatch):
    seen = []
    monkeypatch.setattr(draws, "FOR_EACH", 3)
    monkeypatch.setattr(draws, "k_means", lambda losses_EN, fitted_N, *_: seen.append(losses_EN[0, fitted_N]) or np.zeros(20, int))
    chosen("s2l", candidates(losses=[range(20)]), 5, options={"clusters": 2}, seed=4)
    assert sorted(seen[0]) == sorted(sorted(range(20), key=lambda i: digest(i, 4))[:6])
    chosen("s2l", candidates(losses=[range(20)]), 5, options={"clusters": 7})
    assert sorted(seen[1]) == [*range(20)]


def test_a_probability_of_zero_is_a_long_loss():
    losses = shaken(SEPARATED)
    losses[0, [3, 20, 21]] = np.inf
    endless, long = candidates(losses=losses), candidates(losses=np.minimum(losses, LONGEST_LOSS))
    for seed in range(3):
        taken = chosen("s2l", endless, 9, options={"clusters": 4}, seed=seed)
        assert taken == chosen("s2l", long, 9, options={"clusters": 4}, seed=seed)


def test_the_draw_of_a_seed_is_the_same_on_every_machine():
    """Written down once: a subset must not change with the next version of NumPy or Python."""
    losses = [[(7 * i + 3 * e * i) % 16 / 4 for i in range(40)] for e in range(3)]
    found = candidates({"el2n": losses[2]}, losses)
    assert chosen("s2l", found, 8, options={"clusters": 5}, seed=1) == [0, 3, 7, 11, 13, 18, 20, 37]
    assert chosen("ccs", found, 8, options={"metric": "el2n"}, seed=1) == [0, 1, 3, 7, 12, 18, 20, 37]
    assert chosen("random", found, 8, seed=1) == [0, 1, 3, 11, 17, 18, 20, 37]


# ---- k-means


def test_separated_clusters_are_found_whatever_the_seed():
    points_EN = shaken(SEPARATED)
    for seed in range(20):
        cluster_N = k_means(points_EN, np.ones(40, dtype=bool), 3, seed)
        assert [len(set(part)) for part in np.split(cluster_N, [4, 14])] == [1, 1, 1]
        assert len(set(cluster_N)) == 3


def test_every_point_lies_nearest_to_the_mean_of_its_cluster():
    for seed in range(10):
        points_EN = np.random.default_rng(seed).normal(size=(3, 60))
        cluster_N = k_means(points_EN, np.ones(60, dtype=bool), 4, seed)
        means_EK = np.stack([points_EN[:, cluster_N == k].mean(axis=1) for k in range(4)], axis=1)
        distance_NK = np.square(points_EN[:, :, None] - means_EK[:, None]).sum(axis=0)
        assert distance_NK.argmin(axis=1).tolist() == cluster_N.tolist()


def test_equal_points_are_in_one_cluster_and_fewer_clusters_than_asked_for_are_made():
    points_EN = np.repeat([[0.0, 5.0, 9.0]], 4, axis=1)
    cluster_N = k_means(points_EN, np.ones(12, dtype=bool), 10, 0)
    assert len(set(cluster_N)) == 3
    assert all(len(set(part)) == 1 for part in np.split(cluster_N, 3))


def test_centres_are_fitted_to_the_sample_and_all_points_are_put_to_them():
    points_EN = np.array([[0.0, 1.0, 10.0, 11.0, 6.0, 5.5, 1000.0]])
    fitted_N = np.arange(7) < 4
    cluster_N = k_means(points_EN, fitted_N, 2, 0)  # centres 0.5 and 10.5
    assert (cluster_N == cluster_N[0]).tolist() == [True, True, False, False, False, cluster_N[0] == 0, False]


def test_the_centre_of_an_empty_cluster_stays_where_it_is(monkeypatch):
    monkeypatch.setattr(clusters, "_spread", lambda *_: np.array([[1.0, 500.0, 9.0]]))
    cluster_N = k_means(np.array([[0.0, 2.0, 10.0, 8.0, 499.0]]), np.arange(5) < 4, 3, 0)
    assert cluster_N.tolist() == [0, 0, 2, 2, 1]


def test_blocks_of_points_leave_no_seam(monkeypatch):
    points_EN = np.random.default_rng(0).normal(size=(4, 50))
    whole = k_means(points_EN, np.ones(50, dtype=bool), 5, 0)
    monkeypatch.setattr(clusters, "CELLS", 12)
    assert k_means(points_EN, np.ones(50, dtype=bool), 5, 0).tolist() == whole.tolist()


# ---- several references


def by_hand(name, rankings, k):
    """The tops of all references grow together until k examples are in all of them, or in any; of those let in last, by digests."""
    join = set.intersection if name == "consensus" else set.union
    before: set[int] = set()
    for size in range(len(rankings[0]) + 1):
        inside = join(*({*ranked[:size]} for ranked in rankings))
        if len(inside) >= k:
            return sorted([*before, *sorted(inside - before, key=digest)[: k - len(before)]])
        before = inside


@pytest.mark.parametrize("name", ["consensus", "union"])
@given(st.integers(2, 20), st.integers(2, 4), st.booleans(), st.data())
@settings(max_examples=30, deadline=None)
def test_references_are_put_together_as_growing_tops(name, n, references, lowest, data):
    single = [candidates({"variability": data.draw(values(n, n)), "el2n": data.draw(values(n, n))}) for _ in range(references)]
    found = candidates({"variability": np.zeros(n), "el2n": np.zeros(n)}, references=tuple(single))
    k, metric, end = data.draw(st.integers(1, n - 1)), data.draw(st.sampled_from(["variability", "el2n"])), ("top", "bottom")[lowest]
    rankings = [ranking(one.ids_N, one.metric(metric), end).tolist() for one in single]
    assert chosen(name, found, k, options={"metric": metric, "end": end}) == by_hand(name, rankings, k)


def test_consensus_takes_what_is_high_for_all_and_union_what_is_highest_for_any():
    a, b = candidates({"variability": [9, 8, 7, 1, 0, 0.5]}), candidates({"variability": [0, 7, 8, 9, 1, 0.5]})
    found = candidates({"variability": [0] * 6}, references=(a, b))
    assert chosen("consensus", found, 2) == [1, 2]
    assert chosen("union", found, 2) == [0, 3]


@pytest.mark.parametrize("name", ["consensus", "union"])
def test_references_that_agree_give_what_each_of_them_gives(name):
    one = candidates({"variability": [3, 1, 3, 2, 3, 0, 3]})
    for k in range(1, 7):
        assert chosen(name, candidates({"variability": [0] * 7}, references=(one, one)), k) == chosen("ambiguous", one, k)
