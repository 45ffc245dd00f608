"""The Maps page in a real browser, with a real mouse: what is selected is what the outline encloses, on every map."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from ftft.domain import digest_of_ids
from ftft.jobs.lock import take
from tests.app.conftest import draw_workspace
from tests.synthetic import add_dataset, add_run

LASSO = ((0.05, 0.05), (0.5, 0.1), (0.6, 0.4), (0.3, 0.6), (0.25, 0.3), (0.05, 0.3))
SELECTED = ".st-key-selection_count [data-testid=selection]"
BOX = ((0.1, 0.05), (0.4, 0.5))
SHAPES = "run => document.querySelector(`[data-run='${run}'] .js-plotly-plot`).layout.shapes"
POINTS = (
    "run => { const p = document.querySelector(`[data-run='${run}'] .js-plotly-plot`).data[0]; return [p.customdata, p.marker.opacity]; }"
)


@dataclass(frozen=True)
class Reader:
    """The hand and the eye before the page; positions are shares of a map's width and height, from its upper left corner."""

    page: Any

    def open(self, url: str) -> "Reader":
        self.page.goto(url)
        self.page.wait_for_selector(".mg[data-stamp]")
        self.settle()
        return self

    def settle(self) -> None:
        """Waits until the server has said all that it has to say."""
        self.page.wait_for_function("() => !document.querySelector('[data-test-script-state=running]')")
        self.page.wait_for_timeout(150)

    def act(self, what) -> dict[str, str]:
        """Does `what`, waits for the maps' answer, and reads what is selected."""
        before = self.page.locator(".mg").get_attribute("data-stamp")
        what()
        self.page.wait_for_function("before => document.querySelector('.mg').dataset.stamp !== before", arg=before)
        self.settle()
        return self.selected()

    def drag(self, run: str, points, held: str = "") -> dict[str, str]:
        area = self.page.locator(f"[data-run='{run}'] .nsewdrag").bounding_box()
        at = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in points]

        def draw() -> None:
            self.page.mouse.move(*at[0])
            self.page.mouse.down()
            for point in at[1:]:
                self.page.mouse.move(*point, steps=5)
            self.page.mouse.up()

        if not held:
            return self.act(draw)
        self.page.keyboard.down(held)
        try:
            return self.act(draw)
        finally:
            self.page.keyboard.up(held)

    def press(self, tool: str) -> dict[str, str]:
        return self.act(self.page.locator(f"[data-tool={tool}]").click)

    def hold(self, tool: str) -> None:
        self.page.locator(f"[data-tool={tool}]").click()

    def selected(self) -> dict[str, str]:
        return self.page.eval_on_selector(SELECTED, "element => ({...element.dataset})")

    def await_selected(self, n: int, digest: str) -> None:
        """For what is said after a zoom, whose own answer may come late and look like that to the lasso."""
        self.page.locator(f"{SELECTED}[data-n='{n}'][data-hash='{digest}']").wait_for(state="attached")


@pytest.fixture
def reader(page, app_url) -> Reader:
    return Reader(page).open(app_url)


def inside(ws, run: str, shape: dict) -> set[str]:
    """Ids that an outline on the screen encloses, worked out without our own geometry."""
    frame = ws.map(run).frame()
    xy = frame[["variability", "confidence"]].to_numpy()
    if shape["type"] == "rect":
        (x0, x1), (y0, y1) = sorted((shape["x0"], shape["x1"])), sorted((shape["y0"], shape["y1"]))
        hit = (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1)
    else:
        hit = Outline(np.array([p.split(",") for p in shape["path"].strip("MZ").split("L")], float)).contains_points(xy)
    return set(frame["id"][hit])


def test_a_lasso_on_one_map_lights_exactly_the_same_examples_on_the_other(reader, drawn_workspace):
    ws, (left, right) = drawn_workspace.ws, [run.id for run in drawn_workspace.runs]
    said = reader.drag(left, LASSO)
    (shape,) = reader.page.evaluate(SHAPES, left)
    expected = inside(ws, left, shape)
    assert 50 < len(expected) < 4000
    assert (said["n"], said["of"], said["hash"]) == (str(len(expected)), "5000", digest_of_ids(expected))

    reader.act(reader.page.get_by_role("button", name="Zoom in").click)
    while not reader.page.evaluate(POINTS, right)[0]:  # until points replace the picture
        reader.act(reader.page.get_by_role("button", name="Zoom in").click)
    for run in (left, right):
        ids, opacity = reader.page.evaluate(POINTS, run)
        lit = {i for i, o in zip(ids, opacity, strict=True) if o > 0.5}
        assert lit == expected & set(ids)
        assert len(lit) > 10


def test_add_subtract_undo_and_redo_do_what_sets_do(reader, drawn_workspace):
    ws, (left, right) = drawn_workspace.ws, [run.id for run in drawn_workspace.runs]
    one = reader.drag(left, LASSO)
    reader.hold("box")
    two = reader.drag(right, BOX, held="Shift")
    three = reader.drag(left, ((0.0, 0.0), (0.2, 0.9)), held="Alt")
    lasso, minus = (inside(ws, left, shape) for shape in reader.page.evaluate(SHAPES, left))
    (plus,) = (inside(ws, right, shape) for shape in reader.page.evaluate(SHAPES, right))
    for said, expected in ((one, lasso), (two, lasso | plus), (three, (lasso | plus) - minus)):
        assert (said["n"], said["hash"]) == (str(len(expected)), digest_of_ids(expected))
    assert len({said["hash"] for said in (one, two, three)}) == 3
    assert [reader.press(tool)["hash"] for tool in ("undo", "undo", "redo", "redo")] == [
        two["hash"], one["hash"], two["hash"], three["hash"],
    ]  # fmt: skip
    assert reader.press("clear") == {"testid": "selection", "n": "0", "of": "5000", "hash": ""}


