"""`ftft map`, `ftft transfer`, `ftft select`"""

import json
import re
from pathlib import Path
from typing import Any

import click

from ftft import figures
from ftft.cli.output import common, emit, note, table
from ftft.datamap import FILES, write
from ftft.domain import Selection
from ftft.errors import InputError, shown, unknown
from ftft.strategies import STRATEGIES
from ftft.workspace import Workspace

MOST_BYTES = 1 << 28  # of a selection file: the ids of several million examples


def epochs_of(text: str | None) -> tuple[int, int] | None:
    """`a-b`, or one number for a single epoch."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", text.strip())
    if not found:
        raise InputError(f"--epochs is {shown(text)}", "Write the first and the last epoch, such as 2-6")
    return int(found[1]), int(found[2] or found[1])


@click.command("map")
@click.argument("run")
@click.option("--epochs", metavar="a-b", help="Only these epochs [default: all recorded].")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help=".csv, .parquet, .jsonl (cartography's td_metrics), .png, .svg or .pdf."
)
@click.option("--x", metavar="METRIC", help="Of a figure: the horizontal axis [default: variability].")
@click.option("--y", metavar="METRIC", help="Of a figure: the vertical axis [default: confidence].")
@click.option("--colour", metavar="METRIC|label", help="Of a figure [default: correctness].")
@click.option("--width", metavar="column|page", help="Of a figure: 3.3 or 6.9 inches [default: column].")
@click.option("--marginals", is_flag=True, help="Of a figure: histograms along both axes.")
@click.option(
    "--selection",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Of a figure: what is selected stands out, outlines are drawn.",
)
@common
def map_(
    run: str,
    epochs: str | None,
    out: Path | None,
    selection: Path | None,
    workspace: str | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Computes the data map of a run, or of "mean~RUN~RUN…": the mean of several.

    \b
    ftft map 0f3a --epochs 2-6 --out map.csv
    ftft map mean~0f3a~91bc --out map.pdf --selection brush.json
    """
    ws = Workspace(workspace)
    found = ws.map(run, epochs_of(epochs))
    kind = "" if out is None else out.suffix.lower()
    how = {name: value for name, value in how.items() if value}
    if kind not in figures.KINDS and (asked := next((f"--{name}" for name in (*how, *["selection"] * (selection is not None))), None)):
        raise InputError(f"{asked} says nothing without a figure", "Add --out FILE.png, .svg or .pdf")
    if out is not None:
        if kind in figures.KINDS:
            chosen = None if selection is None else Selection.from_json(_read(selection))
            colour = how.pop("colour", "correctness" if "correctness" in found.values else None)
            figures.save(ws.figure(found.run, found.epochs, chosen, colour=colour, **how), out)
        elif kind in FILES:
            write(found, out)
        else:
            raise unknown("kind of map file", kind, (*FILES, *figures.KINDS))
        note(f"Wrote {out}.")
    regions = None if found.missing else found.regions()
    value = {"run": found.run, "n": found.n, "epochs": list(found.epochs), "capture": found.capture, "regions": regions}
    value["missing"] = list(found.missing)
    shares = "  ".join(f"{name} {count} ({count / found.n:.0%})" for name, count in (regions or {}).items())
    if found.missing:
        shares = f"no map to draw: imported without {' and '.join(found.missing)}; it has {', '.join(found.values)}"
    emit(
        as_json,
        value,
        lambda: f"{found.run}  {found.n} examples, epochs {found.epochs[0]}–{found.epochs[1]}, capture {found.capture}\n{shares}",
    )


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="R R…")
@click.option("--top", type=float, default=0.33, show_default=True, help="Share of the most variable examples that are compared.")
@click.option("--epochs", metavar="a-b")
@common
def transfer(runs: tuple[str, ...], top: float, epochs: str | None, workspace: str | None, as_json: bool) -> None:
    """Do dynamics transfer? Agreement of each pair of runs, beside chance and the ceiling.

    \b
    ftft transfer 0f3a 91bc --top 0.33
    """
    pairs = Workspace(workspace).transfer(*runs, top=top, epochs=epochs_of(epochs))
    emit(as_json, {"pairs": pairs}, lambda: table(_HEAD, [_row(p) for p in pairs]))


