"""The runs that stand beside those on a subset: which they are, and the commands that queue all of them in a shell."""

import os
import subprocess

import pytest

from app import order
from ftft.domain import Selection, Step
from ftft.errors import InputError
from tests.app import drawn, launched


@pytest.fixture(autouse=True)
def no_runner(monkeypatch):
    monkeypatch.setattr("ftft.jobs.ensure_runner", lambda *args: None)
    monkeypatch.setattr("ftft.jobs.lifecycle.ensure_runner", lambda *args: None)


@pytest.fixture
def main_model(tmp_path) -> str:
    return drawn.model(tmp_path / "main")


@pytest.fixture
def reviews(ws, tmp_path):
    return launched.reviews(ws, tmp_path)


@pytest.fixture
def judged(ws, reviews, tmp_path):
    return launched.judged(ws, tmp_path)


def an_order(dataset: str, model: str, subset: str | None, *controls: str, seeds=(1, 2), **settings) -> order.Order:
    return order.Order(dataset, model, subset, seeds, {"epochs": 3, "lr": 2e-5} | settings, controls)


def test_random_controls_have_the_size_and_where_asked_the_label_shares_and_other_examples_for_each_seed(ws, reviews, main_model):
    asked = an_order("reviews", main_model, "third", "random", "random_matched", seeds=(1, 2, 3))
    masks = {}
    for group in order.plan(ws, asked).groups[1:]:
        for spec in group.specs:
            masks[group.name, spec.seed] = ws.resolve(ws.selections.get(spec.selection))
    positive_N = ws.data.gold("reviews") == 1
    assert {int(mask_N.sum()) for mask_N in masks.values()} == {16}
    assert {int((mask_N & positive_N).sum()) for (name, _), mask_N in masks.items() if name == "random_matched"} == {4}
    assert len({mask_N.tobytes() for mask_N in masks.values()}) == 6


def test_a_control_subset_is_there_once_its_run_starts_under_its_name(ws, reviews, main_model):
    (random,) = [run for run in order.start(ws, an_order("reviews", main_model, "third", "random", seeds=(5,))) if run.spec.selection]
    ws.prepare(random.id)
    assert len(ws.subsets.get("third.random-5").ids) == 16


def test_the_name_of_a_control_is_taken_by_another_subset(ws, reviews, main_model):
    drawn.subset(ws, "third.random-1", ["train-0"])
    with pytest.raises(InputError, match=r"another subset called 'third\.random-1'"):
        order.start(ws, an_order("reviews", main_model, "third", "random"))
    assert ws.runs.list() == []


@pytest.mark.parametrize("name", ["s" * 80, "é" * 80])
def test_long_names_leave_room_for_the_seed(name, ws, reviews, main_model):
    drawn.subset(ws, name, ["train-0", "train-1"])
    asked = an_order("reviews", main_model, name, "random", "random_matched", seeds=(2**32 - 1,))
    assert all(group.specs for group in order.plan(ws, asked).groups)


def test_equal_steps_are_those_at_which_the_run_on_the_subset_was_stopped(ws, judged, main_model):
    asked = an_order("judged", main_model, "few", "erm_steps", stop="ood_dev")
    plan = order.plan(ws, asked)
    assert [group.name for group in plan.groups] == ["main"]
    assert "known of no seed" in plan.later
    stop = {"on": "ood_dev", "step": 4, "best_step": 2, "best": 0.5, "early": True}
    drawn.verdict(ws, plan.groups[0].specs[0], state="succeeded", stop=stop)
    plan = order.plan(ws, asked)
    assert [(spec.steps, spec.stop, spec.subset, spec.seed) for spec in plan.groups[1].specs] == [(4, None, None, 1)]
    assert "known of 1 of 2 seeds" in plan.later


# ---- the same on the command line


@pytest.fixture
def in_a_shell(ftft, tmp_path, monkeypatch):
    """Has bash read commands, and calls `ftft` as it was called there."""
    monkeypatch.chdir(tmp_path)

    def run(script: str) -> None:
        noted = 'set -eu\nftft() { printf "%s\\0" "$@" >> calls; printf "\\n\\0" >> calls; }\n'
        subprocess.run(["bash", "-c", noted + script], check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        calls = (tmp_path / "calls").read_text(encoding="utf-8").split("\0\n\0")[:-1]
        for call in calls:
            status, _, said = ftft(*call.split("\0"))
            assert status == 0, said

    return run


@pytest.mark.parametrize("coming", [False, True])
def test_what_is_shown_queues_the_same_runs_in_a_shell(coming, ws, main_model, tmp_path, in_a_shell):
    drawn.dataset(ws, tmp_path, labels=("it's $HOME `pwd`", "a \\n é"))
    (reference,) = ws.plan("reviews", model=main_model, seeds=(8,), epochs=3)
    drawn.queue(ws, reference)
    subset, selection = "third", None
    if coming:
        step = Step("new", "top", {"run": reference.run, "metric": "variability", "q": 0.33})
        subset, selection = "coming", Selection("reviews", (step,))
    else:
        drawn.subset(ws, "third", [f"train-{i}" for i in range(10)])
    asked = order.Order(
        "reviews", main_model, subset, (1, 7), {"epochs": 2, "lr": 1e-4, "warmup": 0.05, "remote_code": True},
        ("erm", "random", *(() if coming else ("random_matched",))), selection, (reference.run,), 2,
    )  # fmt: skip
    plan = order.plan(ws, asked)
    in_a_shell("\n".join(group.command for group in plan.groups))
    found = {run.id: run for run in ws.runs.list() if run.id != reference.run}
    assert set(found) == {spec.run for spec in plan.specs}
    assert {(run.after[0], run.priority) for run in found.values()} == {(reference.run, 2)}
    assert {run.spec.subset for run in found.values()} == {spec.subset for spec in plan.specs}


def test_equal_steps_are_the_same_runs_in_a_shell(ws, judged, main_model, in_a_shell):
    asked = an_order("judged", main_model, "few", "erm_steps", stop="ood_dev")
    for spec, step in zip(order.plan(ws, asked).specs, (4, 6), strict=True):
        drawn.verdict(ws, spec, state="succeeded", stop={"on": "ood_dev", "step": step, "best_step": 2, "best": 0.5, "early": True})
    group = order.plan(ws, asked).groups[1]
    in_a_shell(group.command)
    assert {spec.run for spec in group.specs} <= {run.id for run in ws.runs.list()}
