"""`ftft runs …`"""

import sys
from pathlib import Path

import click

from ftft.cli.output import common, emit, table
from ftft.cli.train import status, wait
from ftft.domain import STATES, Run
from ftft.errors import unknown
from ftft.workspace import Workspace


@click.group()
def runs() -> None:
    """Runs: what was trained, what is training, what waits."""


@runs.command("list")
@click.option("--state", "states", multiple=True, metavar="S", help=f"Only these: {', '.join(STATES)}.")
@common
def list_(states: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Lists runs, newest first."""
    for state in states:
        if state not in STATES:
            raise unknown("state", state, STATES)
    ws = Workspace(workspace)
    belong = ws.experiment.of_runs()
    rows = [_row(r, belong.get(r.id)) for r in ws.runs.list() if not states or r.state in states]
    head = ["run", "state", "dataset", "model", "subset", "seed", "created"]
    emit(as_json, {"runs": rows}, lambda: table(head, [["–" if r[k] is None else r[k] for k in head] for r in rows]))


@runs.command()
@click.argument("run")
@common
def show(run: str, workspace: str | None, as_json: bool) -> None:
    """Shows a run: its spec, scores, cost and, where it failed, the cause and the remedy."""
    found = Workspace(workspace).runs.get(run)
    emit(as_json, _whole(found), lambda: _text(found))


@runs.command()
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Print all of it, and go on until the run has ended.")
@common
def logs(run: str, follow: bool, workspace: str | None, as_json: bool) -> None:
    """Prints the last lines of a run's log.

    \b
    ftft runs logs 0f3a -f
    """
    ws = Workspace(workspace)
    if not follow:
        text = ws.runs.log(run)
        emit(as_json, {"log": text}, lambda: text.rstrip("\n"))
        return
    pieces = []
    for piece in ws.runs.follow(run):
        pieces.append(piece)
        if not as_json:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
    if as_json:
        emit(True, {"log": b"".join(pieces).decode(errors="replace")}, str)


@runs.command()
@click.argument("run")
@common
def cancel(run: str, workspace: str | None, as_json: bool) -> None:
    """Stops a queued or running run; its last checkpoint is kept."""
    ws = Workspace(workspace)
    found = ws.runs.cancel(run)
    emit(as_json, _row(found, ws.experiment.of_runs().get(found.id)), lambda: f"{found.id}  {found.state}")


@runs.command()
@click.argument("run")
@click.option("--detach", is_flag=True, help="Return once queued.")
@common
def resume(run: str, detach: bool, workspace: str | None, as_json: bool) -> int:
    """Goes on with a cancelled, failed or lost run from its last checkpoint, and waits for it."""
    ws = Workspace(workspace)
    found = ws.runs.resume(run)
    if not detach:
        (found,) = wait(ws, [found.id])
    emit(as_json, _row(found, ws.experiment.of_runs().get(found.id)), lambda: f"{found.id}  {found.state}")
    return 0 if detach else status([found])


@runs.command()
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="Where training_dynamics/ is made.")
@common
def export(run: str, out: Path, workspace: str | None, as_json: bool) -> None:
    """Writes a run's dynamics as dynamics_epoch_N.jsonl, which the cartography code reads.

    \b
    ftft runs export 0f3a --out roberta
    """
    folder = Workspace(workspace).runs.export(run, out)
    files = sorted(str(f) for f in folder.iterdir())
    emit(as_json, {"folder": str(folder), "files": files}, lambda: "\n".join(files))


@runs.command()
@click.argument("run")
@common
def remove(run: str, workspace: str | None, as_json: bool) -> None:
    """Deletes a run that has ended: dynamics, predictions, model and log. Subsets chosen by it stay."""
    ws = Workspace(workspace)
    run = ws.runs.id(run)
    ws.runs.remove(run)
    emit(as_json, {"run": run}, lambda: f"run {run} is removed")


def _row(run: Run, experiment: str | None) -> dict:
    return {
        "run": run.id, "dataset": run.spec.dataset, "model": _model(run), "subset": run.spec.subset, "seed": run.spec.seed,
        "state": run.state, "created": run.created, "after": list(run.after), "experiment": experiment,
    }  # fmt: skip


def _model(run: Run) -> str:
    """What it was given as; of an import, whose model is not here, what it reads as."""
    return run.spec.model_name if run.spec.imported else run.spec.model


def _whole(run: Run) -> dict:
    spec = run.spec.to_json()
    spec |= {"model": _model(run), "fingerprint": spec["dataset_fingerprint"], "methods": spec["methods"] or [], "steps": run.steps_total}
    same = ("state", "cause", "environment", "epochs_recorded", "stop", "scores", "cost", "error", "created")
    same += ("distance", "retrained", "theory")
    rest = {"spec": spec, "measures": run.measures, "warnings": list(run.warnings), "folder": str(run.folder)}
    return {"run": run.id, **{name: getattr(run, name) for name in same}, **rest, "steps_done": _steps(run)}


def _steps(run: Run) -> int | None:
    """Nobody knows those of an import without settings."""
    return run.steps_done if run.spec.has_settings else None


def _text(run: Run) -> str:
    s = run.spec
    known = s.has_settings
    settings = f"seed {s.seed}, lr {s.lr:g}, batch {s.batch_size}" if known else "seed –, lr –, batch –"
    settings += f", method {s.method}" if s.methods else ""
    settings += ", head alone" if s.tune else ""
    holds = "" if run.measures is None else f", metrics alone: {', '.join(run.measures)}"
    lines = [
        f"{run.id}  {run.state}",
        f"{s.dataset}, {s.model_name}, {s.subset or ('everything' if known else '–')}, {settings}, capture {s.capture}",
        f"step {run.steps_done if known else '–'} of {run.steps_total or '–'}, {run.epochs_recorded} epochs recorded{holds}",
    ]
    if run.stop:
        when = f"stopped at step {run.stop['step']}" if run.stop["early"] else "never stopped"
        lines.append(f"{when} by {run.stop['on']}; the model is that of step {run.stop['best_step']}, at {run.stop['best']:.4f}")
    if run.error:
        lines.append(f"{run.cause}: {run.error.get('message')}. {run.error.get('remedy')}")
    if run.scores:
        metrics = list(next(iter(run.scores.values())))
        rows = [[name, *("–" if scores[m] is None else f"{scores[m]:.4f}" for m in metrics)] for name, scores in run.scores.items()]
        lines.append(table(["set", *metrics], rows))
    return "\n".join(lines + [f"! {w['message']}" for w in run.warnings])