_HEAD = ["a", "b", "n", "rho conf.", "rho var.", "overlap", "interval", "chance", "within labels", "ceiling", "same order", "verdict"]


def _row(pair: dict) -> list:
    o, rank = pair["overlap"], pair["spearman"]
    numbers = ["–" if v is None else f"{v:.3f}" for v in (rank["confidence"], rank["variability"], o["value"])]
    beside = ["–" if o[k] is None else f"{o[k]:.3f}" for k in ("chance", "chance_within_labels", "ceiling")]
    interval = f"{o['low']:.3f}–{o['high']:.3f}"
    same_order = {True: "yes", False: "no", None: "–"}[pair["same_order"]]
    return [pair["a"], pair["b"], pair["n"], *numbers, interval, *beside, same_order, pair["verdict"].replace("_", " ")]


@click.command()
@click.argument("run", required=False)
@click.option("--by", metavar="METRIC", help="confidence, variability, correctness, forgetting, aum, …")
@click.option("--strategy", metavar="NAME[:k=v,…]", help=f"Instead of a metric's end: {', '.join(STRATEGIES)}.")
@click.option("--seed", type=int, metavar="N", help="Of a strategy that draws [default: 0].")
@click.option("--top", type=float, metavar="Q", help="The highest share; of a strategy, the share that it takes [default: 0.33].")
@click.option("--bottom", type=float, metavar="Q", help="The lowest share.")
@click.option("--epochs", metavar="a-b", help="Only these epochs [default: all recorded].")
@click.option("--per-label", is_flag=True, help="The same share of each label's examples.")
@click.option("--selection", type=click.Path(path_type=Path), metavar="FILE.json", help="A selection file instead.")
@click.option("--name", required=True, metavar="S", help="The subset's name.")
@common
def select(
    run: str | None,
    by: str | None,
    strategy: str | None,
    seed: int | None,
    top: float | None,
    bottom: float | None,
    epochs: str | None,
    per_label: bool,
    selection: Path | None,
    name: str,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Freezes a subset of the training examples.

    \b
    ftft select 0f3a --by variability --top 0.33 --name ambiguous
    ftft select 0f3a --strategy mix:easy=0.3 --top 0.33 --name mixed
    ftft select --selection brush.json --name by-hand
    """
    ws = Workspace(workspace)
    if selection is not None:
        if per_label or any(given is not None for given in (run, by, strategy, seed, top, bottom, epochs)):
            raise InputError(
                "--selection and a selection by metric exclude each other", "Give either RUN --by METRIC --top Q or --selection FILE.json"
            )
        subset = ws.select(Selection.from_json(_read(selection)), name=name)
    elif strategy is not None:
        if run is None or by is not None or bottom is not None:
            raise InputError(
                "a strategy says itself which examples it takes", "Give RUN --strategy NAME --top Q, without --by and --bottom"
            )
        share = {} if top is None else {"top": top}
        how = {"epochs": epochs_of(epochs), "per_label": per_label, "seed": seed or 0}
        subset = ws.select(name=name, run=run, strategy=strategy, **share, **how)
    else:
        if run is None or by is None or seed is not None:
            remedy = "Give RUN --by METRIC --top Q, RUN --strategy NAME --top Q, or --selection FILE.json"
            raise InputError("nothing says what to select", remedy)
        subset = ws.select(name=name, run=run, by=by, top=top, bottom=bottom, epochs=epochs_of(epochs), per_label=per_label)
    value = {"subset": subset.name, "n": len(subset.ids), "of": subset.of, "hash": subset.hash, "labels": subset.labels}
    emit(as_json, value, lambda: f"{subset.name}: {len(subset.ids)} of {subset.of} examples, hash {subset.hash[:12]}")


def _read(file: Path) -> Any:
    if file.is_dir():
        raise InputError(f"{file} is a folder", "Name a selection file")
    try:
        with file.open("rb") as content:
            raw = content.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise InputError(f"{file} is larger than any selection file", "Export the selection again")
        return json.loads(raw.decode())
    except OSError as problem:
        raise InputError(f"{file} cannot be read: {problem.strerror}", "Name a selection file") from problem
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, InputError):
            raise
        raise InputError(f"{file} is not JSON: {problem}", "Export the selection again, or mend the file") from problem
