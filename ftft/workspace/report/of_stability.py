"""The report of a stability experiment: the same claims and table as any, and behind them seeds, spread, agreement, churn and theory."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ftft import result_figures
from ftft import stability_figures as draw
from ftft.errors import InputError, unknown
from ftft.workspace.claims import NAMES
from ftft.workspace.report import markup, stability_markup
from ftft.workspace.report.sections import Report, Section, pair
from ftft.workspace.stability_design import ONE_BY_ONE

if TYPE_CHECKING:
    from ftft.workspace.results import Results

DETAILS = {
    "seeds": "Seeds", "agreement": "Agreement", "scores": "Scores", "on_the_map": "Churn on the map", "curves": "Failed and healthy",
    "theory": "Leave one out", "how": "How",
}  # fmt: skip


class StabilityReport(Report):
    """Sections of a stability experiment."""

    @property
    def details(self) -> dict[str, str]:
        return DETAILS

    @property
    def focus(self) -> str:
        """The first method that is not the baseline."""
        return next((row.method for row in self.results.rows if row.method != self.results.baseline), self.results.rows[0].method)

    def table(self) -> str:
        """Spread, failures and agreement of each method."""
        return stability_markup.table(self.results)

    def seeds(self) -> Iterator[Section]:
        """Every seed, and the spread of each method."""
        on = self.results.instabilities.evaluation
        yield Section("All seeds", f"on {on}; hollow: no better than the commonest answer", self.figure("strips", "All seeds", wide=True))
        note = "sample SD over seeds with 95 % intervals, which suppose normal scores"
        yield Section("Spread", note, self.figure("spread", "Spread", wide=True))
        yield Section("Sources of chance", "each varied alone, the others held", stability_markup.sources(self.results))

    def scores(self) -> Iterator[Section]:
        """Means on every set, differences to the baseline, cost."""
        yield Section("Scores", "on every set", markup.table(self.results, self.focus))

    def agreement(self) -> Iterator[Section]:
        """How differently the runs of a method answer."""
        note = "between seeds, mean over pairs of runs; more says more instability"
        yield Section("Agreement", note, self.figure("agreement", "Agreement", wide=True))

    def on_the_map(self) -> Iterator[Section]:
        """Are the unstable examples the ambiguous ones?"""
        try:
            laid = laid_on_map(self.results, self.focus)
        except InputError as problem:
            yield Section("Churn on the map", "", f"<p class='r-note'>{problem.message}. {problem.remedy}.</p>")
            return
        drawn = pair(self.figure("churn", "Churn on the map"), self.figure("churn_by", "Churn by variability"))
        note = "training examples; churn: share of pairs of runs that answer differently"
        yield Section("Churn on the map", note, drawn + stability_markup.correlations(laid))

    def curves(self) -> Iterator[Section]:
        """Do failures show in the training loss?"""
        yield Section("Failed and healthy", "training loss, a line a run", self.figure("curves", "Failed and healthy runs"))

    def theory(self) -> Iterator[Section]:
        """What leaving one example out changes, and the bounds, as a trend beside it."""
        found = self.results.instabilities.left_out()
        if not any(one.epsilon for one in found):
            text = "No example was left out: ask for the experiment with --leave-one-out 10"
            yield Section("Leave one out", "", f"<p class='r-note'>{text}.</p>")
            return
        note = "same seed and batches, one example's weight 0; tick: another seed, nothing left out"
        drawn = self.figure("left_out", "Leave one out")
        yield Section("Leave one out", note, pair(drawn, stability_markup.theory(found)))

    def drawn(self, name: str) -> Any:
        """The matplotlib Figure of that name; InputError names those that there are."""
        if name not in FIGURES:
            raise unknown("figure", name, FIGURES)
        return FIGURES[name](self.results)

    def figure(self, name: str, title: str, wide: bool = False, **of: str) -> str:
        try:
            drawn = result_figures.themed(self.drawn(name), title)
        except InputError:
            return ""
        return f"<div class='r-figure{' wide' if wide else ''}'>{self.render(drawn, title)}</div>"


# ---- figures


def strips(results: "Results") -> Any:
    """Every seed of each method."""
    values = {row.method: list(results.instabilities.scores(row).values()) for row in results.rows if ONE_BY_ONE not in row.method}
    _some(values)
    scale, unit = _scale(results)
    floor = results.instabilities.rows[results.baseline].floor
    scaled = {method: [scale * score for score in scores] for method, scores in values.items()}
    return draw.strips(scaled, None if floor is None else scale * floor, f"{unit}, {results.instabilities.evaluation}")


def spread(results: "Results") -> Any:
    """SD of each method, and its share of failed runs."""
    rows = stability_markup.methods(results)
    scale, unit = _scale(results)
    found = {m: one.spread and (scale * one.spread[0], scale * one.spread[1], scale * one.spread[2]) for m, one in rows.items()}
    _some(found)
    shares = {m: one.failed_share for m, one in rows.items()}
    failed = {m: share and (share.value, share.low, share.high) for m, share in shares.items()}
    return draw.intervals({f"SD of {unit}": found, "share of failed runs": failed}, results.baseline)


def agreement(results: "Results") -> Any:
    """Disagreement, divergence and kappa of each method."""
    rows = stability_markup.methods(results)
    _some({m: one.disagreement for m, one in rows.items()})
    parts = {"disagreement": "disagreement", "jsd": "Jensen–Shannon divergence, nats", "one_minus_fleiss_kappa": "1 − Fleiss' kappa"}
    values = {
        title: {m: None if (v := getattr(one, name)) is None else (v, v, v) for m, one in rows.items()} for name, title in parts.items()
    }
    return draw.intervals(values, results.baseline)


def laid_on_map(results: "Results", method: str) -> dict[str, Any]:
    """Churn of the baseline's runs over the training set, on the map of its first run. InputError where there is none."""
    row = results.row(results.baseline)
    run = next((run for run in row.done.values() if run.mapped), None) if row else None
    laid = results.instabilities.against_map(results.baseline, run.id) if run else None
    if laid is None:
        raise InputError("no two runs have predicted the training set yet", "Ask for the experiment with --train-predictions")
    return laid


