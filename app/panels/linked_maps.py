"""The maps themselves: what the component needs to know of each, and what it reports back."""

import time
from typing import Any

import numpy as np
import streamlit as st

from app import brush, mapmodel, parts, theme
from app.component.map_grid import map_grid
from app.mapmodel import HOME, DrawnMap, Look
from app.panels.choice import Choice
from app.shading import View
from ftft import Workspace
from ftft.domain import Run, Selection, digest_of_ids

KEY = "maps"
SCREEN_PX, EDGES_PX = 1392, 80  # what all maps share on a 1440 px screen, and what axes and histograms take of each
CELLS_A_PX = 1.25
state = st.session_state


@st.cache_resource(show_spinner=False, max_entries=64)
def members(_ws: Workspace, fingerprint: str, file: str, _selection: Selection) -> tuple[np.ndarray, str]:
    """(N,) which examples a selection holds, and the hash of their ids. `file`, its canonical form, is the key."""
    mask_N = _ws.resolve(_selection)
    return mask_N, digest_of_ids(_ws.data.ids(_selection.dataset)[mask_N].tolist())


def selected(ws: Workspace, choice: Choice, selection: Selection) -> tuple[np.ndarray, str] | None:
    """`members`, or None where nothing was ever selected."""
    return members(ws, choice.dataset.fingerprint, selection.hash, selection) if selection.steps else None


def agreement(ws: Workspace, choice: Choice, mask_N: np.ndarray, run: Run) -> tuple[float, float]:
    """Share of the selected examples that the same outlines catch on another run's map, and the share that chance would catch."""
    moved = brush.on_other_run(brush.history(choice.dataset.name).now, run.id, choice.epochs_of(run))
    there_N = members(ws, choice.dataset.fingerprint, moved.hash, moved)[0]
    return float(there_N[mask_N].mean()) if mask_N.any() else 0.0, float(there_N.mean())


def active_run(choice: Choice) -> Run:
    """The run whose title was clicked last: regions and the table go by its dynamics."""
    wanted = (state.get(KEY) or {}).get("active")
    return next((run for run in choice.runs if run.id == wanted), choice.runs[0])


def linked_maps(ws: Workspace, choice: Choice, mask_N: np.ndarray | None) -> None:
    """Draws all chosen maps, with what `mask_N` selects in colour on grey."""
    wanted = (state.get(KEY) or {}).get("view")
    columns = len(choice.runs) if len(choice.runs) <= 4 else 3
    height = 380 if len(choice.runs) <= 3 else 330
    x, y = (tuple(wanted["x"]), tuple(wanted["y"])) if wanted else HOME
    view = View(x, y, round(CELLS_A_PX * (SCREEN_PX / columns - EDGES_PX)), round(CELLS_A_PX * (height - EDGES_PX)))
    maps = [ws.map(run.id, choice.epochs_of(run)) for run in choice.runs]
    look = mapmodel.look(choice.colour, choice.dataset.labels, theme.mode(), maps)
    known = choice.dataset.name, choice.dataset.fingerprint
    drawn = [mapmodel.drawn(ws, known, run.id, choice.epochs_of(run), look) for run in choice.runs]
    history, t = brush.history(choice.dataset.name), theme.tokens()
    data = {
        "maps": [_one_map(ws, choice, run, d, view, mask_N) for run, d in zip(choice.runs, drawn, strict=True)],
        "view": {"x": view.x, "y": view.y},
        "zoomed": wanted is not None,
        "gl": len(maps) <= mapmodel.GL_MAPS,
        "columns": columns,
        "height": height,
        "x_title": brush.X,
        "y_title": brush.Y,
        "legend": _legend(look),
        "active": active_run(choice).id,
        "can_undo": bool(history.past),
        "can_redo": bool(history.future),
        "selected": mask_N is not None,
        "status": f"{parts.of(mapmodel.in_view(drawn[0], view), len(drawn[0].x_M))} in view" if wanted else "",
        "theme": {name: t[name] for name in ("muted", "grid", "line")},
        "stamp": str(time.time_ns()),
    }
    with st.container(key="map_grid"):
        map_grid(
            data, key=KEY, on_step=lambda: _on_step(choice),
            on_command=lambda: brush.act(choice.dataset.name, state[KEY].command),
            on_pick=lambda: _on_pick(ws, choice, dict(zip((run.id for run in choice.runs), drawn, strict=True)), view),
        )  # fmt: skip


# ---- down


