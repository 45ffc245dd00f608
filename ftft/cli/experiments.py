"""`ftft experiment …`, and the same words under `ftft estimate`."""

from typing import Any

import click

from ftft.cli.costs import size, time_
from ftft.cli.output import common, emit, note, table
from ftft.cli.train import status, wait
from ftft.cli.train import train as training
from ftft.domain import Estimate, Pending
from ftft.domain.run import TOP
from ftft.errors import FtftError
from ftft.workspace import Workspace
from ftft.workspace.ftft_design import Plan

_OF_TRAIN = {
    "epochs", "steps", "lr", "batch_size", "eval_batch_size", "grad_accum", "max_length", "warmup", "weight_decay", "precision", "patience",
    "evals", "keep_head", "devices", "report_to", "remote_code",
}  # fmt: skip
_EXAMPLE = "ftft experiment ftft cad --reference microsoft/deberta-v3-small --main microsoft/deberta-v3-large"


@click.group()
def experiment() -> None:
    """Experiments: many runs that belong together, compared honestly."""


def _options() -> list[click.Parameter]:
    """What an FTFT experiment says of its own, then the options of `train` that its runs share."""

    @click.argument("dataset")
    @click.option("--reference", multiple=True, required=True, metavar="M", help="Whose data map chooses; several for consensus and union.")
    @click.option("--reference-layers", type=int, metavar="K", help="Keep the reference's first K encoder layers.")
    @click.option("--main", required=True, metavar="M", help="The model that it is about.")
    @click.option("--main-layers", type=int, metavar="K", help="Keep the main model's first K encoder layers.")
    @click.option("--seeds", type=int, default=5, show_default=True, help="How many: 1 to N.")
    @click.option("--top", type=float, default=TOP, show_default=True, metavar="Q", help="Share of the examples that is chosen.")
    @click.option("--control", multiple=True, metavar="NAME", help="Instead of erm, erm_early, random, random_matched.")
    @click.option("--strategy", multiple=True, metavar="NAME[:k=v,…]", help="One more method, or a variation: mix:easy=0.3, ftft:q=0.5.")
    @click.option("--stop", default="ood_dev", show_default=True, help="none, id_dev or ood_dev. Test sets never decide.")
    @click.option("--burn-in", type=int, default=0, show_default=True, help="First epochs that the map leaves out.")
    @click.option("--shared-reference", is_flag=True, help="One reference run for all main seeds: cheaper, and its luck is in no SD.")
    @click.option("--reference-stop", is_flag=True, help="End a reference once what it selects no longer changes.")
    @click.option("--reference-lr", type=float, help="Learning rate of the references [default: --lr].")
    @click.option("--reference-epochs", type=int, help="Epochs of the references [default: --epochs].")
    @click.option("--keep-models", is_flag=True, help="Keep the weights of finished runs.")
    @click.option(
        "--train-predictions/--no-train-predictions",
        "predict_train",
        default=True,
        help="Let final models predict the training set, for gains and losses on the map.",
    )
    def ours() -> None: ...

    kept = [p for p in training.params if p.name in _OF_TRAIN]
    return [*click.command()(ours).params, *kept]


def plan_of(ws: Workspace, words: dict[str, Any]) -> Plan:
    """What the words ask for; checks all input and starts nothing."""
    given = {name: value for name, value in words.items() if value is not None and value is not False and (name, value) != ("devices", 1)}
    given |= {"predict_train": words["predict_train"], "stop": None if words["stop"] == "none" else words["stop"]}
    if given.get("epochs") is not None and given.get("steps") is not None:
        raise click.UsageError("--epochs and --steps exclude each other")
    return ws.experiment.plan_ftft(given.pop("dataset"), **given)


@common
def _ftft(workspace: str | None, as_json: bool, wait_: bool, dry_run: bool, **words: Any) -> int:
    """For each seed a reference, the subset that it chooses, a main model on it, and controls; asked again, only what is new."""
    ws = Workspace(workspace)
    plan = plan_of(ws, words)
    found, existing = plan.experiment, set(ws.runs.ids())
    new = [spec for spec in plan.specs if spec.run not in existing]
    note(_announced(ws, plan, len(new)))
    runs = list(found.runs)
    if not dry_run:
        ws.experiment.queue(plan)
    done = wait(ws, runs) if wait_ and not dry_run else []
    value = {
        "experiment": found.id, "runs": runs, "new": [spec.run for spec in new], "methods": list(found.methods), "seeds": list(found.seeds),
        "members": [member.to_json() for member in found.members],
    }  # fmt: skip
    emit(as_json, value, lambda: f"experiment {found.id}: `ftft results {found.id[:8]}` shows it" if not dry_run else "nothing was queued")
    return status(done)


def _announced(ws: Workspace, plan: Plan, new: int) -> str:
    """The plan in a few lines, with what it costs where that is known."""
    found = plan.experiment
    lines = [
        f"Experiment {found.id} on {found.dataset}: {len(found.methods)} methods x {len(found.seeds)} seeds, "
        f"{len(found.runs)} runs, {new} of them new.",
        table(
            ["method", "runs", "references"],
            [[m, len(found.of(m)), len({r for member in found.of(m) for r in member.references})] for m in found.methods],
        ),
    ]
    return "\n".join([*lines, *_cost(ws, plan)] if new else lines)


def _cost(ws: Workspace, plan: Plan) -> list[str]:
    try:
        known = ws.experiment.estimate(plan)
        if isinstance(known, Pending):
            note("Measuring the models on these texts, once.")
            known = ws.experiment.estimate(plan, wait=True)
        return [told(known)] if isinstance(known, Estimate) else []
    except FtftError as problem:  # an estimate is no reason not to begin
        return [f"What it costs is not known: {problem}"]


def told(known: Estimate) -> str:
    """What new runs cost, in a line."""
    most = "at most " if known.upper_bound else ""
    return (
        f"New runs: {most}{known.flops:.3g} FLOPs, {time_(known.seconds)} on {known.device} ({known.measured}), one after another; "
        f"disk {size(known.disk_bytes)}, {size(known.peak_disk_bytes)} while training."
    )


def _command() -> click.Command:
    ours = [
        click.Option(["--wait", "wait_"], is_flag=True, help="Wait until all runs have ended."),
        click.Option(["--dry-run"], is_flag=True, help="Only show the plan."),
    ]
    of_all = click.command()(_ftft).params
    text = f"{_ftft.__doc__}\n\n\b\n{_EXAMPLE}"
    return click.Command("ftft", params=[*_options(), *ours, *of_all], callback=_ftft, help=text)


experiment.add_command(_command())


@click.group("experiment")
def estimate() -> None:
    """What an experiment would cost: only its new runs."""


@common
def _estimated(workspace: str | None, as_json: bool, **words: Any) -> None:
    """What the same words after `ftft experiment ftft` would cost. Nothing is trained."""
    ws = Workspace(workspace)
    plan = plan_of(ws, words)
    known = ws.experiment.estimate(plan, wait=True)
    value = (
        known.to_json() if isinstance(known, Estimate) else {"flops": 0.0, "seconds": 0.0, "disk_bytes": 0, "cost_ratio": 0.0, "runs": 0}
    )
    emit(as_json, value, lambda: told(known) if isinstance(known, Estimate) else "All its runs exist.")


estimate.add_command(
    click.Command(
        "ftft",
        params=[*_options(), *click.command()(_estimated).params],
        callback=_estimated,
        help=f"{_estimated.__doc__}\n\n\b\n{_EXAMPLE.replace('experiment', 'estimate experiment')}",
    )
)
