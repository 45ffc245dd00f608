"""Design tokens and the Plotly look: the one place where a colour is written down.

Two scales carry meaning in the whole app and are never used for decoration:
- *correctness* (sequential, 0..1): orange, magenta, indigo in OKLCH with falling lightness. It stays ordered for protan, deutan and
  tritan eyes and in grey print; its three anchors are also the colours of hard, ambiguous and easy.
- *difference* (diverging): loss (ochre), neutral, gain (teal).
Everything else is ink, grey or the accent.
"""

import functools
from typing import Any

import streamlit as st

from app import colour

TOKENS: dict[str, dict[str, str]] = {
    "light": {
        "bg": "#FFFFFF", "panel": "#F5F6F8", "line": "#E2E5EB", "grid": "rgba(110,120,140,.13)",
        "ink": "#1C2130", "muted": "#667085", "faint": "#98A1B2", "accent": "#3A55C8", "accent_soft": "#EAEEFB",
        "good": "#1A7A5C", "warn": "#A4560B", "bad": "#B3322B",
        "hard": "#ED8641", "ambiguous": "#C13B86", "easy": "#3441A8",
        "loss": "#A9661B", "gain": "#0F7F78", "base": "#8B93A3",
    },
    "dark": {
        "bg": "#0F1218", "panel": "#181C25", "line": "#2A303C", "grid": "rgba(150,160,180,.13)",
        "ink": "#E7EAF0", "muted": "#98A2B3", "faint": "#6B7585", "accent": "#8199FB", "accent_soft": "#1E2747",
        "good": "#63D2AE", "warn": "#F0B36A", "bad": "#FF8F87",
        "hard": "#FFAF68", "ambiguous": "#E46BAA", "easy": "#6E7AE5",
        "loss": "#E0A35A", "gain": "#4CC9BE", "base": "#5B6577",
    },
}  # fmt: skip
# OKLCH stops (lightness, chroma, hue) at correctness 0, .5 and 1.
CORRECTNESS = {
    "light": ((0.72, 0.150, 52), (0.57, 0.185, -10), (0.43, 0.165, -88)),
    "dark": ((0.82, 0.130, 60), (0.69, 0.165, -10), (0.62, 0.160, -84)),
}
# Every metric that is not correctness: one hue, or its colours would be read as easy or hard.
METRIC = {"light": ((0.86, 0.095, 185), (0.40, 0.095, 185)), "dark": ((0.42, 0.095, 185), (0.90, 0.095, 185))}
# Labels (nominal): Okabe and Ito's, minus those that the correctness scale already uses.
LABELS = {
    "light": ("#009E73", "#D9A400", "#5B6B8C", "#56B4E9", "#8C564B", "#A0A0A0"),
    "dark": ("#2CC79C", "#F0C64A", "#9AA9C9", "#7CC7F2", "#C79A8E", "#B8B8B8"),
}
# Runs (nominal): none of the three region colours, so that a line is never read as "hard".
RUNS = {
    "light": ("#3A55C8", "#0E9384", "#B7791F", "#667085", "#4AA8E0", "#8C564B"),
    "dark": ("#8199FB", "#4CC9BE", "#E0B04A", "#98A2B3", "#7CC7F2", "#C79A8E"),
}
FONT = '"Source Sans", "Source Sans Pro", sans-serif'
STEPS = 31  # colours of a scale: with 8 opacities they fill a PNG's palette


def mode() -> str:
    """ "light" or "dark", as the reader's browser shows the page now."""
    return st.context.theme.type or "light"


def tokens() -> dict[str, str]:
    """The tokens of the current mode: `tokens()["ink"]`."""
    return TOKENS[mode()]


def label_colours(count: int) -> tuple[str, ...]:
    """One colour a label, in the dataset's order; beyond six they repeat."""
    return nominal(LABELS[mode()], count)


def run_colours(count: int) -> tuple[str, ...]:
    """One colour a run, in the order shown; beyond six they repeat."""
    return nominal(RUNS[mode()], count)


def nominal(colours: tuple[str, ...], count: int) -> tuple[str, ...]:
    """`count` of them, from the start again where they do not suffice."""
    return tuple(colours[k % len(colours)] for k in range(count))


@functools.cache
def correctness_scale(theme_mode: str, steps: int = STEPS) -> tuple[str, ...]:
    """`steps` hex colours from 0 (never right) to 1 (always right)."""
    return colour.ramp(CORRECTNESS[theme_mode], steps)


@functools.cache
def metric_scale(theme_mode: str, steps: int = STEPS) -> tuple[str, ...]:
    """`steps` hex colours from the low to the high end of any other metric."""
    return colour.ramp(METRIC[theme_mode], steps)


def css_variables() -> str:
    """The tokens as `--c-NAME:VALUE` declarations."""
    return ";".join(f"--c-{name.replace('_', '-')}:{value}" for name, value in tokens().items())


def figure(*traces: Any, height: int, **layout: Any) -> Any:
    """A Plotly figure in the app's look; pass `xaxis=…`, `yaxis=…` as for `update_layout`."""
    import plotly.graph_objects as go

    return go.Figure(traces).update_layout(template=_template(mode()), height=height, **layout)


def show(fig: Any, key: str, alt: str) -> None:
    """Draws `fig`, with Streamlit's own theme off, or it would override the template. `alt` describes it to screen readers."""
    st.plotly_chart(fig, key=key, theme=None, alt=alt, config={"displayModeBar": False, "responsive": True})


@functools.cache
def _template(theme_mode: str) -> Any:
    import plotly.graph_objects as go

    t = TOKENS[theme_mode]
    axis = {
        "gridcolor": t["grid"], "linecolor": t["line"], "zeroline": False, "ticks": "", "showline": False, "automargin": True,
        "tickfont": {"size": 11, "color": t["muted"]}, "title": {"font": {"size": 12, "color": t["muted"]}, "standoff": 6},
    }  # fmt: skip
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 12, "color": t["ink"]},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": axis,
            "yaxis": axis,
            "colorway": RUNS[theme_mode],
            "legend": {
                "orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom",
                "font": {"size": 12, "color": t["muted"]}, "itemsizing": "constant",
            },
            "hoverlabel": {"bgcolor": t["bg"], "bordercolor": t["line"], "font": {"family": FONT, "size": 12, "color": t["ink"]}},
            "annotationdefaults": {"font": {"size": 11, "color": t["muted"]}, "showarrow": False},
            "hovermode": "closest",
            "dragmode": False,
        }
    )  # fmt: skip