def _one_map(ws: Workspace, choice: Choice, run: Run, m: DrawnMap, view: View, mask_N: np.ndarray | None) -> dict[str, Any]:
    selection = brush.history(choice.dataset.name).now
    epochs, grey, focus = choice.epochs_of(run), theme.tokens()["base"], state.get("focus")
    as_points = mapmodel.as_points(m, view, len(choice.runs))
    ids = mapmodel.ids(ws, choice.dataset.name, choice.dataset.fingerprint)
    note, hint = _note(ws, choice, run, mask_N)
    return {
        "run": run.id,
        "name": run.spec.model_name,
        "subtitle": _subtitle(ws, run, epochs, len(m.x_M)),
        "live": run.state == "running",
        "note": note,
        "hint": hint,
        "flat": "Variability needs two epochs" if epochs[0] == epochs[1] else "",
        "base": None if as_points else mapmodel.picture(m, view, None if mask_N is None else grey),
        "lit": None if as_points or mask_N is None else mapmodel.highlight(m, view, mask_N),
        "points": mapmodel.points(m, view, mask_N, grey) | _hover(ws, choice, ids.ids_N, m, view) if as_points else None,
        "outlines": _outlines(selection, run.id, epochs),
        "ring": mapmodel.ring(m, ids.place(focus)),
        **mapmodel.histograms(m, view, mask_N),
        "key": hash((run.id, epochs, m.look, selection.hash, focus)),
    }


def _subtitle(ws: Workspace, run: Run, epochs: tuple[int, int], n: int) -> str:
    """Seed, epochs, capture, number of examples; what is the matter with a run that has not succeeded."""
    words = [] if run.spec.seed is None else [f"seed {run.spec.seed}"]
    if run.state == "running":
        going_on = min(run.epochs_recorded + 1, run.spec.epochs or run.epochs_recorded + 1)
        words.append(f"training, epoch {going_on} of {run.spec.epochs}" if run.spec.epochs else f"training, epoch {going_on}")
    elif run.state != "succeeded":
        words.append(run.state)
    words.append(parts.plural(run.epochs_recorded, "epoch") if epochs == (1, run.epochs_recorded) else f"epochs {epochs[0]}–{epochs[1]}")
    how = "metrics alone" if run.measures is not None else ws.map(run.id, epochs).capture.replace("_", " ")
    return " · ".join([*words, how if how != "unknown" else "capture unknown", f"n {parts.num(n)}"])


def _note(ws: Workspace, choice: Choice, run: Run, mask_N: np.ndarray | None) -> tuple[list[tuple[str, bool]], str]:
    """Right of a title, as (text, strong) pieces: the easy share, or where the selection was made and how far the other maps agree."""
    if mask_N is None:
        easy = mapmodel.regions(ws, run.id, choice.epochs_of(run))["easy"]
        return [
            ("easy ", False),
            (parts.pct(easy), True),
        ], "Share of the examples in the easy region: confident, and not among the most variable third"
    if run.id in brush.runs_of(brush.history(choice.dataset.name).now):
        return [("selected here", True)], "The selection was made on this map"
    same, chance = agreement(ws, choice, mask_N, run)
    hint = "Share of the selected examples that the same outlines catch on this map, and what chance would catch"
    return [("agrees ", False), (parts.pct(same), True), (f" · chance {parts.pct(chance)}", False)], hint


def _outlines(selection: Selection, run: str, epochs: tuple[int, int]) -> list[dict[str, Any]]:
    """What was drawn on this map as it is shown: outlines drawn over other epochs would enclose other points here."""
    here = [s for s in selection.steps if s.by == "region" and s["run"] == run and s["epochs"] == list(epochs)]
    return [{"op": step.op, "shape": shape.to_json()} for step in here for shape in step["shapes"]]


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


def _legend(look: Look) -> dict[str, Any]:
    return {"title": look.by.replace("_", " "), "colours": look.colours, "ticks": look.ticks, "nominal": look.nominal}


# ---- up


def _on_step(choice: Choice) -> None:
    drawn = state[KEY].step
    run = next((run for run in choice.runs if run.id == drawn["run"]), None)
    if run is not None:  # it may have been taken off the page in the meantime
        brush.select(choice.dataset.name, brush.step_of(drawn, choice.epochs_of(run)))


def _on_pick(ws: Workspace, choice: Choice, drawn: dict[str, DrawnMap], view: View) -> None:
    at = state[KEY].pick
    row = mapmodel.nearest(drawn[at["run"]], view, at["x"], at["y"]) if at["run"] in drawn else None
    if row is not None:
        state.focus = mapmodel.ids(ws, choice.dataset.name, choice.dataset.fingerprint).ids_N[row]
