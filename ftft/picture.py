"""Many examples as a picture of small cells: the mean colour of a cell's examples, its opacity by how many they are.

Opacity follows the rank of the count, so that the tail has as much contrast as the bulk. An example alone in its cell would be too small
to see: it grows to a plus.

Shapes: N examples, P = H x W cells, row by row from the upper left corner; cell P stands for "outside".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grid:
    """The part of the plane that is shown, and how many cells it is cut into. Its edges belong to it."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int
    height: int

    def cells(self, x_N: np.ndarray, y_N: np.ndarray) -> np.ndarray:
        """(N,) the cell of each example; P where it lies outside or has no coordinates."""
        (left, right), (bottom, top) = self.x, self.y
        inside_N = (x_N >= left) & (x_N <= right) & (y_N >= bottom) & (y_N <= top)
        column_N = ((np.where(inside_N, x_N, left) - left) / (right - left) * self.width).astype(int)
        row_N = ((top - np.where(inside_N, y_N, top)) / (top - bottom) * self.height).astype(int)
        cell_N = np.minimum(row_N, self.height - 1) * self.width + np.minimum(column_N, self.width - 1)
        return np.where(inside_N, cell_N, self.width * self.height)


def paint(
    grid: Grid,
    cell_N: np.ndarray,
    shown_N: np.ndarray,
    value_N: np.ndarray,
    rgb: Callable[[np.ndarray], np.ndarray],
    values: int | None,
    opacity: tuple[float, float],
) -> np.ndarray:
    """(H, W, 4) uint8 of the examples that are `shown_N`. `rgb` gives the colours (P, 3), in [0, 1], of P values.

    `values`: how many values without an order there are; None for numbers. `opacity`: of the emptiest and the fullest cell; where only
    some of a cell's examples are shown, it is fainter.
    """
    cells = grid.width * grid.height
    whole_P = _count(cell_N, cells)
    cell_N, value_N = cell_N[shown_N], value_N[shown_N]
    count_P = _count(cell_N, cells)
    hit_P = count_P > 0
    mean_P = _mean(cell_N, value_N, count_P) if values is None else _commonest(cell_N, value_N, cells, values)
    picture_P = np.zeros((cells, 4))
    picture_P[hit_P, :3] = rgb(mean_P[hit_P])
    faintest, densest = opacity
    by_rank = faintest + (densest - faintest) * _ranks(count_P[hit_P])
    picture_P[hit_P, 3] = by_rank * np.sqrt(count_P[hit_P] / whole_P[hit_P])
    shape = grid.height, grid.width
    picture = (picture_P * 255).round().astype(np.uint8).reshape(*shape, 4)
    _grow(picture, (count_P == 1).reshape(shape), (whole_P > 0).reshape(shape))
    return picture


def _count(cell_N: np.ndarray, cells: int, weight_N: np.ndarray | None = None) -> np.ndarray:
    return np.bincount(cell_N, weight_N, minlength=cells + 1)[:cells]


def _mean(cell_N: np.ndarray, value_N: np.ndarray, count_P: np.ndarray) -> np.ndarray:
    return _count(cell_N, len(count_P), value_N) / np.maximum(count_P, 1)


def _commonest(cell_N: np.ndarray, value_N: np.ndarray, cells: int, values: int) -> np.ndarray:
    """Ties are broken at random, but always alike: else the first value would cover the map."""
    draw = np.random.default_rng(0)
    votes = [_count(cell_N[value_N == k], cells) + 0.5 * draw.random(cells) for k in range(values)]
    return np.argmax(votes, axis=0)


def _ranks(count_H: np.ndarray) -> np.ndarray:
    """In [0, 1]: the share of occupied cells with fewer examples; 1 for the fullest."""
    counts, place_H, cells = np.unique(count_H, return_inverse=True, return_counts=True)
    below = cells.cumsum() - cells
    return (below / max(below[-1] if len(counts) else 0, 1))[place_H] if len(counts) > 1 else np.ones(len(count_H))


def _grow(picture: np.ndarray, lone: np.ndarray, taken: np.ndarray) -> None:
    """To the free cells left, right, above and below."""
    here, before = slice(1, None), slice(None, -1)
    source = picture.copy()
    for to, by in (
        ((here,), (before,)),
        ((before,), (here,)),
        ((slice(None), here), (slice(None), before)),
        ((slice(None), before), (slice(None), here)),
    ):
        free = lone[by] & ~taken[to]
        picture[to][free] = source[by][free]
