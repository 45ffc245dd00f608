"""The Launch page: what it proposes, what it queues, and what it says about that before."""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import app
from app import defaults
from ftft.domain import Pending
from ftft.errors import InputError
from tests.app import drawn, launched
from tests.synthetic import add_run

VIEW = Path(app.__file__).parent / "views" / "launch.py"


@pytest.fixture
def opened(ws, monkeypatch):
    """Opens the page on the workspace of the test; no runner is started, nothing is measured, moving to another page is only noted."""
    moved_to: list[str] = []
    monkeypatch.setattr("app.backend.workspace", lambda: ws)
    monkeypatch.setattr("ftft.Workspace.estimate", launched.estimate)
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)
    monkeypatch.setattr("streamlit.switch_page", lambda page, **to: moved_to.append(page))

    def open_page(**state) -> AppTest:
        page = AppTest.from_file(VIEW, default_timeout=20)
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    open_page.moved_to = moved_to
    return open_page


@pytest.fixture
def reviews(ws, tmp_path, main_model):
    return launched.reviews(ws, tmp_path)


@pytest.fixture
def judged(ws, reviews, tmp_path):
    return launched.judged(ws, tmp_path)


def words(page: AppTest) -> str:
    """All words on the page, those in HTML included."""
    assert not page.exception, page.exception
    html = [element.proto.body for element in page.get("html")]
    return "\n".join([*html, *(e.value for kind in (page.markdown, page.caption, page.code, page.toast) for e in kind)])


def start(page: AppTest) -> AppTest:
    return page.button(key="start_runs").click().run()


def queued(ws) -> set[tuple]:
    return {(run.spec.subset, run.spec.seed, run.spec.stop) for run in ws.runs.list()}


# ---- the form


def test_start_queues_the_main_runs_and_their_controls_seed_by_seed(ws, judged, opened):
    page = opened(launch_dataset="judged", launch_subset="few", seeds="1-2")
    assert ws.runs.list() == [], "planning starts nothing"
    start(page)
    names = [f"few{name}" for name in ("", ".random-{0}", ".matched-{0}")]
    on_subsets = {(name.format(seed), seed, "ood_dev") for seed in (1, 2) for name in names}
    assert queued(ws) == on_subsets | {(None, 1, "ood_dev"), (None, 2, "ood_dev")}
    assert len({run.spec.total_steps(48) for run in ws.runs.list()}) == 1
    assert [run.spec.seed for run in reversed(ws.runs.list())] == [1] * 4 + [2] * 4
    assert opened.moved_to == ["views/runs.py"]


def test_planning_writes_nothing(ws, judged, opened):
    before = sorted(ws.path.rglob("*"))
    opened(launch_dataset="judged", launch_subset="few")
    written = {file.relative_to(ws.path).parts[0] for file in set(ws.path.rglob("*")) - set(before)}
    assert written <= {"queue.db", "cache", "locks"}, written
    assert ws.subsets.names() == ["few", "third"]


def test_without_a_development_set_everything_runs_its_whole_budget_and_the_page_says_why(ws, reviews, opened):
    page = opened(launch_dataset="reviews", launch_subset="third", seeds="1")
    assert {toggle.key for toggle in page.toggle} == {"control_erm", "control_random", "control_random_matched"}
    assert "no development set" in words(page)
    start(page)
    assert queued(ws) == {(name, 1, None) for name in ("third", "third.random-1", "third.matched-1", None)}


def test_a_control_that_is_turned_off_is_not_queued(ws, judged, opened):
    page = opened(launch_dataset="judged", launch_subset="few", seeds="7")
    for name in ("erm_early", "random", "random_matched"):
        page.toggle(key=f"control_{name}").set_value(False)
    start(page.run())
    assert queued(ws) == {("few", 7, "ood_dev")}


def test_the_whole_budget_on_everything_is_offered_beside_the_stopped_run(ws, judged, opened):
    page = opened(launch_dataset="judged", launch_subset="few", seeds="1")
    for key, on in (("more_erm", True), ("control_random", False), ("control_random_matched", False)):
        page.toggle(key=key).set_value(on)
    start(page.run())
    assert queued(ws) == {("few", 1, "ood_dev"), (None, 1, "ood_dev"), (None, 1, None)}


def test_what_is_on_by_default_does_not_depend_on_what_was_shown_before(ws, judged, opened):
    page = opened(launch_dataset="judged", launch_subset="few")
    page.selectbox(key="stop_judged_few").select_index(0).run()
    assert page.toggle(key="control_erm").value is True
    page.selectbox(key="stop_judged_few").select("ood_dev").run()
    assert {toggle.key: toggle.value for toggle in page.toggle} == {
        "control_erm_early": True, "control_random": True, "control_random_matched": True, "more_erm": False, "more_erm_steps": False,
    }  # fmt: skip


