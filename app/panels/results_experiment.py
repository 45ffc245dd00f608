"""An experiment on the Results page: what can be said, the table, and one part of what lies behind it at a time."""

import base64
import html
import re
from pathlib import Path

import streamlit as st

from app import brush, forms, parts, theme
from ftft import Workspace
from ftft.domain import Experiment, Step
from ftft.workspace import report, tables
from ftft.workspace.results import Results

LOOK_EVERY_S = 5.0  # while runs are still to end
FILES = {"CSV": "csv", "Markdown": "md", "LaTeX": "tex"}


def style() -> None:
    """The report's style sheet in the app's colours, as a part of the page: of styles alone Streamlit makes an event, and a word that pops
    up while nothing else is drawn again (`notices`) would take its place.
    """
    own = (Path(report.__file__).parent / "style.css").read_text(encoding="utf-8")
    with st.container(key="report_style"):
        st.html(f"<i></i><style>:root{{{report.variables(theme.mode())};{theme.css_variables()}}}{own}</style>")


def show(ws: Workspace, experiment: Experiment, metric: str) -> None:
    """All of it; while runs are still to end, it looks again by itself."""
    style()
    waiting = any(run.state in ("queued", "running") for run in ws.runs.list(experiment.dataset) if run.id in set(experiment.runs))
    st.fragment(_body, run_every=LOOK_EVERY_S if waiting else None)(ws, experiment.id, metric)


def _body(ws: Workspace, experiment: str, metric: str) -> None:
    found = forms.attempt(ws.results, experiment, metric=metric, baseline=st.session_state.get(f"baseline_{experiment}"))
    if found.problem:
        st.html(parts.finding("bad", "error", parts.sentence(found.problem.message), found.problem.remedy))
        return
    results: Results = found.value
    whole = report.report_of(results, picture)
    st.html(report_markup(whole))
    with st.container(key="results_table"):
        st.html(whole.table())
    _tools(results)
    names = whole.details
    chosen = st.segmented_control(
        "Behind the table", list(names), default=next(iter(names)), required=True, format_func=names.__getitem__,
        key=f"details_{experiment}", label_visibility="collapsed",
    )  # fmt: skip
    sections = getattr(whole, chosen or next(iter(names)))()
    shown = [parts.section_markup(s.title, s.note) + s.content for s in sections if s.content]
    st.html("".join(f"<div class='behind'>{one}</div>" for one in shown) or "<i></i>")  # one element: of several, old ones may stay below
    if chosen == "on_the_map" and results.experiment.kind == "ftft":
        _to_the_map(results, whole.focus)


def report_markup(whole: report.Report) -> str:
    """What can be said."""
    from ftft.workspace.report import markup

    return markup.claims(whole.claims()) or "<p class='hint'>Nothing can be said before the first runs have ended.</p>"


def _tools(results: Results) -> None:
    """The baseline of all differences, and files."""
    experiment = results.experiment.id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        methods = [row.method for row in results.rows]
        st.selectbox(
            "Differences to", methods, methods.index(results.baseline), key=f"baseline_{experiment}", width=220,
            label_visibility="collapsed", format_func=lambda method: f"against {method}",
        )  # fmt: skip
        for name, kind in FILES.items():
            st.download_button(
                name, lambda kind=kind: tables.WRITERS[f".{kind}"](results), f"{experiment[:8]}.{kind}", key=f"file_{kind}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
        st.download_button(
            "Report", lambda: report.page(results), f"{experiment[:8]}.html", "text/html", key="file_report", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip


def _to_the_map(results: Results, method: str) -> None:
    """The examples that were gained or lost, as a selection on the Maps page."""
    other = results.baseline if results.baseline != method else "random_matched"
    found = forms.attempt(results.breakdowns.gains, method, other)
    if found.problem:
        st.html(parts.finding("muted", "info", parts.sentence(found.problem.message), found.problem.remedy))
        return
    gains = found.value
    with st.container(horizontal=True):
        for name, mask_N in (("gained", gains.gain_N > 0), ("lost", gains.gain_N < 0)):
            ids = gains.ids_N[mask_N].tolist()
            label = f"Select the {parts.num(len(ids))} {name} on the map"
            if st.button(label, key=f"map_{name}", disabled=not ids, icon=":material/bubble_chart:"):
                brush.select(results.about.name, Step("new", "ids", {"ids": ids}))
                st.switch_page("views/maps.py", query_params={"dataset": results.about.name, "runs": gains.reference})


def picture(drawn: str, alt: str) -> str:
    """A figure as an image in the colours of the theme: Streamlit's st.html drops inline SVG."""
    colours = dict(pair.split(":", 1) for pair in f"{report.variables(theme.mode())};{theme.css_variables()}".split(";") if pair)
    filled = re.sub(r"var\((--c-[\w-]+)\)", lambda found: colours.get(found[1], "#888888"), drawn)
    filled = filled.replace("<svg ", '<svg font-family="Source Sans 3, Source Sans Pro, Helvetica, Arial, sans-serif" ', 1)
    data = base64.b64encode(filled.encode()).decode()
    return f"<img alt='{html.escape(alt)}' src='data:image/svg+xml;base64,{data}'>"
