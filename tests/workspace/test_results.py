"""The table of an experiment: what it says of runs whose predictions and bills are known."""

import csv
import io
import json
from statistics import fmean, stdev

import numpy as np
import pytest

import ftft as ftft_package
from ftft.crossed import difference, holm
from ftft.errors import InputError
from ftft.workspace import tables
from ftft.workspace.methods import parse
from ftft.workspace.pricing import Price
from ftft.workspace.results import Results
from tests.experimenting import HOW, add_task, end, finish

GOOD = {"ftft": 0.95, "erm": 0.6, "erm_early": 0.6, "random": 0.6, "random_matched": 0.6, "erm_steps": 0.6}


SETS = ("dev:id:dev", "near:id", "odev:ood:dev", "far:ood", "further:ood")
ALL = ("erm", "erm_early", "random", "random_matched", "erm_steps")


@pytest.fixture
def task(ws, tmp_path) -> str:
    return add_task(ws, tmp_path, sets=SETS)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Results:
    """Of a finished experiment over five seeds, which nothing changes."""
    folder = tmp_path_factory.mktemp("finished")
    ws = ftft_package.Workspace(folder / "workspace", runner=False)
    add_task(ws, folder, sets=SETS)
    return ws.results(made(ws, control=ALL).id)


def made(ws, right=None, seeds=5, **words):
    """A finished experiment; `right`: method -> the chance to be right, everywhere."""
    plan = ws.experiment.plan_ftft("task", **(HOW | {"seeds": seeds} | words))
    method_of = {member.run: member.method for member in plan.experiment.members}
    chances = right or GOOD
    finish(ws, plan, lambda spec, evaluation: chances.get(method_of.get(spec.run, ""), 0.7))
    return plan.experiment


def test_means_and_sds_are_those_of_the_runs(found):
    for row in found.rows:
        values = [run.scores["far"]["accuracy"] for run in row.done.values()]
        assert (row.scores["far"].mean, row.scores["far"].sd) == (fmean(values), stdev(values))
        of_mean = [fmean((run.scores["far"]["accuracy"], run.scores["further"]["accuracy"])) for run in row.done.values()]
        assert row.scores["mean ood"].mean == pytest.approx(fmean(of_mean))


def test_columns_are_tests_before_development_sets_and_the_mean_out_of_distribution_tells(found):
    assert [column.name for column in found.columns] == ["near", "dev", "mean ood", "far", "further", "odev"]
    assert found.telling.evaluations == ("far", "further")


def test_a_difference_is_paired_by_seed_and_example_whatever_the_order_of_rows(found):
    row, base = found.row("ftft"), found.row("erm")
    apart = []
    for seed, run in row.done.items():
        (ids_a, gold_N, a_NC), (ids_b, _, b_NC) = (
            found.scored.workspace.runs.folder(r.id).read_predictions("far") for r in (run, base.done[seed])
        )
        assert list(ids_a) == sorted(ids_a) == list(ids_b)
        apart.append((a_NC.argmax(1) == gold_N).astype(float) - (b_NC.argmax(1) == gold_N))
    assert row.scores["far"].difference == difference([np.stack(apart)])
    assert row.scores["far"].difference.value == pytest.approx(row.scores["far"].mean - base.scores["far"].mean)


def test_p_values_are_adjusted_for_all_comparisons_on_test_sets(found):
    tested = [(row, c.name) for row in found.rows if row.method != "erm" for c in found.columns if c.role == "test"]
    assert found.comparisons == len(tested) == 5 * 4
    raw = [row.scores[name].difference.p for row, name in tested]
    assert [row.scores[name].p for row, name in tested] == holm(raw)
    assert {row.scores["odev"].p for row in found.rows} == {None}, "it stopped the runs"


