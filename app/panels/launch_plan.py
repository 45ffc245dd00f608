"""The right side of the Launch page: what the button will queue, what it will cost, what the subset is like, the same as a command."""

import html

import streamlit as st

from app import failure, forms, health, parts, price
from app.backend import read_only
from app.controls import MAIN
from app.order import Group, Order, Plan, start
from app.panels import label_shares
from ftft import Workspace
from ftft.domain import Estimate, Pending

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
CHECK_ICONS = {"good": "check_circle", "warn": "warning", "muted": "help"}
LOOK_EVERY_S = 1.0  # while a process measures the model
COMMAND_HEIGHT = 320  # pixels, of several commands, which scroll


def panel(ws: Workspace, order: Order, plan: Plan) -> None:
    """Everything that can be known before anything is spent, and the button."""
    new, there = len(plan.fresh), len(plan.specs) - len(plan.fresh)
    note = f"{parts.plural(there, 'run')} of this plan {'exists' if there == 1 else 'exist'} already" if there else "seed by seed"
    st.html(f"<div class='cost'><b>{parts.num(new)}</b><span>{'run' if new == 1 else 'runs'} to queue · {note}</span></div>")
    if new:
        st.fragment(_cost, run_every=LOOK_EVERY_S if _measuring(ws, plan) else None)(ws, plan)
    else:
        st.html(_table(plan, None))
    _button(ws, order, new)
    if plan.later:
        st.html(parts.finding("muted", "schedule", plan.later))
    if any(state in ("failed", "cancelled", "lost") for group in plan.groups for state in group.state.values()):
        st.html(parts.finding("muted", "info", "Runs that ended early are not started again here", "Resume them on the Runs page"))
    _health(ws, order, plan)
    parts.section("The same on the command line")
    st.code(
        "\n\n".join(group.command for group in plan.groups), language="bash", wrap_lines=True,
        height=COMMAND_HEIGHT if len(plan.groups) > 1 else "content",
    )  # fmt: skip


# ---- cost


def _measuring(ws: Workspace, plan: Plan) -> bool:
    return isinstance(forms.attempt(ws.estimate, plan.fresh).value, Pending)


def _cost(ws: Workspace, plan: Plan) -> None:
    """A fragment: it looks again by itself while the model is measured, and leaves the form alone."""
    found = forms.attempt(ws.estimate, plan.fresh)
    if found.problem:
        st.html(parts.finding("muted", "help", f"No estimate: {found.problem.message}", found.problem.remedy))
    elif isinstance(found.value, Pending):
        st.html("<p class='hint measuring'>Measuring this model on these texts, for FLOPs, time and memory … Starting need not wait.</p>")
    else:
        at_once = ws.jobs.slots * max(1, len(ws.jobs.gpus))
        st.html(price.markup(price.facts(found.value, price.room(ws.path, on_cpu=not ws.jobs.gpus), at_once)))
    st.html(_table(plan, found.value if isinstance(found.value, Estimate) else None))


def _table(plan: Plan, estimate: Estimate | None) -> str:
    head = (
        "<tr><th>on</th><th class='r'>examples</th><th class='r'>steps</th><th class='r'>passes</th>"
        "<th class='r' title='Of one run: training, looks and capture, as a share of training on everything for the whole budget'>cost</th>"
        "<th>seeds</th></tr>"
    )
    return f"<table class='grid'>{head}{''.join(_line(group, estimate) for group in plan.groups)}</table>"


def _line(group: Group, estimate: Estimate | None) -> str:
    least, most = min(group.steps), max(group.steps)
    steps = parts.num(most) if least == most else f"{parts.num(least)}–{parts.num(most)}"
    bound = "at most; " if group.specs[0].stop else ""
    return (
        f"<tr><td class='{'main' if group.name == MAIN else ''}'>{html.escape(group.title)}</td>"
        f"<td class='r'>{parts.num(group.examples)}</td><td class='r' title='{bound}of a run'>{steps}</td>"
        f"<td class='r' title='{bound}how often a run sees each example on average'>{group.passes:.1f}</td>"
        f"<td class='r'>{price.cost(estimate, group) if estimate else ''}</td><td class='seeds'>{_seeds(group)}</td></tr>"
    )


def _seeds(group: Group) -> str:
    """The seeds by what is there already: "1–3 new", "1, 4 succeeded"."""
    by_state: dict[str, list[int]] = {}
    for spec in group.specs:
        by_state.setdefault(group.state.get(spec.run, NEW), []).append(spec.seed or 0)
    return " ".join(parts.pill(f"{_ranges(seeds)} {state}", STATE_PILL[state]) for state, seeds in by_state.items())


def _ranges(seeds: list[int]) -> str:
    """[1, 2, 3, 7, 8] -> "1–3, 7, 8"."""
    found: list[list[int]] = []
    for seed in seeds:
        if found and seed == found[-1][-1] + 1:
            found[-1].append(seed)
        else:
            found.append([seed])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in found)


def _button(ws: Workspace, order: Order, new: int) -> None:
    label = f"Start {parts.plural(new, 'run')}" if new else "Nothing new to start"
    blocked = read_only() or not new
    if st.button(label, type="primary", icon=":material/rocket_launch:", width="stretch", key="start_runs", disabled=blocked):
        started = forms.attempt(start, ws, order)
        if started.problem:
            failure.show(started.problem)
        else:
            st.session_state["run_open"] = next((run.id for run in started.value if not run.existing), started.value[0].id)
            st.switch_page("views/runs.py")


# ---- the subset


def _health(ws: Workspace, order: Order, plan: Plan) -> None:
    if order.subset is None:
        return
    dataset = ws.data.get(order.dataset)
    n = plan.groups[0].examples
    parts.section("The subset", f"{parts.of(n, dataset.train.rows)} examples")
    if order.selection:
        what = "Its labels and texts are known once it is made"
        checks = [health.size_alone(n, dataset.train.rows), health.Check("muted", what, "When the run that chooses it is done")]
    else:
        subset = ws.subsets.get(order.subset)
        whole = health.shares(dataset.train.labels, dataset.labels)
        st.html(label_shares.bars(subset.labels, whole, dataset.labels, "labels of the subset; tick: the whole training set"))
        with st.spinner("Comparing its texts and maps …"):  # seconds with a million examples, once
            found = ws.subsets.health(order.subset)
        checks = health.checks(subset, dataset, found)
    st.html("".join(parts.finding(check.kind, CHECK_ICONS[check.kind], check.title, check.remark) for check in checks))
