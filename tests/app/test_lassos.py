"""A hundred random lassos, most of them crossing themselves: the ids are those that other people's geometry gives.

matplotlib decides most of them: like us it counts crossings (even-odd), which the pentagram below makes sure of. It promises nothing for
points on an edge, so that those are settled in whole numbers.
"""

from fractions import Fraction

import numpy as np
import pytest
from matplotlib.path import Path as Outline

from ftft.domain import Lasso, Selection, Step, digest_of_ids
from tests.app.test_maps import Reader

HEADLESS, BY_HAND = 90, 10
PIXEL = 1.5  # how far from an outline its place on the screen still decides


def outline(dice: np.random.Generator, crossing: bool, corners: int = 12) -> np.ndarray:
    """(K, 2) corners in [0, 1]: round a middle, or, `crossing`, in any order, so that the edges cross each other."""
    reach = dice.uniform(0.1, 0.45)
    middle = dice.uniform(reach, 1 - reach, 2)
    if crossing:
        return middle + dice.uniform(-reach, reach, (corners, 2))
    angles = np.sort(dice.uniform(0, 2 * np.pi, corners))
    return middle + (reach * dice.uniform(0.4, 1, corners) * np.array([np.cos(angles), np.sin(angles)])).T


def lasso_step(run: str, points) -> Step:
    return Step("new", "region", {"run": run, "shapes": (Lasso(tuple(map(tuple, points))),)})


def test_matplotlib_counts_crossings_as_we_do():
    angles = np.arange(5) * 4 * np.pi / 5
    pentagram = np.array([np.cos(angles), np.sin(angles)]).T
    assert Outline(pentagram).contains_points([(0, 0), (0.6, 0), (2, 0)]).tolist() == [False, True, False]


@pytest.mark.parametrize("k", range(HEADLESS // 10))
def test_random_lassos_hold_what_matplotlib_says_they_hold(k, drawn_workspace):
    ws, runs, dice, sizes = drawn_workspace.ws, [run.id for run in drawn_workspace.runs], np.random.default_rng(k), []
    ids_N = ws.data.ids("reviews")
    for n in range(10):
        run = runs[n % len(runs)]
        points = outline(dice, crossing=n % 10 < 7) * (0.5, 1.0)
        mask_N = ws.resolve(Selection("reviews", (lasso_step(run, points.tolist()),)))
        frame = ws.map(run).frame()
        inside_N = Outline(points).contains_points(frame[["variability", "confidence"]].to_numpy())
        assert set(ids_N[mask_N]) == set(frame["id"][inside_N])
        sizes.append(int(mask_N.sum()))
    assert sum(size > 0 for size in sizes) >= 8


def test_on_a_lattice_every_point_on_an_edge_or_a_corner_is_in(ws, tmp_path):
    """Whole numbers leave no doubt: corners, edges and crossings fall on the points themselves."""
    from ftft import outlines

    side, dice = 9, np.random.default_rng(0)
    x_N, y_N = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(side), np.arange(side)))
    for _ in range(40):
        corners = [tuple(map(int, corner)) for corner in dice.integers(0, side, (dice.integers(3, 9), 2))]
        mask_N = outlines.inside(x_N, y_N, [Lasso(tuple((float(x), float(y)) for x, y in corners))])
        expected = [holds(corners, int(x), int(y)) for x, y in zip(x_N, y_N, strict=True)]
        assert mask_N.tolist() == expected, corners


def holds(corners: list[tuple[int, int]], x: int, y: int) -> bool:
    """Even-odd in whole numbers; a point on an edge is in."""
    crossings = 0
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        beside = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if beside == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return True
        if (ay > y) != (by > y):
            crossings += x < ax + Fraction(y - ay, by - ay) * (bx - ax)
    return crossings % 2 == 1


# ---- with a real mouse

AXES = """run => { const plot = document.querySelector(`[data-run='${run}'] .js-plotly-plot`), box = plot.getBoundingClientRect();
  return Object.fromEntries(['xaxis', 'yaxis'].map(name => { const axis = plot._fullLayout[name];
    return [name[0], {range: axis.range.map(Number), from: box[name[0]] + axis._offset, length: axis._length}]; })); }"""
SHAPES = "run => document.querySelector(`[data-run='${run}'] .js-plotly-plot`).layout.shapes.map(shape => shape.path)"


def on_screen(axes: dict, xy_N: np.ndarray) -> np.ndarray:
    """(N, 2) where points lie on the screen, in pixels."""
    (left, right), (bottom, top) = axes["x"]["range"], axes["y"]["range"]
    across = axes["x"]["from"] + (xy_N[:, 0] - left) / (right - left) * axes["x"]["length"]
    down = axes["y"]["from"] + (top - xy_N[:, 1]) / (top - bottom) * axes["y"]["length"]
    return np.array([across, down]).T


def distance(points_N: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(N,) how far points are from the nearest edge."""
    nearest_N = np.full(len(points_N), np.inf)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along_N = np.clip((points_N - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1)
        nearest_N = np.minimum(nearest_N, np.hypot(*(points_N - a - along_N[:, None] * (b - a)).T))
    return nearest_N


def test_lassos_drawn_by_hand_hold_what_they_enclose_also_where_the_map_was_panned_and_zoomed(page, app_url, drawn_workspace):
    ws, runs, dice = drawn_workspace.ws, [run.id for run in drawn_workspace.runs], np.random.default_rng(7)
    reader, sizes = Reader(page).open(app_url), []
    frames = {run: ws.map(run).frame() for run in runs}
    for n in range(BY_HAND):
        run = runs[n % 2]
        if n in (3, 6):
            reader.act(page.get_by_role("button", name="Zoom in").click)
        if n == 6:
            pan(reader, run)
        axes = page.evaluate(AXES, run)
        corners = outline(dice, crossing=n % 3 > 0, corners=7)
        reader.drag(run, corners.tolist())
        frame = frames[run]
        xy_N = frame[["variability", "confidence"]].to_numpy()
        path = np.array([point.split(",") for point in page.evaluate(SHAPES, run)[-1].strip("MZ").split("L")], float)
        inside_N = Outline(path).contains_points(xy_N)
        reader.await_selected(int(inside_N.sum()), digest_of_ids(frame["id"][inside_N]) if inside_N.any() else "")
        drawn = np.array((axes["x"]["from"], axes["y"]["from"])) + corners * (axes["x"]["length"], axes["y"]["length"])
        pixels_N = on_screen(axes, xy_N)
        sure_N = distance(pixels_N, drawn) > PIXEL
        assert (Outline(drawn).contains_points(pixels_N) == inside_N)[sure_N].all()
        sizes.append(int(inside_N.sum()))
    assert sum(size > 0 for size in sizes) >= BY_HAND - 3


def pan(reader: Reader, run: str) -> None:
    """Moves the map under the hand, and takes the lasso again."""
    reader.hold("pan")
    area = reader.page.locator(f"[data-run='{run}'] .nsewdrag").bounding_box()
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2

    def draw() -> None:
        reader.page.mouse.move(x, y)
        reader.page.mouse.down()
        reader.page.mouse.move(x + 45, y + 60, steps=4)
        reader.page.mouse.up()

    reader.act(draw)
    reader.hold("lasso")
