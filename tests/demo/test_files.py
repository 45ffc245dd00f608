"""The demo's files go the way that a user's files go."""

import csv
from pathlib import Path

import pytest

from ftft.demo import DEMO, QUICK, splits, write


def test_the_files_hold_the_rows_and_describe_themselves_to_data_add(tmp_path, ws):
    described = write(tmp_path / "files", QUICK)
    with described["train"].open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    expected = splits(QUICK.rows, QUICK.held_out, QUICK.seed)["train"]
    assert [r["text"] for r in read] == [r["text"] for r in expected]
    assert {r["noisy"] for r in read} == {"true", "false"}
    dataset = ws.data.add(QUICK.dataset, **described)
    assert dataset.labels == ("negative", "positive")
    assert dataset.train.rows == QUICK.rows
    assert [(s.name, s.distribution, s.role, s.rows) for s in dataset.evaluations] == [
        ("dev", "id", "dev", QUICK.held_out),
        ("test", "id", "test", QUICK.held_out),
        ("ood_dev", "ood", "dev", QUICK.held_out),
        ("ood", "ood", "test", QUICK.held_out),
    ]  # fmt: skip


def test_the_demo_adds_without_a_warning(tmp_path, ws):
    dataset = ws.data.add(QUICK.dataset, **write(tmp_path / "files", QUICK))
    assert dataset.warnings == ()


@pytest.mark.parametrize("demo", [DEMO, QUICK], ids=["whole", "quick"])
def test_the_encoders_that_the_demo_names_come_with_the_package(demo, ws):
    bundled = {model.name: Path(model.path) for model in ws.models()}
    assert {*demo.references, demo.main} <= bundled.keys()
    size = sum(file.stat().st_size for folder in bundled.values() for file in folder.iterdir())
    assert size < 5_000_000
