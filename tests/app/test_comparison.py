"""The table of results: what belongs to one row, what a difference is, and what is not made up."""

from dataclasses import replace
from pathlib import Path

import pytest

from app import claims, comparison
from ftft.domain import Dataset, Run, RunSpec, Seeds, Split, Subset

COUNTS = {"no": 50, "yes": 50}
DATASET = Dataset(
    "reviews", "f1", ("text",), ("no", "yes"), "accuracy",
    (
        Split("train", 100, COUNTS, "id", "train"), Split("ood_dev", 10, COUNTS, "ood", "dev"), Split("hard", 10, COUNTS, "ood"),
        Split("harder", 10, COUNTS, "ood"), Split("test", 10, COUNTS, "id"),
    ),
    ("text",),
)  # fmt: skip
REFERENCE = "a" * 16
SUBSET = Subset("third", "reviews", tuple(sorted(f"e{i}" for i in range(33))), 100, {"steps": [{"run": REFERENCE}]}, {"no": 11, "yes": 22})
RANDOM = Subset("random", "reviews", tuple(sorted(f"r{i}" for i in range(33))), 100, {"steps": [{"by": "ids"}]}, {"no": 17, "yes": 16})


def at_random(name: str, seed: int, labels: dict[str, int], matched: bool = False) -> Subset:
    """A random control of 33 examples, other ones for each seed."""
    step = {"op": "new", "by": "random", "n": 33, "seed": seed, "counts": labels if matched else None}
    ids = tuple(sorted(f"{name}{seed}-{i}" for i in range(33)))
    return Subset(f"third.{name}-{seed}", "reviews", ids, 100, {"dataset": "reviews", "steps": [step]}, labels)


DRAWN = [at_random("random", seed, {"no": 16, "yes": 17}) for seed in (1, 2, 3)]
MATCHED = [at_random("matched", seed, {"no": 11, "yes": 22}, matched=True) for seed in (1, 2, 3)]
ALL = (SUBSET, RANDOM, *DRAWN, *MATCHED)
EARLY = {"stop": "ood_dev"}


def run(seed=1, subset=None, accuracy=0.5, state="succeeded", flops=10.0, **settings) -> Run:
    """A run of the main model; `accuracy` on all sets but "harder", where it is a tenth higher."""
    spec = RunSpec(
        **{
            "dataset": "reviews", "dataset_fingerprint": "f1", "model": "/m/main", "model_fingerprint": "main", "seed": seed,
            "seeds": Seeds(seed, seed, seed), "subset": subset.name if subset else None, "subset_hash": subset.hash if subset else None,
        } | settings
    )  # fmt: skip
    done = state == "succeeded"
    scores = {name: {"accuracy": accuracy + 0.1 * (name == "harder"), "auroc": None} for name in ("test", "ood_dev", "hard", "harder")}
    return Run(
        spec.run, spec, state, Path(spec.run), "", scores=scores if done else {}, cost={"train_flops": flops} if done else {},
        subset_hash=spec.subset_hash,
    )  # fmt: skip


def table(*runs, metric="accuracy", subsets=ALL):
    return comparison.compare(DATASET, runs, subsets, metric)


def cell(table, row, column):
    return table.rows[row].cells[[c.name for c in table.columns].index(column)]


def test_sets_in_distribution_come_first_and_tests_before_dev():
    assert [c.name for c in comparison.columns(DATASET)] == ["test", "hard", "harder", "ood_dev", "mean of 2 tests"]


def test_the_mean_is_over_test_sets_out_of_distribution_alone():
    assert cell(table(run(subset=SUBSET, accuracy=0.6)), 0, "mean of 2 tests").mean == pytest.approx(0.65)


def test_mean_and_sample_sd_over_seeds():
    found = cell(table(run(1, SUBSET, 0.6), run(2, SUBSET, 0.7), run(3, SUBSET, 0.8)), 0, "test")
    assert (found.mean, found.sd) == (pytest.approx(0.7), pytest.approx(0.1))


def test_one_seed_has_no_sd():
    assert cell(table(run(1, SUBSET, 0.6)), 0, "test").sd is None


