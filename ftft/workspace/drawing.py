"""Maps of a workspace as figures for papers: what is drawn, and the words that stand on it.

Shapes: N training examples of the dataset, M examples of a map.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft import figures
from ftft.domain import Box, Lasso, Selection, Step
from ftft.errors import InputError, unknown
from ftft.figures import Axis, Panel, Scale
from ftft.metrics import METRICS

if TYPE_CHECKING:
    from ftft.datamap import DataMap
    from ftft.workspace.maps import Map, Maps

LABEL = "label"
X, Y, COLOUR = "variability", "confidence", "correctness"
Colour = str | tuple[str, np.ndarray] | tuple[str, np.ndarray, Sequence[str]] | None
Epochs = Sequence[int] | Mapping[str, Sequence[int]] | None


def figure(
    maps: "Maps",
    runs: Sequence[str],
    epochs: Epochs,
    selection: Selection | None,
    x: str,
    y: str,
    colour: Colour,
    width: str,
    marginals: bool,
) -> Any:
    """A matplotlib Figure: a map for each run or mean, all with the same axes and colours, and the selection drawn on each."""
    ids = [maps.id(run) for run in runs]
    if not ids:
        raise InputError("a figure of no map", "Name at least one run")
    dataset = _one_dataset(maps, ids, selection)
    drawn = [maps.of(i, epochs.get(i) if isinstance(epochs, Mapping) else epochs) for i in ids]
    chosen_N = None if selection is None else maps.resolve(selection)
    colours = [_colour(maps, dataset, found, colour) for found in drawn]
    panels = [
        Panel(
            found.of_metric(x), found.of_metric(y), found.title, _lines(found, chosen_N), colour_M,
            None if chosen_N is None else _on(maps, dataset, found, chosen_N), _outlines(maps, selection, found, x, y),
        )
        for found, colour_M in zip(drawn, colours, strict=True)
    ]  # fmt: skip
    scale = _scale(maps, dataset, drawn, colour, colours)
    return figures.data_maps(panels, _axis(drawn, x), _axis(drawn, y), scale, width, marginals)


def of_one(found: "Map") -> Any:
    """One map as a notebook shows it; without colours where imported metrics lack correctness."""
    has_colour = COLOUR in found.values
    panel = Panel(found.of_metric(X), found.of_metric(Y), found.title, _lines(found, None), as_shown(found, COLOUR) if has_colour else None)
    return figures.data_maps([panel], _axis([found], X), _axis([found], Y), SHARE if has_colour else None)


def as_shown(found: "DataMap", name: str) -> np.ndarray:
    """(M,) a metric as it is coloured: correctness as a share of the epochs; "never learnt" is forgotten as often as there are epochs."""
    values_M, epochs = found.of_metric(name), found.epochs[1] - found.epochs[0] + 1
    if name == "correctness":
        return values_M / epochs
    return np.nan_to_num(values_M, nan=epochs) if name == "forgetting" else values_M


# ---- words and outlines


def _lines(found: "DataMap", chosen_N: np.ndarray | None) -> tuple[str, ...]:
    (first, last), capture = found.epochs, found.capture.replace("_", " ")
    over = f"epochs {first}–{last}" if first < last else f"epoch {first}"
    how = f"{over} · captured {capture} · n\u00a0=\u00a0{found.n:,}"
    if chosen_N is None:
        return (how,)
    n = int(chosen_N.sum())
    return (how, f"{n:,} of {len(chosen_N):,} selected ({n / len(chosen_N):.1%})")


def _outlines(maps: "Maps", selection: Selection | None, found: "DataMap", x: str, y: str) -> tuple[tuple[np.ndarray, bool], ...]:
    """What was drawn on this very map, over these epochs and on these axes."""
    steps = [step for step in (selection.steps if selection else ()) if step.by == "region" and (step["x"], step["y"]) == (x, y)]
    here = [step for step in steps if maps.id(step["run"]) == found.run and _over(maps, step) == found.epochs]
    return tuple((_corners(shape), step.op == "subtract") for step in here for shape in step["shapes"])


def _over(maps: "Maps", step: Step) -> tuple[int, int]:
    return maps.of(maps.id(step["run"]), step["epochs"]).epochs


def _corners(shape: Box | Lasso) -> np.ndarray:
    """(K, 2) closed: the last point is the first again."""
    if isinstance(shape, Lasso):
        return np.array([*shape.points, shape.points[0]])
    return np.array([(shape.x0, shape.y0), (shape.x1, shape.y0), (shape.x1, shape.y1), (shape.x0, shape.y1), (shape.x0, shape.y0)])


# ---- numbers


SHARE = Scale(COLOUR, 0, 1, ("never right", "always right"))


def _one_dataset(maps: "Maps", ids: Sequence[str], selection: Selection | None) -> str:
    names = {maps.dataset(i) for i in ids} | ({selection.dataset} if selection else set())
    if len(names) > 1:
        raise InputError(
            f"the figure's maps and selection are of different datasets: {', '.join(sorted(names))}", "Draw those of one dataset"
        )
    return names.pop()


def _on(maps: "Maps", dataset: str, found: "DataMap", value_N: np.ndarray) -> np.ndarray:
    """(M,) values that are given in the dataset's order, in that of the map."""
    place_N = maps.places(dataset, found)
    value_M = np.empty(found.n, dtype=value_N.dtype)
    value_M[place_N[place_N >= 0]] = value_N[place_N >= 0]
    return value_M


