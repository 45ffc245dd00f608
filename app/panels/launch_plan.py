"""The right side of the Launch page: what the button will queue, what the subset is like, and the command that does the same."""

import html

import streamlit as st

from app import failure, forms, health, parts
from app.backend import read_only
from app.order import Group, Order, start
from app.panels import label_shares
from ftft import Workspace

NEW = "new"
STATE_PILL = {
    NEW: "accent",
    "succeeded": "good",
    "running": "muted",
    "queued": "muted",
    "failed": "bad",
    "cancelled": "muted",
    "lost": "warn",
}


def panel(ws: Workspace, order: Order, groups: list[Group]) -> None:
    """Everything that can be known before anything is spent, and the button."""
    new = sum(group.new for group in groups)
    there = sum(len(group.specs) for group in groups) - new
    note = f"{parts.plural(there, 'run')} of this plan {'exists' if there == 1 else 'exist'} already" if there else "one a seed"
    st.html(f"<div class='cost'><b>{parts.num(new)}</b><span>{'run' if new == 1 else 'runs'} to queue · {note}</span></div>")
    st.html(_table(groups))
    label = f"Start {parts.plural(new, 'run')}" if new else "Nothing new to start"
    if st.button(
        label, type="primary", icon=":material/rocket_launch:", width="stretch", key="start_runs", disabled=read_only() or not new
    ):
        started = forms.attempt(start, ws, order)
        if started.problem:
            failure.show(started.problem)
        else:
            st.session_state["run_open"] = next(run.id for run in started.value if not run.existing)
            st.switch_page("views/runs.py")
    if any(state in ("failed", "cancelled", "lost") for group in groups for state in group.state.values()):
        st.html(parts.finding("muted", "info", "Runs that ended early are not started again here", "Resume them on the Runs page"))
    _health(ws, order)
    parts.section("The same on the command line")
    st.code("\n\n".join(forms.in_lines(group.command) for group in groups), language="bash", wrap_lines=True)


def _table(groups: list[Group]) -> str:
    head = "<tr><th>on</th><th class='r'>examples</th><th class='r'>steps</th><th class='r'>passes</th><th>seeds</th></tr>"
    return f"<table class='grid'>{head}{''.join(_line(group) for group in groups)}</table>"


def _line(group: Group) -> str:
    return (
        f"<tr><td>{html.escape(group.subset or 'everything')}</td><td class='r'>{parts.num(group.examples)}</td>"
        f"<td class='r'>{parts.num(group.steps)}</td>"
        f"<td class='r' title='How often a run sees each example on average'>{group.passes:.1f}</td>"
        f"<td class='seeds'>{_seeds(group)}</td></tr>"
    )


def _seeds(group: Group) -> str:
    """The seeds by what is there already: "3 new", "1, 2 succeeded"."""
    by_state: dict[str, list[str]] = {}
    for spec in group.specs:
        by_state.setdefault(group.state.get(spec.run, NEW), []).append(str(spec.seed))
    return " ".join(parts.pill(f"{', '.join(seeds)} {state}", STATE_PILL[state]) for state, seeds in by_state.items())


def _health(ws: Workspace, order: Order) -> None:
    if order.subset is None:
        return
    subset, dataset = ws.subsets.get(order.subset), ws.data.get(order.dataset)
    parts.section("The subset", f"{parts.of(len(subset.ids), subset.of)} examples")
    whole = health.shares(dataset.train.labels, dataset.labels)
    st.html(label_shares.bars(subset.labels, whole, dataset.labels, "labels of the subset; tick: the whole training set"))
    icons = {"good": "check_circle", "warn": "warning"}
    st.html("".join(parts.finding(check.kind, icons[check.kind], check.title, check.remark) for check in health.checks(subset, dataset)))