def test_a_repetition_of_a_seed_is_not_another_seed():
    found = cell(table(run(1, SUBSET, 0.6), run(1, SUBSET, 0.8, again=1)), 0, "test")
    assert found.values == (pytest.approx(0.7),)


def test_differences_pair_equal_seeds_and_leave_the_others_out():
    found = table(run(1, accuracy=0.5), run(2, accuracy=0.7), run(2, SUBSET, 0.8), run(3, SUBSET, 0.1))
    assert cell(found, 1, "test").differences == (pytest.approx(0.1),)
    assert cell(found, 0, "test").difference is None


@pytest.mark.parametrize("other", [{"lr": 1e-3}, {"steps": 7, "epochs": None}, {"layers": 2}, {"model_fingerprint": "another"}])
def test_a_run_on_everything_with_other_settings_is_no_baseline(other):
    found = table(run(1, SUBSET, 0.6), run(1, accuracy=0.5, **other))
    assert [row.subset for row in found.rows] == ["third"]
    assert cell(found, 0, "test").difference is None


def test_epochs_and_the_same_number_of_steps_are_the_same_budget():
    found = table(run(1, SUBSET, 0.6, epochs=3), run(1, accuracy=0.5, epochs=None, steps=12))
    assert cell(found, 1, "test").difference == pytest.approx(0.1)


def test_a_reference_without_a_subset_run_of_its_kind_is_no_main_run():
    assert table(run(1), run(2)).rows == ()


def test_runs_on_an_earlier_version_of_the_dataset_are_left_out_and_counted():
    found = table(run(1, SUBSET), run(2, SUBSET, dataset_fingerprint="f0"))
    assert (found.rows[0].seeds, found.outdated) == ((1,), 1)


def test_failed_runs_are_counted_not_dropped():
    found = table(run(1, SUBSET), run(2, SUBSET, state="failed"), run(3, SUBSET, state="running"))
    assert found.rows[0].states == {"succeeded": 1, "failed": 1, "running": 1}
    assert found.rows[0].seeds == (1,)


def test_a_score_that_is_missing_gives_no_number():
    assert cell(table(run(1, SUBSET), run(1), metric="auroc"), 1, "test") == comparison.Cell()


def test_cost_is_relative_to_the_same_seeds_and_tells_the_reference_apart():
    reference = replace(run(1, model="/m/small", model_fingerprint="small", flops=4.0), id=REFERENCE)
    found = table(reference, run(1, flops=10.0), run(2, flops=30.0), run(1, SUBSET, flops=9.0))
    assert found.rows[1].cost == pytest.approx(0.9)
    assert found.rows[1].whole_cost == pytest.approx(0.9 + 4 / 20)


def test_the_cost_of_a_reference_that_is_gone_is_not_known_and_of_none_is_nothing():
    found = table(run(1), run(1, SUBSET, flops=9.0), run(1, RANDOM, flops=9.0))
    by_subset = {row.subset: row for row in found.rows}
    assert by_subset["third"].whole_cost is None
    assert by_subset["random"].whole_cost == pytest.approx(0.9)


def test_a_subset_that_was_made_anew_under_its_name_is_not_taken_for_the_old_one():
    found = table(run(1, SUBSET), subsets=(replace(RANDOM, name="third"),))
    assert (found.rows[0].value, found.rows[0].examples) == (None, None)


def test_rows_of_one_model_are_told_apart_by_what_differs():
    found = table(run(1, SUBSET), run(1, SUBSET, lr=1e-3))
    assert sorted(told["lr"] for told in comparison.telling_settings(found)) == [2e-5, 1e-3]
    assert comparison.telling_settings(table(run(1, SUBSET))) == [{}]


def test_how_a_run_was_stopped_is_told_only_where_rows_on_subsets_differ_in_it():
    same = table(run(1), run(1, **EARLY), run(1, SUBSET, **EARLY))
    assert comparison.telling_settings(same) == [{}, {}, {}]
    told = comparison.telling_settings(table(run(1, SUBSET), run(1, SUBSET, **EARLY)))
    assert {row["stop"] for row in told} == {None, "ood_dev"}


