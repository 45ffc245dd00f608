"""Stability in the app: launched from a form, read on its page. Nothing trains here."""

import pytest

from tests.app.launched import words
from tests.experimenting import MAIN, finish
from tests.synthetic import add_dataset

HOW = {"model": MAIN, "seeds": 4, "epochs": 3, "batch_size": 16, "max_length": 16}


def test_the_form_shows_the_plan_its_price_and_the_command_before_anything_starts(at_view, ws):
    page = at_view("launch", stability="")
    said = words(page)
    assert "<b>40</b>" in said
    assert "ftft experiment stability task" in said
    assert ws.experiment.list() == []


def test_its_button_queues_what_the_command_would(at_view, ws):
    page = at_view("launch", stability="")
    page.number_input(key="stability_seeds").set_value(3).run()
    page.toggle(key="stability_llrd").set_value(True).run()
    page.toggle(key="stability_vary_init").set_value(True).run()
    page.number_input(key="stability_left_out").set_value(2).run()
    command = page.code[-1].value.replace("\\\n", " ")
    assert "--method mmr --method llrd" in command
    assert "--vary init" in command
    assert "--leave-one-out 2" in command
    page.button(key="start_experiment").click().run()
    assert not page.exception, page.exception
    (experiment,) = ws.experiment.list()
    assert experiment.methods == ("standard", "mmr", "llrd", "standard@init", "mmr@init", "llrd@init")
    assert len(experiment.twins) == 3 * 4
    assert at_view.moved[-1] == ("views/stability.py", {"query_params": {"dataset": "task", "experiment": experiment.id}})


def test_head_tuning_offers_what_it_can_take(at_view):
    page = at_view("launch", stability="")
    page.selectbox(key="stability_tune").set_value("head").run()
    assert "--tune head" in words(page)
    assert [t.key for t in page.toggle if t.key in ("stability_mmr", "stability_llrd")] == ["stability_mmr"]


def test_a_mistake_is_shown_with_its_remedy(at_view):
    page = at_view("launch", stability="")
    page.multiselect(key="stability_more").set_value(["reinit:layers=9"]).run()
    assert "at most 2" in words(page)


@pytest.mark.parametrize(("methods", "remedy"), [(["mmr:alpha=0.05"], None), (["mmrr"], "mmr")])
def test_the_form_of_a_main_model_takes_stabilisers(at_view, methods, remedy):
    page = at_view("launch")
    (field,) = [m for m in page.multiselect if m.key.startswith("methods_")]
    field.set_value(methods).run()
    said = words(page)
    assert remedy in said if remedy else "--method mmr:alpha=0.05" in said.replace("\\\n", " ")


@pytest.fixture
def experiment(at_view, ws):
    plan = ws.experiment.plan_stability("task", methods=["mmr"], **HOW)
    seed_of = {member.run: (member.method, member.seed) for member in plan.experiment.members}
    chance = {("standard", 1): 0.2}
    finish(ws, plan, lambda spec, evaluation: chance.get(seed_of.get(spec.run, ""), 0.9))
    return plan.experiment


def test_the_page_shows_spread_failures_and_what_may_be_said(at_view, experiment):
    page = at_view("stability")
    said = words(page)
    assert "of the baseline 1 of 4" in said
    assert "disagreement" in said
    assert "data:image/svg+xml" in said
    assert page.title or "Stability" in said


@pytest.mark.parametrize(
    ("details", "shown"),
    [
        ("agreement", "svg+xml"), ("on_the_map", "Rank correlation of churn"), ("curves", ""), ("theory", "--leave-one-out 10"),
        ("how", "all weights"),
    ],
)  # fmt: skip
def test_what_lies_behind_the_table_is_shown_one_part_at_a_time(at_view, experiment, details, shown):
    page = at_view("stability")
    page.segmented_control(key=f"details_{experiment.id}").set_value(details).run()
    assert shown in words(page)


def test_an_address_that_names_an_experiment_alone_opens_its_dataset(at_view, ws, experiment, tmp_path):
    add_dataset(ws, tmp_path, "another")  # the first of the list
    assert at_view("stability").selectbox(key="results_dataset").value == "another"
    page = at_view("stability", experiment=experiment.id[:8])
    assert page.selectbox(key="results_dataset").value == "task"
    assert page.selectbox(key="stability_experiment_task").value == experiment.id


def test_its_style_is_a_part_of_the_page(at_view, experiment):
    """Among events a word that pops up would take its place."""
    assert any(".r-table" in element.proto.body for element in at_view("stability").main.get("html"))


def test_results_leaves_stability_to_its_page(at_view, experiment):
    page = at_view("results")
    assert experiment.id[:6] not in words(page)


def test_without_an_experiment_it_says_how_to_get_one_and_how_to_measure_the_theory(at_view):
    page = at_view("stability")
    assert "No stability experiment" in words(page)
    assert "ftft theory" in words(page)


def test_the_trends_are_shown_whatever_their_sign(at_view, ws):
    ws.measure_theory(sets=24, seeds=2, methods=("standard", "mmr"))
    page = at_view("stability")
    said = words(page)
    assert "learning rate" in said
    assert "24 synthetic sets, 2 seeds each" in said
    assert "svg+xml" in said
