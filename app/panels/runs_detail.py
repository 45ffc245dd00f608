"""One run in full: what it is, how far it is, what it scored, why it failed and what to do, its log."""

import html
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from app import clock, forms, parts, progress, theme
from app.backend import read_only
from app.names import METRICS, RULES
from app.panels import runs_table
from ftft import Workspace
from ftft.domain import Run

LOG_LINES = 14
CAUSES = {
    "out_of_memory": "Out of memory", "non_finite": "The loss became infinite or not a number", "bad_input": "The input is wrong",
    "disk_full": "The disk is full", "killed": "Killed from outside", "time_limit": "The time limit was reached",
    "dependency_failed": "A run it depends on failed", "internal": "A mistake in the software",
}  # fmt: skip
SAID = ("label_mapping", "epochs_renumbered")  # of an import: how it was read, nothing to worry about
COLUMNS = METRICS | {"loss": "loss"}


def detail(ws: Workspace, run: Run) -> None:
    """Draws everything about `run`; its folder may vanish meanwhile, which is said and harms nothing."""
    read = forms.attempt(_read, ws, run.id)
    if read.problem:
        parts.empty("folder_off", f"Run {run.id[:6]} is gone", "Its folder was removed. The list follows in a moment.")
        return
    lines, log = read.value
    with st.container(horizontal=True, vertical_alignment="center"):
        seed = "" if run.spec.seed is None else f"seed {run.spec.seed} · "
        parts.section(runs_table.name(run), f"{seed}run {run.id if run.spec.imported else run.id[:6]}")
        st.space("stretch")
        runs_table.badge(run.state)
    st.html(_facts(run, lines))
    _standing(run)
    _buttons(ws, run)
    if lines:
        _loss(run, lines)
    if run.scores:
        st.html(_scores(run))
    if run.warnings:
        st.html("".join(_warning(warning) for warning in run.warnings))
    if log:
        parts.section("Log", f"runs/{run.id}/log.txt, the last lines")
        st.code(log, language=None, wrap_lines=True)


def _read(ws: Workspace, run: str) -> tuple[list[dict[str, Any]], str]:
    return ws.runs.progress(run), ws.runs.log(run, lines=LOG_LINES).rstrip()


def _facts(run: Run, lines: list[dict[str, Any]]) -> str:
    spec, now = run.spec, datetime.now(UTC)
    if not spec.has_settings:
        return _imported(run, clock.moment(run.created, now, clock.reader_zone(st.context.timezone)))
    budget = parts.plural(spec.epochs, "epoch") if spec.epochs else parts.plural(spec.steps or 0, "step")
    device = " · ".join(str(run.environment[key]) for key in ("device", "precision") if run.environment.get(key))
    speed = run.cost.get("examples_per_second")
    facts = {
        "dataset": spec.dataset,
        "trained on": spec.subset or "everything",
        "budget": f"{budget}, batches of {spec.batch_size * spec.grad_accum}",
        "learning rate": forms.short(spec.lr),
        "took": runs_table.elapsed(run, now, lines) or "–",
        "asked for": clock.moment(run.created, now, clock.reader_zone(st.context.timezone)),
        "dynamics": f"{parts.plural(run.epochs_recorded, 'epoch')}, {spec.capture}" if run.epochs_recorded else "none yet",
        "on": " · ".join(filter(None, [device, f"{parts.num(round(speed))} examples/s" if speed else ""])) or "–",
    }
    if stop := run.stop:
        when = f"at step {parts.num(stop['step'])}" if stop["early"] else "never"
        facts["stopped"] = f"{when}, by {RULES.get(stop['on'], stop['on'])}"
        facts["model of"] = f"step {parts.num(stop['best_step'])}, {stop['best']:.3f} there"
    return _list(facts)


def _imported(run: Run, when: str) -> str:
    """Of a run whose file does not say how it was trained."""
    kept = "logits of every epoch" if run.measures is None else f"metrics alone: {', '.join(m.replace('_', ' ') for m in run.measures)}"
    epochs = parts.plural(run.epochs_recorded, "epoch")
    return _list({"dataset": run.spec.dataset, "imported": when, "format": str(run.spec.imported), "dynamics": f"{epochs}, {kept}"})


def _list(facts: dict[str, str]) -> str:
    return "<div class='facts'>" + "".join(f"<span>{k}</span><b>{html.escape(v)}</b>" for k, v in facts.items()) + "</div>"


