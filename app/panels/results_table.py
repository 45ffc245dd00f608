"""The table of the Results page as markup: one row a model, budget and subset; sets grouped by distribution; scores in points."""

import html
from itertools import groupby
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import comparison, parts
from app.comparison import Cell, Row, Table
from app.names import DISTRIBUTIONS, METRICS
from ftft import Workspace
from ftft.domain import Dataset, Experiment

SPANS = (5, 10, 20, 50, 100)  # points: half-widths of the strips on which each seed's difference is a dot


def head(ws: Workspace, title: str, lead: str, icon: str) -> tuple[DeltaGenerator, Dataset, str]:
    """(where controls go, the dataset and the metric to show); the page ends here where there is no dataset."""
    datasets = {dataset.name: dataset for dataset in ws.data.list()}
    controls = parts.page_header(title, lead)
    if not datasets:
        parts.empty(icon, "No dataset yet", "Add one on the Data page, or run `ftft demo`.")
        st.stop()
    with controls:
        dataset = datasets[dataset_box(ws, list(datasets))]
        return controls, dataset, metric_box(dataset)


def dataset_box(ws: Workspace, names: list[str]) -> str:
    """The dataset to show: at first the one that the address names, itself or by an experiment, else that of the last main run."""
    experiment = st.query_params.get("experiment")
    of_it = [e.dataset for e in ws.experiment.list() if e.id.startswith(experiment)] if experiment else []
    asked = [st.query_params.get("dataset"), *of_it]
    used = [run.spec.dataset for run in ws.runs.list() if run.spec.subset]
    latest = next(name for name in (*asked, *used, names[0]) if name in names)
    chosen = st.selectbox("Dataset", names, names.index(latest), label_visibility="collapsed", width=140, key="results_dataset")
    return chosen or latest


def experiment_box(experiments: list[Experiment], beside: dict[str | None, str]) -> str | None:
    """The experiment to show, at first the one that the address names, else the newest; or a key of `beside`, what else there is."""
    if not experiments:
        return None
    ids: dict[str | None, str] = {e.id: f"{len(e.methods)} methods x {len(e.seeds)} seeds · {e.id[:6]}" for e in experiments}
    names, asked = ids | beside, st.query_params.get("experiment")
    first = next((n for n, id in enumerate(names) if id and asked and id.startswith(asked)), 0)
    return st.selectbox(
        "Experiment", list(names), first, format_func=names.__getitem__, label_visibility="collapsed", width=230,
        key=f"{experiments[0].kind}_experiment_{experiments[0].dataset}",
    )  # fmt: skip


def metric_box(dataset: Dataset) -> str:
    """The metric to show: at first the dataset's own, which is marked."""
    names = {metric: f"{name} (primary)" if metric == dataset.metric else name for metric, name in METRICS.items()}
    own, key = list(METRICS).index(dataset.metric), f"metric_{dataset.name}"
    chosen = st.selectbox("Metric", list(METRICS), own, format_func=names.__getitem__, label_visibility="collapsed", width=150, key=key)
    return chosen or dataset.metric


def outdated(table: Table) -> None:
    """Says that runs on an earlier version of the dataset are left out."""
    if table.outdated:
        left_out = parts.plural(table.outdated, "run")
        st.html(f"<p class='hint'>{left_out} on an earlier version of this dataset left out: those scores do not compare.</p>")


def markup(table: Table, focus: Row) -> str:
    """The table, with its legend below; the row in focus is set off."""
    settings = comparison.telling_settings(table)
    largest = max((abs(100 * d) for row in table.rows for cell in row.cells for d in cell.differences), default=0.0)
    span = next(span for span in SPANS if span >= largest)
    firsts = {id(next(rows)) for _, rows in groupby(table.rows, lambda row: row.block)}
    body = "".join(_row(row, told, span, row is focus, id(row) in firsts) for row, told in zip(table.rows, settings, strict=True))
    legend = (
        f"In points of {METRICS[table.metric]}: mean ± SD over seeds, no SD from one. Below it the paired difference to the baseline: "
        f"its mean, and each seed as a dot on ±{span} points. Cost: training FLOPs, the baseline = 100{parts.THIN}%; "
        "“+ reference” adds the whole runs that chose the subset. The baseline is the run on everything under the same stop rule, or, "
        "where none is there, the one that nothing stops."
    )
    return f"<table class='results'>{_head(table)}{body}</table><p class='hint'>{legend}</p>"


