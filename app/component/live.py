"""Python side of what lives on the Runs page: a table, curves and a log that change in place, and a pulse that says when to look."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

HERE = Path(__file__).parent


def runs_table(data: dict[str, Any], *, key: str, on_chosen: Callable[[], None], on_filters: Callable[[], None]) -> None:
    """Draws one page of the runs. `data` is described in js/runs_table.js.

    What the reader did is read in the callbacks from `st.session_state[key]`: `.chosen`, a run's id; `.filters` =
    {state, dataset, words, page}.
    """
    _component("runs_table", "<div class='rt'></div>")(key=key, data=data, on_chosen_change=on_chosen, on_filters_change=on_filters)


def run_log(run: str, text: str, *, key: str) -> None:
    """The last lines of a run's log, in a frame that keeps up with its end while the reader is there."""
    _component("run_log", "<div class='rl'></div>")(key=key, data={"run": run, "text": text})


def run_curves(charts: list[dict[str, Any]], *, key: str) -> None:
    """Curves over steps, side by side where there is room. A chart is described in js/run_curves.js."""
    _component("run_curves", "<div class='rc'></div>")(key=key, data={"charts": charts})


def pulse(every_s: float, *, key: str, on_beat: Callable[[], None]) -> None:
    """Calls `on_beat` every so often while the page can be seen.

    Unlike a fragment's timer it may leave it at that: then nothing is drawn again.
    """
    _component("pulse", "")(key=key, data={"every_ms": round(1000 * every_s)}, on_beat_change=on_beat)


@functools.cache
def _component(name: str, html: str) -> Callable[..., Any]:
    return component(
        name,
        html=html or "<i></i>",
        js=(HERE / "js" / f"{name}.js").read_text(encoding="utf-8"),
        css=(HERE / "live.css").read_text(encoding="utf-8"),
        isolate_styles=False,  # colours and fonts are the page's
    )