def _standing(run: Run) -> None:
    """How far it is, or why it is not going on."""
    if run.state == "running":
        share = runs_table.progress(run)
        st.progress(share, text=f"{parts.pct(share)} · step {parts.of(run.steps_done, run.steps_total or run.steps_done)}")
    elif run.state == "queued":
        ahead = f"{parts.plural(run.position - 1, 'run')} ahead of it" if run.position and run.position > 1 else "It is next"
        st.html(parts.finding("muted", "schedule", "Waiting for a free slot", ahead))
    elif run.state == "failed":
        title = f"{CAUSES.get(run.cause or 'internal', run.cause)}: {run.error.get('message', 'no message was left')}"
        st.html(_cause("bad", title, run.error.get("remedy", "The log below says more")))
    elif run.state == "cancelled":
        st.html(_cause("muted", f"Cancelled at step {parts.num(run.steps_done)}", "Resume goes on from the last checkpoint"))
    elif run.state == "lost":
        st.html(_cause("warn", "Its process is gone and left no verdict", "Resume goes on from the last checkpoint"))


def _cause(kind: str, title: str, remedy: str) -> str:
    return f"<div class='cause {kind}'><b>{html.escape(title)}.</b><p>{html.escape(remedy)}.</p></div>"


def _buttons(ws: Workspace, run: Run) -> None:
    locked = read_only()
    with st.container(horizontal=True, key="run_buttons"):
        if run.state in ("queued", "running"):
            st.button("Cancel", icon=":material/block:", key="cancel_run", on_click=_act, args=(ws.runs.cancel, run.id), disabled=locked)
        if run.state in ("failed", "cancelled", "lost") and not run.spec.imported:
            st.button(
                "Resume", type="primary", icon=":material/replay:", key="resume_run", on_click=_act, args=(ws.runs.resume, run.id),
                disabled=locked,
            )  # fmt: skip
        if run.mapped and run.spec.subset is None and st.button("Open map", icon=":material/bubble_chart:", key="open_map"):
            st.switch_page("views/maps.py", query_params={"dataset": run.spec.dataset, "runs": run.id})
        if run.spec.subset and run.scores and st.button("Open results", icon=":material/leaderboard:", key="open_results"):
            st.switch_page("views/results.py")


def _act(action: Any, run: str) -> None:
    done = forms.attempt(action, run)
    if done.problem:
        st.toast(str(done.problem), icon=":material/warning:")


def _loss(run: Run, lines: list[dict[str, Any]]) -> None:
    steps, losses = progress.losses(lines)
    t = theme.tokens()
    thin = {"type": "scatter", "x": steps, "y": losses, "mode": "lines", "line": {"color": t["faint"], "width": 1}, "hoverinfo": "skip"}
    smooth = {
        "type": "scatter", "x": steps, "y": progress.smooth(losses), "mode": "lines", "line": {"color": t["accent"], "width": 2},
        "hovertemplate": "step %{x}: %{y:.3f}<extra></extra>",
    }  # fmt: skip
    rate = progress.rate(lines)
    now = f" · learning rate now {forms.short(float(f'{rate:.1e}'))}" if run.state == "running" and rate is not None else ""
    st.html(f"<span class='hint'>training loss{now}</span>")
    theme.show(
        theme.figure(
            thin, smooth, height=165, showlegend=False, yaxis={"nticks": 4, "rangemode": "tozero"},
            xaxis={"title": "step", "nticks": 6, "range": [0, run.steps_total or max(steps, default=1)]},
        ),
        key="loss",
        alt="Training loss over steps",
    )  # fmt: skip


def _scores(run: Run) -> str:
    head = "".join(f"<th>{name}</th>" for name in COLUMNS.values())
    body = "".join(
        f"<tr><td>{html.escape(evaluation)}</td>{''.join(f'<td>{_score(metric, scores.get(metric))}</td>' for metric in COLUMNS)}</tr>"
        for evaluation, scores in run.scores.items()
    )
    return f"<table class='mini'><tr><th>scores</th>{head}</tr>{body}</table>"


def _score(metric: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if metric == "loss" else f"{100 * value:.1f}"


def _warning(warning: dict[str, Any]) -> str:
    found, _, remedy = str(warning.get("message", warning.get("kind", ""))).partition(". ")
    kind, icon = ("muted", "info") if warning.get("kind") in SAID else ("warn", "warning")
    return parts.finding(kind, icon, found.removesuffix("."), remedy)