def test_runs_that_exist_are_not_queued_again(ws, reviews, main_model, opened):
    settings = {"epochs": defaults.epochs(48), "lr": defaults.RATES["tiny"]}
    (spec,) = ws.plan("reviews", model=main_model, seeds=(1,), subset="third", **settings)
    drawn.finish(ws, spec, 0.8, 0.6)
    page = opened(launch_subset="third", seeds="1")
    assert page.button(key="start_runs").label == "Start 3 runs"
    assert "1 succeeded" in words(page)


def test_four_seeds_are_proposed_for_a_comparison_and_one_for_a_reference(ws, reviews, opened):
    page = opened(launch_subset="third")
    assert page.text_input(key="seeds").value == "1-4"
    page.selectbox(key="subset").select("").run()
    assert page.text_input(key="seeds").value == "1"
    page.text_input(key="seeds").set_value("5").run()
    page.selectbox(key="subset").select("third").run()
    assert page.text_input(key="seeds").value == "5", "what somebody wrote stays"


def test_the_defaults_are_those_of_the_run_that_chose_the_subset(ws, reviews, main_model, opened, monkeypatch):
    (reference,) = ws.plan("reviews", model=main_model, **drawn.SETTINGS)
    drawn.finish(ws, reference, 0.8, 0.6)
    monkeypatch.setattr("app.comparison.reference_runs", lambda selection: (reference.run,))
    page = opened(launch_subset="third")
    assert page.text_input(key="lr_reviews_third").value == "1e-4"
    assert page.number_input(key="batch_reviews_third").value == 16
    assert reference.run[:6] in words(page)


def test_a_main_run_is_stopped_by_sets_out_of_distribution_and_a_reference_never(ws, judged, main_model, opened):
    page = opened(launch_dataset="judged", launch_subset="few")
    choice = page.selectbox(key="stop_judged_few")
    assert (choice.value, choice.options) == ("ood_dev", ["never", "by dev sets, in distribution", "by dev sets, out of distribution"])
    page.selectbox(key="subset").select("").run()
    assert page.selectbox(key="stop_judged_").value is None
    page.selectbox(key="stop_judged_").select("id_dev").run()
    assert "--stop id_dev" in words(page)
    start(page)
    assert [(run.spec.dataset, run.spec.stop, run.spec.evals) for run in ws.runs.list()] == [("judged", "id_dev", 12)]


@pytest.mark.parametrize(("state", "said"), [({"seeds": "one"}, "Seeds 'one' cannot be read"), ({"main_model": "/nowhere"}, "no model at")])
def test_a_mistake_in_the_form_takes_the_place_of_the_button(state, said, ws, reviews, opened):
    page = opened(**state)
    assert said in words(page).replace("&#x27;", "'")
    assert not page.button


def test_settings_that_change_no_number_reach_the_runs(ws, reviews, opened):
    (other,) = ws.plan("reviews", model=str(ws.models()[0].path), seeds=(9,))
    drawn.queue(ws, other)
    page = opened(launch_subset="", seeds="1")
    page.selectbox(key="subset").select("").run()
    page.multiselect(key="trackers_reviews_").select("tensorboard")
    page.multiselect(key="after_reviews_").select(other.run)
    page.number_input(key="priority_reviews_").set_value(3)
    shown = words(page.run())
    assert "--report-to tensorboard" in shown
    assert f"--after {other.run}" in shown
    assert "--priority 3" in shown
    start(page)
    run = next(run for run in ws.runs.list() if run.id != other.run)
    assert (run.spec.report_to, run.after, run.priority) == ("tensorboard", (other.run,), 3)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_models_own_code_is_offered_only_where_the_app_allows_it(allowed, ws, reviews, opened, monkeypatch):
    monkeypatch.setattr("app.backend.remote_code", lambda: allowed, raising=False)
    keys = {box.key for box in opened(launch_subset="third").checkbox}
    assert ("remote_reviews_third" in keys) == allowed


# ---- a reference that is still on its way


def test_a_main_run_may_wait_for_the_reference_that_will_choose_its_subset(ws, reviews, main_model, opened):
    (reference,) = ws.plan("reviews", model=main_model, seeds=(1,), epochs=3)
    drawn.queue(ws, reference)
    page = opened(subset=f"when/{reference.run}", seeds="2")
    assert page.text_input(key=f"coming_name_{reference.run}").value == "main-s1.top33"
    assert page.toggle(key="more_random_matched").disabled
    start(page)
    main, random = (next(run for run in ws.runs.list() if run.spec.subset == name) for name in ("main-s1.top33", "main-s1.top33.random-2"))
    assert main.after == (reference.run,)
    assert random.after == (), "a random subset needs no map"
    assert ws.selections.get(main.spec.selection).steps[0]["run"] == reference.run
    assert ws.selections.get(random.spec.selection).steps[0]["n"] == round(0.33 * 48)


def test_a_name_that_is_taken_is_refused_before_anything_is_queued(ws, reviews, main_model, opened):
    (reference,) = ws.plan("reviews", model=main_model, seeds=(1,), epochs=3)
    drawn.queue(ws, reference)
    page = opened(subset=f"when/{reference.run}")
    page.text_input(key=f"coming_name_{reference.run}").set_value("third").run()
    assert "There is a subset &#x27;third&#x27; already" in words(page)
    assert not page.button


