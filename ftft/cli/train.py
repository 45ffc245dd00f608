"""`ftft train`, and `ftft run-spec`, which the runner calls."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from ftft.cli.output import common, emit, note
from ftft.domain import Run, RunSpec
from ftft.domain.spec import EVALUATIONS, HEAD_LR, PATIENCE
from ftft.domain.stabilisers import STABILISERS, STANDARD
from ftft.errors import InputError
from ftft.publish import read_json
from ftft.workspace import Workspace


@click.command()
@click.argument("dataset")
@click.option("--model", required=True, metavar="M", help="A folder written by save_pretrained, or a hub id.")
@click.option("--layers", type=int, metavar="K", help="Keep only the first K encoder layers: a reference cut from the main model.")
@click.option("--subset", metavar="S", help="Train on a saved subset, for as many steps as on everything.")
@click.option("--seed", "seeds", type=int, multiple=True, default=(1,), show_default=True, help="One run a seed; give it several times.")
@click.option("--epochs", type=int, help="Epochs over the whole training set [default: 3].")
@click.option("--steps", type=int, help="Optimiser steps, instead of --epochs.")
@click.option("--lr", type=float, help=f"Peak learning rate [default: {RunSpec.lr:g}; --tune head: {HEAD_LR:g}].")
@click.option("--batch-size", type=int, default=RunSpec.batch_size, show_default=True)
@click.option("--eval-batch-size", type=int, default=RunSpec.eval_batch_size, show_default=True)
@click.option("--grad-accum", type=int, default=RunSpec.grad_accum, show_default=True)
@click.option("--max-length", type=int, default=RunSpec.max_length, show_default=True, help="Tokens of an example.")
@click.option("--warmup", type=float, default=RunSpec.warmup, show_default=True, help="Share of the steps.")
@click.option("--weight-decay", type=float, default=RunSpec.weight_decay, show_default=True)
@click.option("--precision", default=RunSpec.precision, show_default=True, help="auto, fp32, bf16 or fp16.")
@click.option("--capture", default=RunSpec.capture, show_default=True, help="online, epoch_end or none.")
@click.option(
    "--stop",
    metavar="none|id_dev|ood_dev|selection",
    help="Stop early by development sets, never by test sets; or, of a reference, once what it selects no longer changes [default: none].",
)
@click.option("--patience", type=int, help=f"With --stop: looks without a gain that end the run [default: {PATIENCE}; selection: 1].")
@click.option("--settle", type=float, metavar="Q", help="With --stop selection: the share of most variable examples [default: 0.33].")
@click.option("--evals", type=int, help=f"With --stop: evaluations in the whole budget [default: {EVALUATIONS}].")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME[:k=v,…]",
    help=f"A stabiliser, several by several options: {', '.join(STABILISERS)} [default: {STANDARD}].",
)
@click.option("--tune", default="full", show_default=True, help="full, or head: a linear layer on the frozen encoder's features.")
@click.option(
    "--seeds-of",
    metavar="init,order,dropout=a,b,c",
    callback=lambda context, option, text: _seeds_of(text),
    help="Seeds of single sources of chance, instead of --seed's.",
)
@click.option("--keep-head", is_flag=True, help="Keep the model's own classification head, by the names of its labels.")
@click.option("--devices", type=int, default=1, show_default=True, help="Processes that share each batch, one a GPU.")
@click.option(
    "--selection",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.json",
    help="Make the subset by this when the run starts, once the runs that it names have succeeded; --subset names it.",
)
@click.option("--after", multiple=True, metavar="R", help="Start when this run has succeeded; give it several times.")
@click.option("--priority", type=int, default=0, show_default=True, help="Higher ones start first.")
@click.option("--report-to", metavar="NAME", help="mlflow, tensorboard, trackio or wandb, several joined by commas [default: none].")
@click.option("--allow-remote-code", "remote_code", is_flag=True, help="Let this model's own Python code run. Read it first.")
@click.option("--detach", is_flag=True, help="Return once queued.")
@click.option("--again", is_flag=True, help="Repeat a run that exists.")
@common
def train(
    dataset: str, model: str, seeds: tuple[int, ...], selection: Path | None, after: tuple[str, ...], priority: int, detach: bool,
    again: bool, workspace: str | None, as_json: bool, **settings: Any,
) -> int:  # fmt: skip
    """Fine-tunes a model and records its training dynamics, one run a seed.

    \b
    ftft train cad --model google/electra-small-discriminator --seed 1
    ftft train cad --model microsoft/deberta-v3-large --subset ambiguous --seed 1 --seed 2
    ftft train rte --model FacebookAI/roberta-large --method mixout --method llrd:decay=0.9
    """
    given = wanted(settings, selection)
    ws = Workspace(workspace)
    runs = ws.train(dataset, model=model, seeds=seeds, detach=True, again=again, after=after, priority=priority, **given)
    existing = {r.id: r.existing for r in runs}
    if not detach:
        runs = wait(ws, [r.id for r in runs])
    rows = [{"run": r.id, "state": r.state, "cause": r.cause, "folder": str(r.folder), "existing": existing[r.id]} for r in runs]
    emit(as_json, {"runs": rows}, lambda: "\n".join(_line(ws.runs.get(r["run"]), r["existing"]) for r in rows))
    return 0 if detach else status(runs)


def wanted(settings: dict[str, Any], selection: Path | None) -> dict[str, Any]:
    """What the options say, as `Workspace.plan` takes it."""
    if settings["epochs"] is not None and settings["steps"] is not None:
        raise click.UsageError("--epochs and --steps exclude each other")
    usual = (("stop", "none"), ("devices", 1), ("methods", ()))
    given = {k: v for k, v in settings.items() if v is not None and v is not False and (k, v) not in usual}
    return given | ({"selection": read_json(selection)} if selection else {})


def _seeds_of(text: str | None) -> dict[str, int]:
    """{"init": 3, "order": 1} for "init,order=3,1"."""
    if text is None:
        return {}
    sources, _, seeds = (part.replace(" ", "") for part in text.partition("="))
    named, numbers = sources.split(","), seeds.split(",")
    if len(named) != len(numbers) or len(set(named)) < len(named) or not all(number.isdecimal() for number in numbers):
        raise click.BadParameter("give as many seeds as sources, such as init,order=3,1", param_hint="--seeds-of")
    return {name: int(number) for name, number in zip(named, numbers, strict=True)}


@click.command("run-spec")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--held", is_flag=True, hidden=True)  # whoever starts this has the run's lock
@common
def run_spec(folder: Path, held: bool, workspace: str | None, as_json: bool) -> None:
    """Runs one run folder in the foreground: what the runner calls. Its workspace is the one it lies in.

    \b
    ftft run-spec ftft-workspace/runs/0f3a5c7e9b1d2f40
    """
    from ftft.jobs import claim, share_out
    from ftft.runfolder import RunFolder

    run = RunFolder(folder.resolve())
    if not (run.path / "spec.json").exists():
        raise InputError(f"{folder} is not the folder of a run: it has no spec.json", "Name a folder under runs/ of a workspace")
    devices = run.spec().devices or 1  # a broken spec leaves nothing behind
    if held or os.environ.get("RANK", "0") != "0":  # of several that train together, the first takes it, unless what started them did
        _train(run)
        return
    with claim(run, restart=True):
        if run.spec().selection or run.spec().steps_of:
            Workspace(run.workspace, runner=False).prepare(run.run)
        if devices > 1 and "RANK" not in os.environ:
            share_out(run, devices)
        else:
            _train(run)
    emit(as_json, {"run": run.run, "state": "succeeded"}, lambda: f"{run.run}  succeeded")


def _train(run: Any) -> None:
    from ftft.jobs import companions
    from ftft.runfolder import RunFolder
    from ftft.train import run_folder, run_heads

    spec = run.spec()
    if spec.tune is None:
        run_folder(run)
        return
    with companions(run, spec.trains_with) as others:
        run_heads([run, *(RunFolder(other.path) for other in others)])


def wait(ws: Workspace, runs: list[str]) -> list[Run]:
    """Waits with a line of progress. Ctrl-C cancels what has not ended, resumable, and gives exit status 130."""
    show = _Progress(ws)
    try:
        return ws.runs.wait(runs, show)
    except KeyboardInterrupt:
        for run in ws.runs.list():
            if run.id in runs and not run.final:
                ws.runs.cancel(run.id)
        note("\nCancelled; the last checkpoint is kept: `ftft runs resume ID` goes on from it.")
        raise


def status(runs: list[Run]) -> int:
    """0 where all succeeded; else names each that did not, with its remedy."""
    for run in runs:
        if run.state == "failed":
            note(f"run {run.id} failed: {run.error.get('message', run.cause)}. {run.error.get('remedy', '')}")
        elif run.state != "succeeded":
            note(f"run {run.id} is {run.state}. `ftft runs resume {run.id}` goes on with it")
    return 0 if all(r.state == "succeeded" for r in runs) else 1


class _Progress:
    """A line that is rewritten on a terminal; elsewhere a plain line when the state or the tenth of the work changes."""

    def __init__(self, ws: Workspace) -> None:
        self.ws, self.terminal = ws, sys.stderr.isatty()
        self.shown: dict[str, tuple] = {}

    def __call__(self, run: Run) -> None:
        done, whole = run.steps_done, run.steps_total or 0
        mark = (run.state, done if self.terminal else 10 * done // max(whole, 1))
        if self.shown.get(run.id) == mark:
            return
        self.shown[run.id] = mark
        line = f"{time.strftime('%H:%M:%S')}  {run.id}  {run.spec.model_name}, seed {run.spec.seed}: {run.state}, step {done} of {whole}"
        if self.terminal and not run.final:
            click.echo(f"\r{line:<100}", err=True, nl=False)
        else:
            click.echo(f"\r{line:<100}".rstrip() if self.terminal else line, err=True)


def _line(run: Run, existing: bool) -> str:
    scores = "  ".join(
        f"{name} {metric} {value:.3f}"
        for name, s in run.scores.items()
        for metric, value in s.items()
        if metric != "loss" and value is not None
    )
    state = f"{run.state} (existing)" if existing else run.state
    return f"{run.id}  {state}  {run.spec.model_name}, seed {run.spec.seed}, {run.spec.subset or 'everything'}  {scores}".rstrip()
