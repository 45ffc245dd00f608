"""`ftft experiment …`, and the same words under `ftft estimate`."""

from collections.abc import Callable
from typing import Any

import click

from ftft.cli.costs import size, time_
from ftft.cli.output import common, emit, note, table
from ftft.cli.train import status, wait
from ftft.cli.train import train as training
from ftft.domain import Estimate, Pending
from ftft.domain.spec import TOP
from ftft.domain.stabilisers import STABILISERS
from ftft.errors import FtftError
from ftft.workspace import Workspace
from ftft.workspace.ftft_design import Plan

_OF_TRAIN = {
    "epochs", "steps", "lr", "batch_size", "eval_batch_size", "grad_accum", "max_length", "warmup", "weight_decay", "precision", "patience",
    "evals", "keep_head", "devices", "report_to", "remote_code",
}  # fmt: skip
_STABILITY = "ftft experiment stability rte --model FacebookAI/roberta-large --method mmr --method reinit+llrd"
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


def _given(words: dict[str, Any]) -> dict[str, Any]:
    """What was said, without what is off or left to its default."""
    given = {name: value for name, value in words.items() if value is not None and value is not False and (name, value) != ("devices", 1)}
    if "epochs" in given and "steps" in given:
        raise click.UsageError("--epochs and --steps exclude each other")
    return given


def plan_of(ws: Workspace, words: dict[str, Any]) -> Plan:
    """What the words ask for; checks all input and starts nothing."""
    given = _given(words)
    given |= {"predict_train": words["predict_train"], "stop": None if words["stop"] == "none" else words["stop"]}
    return ws.experiment.plan_ftft(given.pop("dataset"), **given)


def _stability_options() -> list[click.Parameter]:
    """What a stability experiment says of its own, then the options of `train` that its runs share."""

    @click.argument("dataset")
    @click.option("--model", required=True, metavar="M", help="The model that it is about.")
    @click.option("--layers", type=int, metavar="K", help="Keep its first K encoder layers.")
    @click.option("--method", "methods", multiple=True, metavar="NAME[:k=v,…][+NAME…]", help=f"Beside standard: {', '.join(STABILISERS)}.")
    @click.option("--seeds", type=int, default=20, show_default=True, help="How many: 1 to N.")
    @click.option("--vary", metavar="init,order,dropout", help="Also vary the seeds of these alone, one by one.")
    @click.option("--tune", default="full", show_default=True, help="full, or head: a linear layer on the frozen encoder's features.")
    @click.option("--leave-one-out", "left_out", type=int, default=0, show_default=True, metavar="K", help="Examples left out, one each.")
    @click.option("--keep-models", is_flag=True, help="Keep the weights of finished runs.")
    @click.option(
        "--train-predictions/--no-train-predictions", "predict_train", default=True, help="Let final models predict the training set."
    )
    def ours() -> None: ...

    kept = [p for p in training.params if p.name in _OF_TRAIN - {"patience", "evals"}]
    return [*click.command()(ours).params, *kept]


def stability_plan(ws: Workspace, words: dict[str, Any]) -> Plan:
    """What the words ask for; checks all input and starts nothing."""
    given = _given(words)
    vary = tuple(source.strip() for source in (given.pop("vary", None) or "").split(",") if source.strip())
    return ws.experiment.plan_stability(given.pop("dataset"), vary=vary, **given | {"predict_train": words["predict_train"]})


@common
def _stability(workspace: str | None, as_json: bool, wait_: bool, dry_run: bool, **words: Any) -> int:
    """The same fine-tuning under many seeds, with stabilisers and without; asked again, only what is new."""
    ws = Workspace(workspace)
    return _start(ws, stability_plan(ws, words), wait_, dry_run, as_json)


@common
def _ftft(workspace: str | None, as_json: bool, wait_: bool, dry_run: bool, **words: Any) -> int:
    """For each seed a reference, the subset that it chooses, a main model on it, and controls; asked again, only what is new."""
    ws = Workspace(workspace)
    return _start(ws, plan_of(ws, words), wait_, dry_run, as_json)


def _start(ws: Workspace, plan: Plan, wait_: bool, dry_run: bool, as_json: bool) -> int:
    """Says what is planned, and queues it."""
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


def _command(name: str, options: list[click.Parameter], callback: Callable[..., int], example: str) -> click.Command:
    ours = [
        click.Option(["--wait", "wait_"], is_flag=True, help="Wait until all runs have ended."),
        click.Option(["--dry-run"], is_flag=True, help="Only show the plan."),
    ]
    of_all = click.command()(callback).params
    return click.Command(name, params=[*options, *ours, *of_all], callback=callback, help=f"{callback.__doc__}\n\n\b\n{example}")


experiment.add_command(_command("ftft", _options(), _ftft, _EXAMPLE))
experiment.add_command(_command("stability", _stability_options(), _stability, _STABILITY))


@experiment.command("list")
@common
def list_(workspace: str | None, as_json: bool) -> None:
    """Lists experiments, newest first."""
    ws = Workspace(workspace)
    states = {run.id: run.state for run in ws.runs.list()}
    rows = [
        {
            "experiment": e.id, "kind": e.kind, "dataset": e.dataset, "methods": list(e.methods), "seeds": list(e.seeds),
            "runs": len(e.runs), "succeeded": sum(states.get(run) == "succeeded" for run in e.runs),
        }
        for e in ws.experiment.list()
    ]  # fmt: skip
    lines = [
        [r["experiment"], r["kind"], r["dataset"], f"{r['succeeded']} of {r['runs']}", len(r["seeds"]), ", ".join(r["methods"])]
        for r in rows
    ]
    emit(as_json, {"experiments": rows}, lambda: table(["experiment", "kind", "dataset", "succeeded", "seeds", "methods"], lines))


@click.group("experiment")
def estimate() -> None:
    """What an experiment would cost: only its new runs."""


def _estimated(plan_of: Callable[[Workspace, dict[str, Any]], Plan]) -> Callable[..., None]:
    @common
    def estimated(workspace: str | None, as_json: bool, **words: Any) -> None:
        """What the same words after `ftft experiment` would cost. Nothing is trained."""
        ws = Workspace(workspace)
        known = ws.experiment.estimate(plan_of(ws, words), wait=True)
        nothing = {"flops": 0.0, "seconds": 0.0, "disk_bytes": 0, "cost_ratio": 0.0, "runs": 0}
        value = known.to_json() if isinstance(known, Estimate) else nothing
        emit(as_json, value, lambda: told(known) if isinstance(known, Estimate) else "All its runs exist.")

    return estimated


def _estimate(name: str, options: list[click.Parameter], callback: Callable[..., None], example: str) -> click.Command:
    text = f"{callback.__doc__}\n\n\b\n{example.replace('experiment', 'estimate experiment')}"
    return click.Command(name, params=[*options, *click.command()(callback).params], callback=callback, help=text)


estimate.add_command(_estimate("ftft", _options(), _estimated(plan_of), _EXAMPLE))
estimate.add_command(_estimate("stability", _stability_options(), _estimated(stability_plan), _STABILITY))
