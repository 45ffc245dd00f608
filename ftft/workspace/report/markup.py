"""Parts of a report as HTML, escaped; the Results page shows the same ones."""

import html
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ftft.workspace.claims import NAMES, PLACES, Claim, difference_in_words, p_in_words, signed
from ftft.workspace.results import within
from ftft.workspace.tables import notes

if TYPE_CHECKING:
    from ftft.workspace.breakdowns import Part
    from ftft.workspace.results import Results, Row, Score

ICONS = {"ruled out": "✓", "not ruled out": "!", "not measured": "?"}
SPANS = (1, 2, 5, 10, 20, 50, 100)  # points: half-widths of the strips on which an interval lies
MOST_GROUPS = 40


def claims(found: Sequence[Claim], most: int = 1) -> str:
    """The first claims in full, with their confounds; the others in a line each."""
    whole = "".join(f"<p class='r-claim'>{_text(claim.text)}</p>{confounds(claim)}" for claim in found[:most])
    rest = "".join(f"<li>{_text(claim.text)} <small>{_text(claim.summary)}</small></li>" for claim in found[most:])
    return whole + (f"<ul class='r-claims'>{rest}</ul>" if rest else "")


def confounds(claim: Claim) -> str:
    """What else may explain a difference: ruled out, not ruled out, or not measured."""
    items = "".join(
        f"<li class='{c.verdict.replace(' ', '-')}'><b><i aria-hidden='true'>{ICONS[c.verdict]}</i>{_text(c.name)}</b>"
        f"<span>{_text(c.verdict)}</span><p>{_text(c.text)}</p></li>"
        for c in claim.confounds
    )
    return f"<ul class='r-confounds'>{items}</ul>" if items else ""


def table(results: "Results", focus: str | None = None) -> str:
    """Methods by evaluation sets. `focus`: the method that is set off."""
    span = _span(results)
    body = "".join(_row(results, row, span, row.method == focus) for row in results.rows)
    said = "".join(f"<li>{_text(note)}</li>" for note in notes(results))
    strip = "" if results.metric == "loss" else f"<li>Strips: the difference and its interval on ±{span} points.</li>"
    return f"<div class='r-wide'><table class='r-table'>{_head(results)}{body}</table></div><ul class='r-notes'>{said}{strip}</ul>"


def _head(results: "Results") -> str:
    groups = "".join(
        f"<th colspan='{len(list(columns))}'>{PLACES[where]}</th>" for where, columns in groupby(results.columns, lambda c: c.distribution)
    )
    names = "".join(
        f"<th title='{_text(', '.join(c.evaluations))}'>{_text(c.name)}{'<small> dev</small>' if c.role == 'dev' else ''}</th>"
        for c in results.columns
    )
    return (
        f"<thead><tr class='groups'><th></th><th colspan='3'></th>{groups}</tr>"
        f"<tr><th>method</th><th class='n'>seeds</th><th class='n'>steps</th><th class='n'>cost</th>{names}</tr></thead>"
    )


def _row(results: "Results", row: "Row", span: int, in_focus: bool) -> str:
    steps = "–" if row.steps is None else f"{row.steps:.0f}"
    others = ", ".join(f"{n} {state}" for state, n in row.states.items() if state != "succeeded")
    cells = "".join(f"<td>{_score(results, row, row.scores[c.name], span)}</td>" for c in results.columns)
    return (
        f"<tr class='{'focus' if in_focus else ''}'><th scope='row'>{_text(row.method)}</th>"
        f"<td class='n'>{len(row.done)}{f'<small>{_text(others)}</small>' if others else ''}</td>"
        f"<td class='n'>{steps}</td><td class='n'>{_cost(row)}</td>{cells}</tr>"
    )


def _cost(row: "Row") -> str:
    price = row.price
    if price.ratio is None:
        return "–"
    main = f"<small>main {100 * (price.main or 0):.0f} %</small>" if price.reference else ""
    pays = f"<small>pays from run {price.break_even}</small>" if price.reference and price.break_even and price.break_even > 1 else ""
    return f"{100 * price.ratio:.0f} %{main}{pays}"