def churn(results: "Results") -> Any:
    """Churn on the map of the baseline's first run."""
    laid = laid_on_map(results, results.baseline)
    return draw.churn_on_map(laid["x_N"], laid["y_N"], laid["churn_N"], ("variability", "confidence"))


def churn_by(results: "Results") -> Any:
    """Churn against variability."""
    laid = laid_on_map(results, results.baseline)
    return draw.churn_by(laid["x_N"], laid["churn_N"], "variability")


def curves(results: "Results") -> Any:
    """Training loss of failed and healthy runs."""
    found = results.instabilities.learning_curves()
    if not found:
        raise InputError("no run has said what its loss is", "Wait for the first")
    return draw.learning(found)


def left_out(results: "Results") -> Any:
    """What leaving one example out moves, by method."""
    found = [one for one in results.instabilities.left_out() if one.epsilon]
    if not found:
        raise InputError("no example was left out", "Ask for the experiment with --leave-one-out 10")
    return draw.left_out({one.method: list(one.epsilon.values()) for one in found}, {one.method: one.floor for one in found})


FIGURES: dict[str, Callable[["Results"], Any]] = {
    "strips": strips, "spread": spread, "agreement": agreement, "churn": churn, "churn_by": churn_by, "curves": curves,
    "left_out": left_out,
}  # fmt: skip


def _scale(results: "Results") -> tuple[float, str]:
    """(factor, name) of scores as the table shows them."""
    return (1.0, "loss") if results.metric == "loss" else (100.0, f"{NAMES[results.metric]} x 100")


def _some(values: dict[str, Any]) -> None:
    if not any(values.values()):
        raise InputError("there is nothing to draw yet", "Wait until two seeds of a method have ended")
