"""The maps themselves: what the component needs to know of each, and what it reports back."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import streamlit as st

from app import brush, looks, mapmodel, parts, screen, theme
from app.component.map_grid import map_grid
from app.looks import Look
from app.mapmodel import DrawnMap
from app.panels import scrubber
from app.panels.choice import Choice
from app.panels.map_words import note, subtitle
from app.panels.members import members, moved_to_others
from app.shading import View
from app.shown import Shown
from ftft import Workspace
from ftft.domain import Selection

KEY = "maps"
WORKERS = 2  # maps that are worked out at a time: NumPy lets go of the interpreter for most of it
state = st.session_state


def active_run(choice: Choice) -> Shown:
    """The run whose title was clicked last: regions and the table go by its dynamics."""
    wanted = said("active")
    return next((run for run in choice.runs if run.id == wanted), choice.runs[0])


def said(name: str) -> Any:
    """What the component last said under this name; it forgets everything when the page is left."""
    return (state.get(KEY) or {}).get(name)


def linked_maps(ws: Workspace, choice: Choice, chosen: tuple[np.ndarray, str] | None) -> None:
    """Draws all chosen maps, with what is selected in colour on grey. `chosen`: as `selected` gives it."""
    maps = [ws.map(run.id, choice.epochs_of(run)) for run in choice.runs]
    look = looks.look(ws, choice.dataset, choice.colour, theme.mode(), choice.runs, maps, _off(choice))
    size = screen.size(said("screen"), len(choice.runs))
    views = _views(ws, choice, size)
    drawn, pictures = _draw(ws, choice, look, views, chosen[0] if chosen else None)
    data = {
        "maps": [_one_map(ws, choice, run, drawn[run.id], views[run.id], chosen) | pictures[run.id] for run in choice.runs],
        "screen": size.asked,
        "columns": size.columns,
        "height": size.height,
        "legend": _legend(look),
        "scrubber": scrubber.data(ws, choice, active_run(choice)),
        "status": _status(choice, drawn, views),
        "selected": chosen is not None,
        **_frame(choice),
    }
    with st.container(key="map_grid"):
        map_grid(
            data, key=KEY, on_step=lambda: _on_step(choice, look),
            on_command=lambda: brush.act(choice.dataset.name, state[KEY].command),
            on_pick=lambda: _on_pick(ws, choice.dataset.name, drawn, views),
            on_epochs=lambda: scrubber.keep(choice, state[KEY].epochs),
            on_legend=lambda: _on_legend(choice),
        )  # fmt: skip


def _draw(
    ws: Workspace, choice: Choice, look: Look, views: Mapping[str, View], mask_N: np.ndarray | None
) -> tuple[dict[str, DrawnMap], dict[str, dict[str, Any]]]:
    """Each map, and its pictures: what takes long, and asks nothing of Streamlit, two maps at a time."""
    history, grey = brush.history(choice.dataset.name), theme.tokens()["base"]
    moved = {} if mask_N is None else moved_to_others(choice, history.now)
    dataset, maps = (choice.dataset.name, choice.dataset.fingerprint), len(choice.runs)

    def draw(run: Shown) -> tuple[DrawnMap, dict[str, Any]]:
        epochs = choice.epochs_of(run)
        m = mapmodel.drawn(ws, dataset, run.id, epochs, choice.x, choice.y, look)
        if mask_N is None:  # what its title will say takes long, too
            mapmodel.regions(ws, run.id, epochs)
        elif run.id in moved:
            members(ws, choice, moved[run.id])
        return m, _picture(m, views[run.id], mask_N, maps, grey)

    with ThreadPoolExecutor(WORKERS) as pool:
        made = list(zip(choice.runs, pool.map(draw, choice.runs), strict=True))
    return {run.id: m for run, (m, _) in made}, {run.id: pictures for run, (_, pictures) in made}


def _frame(choice: Choice) -> dict[str, Any]:
    """What is the same for all maps, and costs nothing."""
    history, t = brush.history(choice.dataset.name), theme.tokens()
    return {
        "zoomed": bool(_zoomed(choice)),
        "views": _zoomed(choice),
        "gl": len(choice.runs) <= mapmodel.GL_MAPS,
        "x_title": looks.words(choice.x),
        "y_title": looks.words(choice.y),
        "usual": (choice.x, choice.y) == (brush.X, brush.Y),
        "axes": f"{choice.x}|{choice.y}",
        "active": active_run(choice).id,
        "can_undo": bool(history.past),
        "can_redo": bool(history.future),
        "theme": {name: t[name] for name in ("muted", "grid", "line")},
        "stamp": str(time.time_ns()),
    }


# ---- what is seen


def _views(ws: Workspace, choice: Choice, size: screen.Size) -> dict[str, View]:
    zoomed, runs = _zoomed(choice), [(run.id, choice.epochs_of(run)) for run in choice.runs]
    x, y = mapmodel.home(ws, runs, choice.x, choice.y)
    views = {}
    for run, _ in runs:
        part = zoomed.get(run) or zoomed.get("all")
        ranges = (tuple(part["x"]), tuple(part["y"])) if part else (x, y)
        views[run] = View(*ranges, *size.cells, size.reach)
    return views


def _zoomed(choice: Choice) -> Mapping[str, Any]:
    """What was zoomed to on these axes: under "all" where the maps are linked, else under the run's id."""
    wanted = said("views") or {}
    return wanted.get("views", {}) if wanted.get("axes") == f"{choice.x}|{choice.y}" else {}


