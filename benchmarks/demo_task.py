"""What to expect of `ftft demo`'s task: its runs over several seeds, through the same commands that everybody has.

    python -m benchmarks.demo_task [--seeds 5] [--workspace demo-task-workspace] [--out data/demo_results.json]

For each seed: both references; the main model on everything, on a random third, and on the third of the examples that varied most for
the first reference, at one and at two epochs' worth of steps. Prints a table, mean ± sample SD over the seeds, and keeps every single
score. Restartable: what is done is not done again.
"""

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path

import ftft
from ftft.demo import DEMO, write
from ftft.domain import Run, Selection, Step

BUDGETS = (1, 2)  # epochs of everything
JUDGED = ("test", "ood")
METHODS = {"everything": "all data", "random": "random third", "ftft": "FTFT"}


def train(ws: ftft.Workspace, model: str, seed: int, epochs: int, subset: str | None = None) -> Run:
    path = next(m.path for m in ws.models() if m.name == model)
    settings = {"epochs": epochs, "lr": DEMO.lr, "batch_size": DEMO.batch_size, "max_length": DEMO.max_length}
    (run,) = ws.train(DEMO.dataset, model=path, seeds=[seed], subset=subset, **settings)
    assert run.state == "succeeded", run.error
    return run


def random_third(ws: ftft.Workspace, seed: int) -> str:
    ids = sorted(ws.data.ids(DEMO.dataset))
    drawn = random.Random(seed).sample(ids, round(DEMO.q * len(ids)))
    return ws.select(Selection(DEMO.dataset, (Step("new", "ids", {"ids": sorted(drawn)}),)), name=f"random-{seed}").name


def one_seed(ws: ftft.Workspace, seed: int) -> dict:
    """Scores of every run, the share of the flips that the selection holds, and how far the two references agree."""
    first, second = (train(ws, model, seed, DEMO.reference_epochs) for model in DEMO.references)
    chosen = ws.select(run=first.id, by=DEMO.metric, top=DEMO.q, name=f"{DEMO.subset}-{seed}")
    subsets = {"everything": None, "random": random_third(ws, seed), "ftft": chosen.name}
    scores = {}
    for epochs in BUDGETS:
        for method, subset in subsets.items():
            run = train(ws, DEMO.main, seed, epochs, subset)
            scores[f"{method}/{run.steps_done}"] = {name: run.scores[name]["accuracy"] for name in JUDGED}
    rows = ws.data.rows(DEMO.dataset)
    flips = set(rows["id"][rows["group"] == "flip"])
    transfer = {
        f"epochs {a}-{DEMO.reference_epochs}": ws.transfer(first.id, second.id, epochs=(a, DEMO.reference_epochs))[0] for a in (1, 2)
    }
    return {"seed": seed, "scores": scores, "flips_selected": len(flips & set(chosen.ids)) / len(flips), "transfer": transfer}


def spread(values: list[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}".replace("0.", ".")


def table(found: list[dict]) -> str:
    lines = [f"| steps | set | {' | '.join(METHODS.values())} |", "|---|---|---|---|---|"]
    budgets = sorted({int(key.split("/")[1]) for key in found[0]["scores"]})
    for steps in budgets:
        for name in JUDGED:
            cells = [spread([seed["scores"][f"{method}/{steps}"][name] for seed in found]) for method in METHODS]
            lines.append(f"| {steps:,} | {name} | {' | '.join(cells)} |")
    for epochs in found[0]["transfer"]:
        pairs = [seed["transfer"][epochs] for seed in found]
        overlap, rho = [p["overlap"]["value"] for p in pairs], [p["spearman"]["variability"] for p in pairs]
        lines.append(f"\n{epochs}: the references' top thirds share {spread(overlap)}; rho of variability {spread(rho)}")
    lines.append(f"share of the flips that the selection holds: {spread([seed['flips_selected'] for seed in found])}")
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=5)
    words.add_argument("--workspace", type=Path, default=Path("demo-task-workspace"))
    words.add_argument("--out", type=Path)
    asked = words.parse_args()
    ws = ftft.Workspace(asked.workspace)
    with tempfile.TemporaryDirectory() as folder:
        ws.data.add(DEMO.dataset, **write(Path(folder), DEMO))
    found = [one_seed(ws, seed) for seed in range(1, asked.seeds + 1)]
    environment = ws.runs.list()[0].environment
    if asked.out:
        whole = {"captured_by": "benchmarks/demo_task.py", "environment": environment, "seeds": found}
        asked.out.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
