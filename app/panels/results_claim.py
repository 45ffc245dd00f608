"""One subset of the Results page in words: what can be said, what is not ruled out, and its labels beside the whole set's."""

import html

import streamlit as st

from app import claims, health, parts
from app.comparison import Row, Table
from app.panels import label_shares
from ftft.domain import Dataset


def focus_box(table: Table) -> Row:
    """The row that the words are about: at first the one that most seeds speak for."""
    rows = table.main
    names = [f"{row.title} · {row.model}, {parts.num(row.steps)} steps" for row in rows]
    best = max(range(len(rows)), key=lambda place: max((len(cell.differences) for cell in rows[place].cells), default=0))
    chosen = st.selectbox("Subset in focus", names, best, label_visibility="collapsed", width=290, key="results_focus")
    return rows[names.index(chosen)] if chosen in names else rows[best]


def claim(row: Row, table: Table) -> None:
    """The sentence above the table."""
    subject = html.escape(f"{row.model} on {row.title}.")
    st.html(f"<div class='claim'><b>{subject}</b> {html.escape(claims.claim(row, table))}</div>")


def doubts(row: Row, table: Table, dataset: Dataset) -> None:
    """What else may explain a difference, beside the subset's labels."""
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        parts.section("Besides the choice of examples", f"what may explain a difference of {row.title}")
        questions = claims.open_questions(row, table, dataset)
        icons = {"warn": "help", "muted": "balance"}
        found = "".join(parts.finding(check.kind, icons[check.kind], check.title, check.remark) for check in questions)
        st.html(found or parts.finding("muted", "info", "Nothing of what this page knows to ask", "That is not the same as nothing"))
    with right:
        parts.section("Labels", f"of {row.title}; tick: everything")
        if row.value:
            whole = health.shares(dataset.train.labels, dataset.labels)
            st.html(label_shares.bars(row.value.labels, whole, dataset.labels, ""))
        else:
            st.html("<p class='hint'>The subset is no longer in the workspace.</p>")