def test_under_five_seeds_nothing_is_tested_and_the_words_say_so(ws, task):
    found = ws.results(made(ws, seeds=4).id)
    assert {score.p for row in found.rows for score in row.scores.values()} == {None}
    assert "4 seeds: too few seeds to test" in found.claims[0].text
    assert "too few seeds to test" in " ".join(tables.notes(found))


def test_an_unfinished_experiment_shows_what_there_is(ws, task):
    plan = ws.experiment.plan_ftft("task", **HOW)
    ws.experiment.queue(plan)
    found = ws.results(plan.experiment.id)
    assert {row.scores["far"].mean for row in found.rows} == {None}
    assert "still to end" in found.claims[0].text
    erm = next(spec for spec in plan.specs if spec.run == plan.experiment.of("erm")[0].run)
    end(ws, erm, lambda *_: 0.7)
    row = ws.results(plan.experiment.id).row("erm")
    assert (len(row.done), row.states) == (1, {"succeeded": 1, "queued": 1})


def test_failed_runs_are_counted_and_runs_that_are_gone_are_missing(ws, task):
    found = made(ws)
    failed, gone = (member.run for member in found.of("random")[:2])
    ws.runs.folder(failed).publish_verdict(
        {"state": "failed", "cause": "non_finite", "error": {}, "scores": {}, "cost": {}, "steps_done": 3}
    )
    ws.runs.remove(gone)
    value = ws.results(found.id).to_json()
    (row,) = [method for method in value["methods"] if method["method"] == "random"]
    assert (row["n_seeds"], row["failed_runs"], row["states"]) == (3, 1, {"failed": 1, "missing": 1, "succeeded": 3})
    assert "random 1" in " ".join(tables.notes(ws.results(found.id)))


# ---- cost


def test_cost_is_training_stopping_and_references_as_a_share_of_erm(ws, task):
    plan = ws.experiment.plan_ftft("task", **HOW, control=["erm", "random", "random_matched", "datamap"])
    references = {run for member in plan.experiment.of("ftft") for run in member.references}
    finish(ws, plan, train_flops=lambda spec: 27.0 if spec.run in references else 57.0 if spec.subset else 107.0)
    price = {row.method: row.price for row in ws.results(plan.experiment.id).rows}
    assert price["erm"].ratio == 1
    assert (price["ftft"].main, price["ftft"].reference) == pytest.approx((60 / 110, 30 / 110))
    assert price["datamap"].ratio == pytest.approx(60 / 110 + 1)
    assert price["random"].ratio == price["random_matched"].ratio == pytest.approx(60 / 110), "label shares are free"


@pytest.mark.parametrize(
    ("main", "reference", "pays"), [(0.5, 0.5, 1), (0.5, 0.6, 2), (0.9, 0.25, 3), (1.0, 0.1, None), (1.2, 0.0, None), (0.3, 0.0, 1)]
)
def test_it_pays_off_from_the_first_number_of_main_runs_that_cost_no_more_together(main, reference, pays):
    price = Price(main, reference)
    assert price.break_even == pays
    if pays:
        assert price.amortised(pays) <= 1 + 1e-9
        assert pays == 1 or price.amortised(pays - 1) > 1


# ---- claims


def named(claim) -> dict[str, str]:
    return {confound.name: confound.verdict for confound in claim.confounds}


def test_a_gain_over_every_control_rules_their_confounds_out(found):
    claim = next(c for c in found.claims if c.method == "ftft")
    assert claim.holds
    assert "ftft gains on erm out of distribution (mean of far, further)" in claim.text
    assert named(claim) == {
        "label shares": "ruled out", "decision threshold": "ruled out", "number of examples": "ruled out", "number of steps": "ruled out",
        "early stopping": "ruled out", "cost": "not ruled out", "seeds": "ruled out",
    }  # fmt: skip


def test_a_gain_that_random_examples_with_its_label_shares_have_too_is_not_the_choice(ws, task):
    found = ws.results(made(ws, GOOD | {"random_matched": 0.95}).id)
    claim = next(c for c in found.claims if c.method == "ftft")
    assert claim.holds
    assert named(claim)["label shares"] == "not ruled out"
    assert named(claim)["number of steps"] == "not measured"
    assert "Not ruled out: label shares" in claim.summary


