"""Which points of a map lie in a box or a lasso: exactly, and with nothing prepared, since a map over other epochs has other points.

A box or lasso is tested against every point, not against pixels; points on an edge belong to it. What no edge comes near is settled by a
coarse grid; floating point decides the rest where it is sure, and fractions where it is not.

Shapes: N points of a map, M of them, E edges of a lasso, R rows and as many columns of the grid.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from operator import itemgetter

import numpy as np

from ftft.domain import Box, Lasso

EPSILON = float(np.finfo(np.float64).eps)
SMALLEST = float(np.finfo(np.float64).tiny)  # below it, numbers lose digits
FEW = 4_000  # so many points are tested against the edges themselves
BLOCK = 1 << 15  # points looked at together: what is worked out of them stays in the processor's cache
ROWS = 256  # R
OUT, IN, NEAR = 0, 1, 2  # of a cell: outside of the lasso, inside, or near an edge

Points = Sequence[tuple[float, float]]


def inside(x_N: np.ndarray, y_N: np.ndarray, shapes: Iterable[Box | Lasso]) -> np.ndarray:
    """Mask (N,) of the points in any of the shapes, edges included. A point without coordinates (NaN) is in none."""
    assert x_N.shape == y_N.shape
    mask_N = np.zeros(len(x_N), dtype=bool)
    for shape in shapes:
        if isinstance(shape, Box):
            mask_N |= _in_box(x_N, y_N, shape)
        else:
            _mark_lasso(mask_N, x_N, y_N, shape.points)
    return mask_N


def _in_box(x_N: np.ndarray, y_N: np.ndarray, box: Box) -> np.ndarray:
    (left, right), (low, high) = sorted((box.x0, box.x1)), sorted((box.y0, box.y1))
    mask_N = x_N >= left
    mask_N &= x_N <= right
    mask_N &= y_N >= low
    mask_N &= y_N <= high
    return mask_N


def _mark_lasso(mask_N: np.ndarray, x_N: np.ndarray, y_N: np.ndarray, outline: Points) -> None:
    """Sets the mask for points with an odd number of edges to their right, and for those on an edge."""
    xs, ys = zip(*outline, strict=True)
    box = Box(min(xs), max(xs), min(ys), max(ys))
    verdict_of = _verdicts(box, outline) if len(x_N) > FEW else None
    near = []
    for start in range(0, len(x_N), BLOCK):
        x, y = x_N[start : start + BLOCK], y_N[start : start + BLOCK]
        places = np.flatnonzero(_in_box(x, y, box))
        if verdict_of and len(places):
            verdict = verdict_of(x[places], y[places])
            mask_N[start + places[verdict == IN]] = True
            places = places[verdict == NEAR]
        near.append(start + places)
    places = np.concatenate(near) if near else np.array([], dtype=int)
    places = places[np.argsort(y_N[places])]
    mask_N[places] |= _enclosed(x_N[places], y_N[places], outline)


# ---- the grid over a lasso


def _verdicts(box: Box, outline: Points) -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """What the grid says of points in `box`, which holds the lasso; None where numbers are too far apart, or too near, for a grid."""
    with np.errstate(over="ignore"):
        corner, size = np.array([box.x0, box.y0]), np.array([box.x1, box.y1]) - (box.x0, box.y0)
        scale = ROWS / np.maximum(size, SMALLEST)
    if not (np.isfinite(size) & np.isfinite(scale)).all():
        return None
    grid = _grid(*((np.array(outline) - corner) * scale).T).ravel()

    def verdict_of(x_M: np.ndarray, y_M: np.ndarray) -> np.ndarray:
        column_M, row_M = (  # rounding may put a point into the next
            np.minimum(((v_M - low) * k).astype(np.int32), ROWS - 1) for v_M, low, k in zip((x_M, y_M), corner, scale, strict=True)
        )
        return grid[row_M * ROWS + column_M]

    return verdict_of


def _grid(x_E: np.ndarray, y_E: np.ndarray) -> np.ndarray:
    """(R, R) OUT, IN or NEAR, rows from below, of a lasso whose corners are given in cells.

    Around each cell that is not NEAR lie eight cells without an edge: no rounding reaches so far.
    """
    dx_E, dy_E = np.roll(x_E, -1) - x_E, np.roll(y_E, -1) - y_E
    centre_R = np.arange(ROWS) + 0.5
    low_E, high_E = y_E + np.minimum(dy_E, 0), y_E + np.maximum(dy_E, 0)
    edge, row = np.nonzero((low_E[:, None] <= centre_R) & (centre_R < high_E[:, None]))
    column = np.clip(x_E[edge] + (centre_R[row] - y_E[edge]) / dy_E[edge] * dx_E[edge], 0, ROWS).astype(np.int32)
    crossings = np.bincount(row * (ROWS + 1) + column, minlength=ROWS * (ROWS + 1)).reshape(ROWS, ROWS + 1)
    to_the_right = crossings[:, :0:-1].cumsum(axis=1)[:, ::-1]  # of each cell's centre, along its row
    return np.where(_near(x_E, y_E, dx_E, dy_E), NEAR, to_the_right % 2).astype(np.uint8)


def _near(x_E: np.ndarray, y_E: np.ndarray, dx_E: np.ndarray, dy_E: np.ndarray) -> np.ndarray:
    """(R, R) bool: the cells through which an edge goes, and all around them. Edges are followed in steps of half a cell."""
    steps_E = np.ceil(2 * np.maximum(abs(dx_E), abs(dy_E))).astype(int) + 1
    edge = np.repeat(np.arange(len(x_E)), steps_E)
    done = (np.arange(len(edge)) - (np.cumsum(steps_E) - steps_E)[edge]) / steps_E[edge]
    column, row = (np.clip(start[edge] + done * length[edge], 0, ROWS - 1).astype(np.int32) for start, length in ((x_E, dx_E), (y_E, dy_E)))
    around = np.zeros((ROWS + 2, ROWS + 2), dtype=bool)
    for up in range(3):
        for right in range(3):
            around[row + up, column + right] = True
    return around[1:-1, 1:-1]


# ---- the edges themselves


def _enclosed(x: np.ndarray, y: np.ndarray, outline: Points) -> np.ndarray:
    """Mask of the points, y ascending, that are in the outline.

    An edge spans the rows from its lower end (included) to its upper end (excluded), so that a corner counts once.
    """
    odd, on_edge = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    row_of = {level: (np.searchsorted(y, level, "left"), np.searchsorted(y, level, "right")) for level in {py for _, py in outline}}
    for start, end in pairwise((*outline, outline[0])):
        (px, py), (qx, qy) = sorted((start, end), key=itemgetter(1))
        level = slice(*row_of[qy])  # the points level with the upper end
        first, last = sorted((px, qx)) if py == qy else (qx, qx)  # a whole horizontal edge, or the tip
        on_edge[level] |= (x[level] >= first) & (x[level] <= last)
        rows = slice(row_of[py][0], row_of[qy][0])
        left, on = _beside_edge(x[rows], y[rows], px, py, qx, qy)
        odd[rows] ^= left
        on_edge[rows][on] = True
    return odd | on_edge


def _beside_edge(x: np.ndarray, y: np.ndarray, px: float, py: float, qx: float, qy: float) -> tuple[np.ndarray, np.ndarray]:
    """Which points lie left of the edge from p up to q (mask), and which lie on it (places): exactly, for rows py <= y < qy."""
    if py == qy or px == qx:
        return x < px, np.flatnonzero(x == px)
    slope = (qx - px) / (qy - py)
    rounding = 8 * EPSILON * (abs(px) + abs(qx)) + SMALLEST if SMALLEST < abs(slope) < math.inf else math.inf
    with np.errstate(over="ignore", invalid="ignore"):  # then it is not sure
        gap = px + (y - py) * slope - x
    left, on = gap > 0, []
    for n in np.flatnonzero(~(np.abs(gap) > rounding)):
        dx, dy = Fraction(qx) - Fraction(px), Fraction(qy) - Fraction(py)
        exact = dx * (Fraction(y[n]) - Fraction(py)) - dy * (Fraction(x[n]) - Fraction(px))
        left[n] = exact > 0
        if exact == 0:
            on.append(n)
    return left, np.array(on, dtype=int)
