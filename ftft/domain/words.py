"""A step of a selection in plain words: "added a lasso on bert-mini (variability × confidence, epochs 1–6)"."""

from collections.abc import Iterable, Mapping
from typing import Any

from ftft.domain.region import Box
from ftft.domain.step import Step

THIN = "\u202f"  # narrow no-break space
NAMED = 3  # labels, values and ids that are named; the others are counted
_LONG = 40  # characters of a text that are quoted
_VERBS = {"new": "selected", "add": "added", "subtract": "took away", "intersect": "kept only"}


def in_words(step: Step, runs: Mapping[str, str], brief: bool = False) -> str:
    """What the step did. `runs`: what the reader calls each map, by its id; one that is not there is called by its id.

    `brief` leaves out the axes and the epochs.
    """
    if step.by == "invert":
        return "inverted" if step.op == "new" else f"{_VERBS[step.op]} all that was not selected"
    return f"{_VERBS[step.op]} {picked(step, runs, brief)}"


def picked(step: Step, runs: Mapping[str, str], brief: bool = False) -> str:
    """What the step picks, whatever is done with it."""
    match step.by:
        case "region":
            only = "".join(f", only {picked(inner, runs, brief)}" for inner in step["only"])
            axes = "" if brief else f" ({_metric(step['x'])} × {_metric(step['y'])}, {_epochs(step)})"
            return f"{_outlines(step)} on {_run(step, runs)}{axes}{only}"
        case "top":
            within = " within each label" if step["per_label"] else ""
            share = f"{step['end']} {100 * step['q']:.4g}{THIN}%"
            return f"{share} by {_metric(step['metric'])} of {_run(step, runs)}{within}{'' if brief else f' ({_epochs(step)})'}"
        case "label":
            return f"label{'' if len(step['labels']) == 1 else 's'} {_few(step['labels'])}"
        case "text":
            query = _cut(step["query"])
            return f"texts that match {query}" if step["regex"] else f"texts with “{query}”"
        case "column":
            return " ".join([step["column"], *_values(step)])
        case "ids":
            ids = step["ids"]
            return f"example {_few(ids)}" if len(ids) == 1 else f"{len(ids):,} examples by id".replace(",", THIN)
        case "subset":
            return f"subset {step['subset']}"
        case "flag":
            return f"what is flagged “{_cut(step['flag'])}”"
        case "strategy":
            options = "".join(f", {_metric(name)} {value}" for name, value in sorted(step["options"].items()))
            within = " within each label" if step["per_label"] else ""
            share = f"{_metric(step['strategy'])} {100 * step['q']:.4g}{THIN}%"
            return f"{share} of {_run(step, runs)}{options}{within}{'' if brief else f' ({_epochs(step)})'}"
        case "random" if step["like"]:
            like = " and ".join(picked(inner, runs, brief) for inner in step["like"])
            return f"as many at random of each label as {like} (seed {step['seed']})"
        case "random":
            like = " with given label shares" if step["counts"] else ""
            return f"{step['n']:,} at random{like} (seed {step['seed']})".replace(",", THIN)
        case "invert":
            return "all that was not selected"
    raise AssertionError(step.by)


def _outlines(step: Step) -> str:
    shapes = step["shapes"]
    if len(shapes) > 1:
        return f"{len(shapes)} outlines"
    return "a box" if isinstance(shapes[0], Box) else "a lasso"


def _run(step: Step, runs: Mapping[str, str]) -> str:
    return runs.get(step["run"], step["run"])


def _metric(name: str) -> str:
    return name.replace("_", " ")


def _epochs(step: Step) -> str:
    if step["epochs"] is None:
        return f"all epochs after {step['burn_in']}" if step.what.get("burn_in") else "all epochs"
    first, last = step["epochs"]
    return f"epoch {first}" if first == last else f"epochs {first}–{last}"


def _values(step: Step) -> Iterable[str]:
    values, low, high = step["values"], step["min"], step["max"]
    if values is not None:
        yield _few(values)
    if low is not None and high is not None:
        yield f"from {low:.10g} to {high:.10g}"
    elif low is not None:
        yield f"≥ {low:.10g}"
    elif high is not None:
        yield f"≤ {high:.10g}"


def _few(values: list[Any]) -> str:
    named = ", ".join(_cut(str(value)) for value in values[:NAMED]) or "none"
    return named if len(values) <= NAMED else f"{named} and {len(values) - NAMED} more"


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
