"""`ftft runs …`"""

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
    rows = [_row(r) for r in Workspace(workspace).runs.list() if not states or r.state in states]
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
@common
def logs(run: str, workspace: str | None, as_json: bool) -> None:
    """Prints the last lines of a run's log."""
    text = Workspace(workspace).runs.log(run)
    emit(as_json, {"log": text}, lambda: text.rstrip("\n"))


@runs.command()
@click.argument("run")
@common
def cancel(run: str, workspace: str | None, as_json: bool) -> None:
    """Stops a queued or running run; its last checkpoint is kept."""
    found = Workspace(workspace).runs.cancel(run)
    emit(as_json, _row(found), lambda: f"{found.id}  {found.state}")


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
    emit(as_json, _row(found), lambda: f"{found.id}  {found.state}")
    return 0 if detach else status([found])


def _row(run: Run) -> dict:
    return {
        "run": run.id, "dataset": run.spec.dataset, "model": run.spec.model, "subset": run.spec.subset, "seed": run.spec.seed,
        "state": run.state, "created": run.created, "experiment": None,
    }  # fmt: skip


def _whole(run: Run) -> dict:
    spec = run.spec.to_json()
    spec |= {"fingerprint": spec["dataset_fingerprint"], "methods": [], "steps": run.steps_total}
    same = ("state", "cause", "environment", "epochs_recorded", "steps_done", "stop", "scores", "cost", "error", "created")
    rest = {"spec": spec, "warnings": list(run.warnings), "folder": str(run.folder)}
    return {"run": run.id, **{name: getattr(run, name) for name in same}, **rest}


def _text(run: Run) -> str:
    s = run.spec
    lines = [
        f"{run.id}  {run.state}",
        f"{s.dataset}, {s.model_name}, {s.subset or 'everything'}, seed {s.seed}, lr {s.lr:g}, batch {s.batch_size}, capture {s.capture}",
        f"step {run.steps_done} of {run.steps_total}, {run.epochs_recorded} epochs recorded",
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