def test_the_file_has_one_record_for_each_row_and_set():
    records = comparison.records(table(run(1), run(1, SUBSET, 0.6)), DATASET)
    assert len(records) == 2 * 5
    last = next(r for r in records if r["subset"] == "third" and r["evaluation"] == "test")
    assert (last["mean"], last["sd"], last["n_pairs"], last["examples"]) == (pytest.approx(0.6), None, 1, 33)


# ---- controls


def titles(found):
    return [row.title for row in found.rows]


def test_random_subsets_of_one_size_are_one_row_over_seeds():
    found = table(*(run(seed, subset, 0.4 + seed / 10) for seed, subset in enumerate(DRAWN, 1)), run(1, SUBSET))
    assert titles(found) == ["third", "random, same size"]
    assert found.rows[1].seeds == (1, 2, 3)
    assert cell(found, 1, "test").values == pytest.approx((0.5, 0.6, 0.7))


def test_random_subsets_with_given_label_shares_are_a_row_of_their_own():
    found = table(run(1, SUBSET), run(1, DRAWN[0]), run(1, MATCHED[0]), run(2, MATCHED[1]))
    assert titles(found) == ["third", "random, same size", "random, same size and label shares"]
    assert found.rows[2].seeds == (1, 2)


def test_a_random_row_is_not_called_like_a_subset_of_another_size_or_other_shares():
    assert titles(table(run(1, DRAWN[0]), run(1, MATCHED[0]))) == ["random", "random, given label shares"]
    other = replace(SUBSET, labels={"no": 30, "yes": 3})
    assert titles(table(run(1, other), run(1, MATCHED[0]), subsets=(other, *MATCHED))) == ["third", "random, given label shares"]


def test_random_rows_under_other_settings_are_apart():
    found = table(run(1, SUBSET), run(1, DRAWN[0]), run(2, DRAWN[1], lr=1e-3))
    assert [row.seeds for row in found.rows if row.kind == "random"] == [(1,), (2,)]


def test_the_baseline_is_everything_under_the_same_stop_rule():
    found = table(run(1, accuracy=0.5), run(1, accuracy=0.6, **EARLY), run(1, SUBSET, 0.7, **EARLY))
    assert titles(found) == ["everything, stopped early", "everything, never stopped", "third"]
    assert [row.baseline for row in found.rows] == ["self", "same rule", "same rule"]
    assert cell(found, 2, "test").difference == pytest.approx(0.1)
    assert cell(found, 1, "test").difference == pytest.approx(-0.1)
    assert "on everything, under the same stop rule" in claims.claim(found.rows[2], found)


@pytest.mark.parametrize("failed", [(), (run(1, state="failed", **EARLY),)])
def test_without_such_a_run_the_baseline_is_everything_that_nothing_stops_and_that_is_said(failed):
    found = table(run(1, accuracy=0.5), run(1, SUBSET, 0.7, **EARLY), *failed)
    row = next(row for row in found.rows if row.subset)
    assert row.baseline == "never stopped"
    assert "for the whole budget, since none was stopped by the same rule" in claims.claim(row, found)


def test_runs_that_nothing_stops_are_not_compared_with_those_that_a_rule_stops():
    found = table(run(1, accuracy=0.6, **EARLY), run(1, SUBSET, 0.7))
    assert cell(found, 1, "test").difference is None


def test_everything_for_the_steps_of_the_stopped_run_is_a_row_beside_it():
    stopped = replace(run(1, SUBSET, 0.7, **EARLY), stop={"on": "ood_dev", "step": 4, "best_step": 2, "best": 0.7, "early": True})
    found = table(stopped, run(1, accuracy=0.6, **EARLY), run(1, accuracy=0.5, epochs=None, steps=4), run(2, epochs=None, steps=4))
    assert titles(found) == ["everything, stopped early", "everything, the subset's steps", "third"]
    assert found.rows[1].seeds == (1,)
    assert cell(found, 1, "test").difference == pytest.approx(-0.1)


def test_the_words_are_about_what_somebody_chose_not_about_controls():
    assert [row.title for row in table(run(1, SUBSET), run(1, DRAWN[0])).main] == ["third"]
    assert [row.title for row in table(run(1, DRAWN[0])).main] == ["random"]


