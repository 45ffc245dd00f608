"""Small datasets in every format, and the one call that most tests make."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ftft.dataset import Description, add
from ftft.domain import Dataset

CREATED = "2026-01-01T00:00:00Z"
ROWS = [
    {"id": "a", "text": "a fine film", "label": "pos"},
    {"id": "b", "text": "a dull film", "label": "neg"},
    {"id": "c", "text": "not a dull film", "label": "pos"},
    {"id": "d", "text": "no fine film", "label": "neg"},
]


@pytest.fixture
def reviews() -> list[dict]:
    """Four rows, two of each label."""
    return [dict(row) for row in ROWS]


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "datasets"


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """`write("train.csv", rows)`: a file of these rows, or of this text or these bytes, in the format that its name says."""

    def write(name: str, content: list[dict] | str | bytes = ROWS) -> Path:
        file = tmp_path / name
        if isinstance(content, list) and name.endswith(".parquet"):
            pd.DataFrame(content).to_parquet(file)
            return file
        if isinstance(content, list) and "json" in name:
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        elif isinstance(content, list):
            content = pd.DataFrame(content).to_csv(index=False, sep="\t" if ".tsv" in name else ",")
        raw = content.encode() if isinstance(content, str) else content
        file.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return file

    return write


@pytest.fixture
def add_reviews(root, write) -> Callable[..., Dataset]:
    """`add_reviews(train=…, evaluations=…)`: adds the dataset "reviews"; without `train`, the four rows above."""

    def add_reviews(train: Path | None = None, name: str = "reviews", **described) -> Dataset:
        description = {"text": ["text"], "label": "label", **described}
        return add(root, name, Description(train or write("train.csv"), **description), CREATED)

    return add_reviews