def _head(table: Table) -> str:
    groups = "".join(
        f"<th colspan='{len(list(cs))}'>{DISTRIBUTIONS[where]}</th>" for where, cs in groupby(table.columns, lambda c: c.distribution)
    )
    names = "".join(
        f"<th title='{html.escape(', '.join(c.evaluations))}'>{html.escape(c.name)}{' · dev' if c.role == 'dev' else ''}</th>"
        for c in table.columns
    )
    return (
        f"<tr class='groups'><th></th><th></th>{groups}<th colspan='2'>cost of a main run</th></tr>"
        f"<tr class='names'><th></th><th class='r'>steps</th>{names}<th>main run only</th><th>+ reference</th></tr>"
    )


def _row(row: Row, told: dict[str, Any], span: int, in_focus: bool, starts: bool) -> str:
    """`starts`: it is the first of its block."""
    what = html.escape(row.title)
    size = f"{parts.num(row.examples)} examples" if row.examples is not None else "subset removed"
    settings = "".join(
        f" · {html.escape(name.replace('_', ' '))} {html.escape(f'{value}')}"
        for name, value in told.items()
        if name != "steps" and value is not None
    )
    cells = "".join(_cell(cell, row.baseline == "self", len(row.seeds), span) for cell in row.cells)
    kind = ("ours" if in_focus else "other") + (" all" if starts else "")
    return (
        f"<tr class='{kind}'><th scope='row'>{what}<small>{html.escape(row.model)} · {size}{settings}</small>"
        f"<small>{_seeds(row)}</small></th><td class='r'>{parts.num(row.steps)}</td>{cells}"
        f"<td class='costs'>{_share(row.cost)}</td><td class='costs'>{_share(row.whole_cost)}</td></tr>"
    )


def _seeds(row: Row) -> str:
    done = row.states.get("succeeded", 0)
    numbers = ", ".join(map(str, row.seeds))
    others = [f"{parts.num(n)} {state}" for state, n in row.states.items() if state != "succeeded"]
    first = f"{'seed' if done == 1 else 'seeds'} {html.escape(numbers)}" if done else "no seed finished"
    return " · ".join([first, *(parts.pill(text, "bad" if text.endswith("failed") else "muted") for text in others)])


def _cell(cell: Cell, is_baseline: bool, seeds: int, span: int) -> str:
    if cell.mean is None:
        return "<td><div class='val muted'>–</div></td>"
    sd = f"<small> ±{parts.THIN}{100 * cell.sd:.1f}</small>" if cell.sd is not None else ""
    few = f"<small> {len(cell.values)} of {seeds} seeds</small>" if len(cell.values) < seeds else ""
    below = "baseline" if is_baseline else _difference(cell, span)
    return f"<td><div class='val'>{100 * cell.mean:.1f}{sd}{few}</div><div class='dif'>{below}</div></td>"


def _difference(cell: Cell, span: int) -> str:
    if cell.difference is None:
        return "no baseline yet"
    dots = "".join(f"<b class='{'gain' if d > 0 else 'loss'}' style='left:{_place(100 * d, span):.1f}%'></b>" for d in cell.differences)
    each = ", ".join(parts.signed(100 * d) for d in cell.differences)
    return f"<em>{parts.signed(100 * cell.difference)}</em><span class='seedline' title='each seed: {each}'><u></u>{dots}</span>"


def _place(points: float, span: int) -> float:
    """Per cent from the left on a strip of ±span points."""
    return 50 + 50 * points / span


def _share(cost: float | None) -> str:
    if cost is None:
        return "<span class='muted'>not known</span>"
    return f"{parts.pct(cost)}{parts.stack([(min(cost / 2, 1.0), 'var(--c-faint)', '')], height=5)}"