# ---- words


def said(*runs, row=1):
    found = table(*runs)
    return claims.claim(found.rows[row], found)


def pairs(n):
    return [r for seed in range(n) for r in (run(seed, accuracy=0.5), run(seed, SUBSET, 0.6 if seed else 0.4))]


def test_one_seed_is_said_to_be_no_evidence():
    assert said(run(1, accuracy=0.5), run(1, SUBSET, 0.62)).endswith("One seed is no evidence: another may turn it round.")


def test_the_claim_names_the_mean_out_of_distribution_and_how_many_seeds_agree():
    words = said(*pairs(4))
    assert "out of distribution (mean of 2 test sets) +5.0 points on average, higher in 3 of 4 seeds" in words
    assert words.endswith("4 seeds are too few to test.")


def test_many_seeds_are_still_not_called_a_test():
    assert "No test is computed" in said(*pairs(6))


def test_without_a_pair_nothing_is_compared():
    assert "Nothing to compare with" in said(run(1, SUBSET), row=0)
    assert "on their way" in said(run(1, SUBSET, state="queued"), row=0)
    assert "none of its runs succeeded" in said(run(1, SUBSET, state="failed"), row=0)


def doubts(found, name):
    row = next(row for row in found.rows if row.subset == name)
    return {check.title for check in claims.open_questions(row, found, DATASET)}


def remarks(found, name="third"):
    row = next(row for row in found.rows if row.subset == name)
    return {check.title: check.kind for check in claims.open_questions(row, found, DATASET)}


def test_moved_labels_size_and_a_shared_reference_are_not_ruled_out():
    found = table(run(1, SUBSET), run(2, SUBSET))
    assert doubts(found, "third") == {"The label shares", "The size alone", "The luck of one reference"}


def test_a_subset_of_that_size_that_no_run_chose_rules_the_size_out():
    assert doubts(table(run(1, SUBSET), run(1, RANDOM)), "third") == {"The label shares"}
    assert doubts(table(run(1, SUBSET), run(1, RANDOM)), "random") == set()
    assert "The size alone" in doubts(table(run(1, SUBSET), run(1, RANDOM, state="failed")), "third")


def of_three_seeds(*parts):
    return table(*(run(seed, subset, accuracy) for subsets, accuracy in parts for seed, subset in enumerate(subsets, 1)))


def test_a_random_control_says_how_much_of_a_gain_the_size_explains():
    found = of_three_seeds(([None] * 3, 0.5), ([SUBSET] * 3, 0.6), (DRAWN, 0.53))
    assert remarks(found) == {
        "The size alone: +3.0 of +10.0 points": "muted",
        "The label shares": "warn",
        "The luck of one reference": "warn",
    }


def test_a_random_control_with_its_label_shares_says_how_much_both_explain():
    found = of_three_seeds(([None] * 3, 0.5), ([SUBSET] * 3, 0.6), (MATCHED, 0.58))
    assert "Size and label shares: +8.0 of +10.0 points" in remarks(found)
    assert "The label shares" not in remarks(found)
    assert "The size alone" not in remarks(found), "it is part of what was measured"


def test_gains_are_compared_over_the_seeds_that_both_have():
    found = table(*(run(s, accuracy=0.5) for s in (1, 2)), run(1, SUBSET, 0.6), run(2, SUBSET, 0.9), run(1, DRAWN[0], 0.55))
    assert "The size alone: +5.0 of +10.0 points" in remarks(found)


def test_a_control_without_a_score_explains_nothing():
    found = table(run(1), run(1, SUBSET, 0.6), run(1, DRAWN[0], state="failed"))
    assert "The size alone" in remarks(found)


def test_a_control_with_the_label_shares_of_another_subset_explains_nothing():
    other = [at_random("matched", 1, {"no": 30, "yes": 3}, matched=True)]
    found = table(run(1), run(1, SUBSET, 0.6), run(1, other[0], 0.6), subsets=(SUBSET, *other))
    assert "The label shares" in remarks(found)
