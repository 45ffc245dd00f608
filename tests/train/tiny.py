"""A dataset as docs/architecture.md describes it, small enough to train on in a second, and runs that wait for their training."""

import random
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ftft.domain import Dataset, RunSpec, Seeds, Split
from ftft.pretrained import find
from ftft.publish import publish_json
from ftft.runfolder import RunFolder

LABELS = ("bad", "good")
GOOD, BAD = ["fine", "lovely", "bright", "warm"], ["poor", "dull", "cold", "grim"]
FILLER = ["the", "a", "film", "was", "and", "story", "with", "some", "acting", "in", "parts", "of", "it", "for", "me"]
MAX_LENGTH = 32


def texts(n: int, seed: int) -> pd.DataFrame:
    """Rows of unequal length whose label can be learnt."""
    chance = random.Random(seed)
    rows = []
    for number in range(n):
        label = number % 2
        words = chance.choices(FILLER, k=chance.randint(1, 20))
        words.insert(chance.randrange(len(words) + 1), chance.choice((BAD, GOOD)[label]))
        rows.append((f"{seed}-{number}", LABELS[label], " ".join(words)))
    return pd.DataFrame(rows, columns=["id", "label", "text"])


def write_dataset(workspace: Path, rows: int = 45) -> Dataset:
    """The dataset "reviews": `rows` to train on, a dev set and an out-of-distribution test set."""
    folder = workspace / "datasets" / "reviews"
    (folder / "eval").mkdir(parents=True)
    train, dev, far = texts(rows, 1), texts(11, 2), texts(9, 3)
    train.to_parquet(folder / "train.parquet")
    dev.to_parquet(folder / "eval" / "dev.parquet")
    far.to_parquet(folder / "eval" / "far.parquet")
    counts = [dict(part["label"].value_counts()) for part in (train, dev, far)]
    counts = [{label: int(n) for label, n in count.items()} for count in counts]
    splits = (Split("train", rows, counts[0], role="train"), Split("dev", 11, counts[1], role="dev"), Split("far", 9, counts[2], "ood"))
    about = Dataset("reviews", f"fingerprint-{rows}", ("text",), LABELS, "accuracy", splits, ("text",))
    publish_json(folder / "dataset.json", about.to_json())
    return about


def new_run(workspace: Path, model: Path, rows: int = 45, seed: int = 1, **settings) -> RunFolder:
    """The folder of a run on "reviews", which is written first where it is missing."""
    if not (workspace / "datasets" / "reviews").exists():
        write_dataset(workspace, rows)
    source = find(str(model))
    spec = RunSpec(
        "reviews", f"fingerprint-{rows}", source.path, source.fingerprint, Seeds.of(seed, source.fingerprint, settings.get("layers")), seed,
        epochs=3, lr=1e-3, batch_size=8, max_length=MAX_LENGTH, precision="fp32",
    )  # fmt: skip
    if settings.get("steps"):
        settings["epochs"] = None
    spec = replace(spec, **settings)
    folder = RunFolder(workspace / "runs" / spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    return folder
