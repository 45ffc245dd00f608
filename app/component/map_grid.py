"""Python side of the linked maps: mounts map_grid.js, hands data down, hands what the reader did up."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

HERE = Path(__file__).parent


@functools.cache
def _component() -> Callable[..., Any]:
    return component(
        "map_grid",
        html="<div class='mg'></div>",
        js=(HERE / "map_grid.js").read_text(encoding="utf-8"),
        css=(HERE / "map_grid.css").read_text(encoding="utf-8"),
        isolate_styles=False,  # Plotly writes its style sheet into the document: inside a shadow root it would miss the charts
    )


def map_grid(
    data: dict[str, Any], *, key: str, on_step: Callable[[], None], on_command: Callable[[], None], on_pick: Callable[[], None]
) -> None:
    """Draws the maps. `data` is described in map_grid.js.

    What the reader did is read in the callbacks from `st.session_state[key]`: `.step` = {op, run, shape} or {op, run, region, q};
    `.command` = undo, redo or clear; `.pick` = {id} or {run, x, y}. The states `.view` ({x, y} or None) and `.active` (a run's id)
    survive reruns.
    """
    _component()(
        key=key,
        data=data,
        on_step_change=on_step,
        on_command_change=on_command,
        on_pick_change=on_pick,
        on_view_change=lambda: None,
        on_active_change=lambda: None,
    )
