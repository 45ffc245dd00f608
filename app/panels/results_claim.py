"""Under the table of results: one subset in words, its labels beside the whole set's, and what is not ruled out."""

import html

import streamlit as st

from app import claims, health, parts
from app.comparison import Row, Table
from app.panels import label_shares
from ftft.domain import Dataset


def claim(table: Table, dataset: Dataset) -> None:
    """What can be said about one row on a subset, and what cannot."""
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        row = _focus([row for row in table.rows if row.subset])
        st.html(f"<div class='claim'>{html.escape(claims.claim(row, table))}</div>")
        questions = claims.open_questions(row, table, dataset)
        if questions:
            st.html("<div class='section'><h2>Not ruled out</h2><span>what else may explain a difference</span></div>")
            st.html("".join(parts.finding(check.kind, "help", check.title, check.remark) for check in questions))
    with right:
        parts.section("Labels", f"of {row.subset}; tick: everything")
        if row.value:
            whole = health.shares(dataset.train.labels, dataset.labels)
            st.html(label_shares.bars(row.value.labels, whole, dataset.labels, ""))
        else:
            st.html("<p class='hint'>The subset is no longer in the workspace.</p>")


def _focus(rows: list[Row]) -> Row:
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.section("In words")
        names = [f"{row.model} on {row.subset}, {parts.num(row.steps)} steps" for row in rows]
        place = st.selectbox(
            "Row", range(len(rows)), format_func=names.__getitem__, label_visibility="collapsed", width=380, disabled=len(rows) == 1,
            key="results_focus",
        )  # fmt: skip
    return rows[place or 0] if (place or 0) < len(rows) else rows[0]