def _status(choice: Choice, drawn: Mapping[str, DrawnMap], views: Mapping[str, View]) -> str:
    run = active_run(choice).id
    return f"{parts.of(mapmodel.in_view(drawn[run], views[run]), drawn[run].n)} in view" if _zoomed(choice) else ""


def _off(choice: Choice) -> frozenset[int]:
    """Parts of the legend that are switched off, of this dataset's legend by this colour."""
    by, off = state.get("legend_off", {}).get(choice.dataset.name, ("", ()))
    return frozenset(off) if by == choice.colour else frozenset()


def _legend(look: Look) -> dict[str, Any]:
    return {
        "title": looks.words(look.by), "by": look.by, "colours": look.colours, "ticks": look.ticks, "nominal": look.nominal,
        "off": sorted(look.off), "parts": look.parts if look.filters else 0,
    }  # fmt: skip


# ---- one map


def _picture(m: DrawnMap, view: View, mask_N: np.ndarray | None, maps: int, grey: str) -> dict[str, Any]:
    """Pictures and histograms."""
    as_points = mapmodel.as_points(m, view, maps)
    chosen = None if mask_N is None else mapmodel.lit(m, view, mask_N)
    return {
        "base": None if as_points else mapmodel.picture(m, view, None if mask_N is None else grey),
        "lit": None if as_points or chosen is None else mapmodel.highlight(m, view, chosen),
        **mapmodel.histograms(m, view, chosen),
    }


def _one_map(ws: Workspace, choice: Choice, run: Shown, m: DrawnMap, view: View, chosen: tuple[np.ndarray, str] | None) -> dict[str, Any]:
    selection, epochs, focus = brush.history(choice.dataset.name).now, choice.epochs_of(run), state.get("focus")
    mask_N, dataset = chosen[0] if chosen else None, choice.dataset.name
    as_points = mapmodel.as_points(m, view, len(choice.runs))
    words, hint = note(ws, choice, run, mask_N)
    return {
        "run": run.id,
        "name": run.name,
        "subtitle": subtitle(ws, run, epochs, ws.map(run.id, epochs).n),
        "live": any(r.state == "running" for r in run.runs),
        "note": words,
        "hint": hint,
        "view": {"x": view.x, "y": view.y},
        "flat": _flat(choice, m, epochs),
        "points": mapmodel.points(m, view, mask_N, theme.tokens()["base"]) | _hover(ws, choice, ws.data.ids(dataset), m, view)
        if as_points
        else None,
        "outlines": _outlines(choice, selection, run.id, epochs),
        "ring": mapmodel.ring(m, None if focus is None else ws.data.place(dataset, focus)),
        "key": str(hash((run.id, epochs, m.look, choice.x, choice.y, chosen and chosen[1], selection.hash, focus, view))),
    }


