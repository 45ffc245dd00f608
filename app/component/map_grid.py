"""Python side of the linked maps: mounts the JavaScript in js/, hands data down, hands what the reader did up."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

HERE = Path(__file__).parent
PARTS = ("parts", "toolbar", "chart", "scrubber", "hand", "mount")  # in this order they are one module


@functools.cache
def _component() -> Callable[..., Any]:
    return component(
        "map_grid",
        html="<div class='mg'></div>",
        js="\n".join((HERE / "js" / f"{part}.js").read_text(encoding="utf-8") for part in PARTS),
        css=(HERE / "map_grid.css").read_text(encoding="utf-8"),
        isolate_styles=False,  # Plotly writes its style sheet into the document: inside a shadow root it would miss the charts
    )


def map_grid(
    data: dict[str, Any], *, key: str, on_step: Callable[[], None], on_command: Callable[[], None], on_pick: Callable[[], None],
    on_epochs: Callable[[], None], on_legend: Callable[[], None],
) -> None:  # fmt: skip
    """Draws the maps. `data` is described in js/parts.js.

    What the reader did is read in the callbacks from `st.session_state[key]`: `.step` = {op, run, shape} or {op, run, region, q};
    `.command` = undo, redo or clear; `.pick` = {op, run, x, y}; `.epochs` = [first, last]; `.legend` = {part, parts}. The states
    `.views` ({axes, views}), `.active` (a run's id) and `.screen` ({width, dpr}) survive reruns.
    """
    _component()(
        key=key,
        data=data,
        on_step_change=on_step,
        on_command_change=on_command,
        on_pick_change=on_pick,
        on_epochs_change=on_epochs,
        on_legend_change=on_legend,
        on_views_change=lambda: None,
        on_active_change=lambda: None,
        on_screen_change=lambda: None,
    )