def test_no_gain_is_called_none_and_a_loss_a_loss(ws, task):
    assert "cannot be told from erm" in ws.results(made(ws, dict.fromkeys(GOOD, 0.7)).id).claims[0].text


def test_a_lead_that_adjustment_takes_away_is_no_gain(ws, task):
    found = ws.results(made(ws, dict.fromkeys(GOOD, 0.62) | {"ftft": 0.73}).id)
    score = found.row("ftft").scores[found.telling.name]
    assert score.difference.low > 0
    assert score.p > 0.05
    claim = next(c for c in found.claims if c.method == "ftft")
    assert not claim.holds
    assert "ftft is ahead of erm" in claim.text
    assert f"Not once adjusted for {found.comparisons} comparisons" in claim.text


def test_a_shared_reference_leaves_its_luck_open(ws, task):
    claim = ws.results(made(ws, shared_reference=True).id).claims[0]
    assert named(claim)["seeds"] == "not ruled out"


def test_a_smaller_loss_is_a_gain(found):
    found = found.scored.workspace.results(found.experiment.id, metric="loss")
    assert found.row("ftft").scores["far"].difference.high < 0
    assert found.claims[0].holds


# ---- words


def test_the_command_prints_the_keys_that_it_promises(ws, task, ftft):
    experiment = made(ws, seeds=2)
    status, out, _ = ftft("results", experiment.id[:8], "--metric", "auroc", "--baseline", "random")
    value = json.loads(out)
    assert status == 0
    assert (value["experiment"], value["metric"], value["baseline"]) == (experiment.id, "auroc", "random")
    for method in value["methods"]:
        assert {"method", "n_seeds", "steps", "cost_ratio", "failed_runs", "scores"} <= method.keys()
        assert {"mean", "sd", "diff", "low", "high", "p"} <= method["scores"]["far"].keys()
    own = next(method for method in value["methods"] if method["method"] == "random")["scores"]["far"]
    assert (own["diff"], own["low"], own["high"], own["p"]) == (0, 0, 0, None)


def test_tables_hold_every_method_as_csv_markdown_and_latex(ws, task, ftft, tmp_path):
    experiment = made(ws, seeds=2)
    for kind in ("csv", "md", "tex"):
        assert ftft("results", experiment.id, "--out", tmp_path / f"t.{kind}")[0] == 0
    lines = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text())))
    assert len(lines) == 5 * 6
    far = next(line for line in lines if (line["method"], line["evaluation"]) == ("ftft", "far"))
    assert float(far["mean"]) == ws.results(experiment.id).row("ftft").scores["far"].mean
    assert "| ftft | 2 |" in (tmp_path / "t.md").read_text()
    assert r"random\_matched & 2 &" in (tmp_path / "t.tex").read_text()
    assert ftft("results", experiment.id, "--out", tmp_path / "t.docx")[0] == 2


@pytest.mark.parametrize(
    ("words", "remedy"),
    [({"metric": "f1"}, "Known: accuracy"), ({"baseline": "datamap"}, "Known: erm"), ({"baseline": "nonsense"}, "consensus")],
)
def test_what_there_is_not_is_named(found, words, remedy):
    ws = found.scored.workspace
    with pytest.raises(InputError, match=remedy):
        ws.results(found.experiment.id, **words)
    with pytest.raises(InputError, match=found.experiment.id):
        ws.results("nobodys")


def test_results_on_a_dataset_that_has_changed_are_refused(ws, task, tmp_path):
    experiment = made(ws, seeds=1)
    ws.data.remove("task", force=True)
    add_task(ws, tmp_path, rows=80)
    with pytest.raises(InputError, match="has changed"):
        ws.results(experiment.id)