def _score(results: "Results", row: "Row", score: "Score", span: int) -> str:
    if score.mean is None:
        return "<span class='val'>–</span>"
    scale, digits = (1.0, 3) if results.metric == "loss" else (100.0, 1)
    sd = "" if score.sd is None else f"<small> ± {scale * score.sd:.{digits}f}</small>"
    own = f"<span class='val'>{scale * score.mean:.{digits}f}{sd}</span>"
    if row.method == results.baseline:
        return f"{own}<small class='dif'>baseline</small>"
    if score.difference is None:
        return own
    low, high = (scale * end for end in within(score.difference, results.metric))
    p = "" if score.p is None else f" · p {_text(p_in_words(score.p))}"
    words = f"{signed(scale * score.difference.value, digits)} [{signed(low, digits)}, {signed(high, digits)}]{p}"
    strip = "" if results.metric == "loss" else _strip(scale * score.difference.value, low, high, span)
    return f"{own}<small class='dif'>{words}</small>{strip}"


def _strip(value: float, low: float, high: float, span: int) -> str:
    """A difference and its interval as a bar around zero."""
    left, right = (50 + 50 * max(-1.0, min(1.0, end / span)) for end in (low, high))
    kind = "gain" if low > 0 else "loss" if high < 0 else "open"
    at = 50 + 50 * max(-1.0, min(1.0, value / span))
    bar = f"<i style='left:{left:.1f}%;width:{max(right - left, 1):.1f}%'></i>"
    return f"<span class='r-strip {kind}'><u></u>{bar}<b style='left:{at:.1f}%'></b></span>"


def _span(results: "Results") -> int:
    """Of the strips: the smallest that holds three of four intervals."""
    ends = sorted(
        100 * max(abs(end) for end in within(d, results.metric))
        for row in results.rows
        for score in row.scores.values()
        if (d := score.difference) and row.method != results.baseline
    )
    reach = ends[int(0.75 * (len(ends) - 1))] if ends else 1
    return next((span for span in SPANS if span >= reach), SPANS[-1])


def parts(found: Iterable["Part"]) -> str:
    """Parts of an evaluation set (rows) by methods (columns): accuracy, and the difference to the baseline where it is sure."""
    every = list(found)
    methods, groups = list(dict.fromkeys(p.method for p in every)), list(dict.fromkeys((p.part, p.n) for p in every))
    cells = {(p.method, p.part): p for p in every}
    head = "".join(f"<th class='n'>{_text(method)}</th>" for method in methods)
    body = "".join(
        f"<tr><th scope='row'>{_text(part)}</th><td class='n'>{n}</td>{''.join(_part(cells[method, part]) for method in methods)}</tr>"
        for part, n in groups[:MOST_GROUPS]
    )
    more = f"<p class='r-note'>and {len(groups) - MOST_GROUPS} more</p>" if len(groups) > MOST_GROUPS else ""
    whole = f"<thead><tr><th></th><th class='n'>n</th>{head}</tr></thead>{body}"
    return f"<div class='r-wide'><table class='r-table r-parts'>{whole}</table></div>{more}"


def _part(part: "Part") -> str:
    sd = "" if part.sd is None else f"<small> ± {100 * part.sd:.1f}</small>"
    kind = ""
    if part.difference and (part.difference.low > 0 or part.difference.high < 0):
        kind = "gain" if part.difference.low > 0 else "loss"
    title = f" title='{_text(difference_in_words(part.difference, 'accuracy'))}'" if part.difference else ""
    return f"<td class='n {kind}'{title}>{100 * part.mean:.1f}{sd}</td>"


def calibration(results: "Results", evaluation: str) -> str:
    """Expected calibration error of each method on a set."""
    rows = "".join(
        f"<tr><th scope='row'>{_text(one.method)}</th><td class='n'>{100 * one.ece:.1f}"
        f"{'' if one.sd is None else f'<small> ± {100 * one.sd:.1f}</small>'}</td></tr>"
        for one in results.breakdowns.calibration(evaluation)
    )
    return f"<table class='r-table r-small'><thead><tr><th>{_text(evaluation)}</th><th class='n'>ECE x 100</th></tr></thead>{rows}</table>"


