"""The demo's rows as files of an ordinary user, so that they take the ordinary way in."""

import csv
from pathlib import Path
from typing import Any

from ftft.demo.reviews import Row, splits
from ftft.demo.settings import Demo

# How the evaluation sets are described to `ftft data add`: EVAL=FILE:id|ood:dev|test.
EVALUATIONS = {"dev": "id:dev", "test": "id:test", "ood_dev": "ood:dev", "ood": "ood:test"}


def write(folder: Path, demo: Demo) -> dict[str, Any]:
    """One CSV file a split in `folder`; returns what describes them, as the keywords of `Workspace.data.add`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in splits(demo.rows, demo.held_out, demo.seed).items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, fieldnames=list(Row.__annotations__))
            table.writeheader()
            table.writerows(row | {"noisy": str(row["noisy"]).lower()} for row in rows)
    return {
        "train": folder / "train.csv",
        "evaluations": [f"{name}={folder / name}.csv:{role}" for name, role in EVALUATIONS.items()],
        "text": ["text"],
        "label": "label",
        "id": "id",
    }
