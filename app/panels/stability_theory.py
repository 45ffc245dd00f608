"""What theory says of stability, on synthetic sets: six trends, as a command measured them."""

import html
from typing import TYPE_CHECKING

import streamlit as st

from app import parts
from app.panels import results_experiment
from ftft import Workspace

if TYPE_CHECKING:
    from ftft.workspace.theory import Theory

THEORY = "theory"


def show(ws: Workspace) -> None:
    """The trends, with the sign that theory expects beside each; how to get them where nobody has measured them here."""
    results_experiment.style()
    found = ws.theory()
    parts.section("Theory on synthetic sets", "each factor varied alone; a dot a set; rank correlation with its 95 % interval")
    if found is None:
        st.html("<p class='hint'>Nobody has measured the trends in this workspace. It takes about a minute:</p>")
        st.code("ftft theory", language="bash")
        return
    st.html(f"<div class='r-figure wide'>{results_experiment.picture(found.drawn(), 'Trends on synthetic sets')}</div>")
    st.html(_table(found))
    st.html(f"<p class='r-note'>{html.escape(found.note)}</p>")


def _table(found: "Theory") -> str:
    methods = found.value["study"]["methods"]
    head = "".join(f"<th>{html.escape(method)}</th>" for method in methods)
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(found.name(factor))}</th><td>{html.escape(of['expected'])}</td>"
        f"{''.join(_cell(of['methods'][method]['spearman']['epsilon'], of['expected']) for method in methods)}</tr>"
        for factor, of in found.value["factors"].items()
    )
    return f"<table class='r-table r-small'><thead><tr><th>factor</th><th>theory: distance</th>{head}</tr></thead>{rows}</table>"


def _cell(rho: dict[str, float] | None, expected: str) -> str:
    if rho is None:
        return "<td>–</td>"
    agrees = rho["high"] < 0 if expected == "falls" else rho["low"] > 0
    against = rho["low"] > 0 if expected == "falls" else rho["high"] < 0
    kind = "gain" if agrees else "loss" if against else ""
    value, low, high = (parts.signed(rho[name], 2) for name in ("value", "low", "high"))
    return f"<td class='{kind}'>{value} <small>[{low}, {high}]</small></td>"
