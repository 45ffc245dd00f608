"""`ftft estimate`: what the same words would cost, before anything starts."""

from pathlib import Path
from typing import Any

import click

from ftft.cli.costs import size, time_
from ftft.cli.experiments import estimate as of_experiments
from ftft.cli.output import emit, note, table
from ftft.cli.train import train as training
from ftft.cli.train import wanted
from ftft.domain import Estimate, Pending
from ftft.workspace import Workspace

_EXAMPLE = "ftft estimate train cad --model microsoft/deberta-v3-large --subset ambiguous --seed 1 --seed 2"


@click.group()
def estimate() -> None:
    """What training would cost: FLOPs, time on this machine, memory and disk. Nothing is trained."""


def train(
    dataset: str, model: str, seeds: tuple[int, ...], selection: Path | None, after: tuple[str, ...], priority: int, detach: bool,
    again: bool, workspace: str | None, as_json: bool, **settings: Any,
) -> None:  # fmt: skip
    """What `ftft train` with the same words would cost."""
    given = wanted(settings, selection)
    ws = Workspace(workspace)
    specs = ws.plan(dataset, model=model, seeds=seeds, again=again, **given)
    for run in after:
        ws.runs.id(run)
    found = ws.estimate(specs)
    if isinstance(found, Pending):
        note("Measuring the model on these texts, once; the next estimate is there at once.")
        found = ws.estimate(specs, wait=True)
    assert isinstance(found, Estimate)
    known = found
    emit(as_json, known.to_json(), lambda: _text(known))


estimate.add_command(click.Command("train", params=training.params, callback=train, help=f"{train.__doc__}\n\n\b\n{_EXAMPLE}"))
estimate.add_command(of_experiments)


def _text(found: Estimate) -> str:
    rows = [
        [run.run, f"{run.steps}", f"{run.flops:.3g}", time_(run.seconds), f"{100 * run.cost_ratio:.0f} %", "exists" if run.existing else ""]
        for run in found.runs
    ]
    most = "at most " if found.upper_bound else ""
    memory = "unknown" if found.memory_bytes is None else size(found.memory_bytes)
    return "\n".join(
        [
            table(["run", "steps", "FLOPs", "time", "of full training", ""], rows),
            "",
            f"In all {most}{found.flops:.3g} FLOPs, {time_(found.seconds)} on {found.device} ({found.measured}), one run after another.",
            f"Memory {memory}; disk {size(found.disk_bytes)}, {size(found.peak_disk_bytes)} while training.",
        ]
    )
