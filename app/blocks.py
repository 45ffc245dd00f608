"""Which runs are compared with which: a block holds a model's runs under the same settings and budget, a line those of one row.

Runs belong to one line when they differ in nothing but their seed. Random controls draw other examples with every seed: those of one
size, with or without given label shares, are one line. How a run may be stopped tells lines apart, but not blocks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ftft.domain import Run, RunSpec, Subset, canonical

# What a spec holds besides settings: what the row is about, which seed it is, and what does not change the numbers.
_NOT_SETTINGS = {
    "dataset", "dataset_fingerprint", "model", "subset", "subset_hash", "seed", "seeds", "epochs", "steps", "capture", "again",
    "eval_batch_size", "imported", "devices", "selection", "report_to", "remote_code", "steps_of", "predict_train", "keep_model",
}  # fmt: skip
STOPPING = ("stop", "patience", "evals")
NEVER = (None, None, None)  # the rule of runs that nothing stops
KINDS = ("everything", "erm_steps", "subset", "random", "random_matched")  # in the order of their lines


@dataclass(frozen=True)
class Line:
    """Runs of one row. `kind`: one of KINDS; `subset`: what they saw, that of one of them for a random control, None where it is gone."""

    kind: str
    rule: tuple
    runs: list[Run]
    subset: Subset | None = None

    @property
    def counts(self) -> dict[str, int] | None:
        """How many examples of each label a random control was drawn with; None where it was not told."""
        step = random_step(self.subset)
        if step and self.subset and step.get("like"):
            return self.subset.labels
        return step["counts"] if step else None


@dataclass(frozen=True)
class Block:
    """Lines in the order in which they are shown. `main`: those on a subset that is no control."""

    lines: tuple[Line, ...]

    @property
    def main(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.kind == "subset")

    def baseline(self, line: Line) -> Line | None:
        """What differences of a line are taken to: everything under the same stop rule; where no run of that is on its way, everything
        that nothing stops."""
        everything = {other.rule: other for other in self.lines if other.kind == "everything"}
        rule = line.rule if line.kind != "erm_steps" and line.rule in everything else NEVER
        if line.kind in ("everything", "erm_steps"):
            rule = next((main.rule for main in self.main), rule)
        same, never = everything.get(rule), everything.get(NEVER)
        return same if same and (_may_score(same) or not never) else never


def blocks(runs: Iterable[Run], subsets: Iterable[Subset], rows: int) -> list[Block]:
    """All blocks with a run on a subset; `rows`: of the whole training set.

    Runs whose subset is not made yet are not among them, nor those whose steps another run decides: experiments show them.
    """
    by_hash = {subset.hash: subset for subset in subsets}
    made = [run for run in runs if run.spec.steps_of is None and (run.spec.on_everything or run.subset_hash)]
    grouped: dict[tuple, dict[tuple, list[Run]]] = {}
    for run in made:
        of_block = grouped.setdefault((run.spec.total_steps(rows), *_key(run.spec)), {})
        of_block.setdefault((_rule(run.spec), *_what(run, by_hash)), []).append(run)
    found = []
    for (_, *settings), lines in grouped.items():
        block = [Line(key[1], key[0], members, by_hash.get(members[0].subset_hash or "")) for key, members in lines.items()]
        if any(line.kind != "everything" for line in block):
            block += _equal_steps(block, [run for run in made if run.spec.on_everything and _key(run.spec) == tuple(settings)], rows)
            found.append(Block(tuple(sorted(block, key=lambda line: (KINDS.index(line.kind), line.rule == NEVER)))))
    return found


def settings_of(spec: RunSpec) -> dict[str, Any]:
    """What tells a row apart from others besides model, subset, budget and seed."""
    return {name: value for name, value in spec.to_json().items() if name not in _NOT_SETTINGS}


def random_step(subset: Subset | None) -> dict[str, Any] | None:
    """The one step by which a subset was drawn at random; None for any other subset."""
    steps = subset.selection.get("steps", ()) if subset else ()
    return steps[0] if len(steps) == 1 and steps[0].get("by") == "random" else None


def _key(spec: RunSpec) -> tuple:
    return tuple(sorted((name, repr(value)) for name, value in settings_of(spec).items() if name not in STOPPING))


def _rule(spec: RunSpec) -> tuple:
    return tuple(getattr(spec, name) for name in STOPPING)


def _what(run: Run, by_hash: dict[str, Subset]) -> tuple:
    """(kind, then what tells lines of that kind apart)."""
    if run.spec.on_everything:
        return ("everything",)
    if step := random_step(by_hash.get(run.subset_hash or "")):
        if like := step.get("like"):
            return ("random_matched", canonical(like))
        counts = step["counts"]
        return ("random", step["n"]) if counts is None else ("random_matched", tuple(sorted(counts.items())))
    return ("subset", run.subset_hash)


def _equal_steps(block: list[Line], everything: list[Run], rows: int) -> list[Line]:
    """Runs on everything that took as many steps as the stopped run on a subset of the same seed; other budgets, so other blocks."""
    taken = {(run.spec.seeds, run.stop["step"]) for line in block if line.kind == "subset" for run in line.runs if run.stop.get("early")}
    found = [run for run in everything if _rule(run.spec) == NEVER and (run.spec.seeds, run.spec.total_steps(rows)) in taken]
    return [Line("erm_steps", NEVER, found)] if found else []


def _may_score(line: Line) -> bool:
    return any(run.state in ("queued", "running", "succeeded") for run in line.runs)
