"""What a stability experiment allows to be said of a method, in words: is it steadier than the baseline, and what may mislead."""

from typing import TYPE_CHECKING

from ftft.crossed import ALPHA
from ftft.workspace.claims import NAMES, Claim, Confound, better, difference_in_words, p_in_words, turned
from ftft.workspace.instabilities import FEWEST, Instability
from ftft.workspace.stability_design import ONE_BY_ONE

if TYPE_CHECKING:
    from ftft.workspace.results import Results, Row

DEAR = 1.02  # times the baseline's FLOPs, from where on cost is a part of the story


def claims(results: "Results") -> list[Claim]:
    """One for each method but the baseline, in the order of the table; sources of chance that are varied alone are no method."""
    return [_claim(results, row) for row in results.rows if row.method != results.baseline and ONE_BY_ONE not in row.method]


def _claim(results: "Results", row: "Row") -> Claim:
    found, base = results.instabilities.rows[row.method], results.instabilities.rows[results.baseline]
    if found.spread is None or base.spread is None:
        return Claim(row.method, False, f"Nothing can be said of {row.method} yet: it takes two runs of it and of {results.baseline}.", ())
    ratio = found.ratio
    steadier, less_steady = bool(ratio and ratio.high < 1), bool(ratio and ratio.low > 1)
    how = "steadier" if steadier else "less steady"
    verb = f"{'is' if found.tested else 'may be'} {how} than" if steadier or less_steady else "cannot be told from"
    text = (
        f"{row.method} {verb} {results.baseline} on {results.instabilities.evaluation}: SD {_points(results, found.spread[0])} against "
        f"{_points(results, base.spread[0])}{_ratio(ratio)}, over {found.runs} and {base.runs} runs; {len(found.failed)} and "
        f"{len(base.failed)} failed."
    )
    if min(one.runs - len(one.failed) for one in (found, base)) < 2:
        text = (
            f"Whether {row.method} is steadier than {results.baseline} on {results.instabilities.evaluation} cannot be said: "
            f"{len(found.failed)} of its {found.runs} runs and {len(base.failed)} of the baseline's {base.runs} failed. SD of all runs "
            f"{_points(results, found.spread[0])} against {_points(results, base.spread[0])}."
        )
    return Claim(row.method, steadier and found.tested, text, (_mean(results, row), _failures(found, base), _test(found), _cost(row)))


def _points(results: "Results", value: float) -> str:
    return f"{value:.3f}" if results.metric == "loss" else f"{100 * value:.1f}"


def _ratio(ratio) -> str:
    return "" if ratio is None else f" (ratio {ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}], failed runs left out)"


def _mean(results: "Results", row: "Row") -> Confound:
    """A method that is steady because it is bad is no remedy."""
    column = results.telling or results.columns[0]
    found = row.scores[column.name].difference
    if found is None:
        return Confound("mean score", "not measured", "No seed has both runs")
    size = f"{difference_in_words(found, results.metric)} of {NAMES[results.metric]} on {column.name}"
    if better(turned(found), results.metric):
        return Confound("mean score", "not ruled out", f"It scores lower: {size}")
    return Confound(
        "mean score", "ruled out", f"It scores {'higher' if better(found, results.metric) else 'no lower that could be told'}: {size}"
    )


def _failures(found: Instability, base: Instability) -> Confound:
    """An SD over runs of which some failed is about these alone."""
    if found.failed_share is None or base.failed_share is None:
        return Confound("failed runs", "not measured", "Nothing says what the commonest answer would score")
    if found.failed or base.failed:
        text = (
            f"{len(found.failed)} of {found.runs} runs failed, of the baseline {len(base.failed)} of {base.runs}: compare shares before SDs"
        )
        return Confound("failed runs", "not ruled out", text)
    return Confound("failed runs", "ruled out", "No run of either failed")


def _test(found: Instability) -> Confound:
    """The ratio supposes normal scores; the test by medians does not."""
    if found.p is None:
        return Confound("shape of the scores", "not measured", f"Equal spread is tested from {FEWEST} runs of each on")
    verdict = "ruled out" if found.p < ALPHA else "not ruled out"
    return Confound(
        "shape of the scores",
        verdict,
        f"Brown and Forsythe's test of equal spread, by medians: p {p_in_words(found.p)}, for all methods together",
    )


def _cost(row: "Row") -> Confound:
    """More training may be all there is to it."""
    ratio = row.price.ratio
    if ratio is None:
        return Confound("more training", "not measured", "Nobody knows what its runs cost")
    if ratio > DEAR:
        return Confound("more training", "not ruled out", f"It costs {ratio:.2f} times the FLOPs")
    return Confound("more training", "ruled out", f"It costs {ratio:.2f} times the FLOPs")
