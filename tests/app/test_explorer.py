"""What the hand does to the maps beside selecting: epochs, axes, colours, legend, zoom, keys, averages. In a real browser."""

import numpy as np
import pytest

from ftft.domain import mean_id, runs_in
from tests.app.test_maps import LASSO, POINTS, SHAPES, Reader, inside

LAYOUT = "run => { const l = document.querySelector(`[data-run='${run}'] .js-plotly-plot`).layout; return [l.xaxis.range, l.yaxis.range]; }"
PICTURE = "run => document.querySelector(`[data-run='${run}'] .js-plotly-plot`).layout.images[0].source"
SIZE = """run => new Promise(done => { const i = new Image(); i.onload = () => done([i.naturalWidth, i.naturalHeight]);
  i.src = document.querySelector(`[data-run='${run}'] .js-plotly-plot`).layout.images[0].source; })"""


@pytest.fixture
def reader(page, app_url) -> Reader:
    return Reader(page).open(app_url)


def runs_of(drawn_workspace) -> list[str]:
    return [run.id for run in drawn_workspace.runs]


def test_keys_undo_redo_and_clear_but_not_while_somebody_types(reader, drawn_workspace):
    left, keys = runs_of(drawn_workspace)[0], reader.page.keyboard
    one = reader.drag(left, LASSO)
    two = reader.press("ambiguous")
    assert one["hash"] != two["hash"]
    assert reader.act(lambda: keys.press("Control+z"))["hash"] == one["hash"]
    assert reader.act(lambda: keys.press("Control+Shift+z"))["hash"] == two["hash"]
    search = reader.page.locator(".st-key-search input")
    search.click()
    search.press("Escape")
    search.press("Control+z")
    reader.settle()
    assert reader.selected()["hash"] == two["hash"]
    reader.page.locator(".mg-title").first.focus()
    assert reader.act(lambda: keys.press("Escape"))["n"] == "0"
    assert reader.act(lambda: keys.press("Control+z"))["hash"] == two["hash"]


def test_epochs_are_chosen_by_keys_and_by_hand_and_the_map_and_its_steps_follow(reader, drawn_workspace):
    ws, left = drawn_workspace.ws, runs_of(drawn_workspace)[0]
    whole = reader.page.evaluate(PICTURE, left)
    reader.page.locator("[data-end=to]").focus()
    reader.act(lambda: reader.page.keyboard.press("ArrowLeft"))
    reader.page.locator(f"[data-run='{left}']").get_by_text("epochs 1–3").wait_for()
    assert reader.page.evaluate(PICTURE, left) != whole
    expected = set(ws.map(left, (1, 3)).frame().nlargest(1650, "variability")["id"])
    reader.page.locator(f"[data-run='{left}'] .mg-title").click()
    reader.settle()
    assert reader.press("ambiguous")["n"] == "1650"
    reader.page.locator(".mg-curve .mg-dot").nth(2).wait_for()  # after epochs 2, 3 and 4, whatever is chosen
    assert len(expected) == 1650

    rail = reader.page.locator(".mg-rail").bounding_box()
    assert rail is not None
    handle = reader.page.locator("[data-end=to]").bounding_box()
    assert handle is not None
    reader.page.mouse.move(handle["x"] + 7, handle["y"] + 7)
    reader.page.mouse.down()
    reader.act(lambda: reader.page.mouse.move(rail["x"] + rail["width"] * 0.34, rail["y"] + 12, steps=4))
    reader.page.mouse.up()
    reader.page.locator(f"[data-run='{left}']").get_by_text("epochs 1–2").wait_for()


def test_playing_runs_through_the_epochs_and_stops_at_the_last(reader, drawn_workspace):
    left = runs_of(drawn_workspace)[0]
    words = f"[data-run='{left}'] .mg-head"
    reader.page.evaluate(
        """words => { window.seen = new Set(); new MutationObserver(() => seen.add(document.querySelector(words).innerText))
        .observe(document.querySelector(words), { childList: true, subtree: true, characterData: true }); }""",
        words,
    )
    reader.page.locator("[data-tool=play]").click()
    reader.page.locator("[data-tool=play][data-face=pause]").wait_for()
    reader.page.locator("[data-tool=play][data-face=play_arrow]").wait_for()
    reader.settle()
    seen = " ".join(reader.page.evaluate("() => [...window.seen]"))
    assert all(which in seen for which in ("epochs 1–2", "epochs 1–3", "4 epochs"))


def test_a_part_of_the_legend_that_is_off_is_neither_seen_nor_taken(reader, drawn_workspace):
    ws, left = drawn_workspace.ws, runs_of(drawn_workspace)[0]
    reader.page.get_by_role("combobox", name="Colour").click()
    reader.act(reader.page.get_by_role("option", name="Colour: label").click)
    reader.act(reader.page.locator(".mg-legend").get_by_role("button", name="negative").click)
    positive = set(ws.data.ids("reviews")[ws.data.gold("reviews") == 1])
    assert set(reader.page.evaluate(POINTS, left)[0]) == positive  # few enough for points by now
    said = reader.drag(left, LASSO)
    (shape,) = reader.page.evaluate(SHAPES, left)
    expected = inside(ws, left, shape) & positive
    assert 20 < len(expected) < len(inside(ws, left, shape))
    assert said["n"] == str(len(expected))
    reader.act(reader.page.locator(".mg-legend").get_by_role("button", name="negative").click)
    assert reader.selected()["n"] == str(len(expected))


