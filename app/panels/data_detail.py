"""One dataset in full: its sets, its labels, what was found, and some of its rows."""

import html

import streamlit as st

from app import parts
from app.names import DISTRIBUTIONS
from app.panels import label_shares
from ftft import Workspace
from ftft.domain import Dataset, Finding, Split

ROWS = 100  # of the preview
USE = {"train": "fine-tuning and dynamics", "dev": "for choices: never reported as a test", "test": "scored once, at the end of a run"}


def sets(dataset: Dataset) -> None:
    """A table of all sets; out of distribution is the only one in colour, since it is what the question is about."""
    head = "<tr><th>set</th><th class='r'>rows</th><th>distribution</th><th>use</th><th>labels</th><th></th></tr>"
    st.html(f"<table class='grid'>{head}{''.join(_set(split, dataset.answers(split.name)) for split in dataset.splits)}</table>")


def _set(split: Split, labels: tuple[str, ...]) -> str:
    where = parts.pill(DISTRIBUTIONS[split.distribution], "accent" if split.distribution == "ood" else "muted")
    mapped = "".join(f"<br>{html.escape(theirs)} → {html.escape(' or '.join(ours))}" for theirs, ours in split.label_map.items())
    counts = parts.label_stack({label: split.labels.get(label, 0) for label in labels})
    return (
        f"<tr><td>{html.escape(split.name)}</td><td class='r'>{parts.num(split.rows)}</td><td>{where}</td><td>{parts.pill(split.role)}</td>"
        f"<td class='shares'>{counts}</td><td class='note'>{USE[split.role]}{mapped}</td></tr>"
    )


def labels(dataset: Dataset) -> None:
    """Label shares of the training set, against balance."""
    parts.section("Labels", "train")
    balanced = dict.fromkeys(dataset.labels, 1 / len(dataset.labels))
    st.html(label_shares.bars(dataset.train.labels, balanced, dataset.labels, "tick: balanced"))


def findings(dataset: Dataset) -> None:
    """What was found when the dataset was added, each with its remedy."""
    parts.section("Checks")
    if not dataset.warnings:
        st.html(parts.finding("good", "check_circle", "Nothing found", "No finding was recorded when the dataset was added"))
    else:
        st.html("".join(_finding(finding) for finding in dataset.warnings))


def _finding(finding: Finding) -> str:
    found, _, remedy = finding.message.partition(". ")
    some = f"For example: {', '.join(finding.examples[:3])}" if finding.examples else ""
    return parts.finding("warn", "warning", found.removesuffix("."), ". ".join(filter(None, [remedy.removesuffix("."), some])))


def preview(ws: Workspace, dataset: Dataset) -> None:
    """The first rows of one set, with every column that the file had."""
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.section("Rows", "as stored: the file's own columns come along")
        st.space("stretch")
        names = [split.name for split in dataset.splits]
        name = st.selectbox("Set", names, key=f"preview_{dataset.name}", label_visibility="collapsed", width=200) or "train"
    rows = ws.data.rows(dataset.name, split=name, limit=ROWS)
    others = [column for column in rows.columns if column not in ("id", "label", *dataset.text_columns)]
    st.dataframe(
        rows[["id", "label", *dataset.text_columns, *others]],
        key=f"rows_{dataset.name}_{name}",
        hide_index=True,
        height=320,
        row_height=29,
        column_config={
            "id": st.column_config.TextColumn(width=110),
            "label": st.column_config.TextColumn(width=110),
            **{column: st.column_config.TextColumn(width="large") for column in dataset.text_columns},
        },
    )
