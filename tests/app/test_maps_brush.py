"""The brush as a value: steps, undo and redo, names."""

import pytest

from app import brush
from ftft.domain import Box, Lasso, Selection, Step, mean_id

BOX = {"type": "box", "x0": 0.1, "x1": 0.3, "y0": 0.2, "y1": 0.8}


def step(op="new", **what):
    return brush.step_of({"op": op, "run": "r1", **({"shape": BOX} | what)}, (1, 6))


def region(name, q=0.33, op="new"):
    return brush.step_of({"op": op, "run": "r1", "region": name, "q": q}, (2, 6))


def test_an_outline_states_its_axes_and_its_epochs():
    drawn = step(shape={"type": "lasso", "points": [[0, 0], [0.5, 0], [0.2, 1]]})
    assert drawn.to_json() == {
        "op": "new", "by": "region", "run": "r1", "x": "variability", "y": "confidence", "epochs": [1, 6],
        "shapes": [{"type": "lasso", "points": [[0.0, 0.0], [0.5, 0.0], [0.2, 1.0]]}],
    }  # fmt: skip
    assert isinstance(drawn["shapes"][0], Lasso)
    assert step()["shapes"] == (Box(0.1, 0.3, 0.2, 0.8),)


@pytest.mark.parametrize(
    ("name", "metric", "end"), [("easy", "confidence", "top"), ("ambiguous", "variability", "top"), ("hard", "confidence", "bottom")]
)
def test_a_region_takes_one_end_of_one_metric(name, metric, end):
    assert region(name, 0.2).what == {"run": "r1", "metric": metric, "q": 0.2, "end": end, "epochs": [2, 6], "per_label": False}


def test_undo_and_redo_walk_along_what_was_done():
    first, second = Selection("d", (step(),)), Selection("d", (step(), step("add")))
    history = brush.History(Selection("d")).to(first).to(second)
    assert history.undo().now == first
    assert history.undo().undo().now == Selection("d")
    assert history.undo().undo().undo() == history.undo().undo()
    assert history.undo().redo() == history
    assert history.redo() == history
    assert history.undo().to(second).future == ()
    assert history.clear().now.steps == ()
    assert history.clear().undo().now == second


def test_the_same_outlines_on_another_run_keep_everything_else():
    made = Selection("d", (step(), region("hard", op="subtract")))
    moved = brush.on_other_run(made, "r2", (1, 3))
    assert brush.runs_of(moved) == {"r2"}
    assert [s["epochs"] for s in moved.steps] == [[1, 3], [1, 3]]
    assert moved.steps[0]["shapes"] == made.steps[0]["shapes"]
    assert brush.runs_of(made) == {"r1"}


def test_a_selection_on_a_removed_run_is_forgotten(monkeypatch):
    monkeypatch.setattr(brush.st, "session_state", {})
    brush.select("d", step())
    brush.forget_removed("d", {"r1", "r2"})
    assert brush.history("d").now.steps
    brush.forget_removed("d", {"r2"})
    assert not brush.history("d").now.steps


def test_a_selection_on_a_mean_map_lasts_as_long_as_all_its_runs(monkeypatch):
    monkeypatch.setattr(brush.st, "session_state", {})
    brush.select("d", brush.step_of({"op": "new", "run": mean_id(["r1", "r2"]), "shape": BOX}, (1, 6)))
    brush.forget_removed("d", {"r1", "r2"})
    assert brush.history("d").now.steps
    brush.forget_removed("d", {"r1"})
    assert not brush.history("d").now.steps


def test_an_outline_states_the_axes_and_what_was_visible():
    visible = Step("new", "label", {"labels": ["good"]})
    drawn = brush.step_of({"op": "add", "run": "r1", "shape": BOX}, (1, 6), "el2n", "loss", [visible])
    assert (drawn["x"], drawn["y"]) == ("el2n", "loss")
    assert drawn.to_json()["only"] == [{"by": "label", "labels": ["good"]}]


def test_what_narrowed_an_outline_moves_with_it_to_another_map():
    visible = Step("new", "top", {"run": "r0", "metric": "loss", "q": 0.5})
    made = Selection("d", (brush.step_of({"op": "new", "run": "r1", "shape": BOX}, (1, 6), only=[visible]),))
    assert brush.runs_of(made) == {"r0", "r1"}
    moved = brush.on_other_run(made, "r2", (1, 3))
    assert brush.runs_of(moved) == {"r2"}
    assert moved.steps[0]["only"][0]["epochs"] == [1, 3]


def test_a_removed_step_comes_back_by_undo_and_is_removed_once(monkeypatch):
    monkeypatch.setattr(brush.st, "session_state", {})
    for one in (step(), region("hard", op="add"), step("subtract")):
        brush.select("d", one)
    brush.remove("d", 1)
    assert [s.op for s in brush.history("d").now.steps] == ["new", "subtract"]
    brush.remove("d", 2)
    brush.act("d", "undo")
    assert [s.op for s in brush.history("d").now.steps] == ["new", "add", "subtract"]


def test_inverting_is_a_step_that_keeps_the_others(monkeypatch):
    monkeypatch.setattr(brush.st, "session_state", {})
    brush.select("d", step())
    brush.act("d", "invert")
    assert [s.by for s in brush.history("d").now.steps] == ["region", "invert"]


def test_replaying_what_is_selected_already_is_nothing_to_undo(monkeypatch):
    monkeypatch.setattr(brush.st, "session_state", {})
    brush.select("d", step())
    brush.replay(Selection("d", (step(),)))
    assert len(brush.history("d").past) == 1
    brush.replay(Selection("d", (region("easy"),)))
    assert brush.history("d").undo().now.steps == (step(),)


def test_suggested_names_say_what_was_selected_and_are_free():
    assert brush.suggested_name(Selection("d", (region("ambiguous"),)), set()) == "ambiguous-33"
    assert brush.suggested_name(Selection("d", (region("ambiguous"),)), {"ambiguous-33"}) == "ambiguous-33-2"
    assert brush.suggested_name(Selection("d", (step(),)), {"selection-1", "selection-2"}) == "selection-3"