def _flat(choice: Choice, m: DrawnMap, epochs: tuple[int, int]) -> str:
    """What is said across a map that has nothing to show."""
    if epochs[0] == epochs[1] and "variability" in (choice.x, choice.y):
        return "Variability needs two epochs"
    return "" if m.n else "The legend hides every example"


def _outlines(choice: Choice, selection: Selection, run: str, epochs: tuple[int, int]) -> list[dict[str, Any]]:
    """What was drawn on this map as it is shown: outlines drawn on other axes or over other epochs would enclose other points here."""
    here = {"run": run, "epochs": list(epochs), "x": choice.x, "y": choice.y}
    drawn = [s for s in selection.steps if s.by == "region" and all(s[name] == value for name, value in here.items())]
    return [{"op": step.op, "shape": shape.to_json()} for step in drawn for shape in step["shapes"]]


@st.cache_data(show_spinner=False, max_entries=32)
def _texts(_ws: Workspace, dataset: str, fingerprint: str, rows: tuple[int, ...]) -> dict[str, str]:
    mask_N = np.zeros(len(_ws.data.ids(dataset)), bool)
    mask_N[list(rows)] = True
    frame, _ = _ws.examples(dataset, mask_N, sort="row", descending=False, limit=len(rows))
    columns = zip(frame["id"], frame["label"], frame["text"], strict=True)
    return {example: f"{_safe(example)} · {_safe(label)}<br>{_safe(text[:80])}" for example, label, text in columns}


def _safe(text: str) -> str:
    """Plotly reads a few tags in hover texts."""
    return text.replace("<", "‹").replace(">", "›")


def _hover(ws: Workspace, choice: Choice, ids_N: np.ndarray, m: DrawnMap, view: View) -> dict[str, list[Any]]:
    rows = mapmodel.rows_in_view(m, view)
    texts = _texts(ws, choice.dataset.name, choice.dataset.fingerprint, tuple(rows.tolist())) if len(rows) else {}
    ids = ids_N[rows].tolist()
    return {"id": ids, "text": [texts.get(example, example) for example in ids]}


# ---- up


def _on_step(choice: Choice, look: Look) -> None:
    drawn = state[KEY].step
    run = next((run for run in choice.runs if run.id == drawn["run"]), None)
    if run is not None:  # it may have been taken off the page in the meantime
        epochs = choice.epochs_of(run)
        step = brush.step_of(drawn, epochs, choice.x, choice.y, looks.hidden_by(look, run.id, epochs))
        brush.select(choice.dataset.name, step)


def _on_legend(choice: Choice) -> None:
    """One part is switched on or off; switching off the last one shows all again."""
    part, off = int(state[KEY].legend["part"]), set(_off(choice))
    off ^= {part}
    all_of_them = len(off) == int(state[KEY].legend["parts"])
    state.setdefault("legend_off", {})[choice.dataset.name] = (choice.colour, () if all_of_them else tuple(sorted(off)))


def _on_pick(ws: Workspace, dataset: str, drawn: Mapping[str, DrawnMap], views: Mapping[str, View]) -> None:
    """A click opens the nearest example; with Shift or Alt it adds it to the selection, or takes it away."""
    at = state[KEY].pick
    row = mapmodel.nearest(drawn[at["run"]], views[at["run"]], at["x"], at["y"]) if at["run"] in drawn else None
    if row is None:
        return
    example = str(ws.data.ids(dataset)[row])
    if at.get("op"):
        brush.pick(dataset, example, at["op"])
    else:
        state.focus = example
