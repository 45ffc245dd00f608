"""Stability experiments: what is planned, what is measured of their runs, and what may be said of it. Nothing is trained."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ftft.crossed import holm
from ftft.domain import Experiment
from ftft.errors import InputError
from ftft.workspace.report import STABILITY_FIGURES, stability_markup
from tests.experimenting import MAIN, add_task, end, finish

HOW = {"model": MAIN, "seeds": 3, "epochs": 3, "batch_size": 16, "max_length": 16}


@pytest.fixture
def task(ws, tmp_path) -> str:
    return add_task(ws, tmp_path)


def plan_of(ws, methods=(), **words):
    return ws.experiment.plan_stability("task", methods=methods, **HOW | words)


def spec_of(plan, method, seed):
    (member,) = [m for m in plan.experiment.members if (m.method, m.seed) == (method, seed)]
    return next(spec for spec in plan.specs if spec.run == member.run)


# ---- the plan


def test_every_method_has_a_run_for_each_seed_and_differs_in_its_stabilisers_alone(ws, task):
    plan = plan_of(ws, ["mmr:alpha=0.05", "llrd+reinit"])
    assert plan.experiment.methods == ("standard", "mmr:alpha=0.05", "llrd+reinit")
    assert len(plan.specs) == 9
    for seed in (1, 2, 3):
        plain = spec_of(plan, "standard", seed)
        assert plain.methods is None
        for method in plan.experiment.methods:
            spec = spec_of(plan, method, seed)
            assert replace(spec, methods=None, capture="online") == plain
            assert spec.capture == ("online" if method == "standard" else "none")
            assert spec.method == method
    assert len({spec_of(plan, "standard", seed).seeds.order for seed in (1, 2, 3)}) == 3


def test_sources_of_chance_are_varied_one_by_one(ws, task):
    plan = plan_of(ws, ["mmr"], vary=("init", "order", "dropout"))
    assert plan.experiment.methods == ("standard", "mmr", *(f"{m}@{s}" for m in ("standard", "mmr") for s in ("init", "order", "dropout")))
    held = spec_of(plan, "standard", 1).seeds
    for source in ("init", "order", "dropout"):
        seeds = [spec_of(plan, f"standard@{source}", seed).seeds.to_json() for seed in (1, 2, 3)]
        assert [s[source] for s in seeds] == [1, 2, 3] or source == "order"
        assert len({s[source] for s in seeds}) == 3
        assert all(s[other] == held.to_json()[other] for s in seeds for other in s if other != source)
    shared = {spec_of(plan, f"standard@{source}", 1).run for source in ("init", "dropout")}
    assert len(shared) == 1, "with all seeds as in seed 1 it is the same run"


def test_longer_training_says_its_own_epochs(ws, task):
    plan = plan_of(ws, ["long:epochs=7"])
    assert spec_of(plan, "long:epochs=7", 1).epochs == 7
    assert spec_of(plan, "standard", 1).epochs == 3


def test_asked_again_with_more_it_adds_only_what_is_new(ws, task):
    first = plan_of(ws, ["mmr"])
    finish(ws, first)
    more = plan_of(ws, ["llrd"], seeds=4)
    assert more.experiment.id == first.experiment.id
    assert more.experiment.methods == ("standard", "mmr", "llrd")
    new = [spec for spec in more.specs if spec.run not in ws.runs.ids()]
    assert sorted((spec.method, spec.seed) for spec in new) == sorted([("standard", 4), ("mmr", 4), *(("llrd", s) for s in (1, 2, 3, 4))])
    ws.experiment.queue(more)
    assert ws.experiment.get(first.experiment.id).methods == ("standard", "mmr", "llrd")
    assert plan_of(ws, seeds=2, tune="head").experiment.id != first.experiment.id


def test_examples_are_left_out_beside_a_base_and_a_noise_floor(ws, task):
    plan = plan_of(ws, ["mmr"], left_out=4)
    twins = [t for t in plan.experiment.twins if t.method == "mmr"]
    assert [t.role for t in twins] == ["base", "seed", "example", "example", "example", "example"]
    assert [t.left_out for t in twins[2:]] == [t.left_out for t in plan.experiment.twins if t.method == "standard"][2:]
    by_run = {spec.run: spec for spec in plan.specs}
    base, floor, *without = (by_run[t.run] for t in twins)
    assert (base.distance_to, base.keep_model, base.seed) == ("start", None, 1)
    assert (floor.distance_to, floor.seed, floor.left_out) == (base.run, 2, None)
    for spec in without:
        assert (spec.distance_to, spec.keep_model) == (base.run, False)
        assert replace(spec, left_out=None, distance_to="start", keep_model=None, predict_train=True) == base
    assert Experiment.from_json(json.loads(json.dumps(plan.experiment.to_json()))) == plan.experiment
    ws.experiment.queue(plan)
    assert ws.runs.get(floor.run).after == (base.run,)
    assert plan_of(ws, ["mmr"], left_out=4).specs == plan.specs


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ({"methods": ["mmrr"]}, "mmr"),
        ({"methods": ["mmr:alpha=-1"]}, "from 0"),
        ({"methods": ["mhloss:heads=0"]}, "from 1"),
        ({"methods": ["reinit:layers=3"]}, "at most 2"),
        ({"methods": ["llrd"], "tune": "head"}, "--tune full"),
        ({"vary": ("luck",)}, "init"),
        ({"tune": "tail"}, "head"),
        ({"left_out": -1}, "from 0"),
        ({"left_out": 2, "seeds": 1}, "--seeds 2"),
        ({"stop": "sometimes"}, "none"),
        ({"seeds": 0}, "from 1"),
        ({"rate": 3}, "lr|warmup|setting"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_trained(ws, task, words, remedy):
    with pytest.raises(InputError) as problem:
        plan_of(ws, words.pop("methods", ()), **words)
    assert __import__("re").search(remedy, str(problem.value))
    assert not ws.runs.ids()


# ---- what is measured


def ended(ws, chances, seeds=3, **words):
    """An experiment whose runs are right about an example with the chance of their method and seed."""
    plan = plan_of(ws, [m for m in chances if m != "standard"], seeds=seeds, **words)
    method_of = {member.run: (member.method, member.seed) for member in plan.experiment.members}

    def right(spec, evaluation):
        method, seed = method_of.get(spec.run, ("standard", 1))
        return chances[method][(seed - 1) % len(chances[method])]

    finish(ws, plan, right)
    return ws.results(plan.experiment.id)


def test_spread_failures_and_disagreement_are_those_of_the_predictions(ws, task):
    found = ended(ws, {"standard": [0.9, 0.4, 0.95], "mmr": [0.9, 0.88, 0.92]})
    assert found.instabilities.evaluation == "dev"
    for method in ("standard", "mmr"):
        row, measured = found.row(method), found.instabilities.rows[method]
        scores = [run.scores["dev"]["accuracy"] for run in row.done.values()]
        assert measured.spread[0] == pytest.approx(np.std(scores, ddof=1))
        assert (measured.lowest, measured.highest) == (min(scores), max(scores))
        preds = np.stack([ws.runs.folder(run.id).read_predictions("dev")[2].argmax(1) for run in row.done.values()])
        apart = [np.mean(preds[a] != preds[b]) for a in range(3) for b in range(a)]
        assert measured.disagreement == pytest.approx(np.mean(apart))
        ids_N, churn_N = found.instabilities.churn(method)
        assert churn_N.mean() == pytest.approx(measured.disagreement)
        assert len(ids_N) == 40
        assert measured.floor == 0.5
    assert len(found.instabilities.rows["standard"].failed) == 1
    assert found.instabilities.rows["standard"].failed_share.value == pytest.approx(1 / 3)
    assert found.instabilities.rows["mmr"].failed == ()
    assert found.instabilities.rows["mmr"].p is None, "three runs are too few for the test of equal spread"


def test_from_ten_runs_on_equal_spread_is_tested_for_all_methods_together(ws, task):
    wide = [0.75, 1.0, 0.75, 1.0, 0.75, 1.0, 0.75, 1.0, 0.75, 1.0]
    found = ended(ws, {"standard": wide, "mmr": wide, "mhloss": [0.99]}, seeds=10)
    scores = {m: list(found.instabilities.scores(found.row(m)).values()) for m in ("standard", "mmr", "mhloss")}
    raw = [stats.levene(scores[m], scores["standard"], center="median").pvalue for m in ("mmr", "mhloss")]
    assert [found.instabilities.rows[m].p for m in ("mmr", "mhloss")] == pytest.approx(holm(raw))
    measured = found.instabilities.rows["mhloss"]
    assert measured.ratio.value == pytest.approx(np.std(scores["mhloss"], ddof=1) / np.std(scores["standard"], ddof=1))
    claims = {claim.method: claim for claim in found.claims}
    assert claims["mhloss"].holds
    assert "mhloss is steadier than standard on dev" in claims["mhloss"].text
    assert "mmr cannot be told from standard" in claims["mmr"].text
    assert {c.name: c.verdict for c in claims["mhloss"].confounds}["failed runs"] == "ruled out"


def test_a_ratio_that_one_run_makes_is_no_claim_where_the_test_by_medians_finds_nothing(ws, task):
    found = ended(ws, {"standard": [0.99] * 9 + [0.8], "mmr": [0.99] * 10}, seeds=10)
    measured = found.instabilities.rows["mmr"]
    assert measured.ratio.high < 1
    assert measured.p > 0.05
    (claim,) = found.claims
    assert not claim.holds
    assert "mmr may be steadier than standard" in claim.text
    assert "class='n gain'" not in stability_markup.table(found)


def test_where_all_runs_failed_nothing_is_said_of_steadiness(ws, task):
    found = ended(ws, {"standard": [0.1, 0.3, 0.4, 0.2], "mmr": [0.3, 0.3, 0.3, 0.35]}, seeds=4)
    (claim,) = found.claims
    assert not claim.holds
    assert "cannot be said: 4 of its 4 runs and 4 of the baseline's 4 failed" in claim.text


def test_failed_runs_leave_the_ratio_open_and_are_named(ws, task):
    found = ended(ws, {"standard": [0.9, 0.3, 0.92, 0.91], "mmr": [0.9, 0.91, 0.89, 0.92]}, seeds=4)
    (claim,) = found.claims
    confounds = {c.name: c for c in claim.confounds}
    assert confounds["failed runs"].verdict == "not ruled out"
    assert "of the baseline 1 of 4" in confounds["failed runs"].text
    assert confounds["more training"].verdict == "ruled out"


def test_cost_counts_what_surt_trained_before_and_compares_with_standard(ws, task):
    plan = plan_of(ws, ["surt", "long:epochs=6"])
    method_of = {member.run: member.method for member in plan.experiment.members}
    of = {"standard": 100.0, "surt": 100.0, "long:epochs=6": 200.0}
    retrained = {"surt": 30.0}
    finish(
        ws, plan, train_flops=lambda spec: of[method_of[spec.run]], pretrain_flops=lambda spec: retrained.get(method_of[spec.run], 0.0),
        repeated_flops=lambda spec: 0.0, stop_flops=lambda spec: 0.0,
    )  # fmt: skip
    price = {row.method: row.price for row in ws.results(plan.experiment.id).rows}
    assert price["standard"].ratio == 1
    assert price["long:epochs=6"].ratio == pytest.approx(2)
    assert (price["surt"].main, price["surt"].reference) == pytest.approx((1.0, 0.3))
    assert price["surt"].amortised(10) == pytest.approx(1.03)


def test_churn_is_laid_on_a_run_s_map(ws, task):
    found = ended(ws, {"standard": [0.9, 0.6, 0.7]})
    run = next(iter(found.row("standard").done.values()))
    laid = found.instabilities.against_map("standard", run.id)
    frame = ws.map(run.id).frame().set_index("id")
    assert set(laid["ids_N"]) == set(frame.index)
    np.testing.assert_allclose(laid["x_N"], frame.loc[list(laid["ids_N"])]["variability"])
    expected = stats.spearmanr(laid["churn_N"], laid["x_N"]).statistic
    assert laid["with_variability"].value == pytest.approx(expected)


def test_what_leaving_one_out_changes_stands_beside_its_noise_floor(ws, task):
    plan = plan_of(ws, left_out=3)
    ws.experiment.queue(plan)
    far = {t.run: 0.1 * n for n, t in enumerate(plan.experiment.twins)}
    base = plan.experiment.twins[0].run
    for spec in plan.specs:
        end(ws, spec, lambda spec, evaluation: 0.8)
        if spec.run in far:
            folder = ws.runs.folder(spec.run)
            distance = {"start": 2.0} | ({} if spec.run == base else {base: far[spec.run]})
            folder.publish_verdict(folder.verdict() | {"distance": distance, "theory": {"L": 3.0}})
    (found,) = ws.results(plan.experiment.id).instabilities.left_out()
    assert (found.floor, found.start, found.theory) == (0.1, 2.0, {"L": 3.0})
    assert list(found.epsilon.values()) == pytest.approx([0.2, 0.3, 0.4])


def test_the_command_prints_the_keys_that_it_promises(ws, task, ftft):
    finish(ws, plan_of(ws, ["mmr"]))
    (experiment,) = ws.experiment.list()
    status, out, _ = ftft("results", experiment.id)
    found = json.loads(out)
    assert status == 0
    promised = {"sd", "sd_low", "sd_high", "disagreement", "jsd", "one_minus_fleiss_kappa", "failed_share"}
    assert found["baseline"] == "standard"
    for method in found["methods"]:
        assert promised <= set(method)
        assert all(isinstance(method[key], float) for key in promised)


def test_a_dry_run_shows_the_plan_and_queues_nothing(ws, task, ftft):
    status, out, _ = ftft(
        "experiment", "stability", task, "--model", MAIN, "--method", "mmr+llrd", "--seeds", "2", "--vary", "init,order", "--tune", "full",
        "--leave-one-out", "2", "--dry-run",
    )  # fmt: skip
    found = json.loads(out)
    assert status == 0
    assert found["methods"] == ["standard", "mmr+llrd", "standard@init", "standard@order", "mmr+llrd@init", "mmr+llrd@order"]
    assert not ws.runs.ids()


def test_the_theory_is_measured_kept_and_drawn(ws, ftft, tmp_path):
    status, out, _ = ftft("theory", "--sets", "24", "--seeds", "2", "--method", "standard", "--out", str(tmp_path / "trends.svg"))
    value = json.loads(out)
    assert status == 0
    assert set(value["factors"]) == {"n", "L", "distance", "iterations", "learning_rate", "margin"}
    assert ws.theory().value == value
    assert (tmp_path / "trends.svg").stat().st_size > 10_000


@pytest.mark.parametrize("words", [["--sets", "0"], ["--method", "mixout"], ["--out", "trends.txt"], ["--seeds", "0"]])
def test_a_study_that_cannot_be_is_refused(ws, ftft, words):
    status, out, _ = ftft("theory", *words)
    assert status == 2
    assert json.loads(out)["error"]["remedy"]


@pytest.mark.parametrize("name", STABILITY_FIGURES)
def test_every_figure_is_drawn_from_the_runs_and_an_empty_experiment_says_why_not(ws, task, tmp_path, name):
    plan = plan_of(ws, ["mmr"], left_out=2)
    ws.experiment.queue(plan)
    with pytest.raises(InputError):
        ws.results(plan.experiment.id).save_figure(name, tmp_path / "none.svg")
    base = plan.experiment.twins[0].run
    for spec in plan.specs:
        end(ws, spec, lambda spec, evaluation: 0.8)
        folder = ws.runs.folder(spec.run)
        lines = [json.dumps({"step": step, "epoch": 1, "loss": 1 / step, "lr": 0.1}) for step in range(1, 9)]
        folder.metrics_file.write_text("\n".join(lines) + "\n")
        if spec.distance_to == base:
            folder.publish_verdict(folder.verdict() | {"distance": {"start": 2.0, base: 0.3}})
    ws.results(plan.experiment.id).save_figure(name, tmp_path / "some.pdf")
    assert (tmp_path / "some.pdf").stat().st_size > 1_000


def test_the_report_holds_all_of_it_and_tables_do(ws, task, ftft, tmp_path):
    finish(ws, plan_of(ws, ["mmr"]))
    (experiment,) = ws.experiment.list()
    assert ftft("report", experiment.id, "--out", str(tmp_path / "report.html"))[0] == 0
    page = (tmp_path / "report.html").read_text()
    for said in ("Stability of fine-tuning on task", "Fleiss", "All seeds", "Churn on the map", "Leave one out", "mmr"):
        assert said in page
    assert "http" not in page.replace("http://www.w3.org", "")
    for kind in ("csv", "md", "tex"):
        assert ftft("results", experiment.id, "--out", str(tmp_path / f"table.{kind}"))[0] == 0
        text = (tmp_path / f"table.{kind}").read_text()
        assert "disagreement" in text
        assert "mmr" in text