def test_other_axes_are_drawn_and_lassoed_on(reader, drawn_workspace):
    ws, left = drawn_workspace.ws, runs_of(drawn_workspace)[0]
    reader.page.locator(".st-key-axes button").click()
    reader.page.get_by_role("combobox", name="Horizontal").click()
    reader.act(reader.page.get_by_role("option", name="aum").click)
    reader.page.keyboard.press("Escape")
    reader.settle()
    (low, high), _ = reader.page.evaluate(LAYOUT, left)
    aum = ws.map(left).values["aum"]
    assert low < aum.min() < aum.max() < high
    said = reader.drag(left, ((0.3, 0.02), (0.9, 0.02), (0.9, 0.6), (0.3, 0.6)))
    (shape,) = reader.page.evaluate(SHAPES, left)
    from matplotlib.path import Path

    outline = Path(np.array([p.split(",") for p in shape["path"].strip("MZ").split("L")], float))
    xy = np.column_stack([aum, ws.map(left).values["confidence"]])
    assert said["n"] == str(outline.contains_points(xy).sum())


def test_zoom_is_shared_unless_the_maps_are_unlinked(reader, drawn_workspace):
    left, right = runs_of(drawn_workspace)
    home = reader.page.evaluate(LAYOUT, left)
    reader.act(reader.page.get_by_role("button", name="Zoom in").click)
    assert reader.page.evaluate(LAYOUT, left) == reader.page.evaluate(LAYOUT, right) != home
    reader.act(reader.page.get_by_role("button", name="Show everything").click)
    reader.act(reader.page.locator("[data-tool=link]").click)
    reader.act(reader.page.get_by_role("button", name="Zoom in").click)
    active = reader.page.locator("[data-run]:has(.mg-title[aria-pressed=true])").get_attribute("data-run")
    other = right if active == left else left
    assert reader.page.evaluate(LAYOUT, active) != home
    assert reader.page.evaluate(LAYOUT, other) == home
    reader.act(reader.page.locator("[data-tool=link]").click)
    assert reader.page.evaluate(LAYOUT, other) == reader.page.evaluate(LAYOUT, active) != home


def test_the_mean_of_the_runs_shown_is_one_click_away_and_can_be_lassoed(reader, drawn_workspace):
    ws = drawn_workspace.ws
    reader.act(reader.page.locator(".st-key-average button").first.click)
    mean = next(i for i in (e.get_attribute("data-run") for e in reader.page.locator("[data-run]").all()) if len(runs_in(i)) > 1)
    assert set(runs_in(mean)) == set(runs_of(drawn_workspace))
    assert mean == mean_id(runs_in(mean))
    said = reader.drag(mean, ((0.1, 0.05), (0.6, 0.1), (0.5, 0.6), (0.1, 0.5)))
    (shape,) = reader.page.evaluate(SHAPES, mean)
    assert said["n"] == str(len(inside(ws, mean, shape)))
    assert int(said["n"]) > 50
    reader.page.wait_for_url(lambda url: "mean" in url)


@pytest.mark.slow
def test_pictures_are_as_fine_as_the_screen(browser, app_url, drawn_workspace):
    left = runs_of(drawn_workspace)[0]
    sizes = {}
    for dpr in (1, 2):
        context = browser.browser.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=dpr)
        reader = Reader(context.new_page()).open(app_url)
        reader.page.wait_for_timeout(800)  # the browser tells its screen once it has drawn
        reader.settle()
        width, height = reader.page.evaluate(SIZE, left)
        area = reader.page.locator(f"[data-run='{left}'] .nsewdrag").bounding_box()
        assert area is not None
        sizes[dpr] = width / area["width"], height / area["height"]
        context.close()
    assert all(0.95 < dots / dpr < 1.4 for dpr, both in sizes.items() for dots in both), sizes


def test_a_click_opens_the_nearest_example_and_with_shift_or_alt_it_is_a_step(reader, drawn_workspace):
    ws, left = drawn_workspace.ws, runs_of(drawn_workspace)[0]
    area = reader.page.locator(f"[data-run='{left}'] .nsewdrag").bounding_box()
    assert area is not None
    at = area["x"] + 0.3 * area["width"], area["y"] + 0.3 * area["height"]
    reader.act(lambda: reader.page.mouse.click(*at))
    (x0, x1), (y0, y1) = reader.page.evaluate(LAYOUT, left)
    x, y = x0 + 0.3 * (x1 - x0), y1 - 0.3 * (y1 - y0)
    frame = ws.map(left).frame()
    nearest = frame.loc[(((frame["variability"] - x) / (x1 - x0)) ** 2 + ((frame["confidence"] - y) / (y1 - y0)) ** 2).idxmin(), "id"]
    reader.page.locator(".section", has_text=nearest).wait_for()
    counts = []
    for key in ("Shift", "Alt"):
        reader.page.keyboard.down(key)
        counts.append(reader.act(lambda: reader.page.mouse.click(*at))["n"])
        reader.page.keyboard.up(key)
    assert counts == ["1", "0"]