def references(results: "Results") -> str:
    """What ending each reference with its selection saves."""
    rows = "".join(_reference(results, one) for one in results.breakdowns.settling())
    if not rows:
        return "<p class='r-note'>No reference has ended, or none recorded three epochs: nothing can settle before.</p>"
    head = "<th>reference</th><th class='n'>steps</th><th class='n'>saved</th><th class='n'>same selection</th><th></th>"
    return f"<table class='r-table r-small'><thead><tr>{head}</tr></thead>{rows}</table>"


def _reference(results: "Results", one: dict[str, Any]) -> str:
    how = "stopped" if one["measured"] else "would have"
    same = "–" if one["overlap"] is None else f"{100 * one['overlap']:.0f} %"
    return (
        f"<tr><th scope='row'>{_text(_reference_name(results, one['run']))}</th><td class='n'>{one['steps']} of {one['budget']}</td>"
        f"<td class='n'>{100 * one['saved']:.0f} %</td><td class='n'>{same}</td><td>{how}</td></tr>"
    )


def _reference_name(results: "Results", run: str) -> str:
    spec = results.scored.workspace.runs.get(run).spec
    return f"{spec.model_name}, seed {spec.seed} ({run[:8]})"


def settings(results: "Results") -> str:
    """How the numbers came about: models, settings, machine."""
    done = [run for row in results.rows for run in row.done.values()]
    design = results.experiment.design
    rows = [("experiment", results.experiment.id), ("dataset", f"{results.about.name}, fingerprint {results.about.fingerprint[:12]}")]
    if done:
        spec, where = done[0].spec, done[0].environment
        rows += [
            ("main model", f"{spec.model_name}, fingerprint {spec.model_fingerprint[:12]}"),
            ("budget", f"{spec.epochs} epochs" if spec.epochs else f"{spec.steps} steps" if spec.steps else "that of another run"),
            (
                "optimiser",
                f"lr {spec.lr:g}, batch {spec.batch_size * spec.grad_accum}, warm-up {spec.warmup:g}, weight decay {spec.weight_decay:g}",
            ),
            ("texts", f"at most {spec.max_length} tokens"),
            ("computed on", ", ".join(str(where[k]) for k in ("hardware", "precision", "attention") if where.get(k))),
            ("with", ", ".join(f"{k} {where[k]}" for k in ("ftft", "torch", "transformers") if where.get(k))),
        ]
    rows.append(("seeds", ", ".join(map(str, results.experiment.seeds))))
    if results.experiment.kind == "stability":
        rows.append(("tuned", "a linear head on the frozen encoder" if design.get("tune") == "head" else "all weights"))
        return _list(rows)
    there = set(results.scored.workspace.runs.ids())
    names = [_reference_name(results, run).partition(", seed")[0] for run in results.experiment.references if run in there]
    burn_in = design.get("burn_in")
    rows += [
        ("references", ", ".join(dict.fromkeys(names)) or "none"),
        ("selected", f"{100 * design.get('top', 0):.4g} %" + (f", without the first {burn_in} epochs" if burn_in else "")),
        ("stop rule", str(design.get("stop") or "none")),
    ]
    return _list(rows)


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "<dl class='r-settings'>" + "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows) + "</dl>"


def heading(results: "Results") -> tuple[str, str]:
    """(title, a line about it)."""
    rows = results.rows
    done = sum(len(row.done) for row in rows)
    whole = sum(len(row.runs) for row in rows)
    state = "" if done == whole else f", {done} of {whole} runs ended"
    what = "Stability of fine-tuning" if results.experiment.kind == "stability" else "FTFT"
    return f"{what} on {results.about.name}", f"{len(rows)} methods x {len(results.experiment.seeds)} seeds{state}; {NAMES[results.metric]}"


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
