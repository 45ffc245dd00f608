"""How large maps are, and of how many cells: by the width of the page and the pixels of the screen, as the browser reports them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

USUAL = {"width": 1392, "dpr": 1.0}  # until the browser has said otherwise: a page 1440 px wide, one dot a pixel
EDGES_PX = 70  # of a map, what axes and histograms take
DOTS_A_PX = 1.25  # at least: finer than the pixels, so that a stretched picture stays sharp
MOST_CELLS = 1_200_000
HEIGHTS = {1: 440, 2: 400, 3: 380}  # by the number of maps; more are lower


class Size(NamedTuple):
    """`asked`: what it was made for; `columns` of maps, `height` of each in CSS pixels; `cells` across and down; `reach` of lone points."""

    asked: dict[str, float]
    columns: int
    height: int
    cells: tuple[int, int]
    reach: int


def size(said: Mapping[str, Any] | None, maps: int) -> Size:
    """For `maps` maps on the screen that the browser reported: `{width, dpr}`, or None so far."""
    asked = {name: _number((said or {}).get(name), usual) for name, usual in USUAL.items()}
    columns, height = maps if maps <= 4 else 3, HEIGHTS.get(maps, 330)
    dots = max(DOTS_A_PX, asked["dpr"])
    width, tall = max(asked["width"] / columns - EDGES_PX, 120), height - EDGES_PX
    dots *= min(1.0, (MOST_CELLS / (dots * dots * width * tall)) ** 0.5)
    return Size(asked, columns, height, (round(dots * width), round(dots * tall)), 2 if asked["dpr"] >= 1.75 else 1)


def _number(value: Any, usual: float) -> float:
    """A browser can say anything."""
    fine = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 20_000
    return float(value) if fine else usual