def test_regions_take_exactly_the_asked_share_and_can_be_saved_as_a_subset(reader, drawn_workspace):
    ws = drawn_workspace.ws
    for tool in ("easy", "hard", "ambiguous"):
        assert reader.press(tool)["n"] == str(round(0.33 * 5000))
    said = reader.selected()
    active = reader.page.locator("[data-run]:has(.mg-title[aria-pressed=true])").get_attribute("data-run")
    reader.page.locator(".st-key-save_subset button").click()
    reader.page.locator(".st-key-subset_name input").fill("the-ambiguous")
    reader.page.locator(".st-key-subset_name input").press("Tab")
    reader.settle()
    reader.page.locator(".st-key-confirm_subset button").click()
    reader.page.get_by_text("Saved subset the-ambiguous").wait_for()
    stored = json.loads((ws.path / "subsets" / "the-ambiguous" / "subset.json").read_text())
    assert (stored["hash"], stored["n"]) == (said["hash"], 1650)
    assert stored["selection"]["steps"] == [
        {"op": "new", "by": "top", "run": active, "metric": "variability", "q": 0.33, "end": "top", "epochs": [1, 4], "per_label": False}
    ]
    assert ws.subsets.get("the-ambiguous").hash == said["hash"]


def test_the_address_names_what_is_shown_and_is_obeyed(page, app_url, drawn_workspace):
    first, second = (run.id for run in drawn_workspace.runs)
    reader = Reader(page).open(f"{app_url.partition('?')[0]}?dataset=reviews&runs={second}")
    assert [e.get_attribute("data-run") for e in page.locator("[data-run]").all()] == [second]
    reader.act(page.get_by_role("button", name="tiny-1").click)
    assert {e.get_attribute("data-run") for e in page.locator("[data-run]").all()} == {first, second}
    page.wait_for_url(lambda url: first in url and second in url)
    page.locator("[data-testid=stDataFrame]").wait_for()


def test_the_maps_are_seen_before_plotly_is_there_and_stay_when_the_reader_does_not_wait_for_it(page, app_url, drawn_workspace):
    held = []
    page.route("**/plotly.min.js", lambda request: held.append(request))
    page.goto(app_url)
    page.locator(".mg-map:has(.mg-sketch svg)").nth(1).wait_for()
    before = [picture.get_attribute("href") for picture in page.locator(".mg-sketch image").all()]
    assert len(set(before)) == len(drawn_workspace.runs)
    page.locator("[data-tool=box]").click()  # nothing to draw on yet, and no mistake either
    page.get_by_role("combobox", name="Colour").click()
    page.get_by_role("option", name="Colour: label").click()
    page.locator(".mg-legend").get_by_text("label").wait_for()
    after = [picture.get_attribute("href") for picture in page.locator(".mg-sketch image").all()]
    assert set(before).isdisjoint(after)

    for request in held:
        request.continue_()
    page.wait_for_selector(".mg[data-stamp]")
    page.wait_for_timeout(500)  # what an overtaken answer might still take away
    assert page.locator("[data-run] .main-svg .nsewdrag").count() == len(drawn_workspace.runs)
    assert page.locator(".mg-sketch svg").count() == 0
    pictures = page.evaluate("() => [...document.querySelectorAll('[data-run] .js-plotly-plot')].map(p => p.layout.images[0].source)")
    assert pictures == after


def test_a_removed_run_is_named_and_the_others_are_shown(page, app_url, drawn_workspace):
    kept = drawn_workspace.runs[0].id
    Reader(page).open(f"{app_url.partition('?')[0]}?dataset=reviews&runs={kept},0123456789abcdef")
    page.get_by_text("Run 0123456789abcdef is not among the runs on reviews").wait_for()
    assert page.locator("[data-run]").count() == 1


def test_a_running_run_fills_its_map_while_it_trains(page, serve, tmp_path):
    drawn = draw_workspace(tmp_path, rows=300, runs=0)
    run = add_run(drawn.ws, drawn.dataset, epochs=0)
    folder = drawn.ws.runs.folder(run.id)
    with take(folder):
        page.goto(serve(drawn.ws.path))
        page.get_by_text("The first epoch is not recorded yet").wait_for()
        add_run(drawn.ws, drawn.dataset, epochs=1)
        page.locator(f"[data-run='{run.id}']").get_by_text("training, epoch 2 of 3").wait_for()
        add_run(drawn.ws, drawn.dataset, epochs=2)
        page.locator(f"[data-run='{run.id}']").get_by_text("training, epoch 3 of 3").wait_for()
        add_run(drawn.ws, drawn.dataset, epochs=3, verdict={})
    page.locator(f"[data-run='{run.id}']").get_by_text("3 epochs").wait_for()


def test_states_without_a_map_say_what_to_do_next(page, serve, ws, tmp_path):
    page.goto(serve(ws.path))
    page.get_by_text("No dataset yet").wait_for()
    add_dataset(ws, tmp_path)
    page.get_by_text("No reference run on reviews yet").wait_for()
    error = {"kind": "non_finite", "message": "the loss is not finite at step 3", "remedy": "Lower --lr"}
    add_run(ws, "reviews", epochs=0, verdict={"state": "failed", "cause": "non_finite", "error": error})
    page.get_by_text("tiny · seed 1 failed before its first epoch").wait_for()
    page.get_by_text("Lower --lr").wait_for()
