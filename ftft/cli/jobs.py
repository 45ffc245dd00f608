"""`ftft jobs`: the queue that commands, notebooks and the app share."""

from typing import Any

import click

from ftft.cli.output import common, emit, table
from ftft.workspace import Workspace

HEAD = ("run", "state", "position", "priority", "device", "after")


class _ListByDefault(click.Group):
    """`ftft jobs --json` is `ftft jobs list --json`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not set(args) & {*self.commands, "--help", "-h"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListByDefault)
def jobs() -> None:
    """The queue: what is being trained, what waits, how much at once. Starts the runner if work is queued.

    \b
    ftft jobs
    ftft jobs set-slots 2
    ftft jobs pause
    """


@jobs.command("list")
@common
def list_(workspace: str | None, as_json: bool) -> None:
    """Lists what runs and what waits, in the order of starting."""
    _tell(Workspace(workspace), as_json)


@jobs.command()
@common
def pause(workspace: str | None, as_json: bool) -> None:
    """Starts nothing more; what runs goes on."""
    ws = Workspace(workspace, runner=False)
    ws.jobs.pause()
    _tell(ws, as_json)


@jobs.command()
@common
def resume(workspace: str | None, as_json: bool) -> None:
    """Goes on with what waits."""
    ws = Workspace(workspace)
    ws.jobs.resume()
    _tell(ws, as_json)


@jobs.command("set-slots")
@click.argument("slots", type=int)
@common
def set_slots(slots: int, workspace: str | None, as_json: bool) -> None:
    """How many runs are trained at once: on each GPU, or in all where there is none."""
    ws = Workspace(workspace)
    ws.jobs.set_slots(slots)
    _tell(ws, as_json)


@jobs.command()
@click.argument("run")
@common
def first(run: str, workspace: str | None, as_json: bool) -> None:
    """Puts a waiting run before all others."""
    ws = Workspace(workspace)
    ws.jobs.first(run)
    _tell(ws, as_json)


@jobs.command(context_settings={"ignore_unknown_options": True})  # -1 is a number here
@click.argument("run")
@click.argument("priority", type=int)
@common
def prioritise(run: str, priority: int, workspace: str | None, as_json: bool) -> None:
    """Changes a run's priority: higher ones start first.

    \b
    ftft jobs prioritise 3f9c -1
    """
    ws = Workspace(workspace)
    ws.jobs.prioritise(run, priority)
    _tell(ws, as_json)


def _tell(ws: Workspace, as_json: bool) -> None:
    found = ws.jobs.list()
    value = {"slots": ws.jobs.slots, "gpus": list(ws.jobs.gpus), "paused": ws.jobs.paused, "jobs": [job.to_json() for job in found]}
    emit(as_json, value, lambda: _text(value))


def _text(value: dict[str, Any]) -> str:
    of = f"slot{'' if value['slots'] == 1 else 's'} {'on each GPU' if value['gpus'] else 'on the CPU'}"
    lines = [f"{value['slots']} {of}{', paused' if value['paused'] else ''}"]
    rows = [[_cell(name, job) for name in HEAD] for job in value["jobs"]]
    return "\n".join([*lines, table(HEAD, rows) if rows else "Nothing waits, nothing runs."])


def _cell(name: str, job: dict[str, Any]) -> Any:
    if name == "after":
        return " ".join(run[:8] for run in job["after"]) or "–"
    if name == "state" and job["stopping"]:
        return "stopping"
    return job[name] if job[name] not in (None, "") else "–"