def _colour(maps: "Maps", dataset: str, found: "DataMap", colour: Colour) -> np.ndarray | None:
    """(M,) what the colours of a map say."""
    if colour is None:
        return None
    if not isinstance(colour, str):
        return _on(maps, dataset, found, np.asarray(colour[1], dtype=np.float64))
    if colour == LABEL:
        return found.gold_N.astype(np.float64)
    if colour not in METRICS:
        raise unknown("colour", colour, (*METRICS, LABEL))
    return as_shown(found, colour)


def _scale(maps: "Maps", dataset: str, drawn: Sequence["DataMap"], colour: Colour, colours: Sequence[np.ndarray | None]) -> Scale | None:
    """One for all maps. Values that are given come with their own name."""
    if colour is None or colour == COLOUR:
        return SHARE if colour else None
    if colour == LABEL:
        labels = maps.workspace.data.get(dataset).labels
        return Scale(LABEL, 0, len(labels) - 1, labels, nominal=True)
    if not isinstance(colour, str) and len(colour) == 3:
        return Scale(colour[0], 0, len(colour[2]) - 1, tuple(colour[2]), nominal=True)
    name = colour if isinstance(colour, str) else colour[0]
    epochs = max(m.epochs[1] - m.epochs[0] + 1 for m in drawn)
    if name == "forgetting":
        return Scale("times forgotten", 0, epochs, ("0", "never learnt"))
    low, high = METRICS[name].range if name in METRICS else (None, None)
    seen_low, seen_high = _bulk([values_M for values_M in colours if values_M is not None])
    low, high = seen_low if low is None or high is None else low, seen_high if low is None or high is None else high
    return Scale(name.replace("_", " "), low, high, (f"{low:.3g}", f"{high:.3g}"))


def _axis(drawn: Sequence["DataMap"], name: str) -> Axis:
    """Over the metric's whole range, or, where the logits decide, over that of the maps."""
    low, high = METRICS[name].range if name in METRICS else (None, None)
    if low is None or high is None:
        every = np.concatenate([m.of_metric(name) for m in drawn])
        every = every[np.isfinite(every)]
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    return Axis(name.replace("_", " "), low, high)


def _bulk(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """From the first to the 99th percentile: one outlier must not flatten the rest."""
    every = np.concatenate(values)
    every = every[np.isfinite(every)]
    low, high = np.percentile(every, (1, 99)) if len(every) else (0.0, 1.0)
    return (float(low), float(high)) if low < high else (float(low) - 0.5, float(low) + 0.5)
