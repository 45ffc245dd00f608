"""`ftft demo`: the whole loop on a bundled task, with nothing but this package."""

import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import Any

import click

from ftft import demo as task
from ftft.cli.app import serve
from ftft.cli.output import common, emit, note
from ftft.cli.train import status, wait
from ftft.domain import Run
from ftft.errors import WorkError
from ftft.workspace import Workspace


@click.command()
@click.option("--quick", is_flag=True, help="A small one, in under a minute.")
@click.option("--no-app", is_flag=True, help="Wait for the runs instead of opening the app, and train the main model, too.")
@common
def demo(quick: bool, no_app: bool, workspace: str | None, as_json: bool) -> int:
    """Trains two reference models on a generated task, and opens the app on their data maps, which fill while they train.

    \b
    ftft demo
    ftft demo --quick --no-app --json
    """
    ws, plan = Workspace(workspace), task.QUICK if quick else task.DEMO
    dataset = _add(ws, plan)
    references = [run for model in plan.references for run in _queue(ws, plan, dataset, model, plan.reference_epochs)]
    if not no_app:
        note("Two reference models are queued; their maps fill as they train.")
        serve(ws, opened=lambda url: webbrowser.open(url) if sys.stderr.isatty() else None)
        return 0
    _finish(ws, references)
    subset = ws.select(run=references[0].id, by=plan.metric, top=plan.q, name=plan.subset)
    mains = [r for chosen in (subset.name, None) for r in _queue(ws, plan, dataset, plan.main, plan.main_epochs, subset=chosen)]
    mains = _finish(ws, mains)
    runs = dict.fromkeys(run.id for run in (*references, *mains))
    value = {"workspace": str(ws.path), "dataset": dataset, "runs": list(runs), "subset": subset.name}
    emit(as_json, value, lambda: _text(mains))
    return 0


def _add(ws: Workspace, plan: Any) -> str:
    with tempfile.TemporaryDirectory() as folder:
        files = task.write(Path(folder), plan)
        return ws.data.add(plan.dataset, **files).name


def _queue(ws: Workspace, plan: Any, dataset: str, model: str, epochs: int, **settings: Any) -> list[Run]:
    path = next(m.path for m in ws.models() if m.name == model)
    return ws.train(
        dataset, model=path, detach=True, epochs=epochs, lr=plan.lr, batch_size=plan.batch_size, max_length=plan.max_length, **settings
    )


def _finish(ws: Workspace, runs: list[Run]) -> list[Run]:
    done = wait(ws, [r.id for r in runs])
    if status(done):
        raise WorkError("a run of the demo did not succeed", "See `ftft runs show ID`, and run the command again")
    return done


def _text(mains: list[Run]) -> str:
    lines = [f"Main model {mains[0].spec.model_name}, accuracy:"]
    for run in mains:
        scores = "  ".join(f"{name} {s['accuracy']:.3f}" for name, s in run.scores.items())
        lines.append(f"  on {run.spec.subset or 'everything':<16} {run.steps_done} steps   {scores}")
    return "\n".join([*lines, "One seed is no evidence: `ftft train … --seed 2` adds more. `ftft app` shows the maps."])