# ---- what it says before anything is spent


def test_cost_is_shown_in_all_and_for_each_group_and_bounds_are_called_so(ws, judged, opened):
    shown = words(opened(launch_dataset="judged", launch_subset="few", seeds="1-2"))
    assert "at most 8.0\u202f×\u202f10¹² FLOPs" in shown
    assert "at most 8.2 times one full training" in shown
    assert "at most 13\u202fmin 20\u202fs" in shown
    assert "measured today, a made-up chip" in shown
    assert "≤\u202f102\u202f%" in shown


def test_without_a_stop_rule_the_cost_is_no_bound(ws, reviews, opened):
    shown = words(opened(launch_subset="third", seeds="1"))
    assert "4.0\u202f×\u202f10¹² FLOPs" in shown
    assert "at most" not in shown


def test_while_the_model_is_measured_the_button_works(ws, reviews, opened, monkeypatch):
    monkeypatch.setattr("ftft.Workspace.estimate", lambda ws, specs, wait=False: Pending("2026-01-01T00:00:00+00:00"))
    page = opened(launch_subset="third", seeds="1")
    assert "Measuring this model" in words(page)
    start(page)
    assert len(ws.runs.list()) == 4


def test_a_cost_that_cannot_be_known_says_why_and_hinders_nothing(ws, reviews, opened, monkeypatch):
    def fails(ws, specs, wait=False):
        raise InputError("the model has no tokenizer", "Save it with its model")

    monkeypatch.setattr("ftft.Workspace.estimate", fails)
    page = opened(launch_subset="third")
    assert "the model has no tokenizer" in words(page)
    assert not page.button(key="start_runs").disabled


# ---- the subset


def test_a_small_subset_and_moved_labels_are_warned_about(ws, reviews, opened):
    drawn.subset(ws, "few", ["train-0", "train-1", "train-2", "train-4"])
    shown = words(opened(launch_subset="few"))
    assert "Only 8.3\u202f% of the training set" in shown
    assert "“negative” is over-represented" in shown


def test_every_check_has_a_line_even_if_nothing_is_known(ws, reviews, opened):
    shown = words(opened(launch_subset="third"))
    assert "33\u202f% of the training set" in shown
    assert "“negative” is over-represented" in shown
    assert "What the label shares alone would do is not known" in shown
    assert "What is hard in every reference is not known" in shown
    assert "No text occurs twice" in shown
    assert "No text of it is in an evaluation set" in shown


def test_what_label_shares_alone_would_do_names_the_run_and_each_set(ws, reviews, opened):
    run = add_run(ws, "reviews", verdict={})
    logits = np.array([[0.2, 0.0], [0.0, 2.0]] * 4, np.float32)
    for split in ("test", "flips"):
        run.folder.joinpath("predictions").mkdir(exist_ok=True)
        ws.runs.folder(run.id).publish_predictions(split, np.array([f"{i}" for i in range(8)]), np.array([1, 1] * 4), logits)
    drawn.subset(ws, "positive", [f"train-{i}" for i in (*range(1, 24, 2), 0, 2, 4, 6)])
    shown = words(opened(launch_subset="positive"))
    assert "The label shares alone may explain +50.0 points" in shown
    assert f"tiny, run {run.id[:6]}" in shown
    assert re.search(r"test \+50\.0, flips \+50\.0", shown)


def test_a_second_reference_says_what_is_hard_in_both(ws, reviews, opened):
    add_run(ws, "reviews", seed=1, verdict={})
    add_run(ws, "reviews", seed=2, verdict={}, model="/nowhere/other")
    assert "hard in all 2 references" in words(opened(launch_subset="third"))


def test_a_cloned_run_brings_every_setting_so_that_without_a_change_it_is_the_same_run(opened, ws, reviews, main_model):
    settings = {
        "steps": 7, "lr": 3e-4, "batch_size": 8, "grad_accum": 2, "max_length": 99, "warmup": 0.25, "weight_decay": 0.01,
        "precision": "fp32", "capture": "epoch_end", "layers": 1, "keep_head": True,
    }  # fmt: skip
    (spec,) = ws.plan("reviews", model=main_model, seeds=(5,), **settings)
    drawn.finish(ws, spec, 0.8, 0.6)
    page = opened(launch_from=spec.run)
    assert "1 run of this plan exists already" in words(page)
    assert f"as in run {spec.run[:6]}" in words(page)
    assert page.text_input(key="seeds").value == "5"
    page.text_input(key="seeds").set_value("6").run()
    assert "Start 1 run" in [button.label for button in page.button]
    page.button(key="forget_clone").click().run()
    assert "as in the paper" in words(page)


def test_a_clone_of_a_run_that_is_gone_is_the_form_as_it_always_is(opened, reviews):
    assert "as in the paper" in words(opened(launch_from="0123456789abcdef"))
