"""What an estimate says in words, and what the Launch page proposes for data and models of any size."""

import pytest

from app import defaults, price
from tests.app import drawn, launched


@pytest.mark.parametrize(("room", "short"), [(price.Room(10**12, 10**12), []), (price.Room(10**6, 10**6), ["Memory", "Disk"])])
def test_room_that_does_not_suffice_is_warned_about(room, short, ws, tmp_path):
    launched.reviews(ws, tmp_path)
    specs = ws.plan("reviews", model=drawn.model(tmp_path / "main"))
    found = price.facts(launched.estimate(ws, specs), room)
    assert [fact.name for fact in found if fact.short] == short


@pytest.mark.parametrize(
    ("value", "text"), [(1.23e15, "1.2 × 10¹⁵ FLOPs"), (9.99e11, "1.0 × 10¹² FLOPs"), (0, "0 FLOPs"), (512.0, "5.1 × 10² FLOPs")]
)
def test_flops_are_written_as_powers_of_ten(value, text):
    assert price.flops(value).replace("\u202f", " ") == text


@pytest.mark.parametrize(("value", "text"), [(12, "12 B"), (1_234_567, "1.2 MB"), (999_600, "1.0 MB"), (25e9, "25 GB"), (4e15, "4000 TB")])
def test_bytes_are_written_in_thousands(value, text):
    assert price.size(value).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("rows", "epochs"), [(393_000, 4), (13_584, 4), (8_000, 4), (2_490, 13), (635, 20), (48, 20), (700_000, 2), (10_000_000, 2)]
)
def test_epochs_follow_the_size_of_the_data(rows, epochs):
    assert defaults.epochs(rows) == epochs


@pytest.mark.parametrize(
    ("parameters", "name", "size"),
    [
        (3_400_000, "bert-2x128", "tiny"), (184_000_000, "deberta-v3-base", "base"), (435_000_000, "x", "large"),
        (None, "FacebookAI/roberta-large", "large"), (None, "google/electra-small-discriminator", "base"),
    ],
)  # fmt: skip
def test_the_rate_follows_the_size_of_the_model(parameters, name, size):
    assert defaults.size(parameters, name) == size
