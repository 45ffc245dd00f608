"""One run in full: what it is, how far it is and what it takes, why it failed and what to do."""

import html
import time
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from app import clock, forms, parts, price, progress
from app.names import RULES
from app.panels import runs_actions, runs_look, runs_table, runs_words
from ftft import Workspace
from ftft.domain import Run

CAUSES = {
    "out_of_memory": "Out of memory", "non_finite": "The loss became infinite or not a number", "bad_input": "The input is wrong",
    "disk_full": "The disk is full", "killed": "Killed from outside", "time_limit": "The time limit was reached",
    "dependency_failed": "A run it depends on failed", "internal": "A mistake in the software",
}  # fmt: skip
SAID = ("label_mapping", "epochs_renumbered")  # of an import: how it was read, nothing to worry about


@runs_look.part("run_head")
def draw(ws: Workspace) -> None:
    """Everything about the chosen run but its curves and its log; its folder may vanish meanwhile, which is said and harms nothing."""
    chosen = st.session_state.get("run_open")
    if not chosen:
        return
    read = forms.attempt(_read, ws, chosen)
    if read.problem:
        parts.empty("folder_off", f"Run {chosen[:6]} is gone", "Its folder was removed. The list follows in a moment.")
        return
    run, lines = read.value
    with st.container(horizontal=True, vertical_alignment="center", key="run_title"):
        seed = "" if run.spec.seed is None else f"seed {run.spec.seed} · "
        parts.section(runs_words.name(run), f"{seed}run {run.id if run.spec.imported else run.id[:6]}")
        st.space("stretch")
        runs_words.badge(run.state, "stopping …" if run.stopping else "")
    st.html(_facts(run))
    _standing(ws, run, lines)
    runs_actions.draw(ws, run)
    if run.warnings:
        st.html("".join(_warning(warning) for warning in run.warnings))


def _read(ws: Workspace, run: str) -> tuple[Run, list[dict[str, Any]]]:
    found = ws.runs.get(run)
    return found, ws.runs.progress(run) if found.state == "running" else []


def _facts(run: Run) -> str:
    """What does not change while the run is trained, so that it can be marked and copied."""
    spec, now = run.spec, datetime.now(UTC)
    asked = clock.moment(run.created, now, clock.reader_zone(st.context.timezone))
    if not spec.has_settings:
        return _imported(run, asked)
    budget = parts.plural(spec.epochs, "epoch") if spec.epochs else parts.plural(spec.steps or 0, "step")
    device = " · ".join(str(run.environment[key]) for key in ("device", "precision") if run.environment.get(key))
    speed = run.cost.get("examples_per_second")
    facts = {
        "dataset": spec.dataset,
        "trained on": spec.subset or "everything",
        "budget": f"{budget}, batches of {spec.batch_size * spec.grad_accum}",
        "learning rate": forms.short(spec.lr),
        **({"method": spec.method} if spec.methods else {}),
        **({"trains": "a linear head"} if spec.tune else {}),
        "asked for": asked,
        "dynamics": f"{parts.plural(run.epochs_recorded, 'epoch')}, {spec.capture}" if run.epochs_recorded else "none yet",
    }
    if run.state not in ("queued", "running"):
        facts["took"] = runs_table.elapsed(run, (), 0.0, 0.0) or "–"
        facts["on"] = " · ".join(filter(None, [device, f"{parts.num(round(speed))} examples/s" if speed else ""])) or "–"
    if run.after:
        facts["after"] = ", ".join(other[:6] for other in run.after)
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


def _standing(ws: Workspace, run: Run, lines: progress.Lines) -> None:
    """How far it is, or why it is not going on."""
    if run.state == "running":
        share, total = progress.share(run), run.steps_total or run.steps_done
        st.progress(share, text=f"{parts.pct(share)} · step {parts.of(run.steps_done, total)}")
        st.html(f"<p class='hint live' data-step='{run.steps_done}'>{html.escape(live_words(ws, run, lines, time.time()))}</p>")
    elif run.state == "queued":
        st.html(parts.finding("muted", "schedule", *_waits(ws, run)))
    elif run.state == "failed":
        title = f"{CAUSES.get(run.cause or 'internal', run.cause)}: {run.error.get('message', 'no message was left')}"
        st.html(_cause("bad", title, run.error.get("remedy", "The log below says more")))
    elif run.state == "cancelled":
        st.html(_cause("muted", f"Cancelled at step {parts.num(run.steps_done)}", "Resume goes on from the last checkpoint"))
    elif run.state == "lost":
        st.html(_cause("warn", "Its process is gone and left no verdict", "Resume goes on from the last checkpoint"))


def live_words(ws: Workspace, run: Run, lines: progress.Lines, now: float) -> str:
    """What changes all the time: time left and spent, speed, and what the processes take of the machine."""
    since = progress.began(ws, run.id)
    pace, left, usage = progress.pace(lines, since), progress.left(run, lines, now, since), ws.runs.usage(run.id)
    took = runs_table.elapsed(run, lines, now, since)
    said = [f"{clock.about(left)} left" if left is not None else "", f"{took} so far" if took else ""]
    if pace is not None and run.spec.has_settings:
        said.append(f"{parts.num(round(pace * run.spec.batch_size * run.spec.grad_accum))} examples/s")
    return " · ".join(filter(None, [*said, *(_usage(usage) if usage else ())])) or "starting"


def _usage(usage: Any) -> list[str]:
    cpu = f"CPU {parts.pct(usage.cpu_percent / 100)}" if usage.cpu_percent is not None else ""
    used = [(gpu, price.size(gpu.memory_bytes or 0), price.size(gpu.total_bytes or 0)) for gpu in usage.gpus]
    gpus = [f"GPU {gpu.index} {parts.pct((gpu.percent or 0) / 100)}, {memory} of {whole}" for gpu, memory, whole in used]
    return [cpu, f"memory {price.size(usage.memory_bytes)}", *gpus]


def _waits(ws: Workspace, run: Run) -> tuple[str, str]:
    """(what a queued run waits for, what that means)."""
    states = {other: found.value.state for other in run.after if (found := forms.attempt(ws.runs.get, other)).value}
    waits_for = [other for other in run.after if states.get(other) != "succeeded"]
    if waits_for:
        each = ", ".join(f"{other[:6]} ({states.get(other, 'gone')})" for other in waits_for)
        return f"Waits until {each} has succeeded" if len(waits_for) == 1 else f"Waits until these have succeeded: {each}", ""
    if ws.jobs.paused:
        return "The queue is paused", "Go on, above, starts what waits"
    ahead = (run.position or 1) - 1
    return "Waiting for a free slot", f"{parts.plural(ahead, 'run')} ahead of it" if ahead else "It is next"


def _cause(kind: str, title: str, remedy: str) -> str:
    return f"<div class='cause {kind}'><b>{html.escape(title)}.</b><p>{html.escape(remedy)}.</p></div>"


def _warning(warning: dict[str, Any]) -> str:
    found, _, remedy = str(warning.get("message", warning.get("kind", ""))).partition(". ")
    kind, icon = ("muted", "info") if warning.get("kind") in SAID else ("warn", "warning")
    return parts.finding(kind, icon, found.removesuffix("."), remedy)
