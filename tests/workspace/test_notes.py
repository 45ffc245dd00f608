"""Flags and notes: whatever is written in whatever order, by whom ever, the last word counts and nothing is lost."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ftft
from ftft.domain import FLAGS, Note
from ftft.errors import InputError
from ftft.workspace.notes import replay
from tests.synthetic import add_dataset


@pytest.fixture
def reviews(ws, tmp_path):
    return add_dataset(ws, tmp_path)


def test_an_example_says_what_was_written_last(ws, reviews):
    ws.notes.flag(reviews, ["train-1", "train-2"], "label wrong")
    ws.notes.flag(reviews, ["train-2"], "keep out")
    ws.notes.flag(reviews, ["train-1"], "label wrong", on=False)
    ws.notes.write(reviews, "train-2", "ironic")
    ws.notes.write(reviews, "train-2", "  ironic, surely ")
    ws.notes.suggest(reviews, ["train-2", "train-3"], "negative")
    ws.notes.suggest(reviews, ["train-3"], None)
    said = Note("train-2", ("keep out", "label wrong"), "ironic, surely", "negative")
    assert ws.notes.get(reviews, "train-2") == said
    assert ws.notes.all(reviews) == {"train-2": said}
    assert ws.notes.get(reviews, "train-1") == Note("train-1")
    assert ws.notes.flags(reviews) == {"label wrong": 1, "keep out": 1}
    again = ftft.Workspace(ws.path, runner=False)
    assert again.notes.all(reviews) == ws.notes.all(reviews)


def test_before_anything_is_written_the_usual_flags_are_offered(ws, reviews):
    assert ws.notes.flags(reviews) == dict.fromkeys(FLAGS, 0)
    assert (ws.notes.all(reviews), ws.notes.stamp(reviews)) == ({}, "")
    assert not (ws.path / "notes").exists()


ids = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3)
flagging = st.fixed_dictionaries({"ids": ids, "flag": st.sampled_from(FLAGS), "on": st.booleans()})
noting = st.fixed_dictionaries({"id": st.sampled_from("abcd"), "note": st.text(max_size=4)})
suggesting = st.fixed_dictionaries({"ids": ids, "label": st.sampled_from(["x", "y", None])})
BROKEN = st.binary(max_size=12) | st.sampled_from([
    b"{}", b"[]", b"null", b'{"ids": ["a"], "flag": ""', b'{"ids": "a", "flag": "f", "on": true}', b'{"ids": [1], "label": "x"}',
    b'{"ids": ["a"], "flag": "f", "on": 1}', b'{"id": "a", "note": null}', b'{"id": "a", "note": "b", "more": 1}', b"NaN", b"[" * 9999,
    b'{"ids": ["a"], "flag": "two\\nlines", "on": true}', b'{"ids": ["\\ud800"], "label": "x"}',
])  # fmt: skip


@settings(deadline=None)
@given(st.lists(flagging | noting | suggesting | BROKEN, max_size=12))
def test_replaying_a_file_gives_the_last_word_on_each_example_and_skips_broken_lines(actions):
    flags, texts, labels, lines = set(), {}, {}, []
    for action in actions:
        lines.append((action.replace(b"\n", b"") if isinstance(action, bytes) else json.dumps({"time": "t", **action}).encode()) + b"\n")
        if isinstance(action, bytes):
            continue
        for id in action.get("ids", [action.get("id")]):
            if "flag" in action:
                flags = flags | {(id, action["flag"])} if action["on"] else flags - {(id, action["flag"])}
            else:
                (texts if "note" in action else labels)[id] = action.get("note", action.get("label"))
    found = replay(lines).among("dcba")
    for id in "abcd":
        expected = Note(id, tuple(sorted(f for i, f in flags if i == id)), texts.get(id, ""), labels.get(id))
        assert found.of(id) == expected
        assert (id in found.notes) == (not expected.empty)
    assert list(found.notes) == sorted(found.notes, reverse=True), "in the dataset's order"


def test_readers_on_one_workspace_never_lose_each_others_notes(ws, reviews):
    others = [ftft.Workspace(ws.path, runner=False) for _ in range(4)]

    def write(k):
        for n in range(k, 60, 4):
            others[k].notes.flag(reviews, [f"train-{n}"], "keep out")
            others[k].notes.write(reviews, f"train-{n}", f"by {k} " + "x" * 3000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert ws.notes.flags(reviews)["keep out"] == 60
    assert {note.text[:4] for note in ws.notes.all(reviews).values()} == {f"by {k}" for k in range(4)}


def test_after_a_line_that_was_cut_off_the_next_one_is_whole(ws, reviews):
    ws.notes.flag(reviews, ["train-1"], "keep out")
    with (ws.path / "notes" / "reviews.jsonl").open("ab") as file:
        file.write(b'{"time": "t", "ids": ["train-2"], "fl')
    ws.notes.flag(reviews, ["train-3"], "keep out")
    assert list(ws.notes.all(reviews)) == ["train-1", "train-3"]


def test_notes_of_examples_that_are_gone_stay_in_the_file_and_count_no_more(ws, reviews, tmp_path):
    ws.notes.flag(reviews, ["train-1", "train-59"], "keep out")
    ws.data.remove(reviews)
    add_dataset(ws, tmp_path, rows=30)
    assert (list(ws.notes.all(reviews)), ws.notes.flags(reviews)["keep out"]) == (["train-1"], 1)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (lambda notes: notes.flag("reviews", ["train-1", "train-x"], "keep out"), "training examples"),
        (lambda notes: notes.flag("reviews", [], "keep out"), "Select some"),
        (lambda notes: notes.flag("reviews", ["train-1"], " "), "one line"),
        (lambda notes: notes.flag("reviews", ["train-1"], "x" * 41), "one line"),
        (lambda notes: notes.flag("reviews", ["train-1"], "two\nlines"), "one line"),
        (lambda notes: notes.flag("nothing", ["train-1"], "keep out"), "Known: reviews"),
        (lambda notes: notes.flags("nothing"), "Known: reviews"),
        (lambda notes: notes.write("reviews", "train-1", "x" * 10_001), "up to 10,000"),
        (lambda notes: notes.write("reviews", "train-1", "\ud800"), "up to 10,000"),
        (lambda notes: notes.suggest("reviews", ["train-1"], "positiv"), "Perhaps you mean positive"),
        (lambda notes: notes.derive("reviews", name="clean"), "flag them"),
        (lambda notes: notes.derive("reviews", name="clean", how="mend"), "Known: drop, relabel"),
    ],
)
def test_what_cannot_be_noted_is_refused_with_a_remedy(ws, reviews, wrong, remedy):
    with pytest.raises(InputError, match=remedy):
        wrong(ws.notes)
    assert not (ws.path / "notes").exists()


# ---- files for others


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_notes_are_exported_in_the_datasets_order(ws, reviews, tmp_path, kind):
    import pandas as pd

    ws.notes.flag(reviews, ["train-9", "train-2"], "keep out")
    ws.notes.flag(reviews, ["train-2"], "label wrong")
    ws.notes.write(reviews, "train-4", 'a "quoted", note')
    out = tmp_path / f"notes.{kind}"
    assert ws.notes.export(reviews, out) == 3
    read = {
        "csv": lambda f: pd.read_csv(f, keep_default_na=False),
        "jsonl": lambda f: pd.read_json(f, lines=True),
        "parquet": pd.read_parquet,
    }
    frame = read[kind](out)
    assert list(frame) == ["id", "flags", "text", "label"]
    assert frame["id"].tolist() == ["train-2", "train-4", "train-9"]
    assert frame["text"].tolist() == ["", 'a "quoted", note', ""]
    assert [f if isinstance(f, str) else "|".join(f) for f in frame["flags"]] == ["keep out|label wrong", "", "keep out"]


def test_nothing_noted_is_exported_as_columns_alone(ws, reviews, tmp_path):
    for kind in ("csv", "jsonl", "parquet"):
        assert ws.notes.export(reviews, tmp_path / f"none.{kind}") == 0
    assert (tmp_path / "none.csv").read_text() == "id,flags,text,label\n"


def test_flagged_examples_are_left_out_of_a_derived_dataset(ws, reviews):
    ws.notes.flag(reviews, ["train-1", "train-8"], "keep out")
    made = ws.notes.derive(reviews, name="clean", flag="keep out")
    assert made.train.rows == 58
    assert not {"train-1", "train-8"} & set(ws.data.ids("clean"))
    assert (made.parent.dataset, made.parent.kind, made.parent.count) == (reviews, "drop", 2)
    file = ws.notes.list_file(reviews, "keep out", "drop")
    assert ws.data.derive(reviews, name="clean", drop=file) == made, "the list does the same on the command line"


def test_flagged_examples_get_the_labels_that_were_suggested(ws, reviews):
    ws.notes.flag(reviews, ["train-1", "train-3"], "label wrong")
    ws.notes.suggest(reviews, ["train-1", "train-5"], "negative")
    with pytest.raises(InputError, match=r"1 of 2 .*train-3.* Suggest one for each"):
        ws.notes.derive(reviews, name="mended", how="relabel")
    ws.notes.suggest(reviews, ["train-3"], "negative")
    ws.notes.derive(reviews, name="mended", how="relabel")
    rows = ws.data.rows("mended").set_index("id")["label"]
    assert (rows["train-1"], rows["train-3"], rows["train-5"]) == ("negative", "negative", "positive")


def test_a_dataset_that_cannot_be_derived_leaves_no_list_behind(ws, reviews):
    ws.notes.flag(reviews, ["train-1"], "label wrong")
    with pytest.raises(InputError, match="exists"):
        ws.notes.derive(reviews, name=reviews)
    assert list((ws.path / "notes" / "lists").iterdir()) == []


def test_hundreds_of_thousands_of_examples_are_flagged_in_seconds(ws, tmp_path):
    add_dataset(ws, tmp_path, "large", rows=200_000)
    every, start = ws.data.ids("large").tolist(), time.perf_counter()
    ws.notes.flag("large", every, "keep out")
    assert ws.notes.flags("large")["keep out"] == 200_000
    assert ws.notes.flagged("large", "keep out").all()
    assert time.perf_counter() - start < 3
