"""What a results table allows to be said, in words: a difference with what it is worth, and what else may explain it.

A confound is ruled out where the method also beats, by an interval that leaves 0 out, the control that has the same of it and nothing
else. Without that control it is not: silence is no evidence. Nothing is said that the table does not show.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ftft.crossed import ALPHA, FEW, Difference
from ftft.workspace.methods import ON_ALL, parse
from ftft.workspace.results import few, within

if TYPE_CHECKING:
    from ftft.workspace.results import Results, Row

Verdict = Literal["ruled out", "not ruled out", "not measured"]
NAMES = {"accuracy": "accuracy", "macro_f1": "macro-F1", "auroc": "AUROC", "loss": "loss"}
PLACES = {"id": "in distribution", "ood": "out of distribution"}
MINUS = "−"
SMALL_P = 0.001


@dataclass(frozen=True)
class Confound:
    """Something besides the choice of examples that may explain a difference, and what the table says about it."""

    name: str
    verdict: Verdict
    text: str

    def to_json(self) -> dict[str, str]:
        """`{name, verdict, text}`."""
        return {"name": self.name, "verdict": self.verdict, "text": self.text}


@dataclass(frozen=True)
class Claim:
    """Of one method. `holds`: the interval of its difference to the baseline leaves 0 out, for the better."""

    method: str
    holds: bool
    text: str
    confounds: tuple[Confound, ...]

    @property
    def summary(self) -> str:
        """Which confounds have been ruled out, which not, and which nobody has measured."""
        verdicts: tuple[Verdict, ...] = ("ruled out", "not ruled out", "not measured")
        named = {verdict: [c.name for c in self.confounds if c.verdict == verdict] for verdict in verdicts}
        return " ".join(f"{_capital(verdict)}: {', '.join(names)}." for verdict, names in named.items() if names)

    def to_json(self) -> dict[str, Any]:
        """`{method, holds, text, summary, confounds[]}`."""
        confounds = [confound.to_json() for confound in self.confounds]
        return {"method": self.method, "holds": self.holds, "text": self.text, "summary": self.summary, "confounds": confounds}


def claims(results: "Results") -> list[Claim]:
    """One for each method that chooses examples, in the order of the table; of a stability experiment, for each that stabilises."""
    if results.experiment.kind == "stability":
        from ftft.workspace.steadier import claims as of_stability

        return of_stability(results)
    chosen = [row for row in results.rows if parse(row.method).base not in (*ON_ALL, "random", "random_matched")]
    return [claim(results, row) for row in chosen if row.method != results.baseline]


def claim(results: "Results", row: "Row") -> Claim:
    """What may be said of one method, on the column that tells."""
    column = results.telling
    found = row.scores[column.name].difference if column else None
    if column is None or found is None:
        waiting = sum(n for state, n in row.states.items() if state in ("queued", "running"))
        why = f"{waiting} of its runs are still to end" if waiting else "no seed has both it and the baseline"
        return Claim(row.method, False, f"Nothing can be said of {row.method} yet: {why}.", ())
    p = row.scores[column.name].p
    outlasts = p is None or p < ALPHA  # the other comparisons of the table
    where = f"{PLACES[column.distribution]} ({_sets(column.evaluations)})"
    size = difference_in_words(found, results.metric)
    is_better, is_worse = better(found, results.metric), better(turned(found), results.metric)
    verb = _verb(is_better, is_worse, outlasts)
    worth = few(found.n_seeds)
    how = "Adjusted" if outlasts or not (is_better or is_worse) else "Not once adjusted"
    adjusted = "" if p is None else f" {how} for {results.comparisons} comparisons, p {'= ' if p >= SMALL_P else ''}{p_in_words(p)}."
    tested = adjusted or (f" {_capital(worth)}." if worth else "")
    text = f"{row.method} {verb} {results.baseline} {where}: {size} of {NAMES[results.metric]}, over {_seeds(found.n_seeds)}.{tested}"
    return Claim(row.method, is_better and outlasts, text, _confounds(results, row))


def _verb(is_better: bool, is_worse: bool, outlasts: bool) -> str:
    """An interval that leaves 0 out is no gain yet where one of several comparisons may come out like this by chance."""
    if is_better:
        return "gains on" if outlasts else "is ahead of"
    if is_worse:
        return "loses to" if outlasts else "is behind"
    return "cannot be told from"


def _confounds(results: "Results", row: "Row") -> tuple[Confound, ...]:
    base = parse(row.method)
    like = [
        other.method for other in results.rows if parse(other.method).base == "random_matched" and parse(other.method).like == row.method
    ]
    random = [other.method for other in results.rows if parse(other.method).base == "random" and parse(other.method).q == base.q]
    steps = [other.method for other in results.rows if parse(other.method).base == "erm_steps" and parse(other.method).like == row.method]
    early = [other.method for other in results.rows if other.method == "erm_early"]
    found = [
        _against(results, row, "label shares", like, "random examples with the same label shares", f"random_matched:like={row.method}"),
        _shift(results, row),
        _against(results, row, "number of examples", random, "as many random examples", "random"),
        _against(results, row, "number of steps", steps, "all examples for as many steps", f"erm_steps:like={row.method}"),
        _against(results, row, "early stopping", early, "all examples under the same stop rule", "erm_early"),
        _cost(row),
        _luck(results, row),
    ]
    return tuple(confound for confound in found if confound)


def _against(results: "Results", row: "Row", name: str, controls: list[str], what: str, missing: str) -> Confound | None:
    """Does the method beat the control, too?"""
    column = results.telling
    assert column
    if name == "early stopping" and results.experiment.design.get("stop") is None:
        return None
    found = results.between(row.method, controls[0], column) if controls else None
    if found is None:
        return Confound(name, "not measured", f"{_capital(what)} were not trained on: add {missing.removesuffix(':like=ftft')}")
    other = results.between(controls[0], results.baseline, column) if controls[0] != results.baseline else None
    gained = f"; they themselves differ from {results.baseline} by {difference_in_words(other, results.metric)}" if other else ""
    verdict: Verdict = "ruled out" if better(found, results.metric) else "not ruled out"
    return Confound(name, verdict, f"Against {what} ({controls[0]}): {difference_in_words(found, results.metric)}{gained}")


def _shift(results: "Results", row: "Row") -> Confound | None:
    """AUROC does not move with the threshold that label shares shift."""
    column = results.telling
    if results.metric == "auroc" or column is None or row.method == results.baseline:
        return None
    found = results.between(row.method, results.baseline, column, "auroc")
    if found is None:
        return None
    verdict: Verdict = "ruled out" if better(found, "auroc") else "not ruled out"
    return Confound(
        "decision threshold", verdict, f"AUROC, which no shift of the threshold moves, differs by {difference_in_words(found, 'auroc')}"
    )


def _cost(row: "Row") -> Confound | None:
    ratio = row.price.ratio
    if ratio is None:
        return Confound("cost", "not measured", "No run on everything for the whole budget to compare with: add erm")
    pays = row.price.break_even
    later = (
        ""
        if ratio <= 1
        else f"; it pays off from main run {pays} on that uses one reference"
        if pays
        else "; no number of main runs makes it pay"
    )
    return Confound("cost", "ruled out" if ratio <= 1 else "not ruled out", f"{100 * ratio:.0f} % of ERM's FLOPs with its reference{later}")


def _luck(results: "Results", row: "Row") -> Confound:
    seeds = len(row.done)
    if results.shared_reference and any(row.references.values()):
        return Confound(
            "seeds", "not ruled out", "All seeds use examples that one reference run chose: how far another's would differ is in no SD"
        )
    if seeds < FEW:
        return Confound("seeds", "not ruled out", f"{_seeds(seeds)}: {FEW} are the fewest that are tested")
    return Confound("seeds", "ruled out", f"{_seeds(seeds)}, each with its own reference run; intervals take them into account")


def better(found: Difference, metric: str) -> bool:
    """Does the interval leave 0 out, for the better? A smaller loss is better."""
    return found.high < 0 if metric == "loss" else found.low > 0


def turned(found: Difference) -> Difference:
    """The same, seen from the other method."""
    return Difference(-found.value, -found.high, -found.low, found.se, found.df, found.p, found.n_seeds)


def difference_in_words(found: Difference, metric: str) -> str:
    """ "+1.2 points [−0.4, +2.8]"; a loss is in nats."""
    scale, unit, digits = (1.0, "", 3) if metric == "loss" else (100.0, " points", 1)
    low, high = within(found, metric)
    return f"{signed(scale * found.value, digits)}{unit} [{signed(scale * low, digits)}, {signed(scale * high, digits)}]"


def p_in_words(p: float) -> str:
    """Three digits, or that it is smaller than they can say."""
    return f"{p:.3f}" if p >= SMALL_P else f"< {SMALL_P}"


def signed(value: float, digits: int = 1) -> str:
    """ "+1.2", "−0.4", "0.0"; never "−0.0"."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else MINUS}{text}"


def _sets(evaluations: tuple[str, ...]) -> str:
    return evaluations[0] if len(evaluations) == 1 else f"mean of {', '.join(evaluations)}"


def _seeds(n: int) -> str:
    return f"{n} seed{'' if n == 1 else 's'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
