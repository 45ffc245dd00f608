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
    return Run(spec.run, spec, state, Path(spec.run), "", scores=scores if done else {}, cost={"train_flops": flops} if done else {})


def table(*runs, metric="accuracy", subsets=(SUBSET, RANDOM)):
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


def test_the_file_has_one_record_for_each_row_and_set():
    records = comparison.records(table(run(1), run(1, SUBSET, 0.6)), DATASET)
    assert len(records) == 2 * 5
    last = next(r for r in records if r["subset"] == "third" and r["evaluation"] == "test")
    assert (last["mean"], last["sd"], last["n_pairs"], last["examples"]) == (pytest.approx(0.6), None, 1, 33)


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


def test_moved_labels_size_and_a_shared_reference_are_not_ruled_out():
    found = table(run(1, SUBSET), run(2, SUBSET))
    assert doubts(found, "third") == {"The label shares", "The size alone", "The luck of one reference"}


def test_a_subset_of_that_size_that_no_run_chose_rules_the_size_out():
    assert doubts(table(run(1, SUBSET), run(1, RANDOM)), "third") == {"The label shares"}
    assert doubts(table(run(1, SUBSET), run(1, RANDOM)), "random") == set()
    assert "The size alone" in doubts(table(run(1, SUBSET), run(1, RANDOM, state="failed")), "third")