# ---- behind the table


def test_parts_of_a_set_are_scored_apart(found):
    whole, found = found.row("ftft").scores["far"].mean, found.breakdowns
    assert found.group_columns("far") == ["kind"]
    parts = [part for part in found.per_group("far", "kind") if part.method == "ftft"]
    assert [(part.part, part.n) for part in parts] == [("a", 20), ("b", 20)]
    assert fmean(part.mean for part in parts) == pytest.approx(whole)
    assert {part.part for part in found.per_label("far")} == {"negative", "positive"}
    with pytest.raises(InputError, match="kind"):
        found.per_group("far", "text")


def test_calibration_is_the_distance_of_confidence_from_accuracy(found):
    found = {one.method: one for one in found.breakdowns.calibration("far")}
    sure = [one["confidence"] for one in found["ftft"].bins]
    assert all(0.5 <= p <= 1 for p in sure)
    for one in found.values():
        assert one.ece >= abs(sum(b["n"] * (b["confidence"] - b["accuracy"]) for b in one.bins) / sum(b["n"] for b in one.bins)) - 1e-9
    assert found["erm"].ece > found["ftft"].ece, "it is as sure, and less often right"


def test_the_front_holds_what_nothing_beats_in_cost_and_score(found):
    front = {point["method"]: point for point in found.breakdowns.front()}
    assert front["ftft"]["on_front"]
    best = max(point["mean"] for point in front.values())
    for point in front.values():
        beaten = any(
            o["cost"] <= point["cost"] and o["mean"] >= point["mean"] and (o["cost"], o["mean"]) != (point["cost"], point["mean"])
            for o in front.values()
        )
        assert point["on_front"] is not beaten
    assert front["ftft"]["mean"] == best


def test_gains_on_the_map_count_every_training_example_once(ws, task):
    found = ws.results(made(ws, GOOD | {"ftft": 1.0, "erm": 0.5}, seeds=3).id).breakdowns.gains("ftft", "erm")
    assert (len(found.ids_N), found.seeds) == (60, 3)
    assert sum(region["n"] for region in found.regions.values()) == 60
    for region in found.regions.values():
        assert region["gained"] + region["lost"] + region["both"] + region["neither"] == pytest.approx(region["n"])
        assert region["lost"] == 0
    assert found.gain_N.mean() == pytest.approx(sum(r["gained"] - r["lost"] for r in found.regions.values()) / 60)


def test_without_training_predictions_there_are_no_gains_to_show(ws, task):
    found = ws.results(made(ws, predict_train=False, seeds=1).id).breakdowns
    with pytest.raises(InputError, match="--train-predictions"):
        found.gains("ftft", "erm")


def test_what_an_early_end_of_a_reference_would_save_is_worked_out_from_its_dynamics(ws, task):
    found = ws.results(made(ws, seeds=1, epochs=6).id).breakdowns.settling()
    (one,) = [f for f in found if f["run"] in ws.results(ws.experiment.list()[0].id).row("ftft").references[1]]
    assert 0 <= one["saved"] < 1
    assert 0 < one["overlap"] <= 1
    assert one["steps"] == round(one["budget"] * (1 - one["saved"]))


def test_the_control_that_it_proposes_is_one_that_can_be_asked_for(ws, task):
    variation = "ftft:per_label=yes"
    plan = ws.experiment.plan_ftft(task, **HOW, control=["erm"], strategy=[variation])
    finish(ws, plan)
    claims = {claim.method: claim for claim in ws.results(plan.experiment.id).claims}
    proposed = {c.name: c.text.rpartition(": add ")[2] for c in claims[variation].confounds if ": add " in c.text}
    assert proposed["number of steps"] == f"erm_steps:like={variation}"
    assert parse(proposed["number of steps"]).like == variation
    assert {c.text.rpartition(": add ")[2] for c in claims["ftft"].confounds if c.name == "number of steps"} == {"erm_steps"}
