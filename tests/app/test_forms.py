"""What people type, and how pages write numbers, times and commands."""

import shlex
from datetime import UTC, datetime, timedelta, timezone

import pytest

from app import clock, forms, health, progress
from ftft.errors import InputError


@pytest.mark.parametrize(("text", "seeds"), [("1-3", (1, 2, 3)), ("5", (5,)), ("1, 7 3", (1, 3, 7)), ("2–4, 3", (2, 3, 4)), (" 0 ", (0,))])
def test_seeds_are_numbers_and_ranges(text, seeds):
    assert forms.seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "one", "3-1", "1-1000000", "-1", "1.5"])
def test_what_is_no_seed_is_refused_with_an_example(text):
    with pytest.raises(InputError, match=r"1-3 or 1, 5, 9|smaller number first"):
        forms.seeds(text)


@pytest.mark.parametrize(("value", "text"), [(2e-5, "2e-5"), (1.5e-4, "1.5e-4"), (0.1, "0.1"), (0.0, "0"), (0.01, "0.01")])
def test_small_numbers_are_written_as_people_type_them(value, text):
    assert forms.short(value) == text
    assert forms.number("rate", text) == value


def test_a_command_in_lines_is_the_same_command():
    command = "ftft train 'my data' --model /m/x --seed 1 --seed 2 --subset 'a --b'"
    lines = forms.in_lines(command)
    assert shlex.split(lines.replace("\\\n", " ")) == shlex.split(command)
    assert lines.splitlines()[2] == "  --seed 1 --seed 2 \\"


def test_the_command_of_a_new_dataset_quotes_what_a_shell_would_split():
    form = forms.NewDataset(
        "cad", "my train.csv", ("text", "reply to"), "label", "id", ("test=my test.csv:id",), ("test:no=not so",), "macro_f1",
        ("test:text=reply",),
    )  # fmt: skip
    words = shlex.split(form.command.replace("\\\n", " "))
    assert words[:6] == ["ftft", "data", "add", "cad", "--train", "my train.csv"]
    assert words[6:] == [
        "--eval", "test=my test.csv:id", "--map", "test:no=not so", "--columns", "test:text=reply", "--text", "text",
        "--text", "reply to", "--label", "label", "--id", "id", "--metric", "macro_f1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "guess"),
    [
        (["id", "premise", "hypothesis", "label"], (["premise", "hypothesis"], "label", "id")),
        (["Text", "Label"], (["Text"], "Label", None)),
        (["comment_body", "is_toxic"], (["comment_body"], "is_toxic", None)),
    ],
)
def test_columns_are_guessed_by_their_usual_names(columns, guess):
    assert forms.guess_columns(columns) == guess


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("data/cad/train.jsonl.gz", "cad"), ("reviews.csv", "reviews"), ("train.csv", "train"), ("data/films:train", "films"),
        ("hub:some/films@v1:en:train", "films"),
    ],
)  # fmt: skip
def test_a_dataset_is_named_after_its_file(file, name):
    assert forms.name_of(file) == name


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "under 1 s"), (41.9, "41 s"), (192, "3 min 12 s"), (3599, "59 min 59 s"), (7440, "2 h 04 min")]
)
def test_durations_have_two_units_at_most(seconds, text):
    assert clock.duration(seconds).replace("\u202f", " ") == text


def test_moments_are_on_the_readers_clock():
    now, zone = datetime(2026, 5, 10, 23, 30, tzinfo=UTC), timezone(timedelta(hours=2))
    assert clock.moment("2026-05-10T22:15:00+00:00", now, zone) == "00:15"
    assert clock.moment("2026-05-10T21:15:00+00:00", now, zone) == "10 May 23:15"
    assert clock.moment("2025-05-10T21:15:00+00:00", now, zone) == "10 May 2025"
    assert clock.reader_zone("No/Where") is UTC


def test_a_long_curve_is_thinned_and_keeps_its_last_point():
    lines = [{"time": step, "step": step, "loss": 1.0 / step} for step in range(1, 10_001)] + [
        {"step": 10_000, "evaluation": "test", "loss": 9.0}
    ]
    steps, losses = progress.losses(lines)
    assert len(steps) <= progress.POINTS
    assert (steps[-1], losses[-1]) == (10_000, 1e-4)


def test_smoothing_keeps_a_straight_line_and_the_number_of_points():
    values = [float(k) for k in range(50)]
    assert progress.smooth(values)[10:40] == pytest.approx(values[10:40])
    assert len(progress.smooth(values)) == 50


def test_shares_of_an_empty_set_are_zero():
    assert health.shares({}, ("a", "b")) == {"a": 0.0, "b": 0.0}
    assert health.shares({"a": 1, "b": 3}, ("b", "a")) == {"b": 0.75, "a": 0.25}
