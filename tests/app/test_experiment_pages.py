"""Experiments in the app: launched from a form with their price, read on the Results page. Nothing trains here."""

import pytest

from tests.app.launched import words
from tests.experimenting import HOW, finish


def test_the_form_shows_the_plan_its_price_and_the_command_before_anything_starts(at_view, ws):
    page = at_view("launch", experiment="")
    said = words(page)
    assert "<b>30</b>" in said
    assert "random_matched" in said
    assert "ftft experiment ftft task" in said
    assert ws.experiment.list() == []


def test_its_button_queues_what_the_command_would(at_view, ws):
    page = at_view("launch", experiment="")
    page.number_input(key="experiment_seeds").set_value(2).run()
    page.toggle(key="experiment_erm_steps").set_value(True).run()
    page.multiselect(key="experiment_strategies").set_value(["mix"]).run()
    command = page.code[-1].value
    assert "--control erm_steps" in command.replace("\\\n", " ")
    page.button(key="start_experiment").click().run()
    assert not page.exception, page.exception
    (experiment,) = ws.experiment.list()
    assert experiment.methods == ("erm", "erm_early", "erm_steps", "random", "random_matched", "ftft", "mix")
    assert at_view.moved[-1][1]["query_params"]["experiment"] == experiment.id
    assert len(ws.jobs.list()) == len(experiment.runs) == 2 * 8


def test_a_mistake_is_shown_with_its_remedy(at_view):
    page = at_view("launch", experiment="")
    page.multiselect(key="experiment_strategies").set_value(["consensus"]).run()
    assert "--reference twice" in words(page)


@pytest.fixture
def experiment(at_view, ws):
    plan = ws.experiment.plan_ftft("task", **HOW)
    by_run = {member.run: member.method for member in plan.experiment.members}
    finish(ws, plan, lambda spec, evaluation: 0.9 if by_run.get(spec.run) == "ftft" else 0.6)
    return plan.experiment


def test_results_show_the_newest_experiment_with_its_claim_and_table(at_view, experiment):
    page = at_view("results")
    said = words(page)
    assert "too few seeds to test" in said
    assert "label shares" in said
    assert said.count("<th scope='row'>") >= 5


@pytest.mark.parametrize("details", ["steps_and_cost", "groups", "calibration", "on_the_map", "how"])
def test_what_lies_behind_the_table_is_shown_one_part_at_a_time(at_view, experiment, details):
    page = at_view("results")
    page.segmented_control(key=f"details_{experiment.id}").set_value(details).run()
    expected = {
        "steps_and_cost": "Score against cost",
        "groups": "Per label",
        "calibration": "ECE",
        "on_the_map": "only",
        "how": "optimiser",
    }
    assert expected[details] in words(page) or "data:image/svg+xml" in words(page)


def test_another_baseline_is_what_differences_are_taken_to(at_view, experiment):
    page = at_view("results")
    page.selectbox(key=f"baseline_{experiment.id}").set_value("random").run()
    assert "to random" in words(page) or "on random" in words(page) or "from random" in words(page)


def test_gained_examples_become_a_selection_on_the_map(at_view, experiment):
    page = at_view("results")
    page.segmented_control(key=f"details_{experiment.id}").set_value("on_the_map").run()
    page.button(key="map_gained").click().run()
    assert not page.exception, page.exception
    assert at_view.moved[-1][0] == "views/maps.py"
    assert page.session_state["histories"]["task"].now.steps[0].by == "ids"


def test_runs_launched_one_by_one_stay_in_reach(at_view, experiment):
    page = at_view("results")
    page.selectbox(key="ftft_experiment_task").set_value(None).run()
    assert not page.exception, page.exception


def test_an_experiment_that_has_just_begun_says_so(at_view, ws):
    ws.experiment.queue(ws.experiment.plan_ftft("task", **HOW))
    assert "still to end" in words(at_view("results"))
