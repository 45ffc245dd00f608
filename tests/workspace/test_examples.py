"""The table of examples and one example from near: the right rows in the right order, whichever map it goes by."""

import hashlib
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ftft
from ftft.domain import digest_of_ids, mean_id
from ftft.dynamics import Epoch
from ftft.errors import InputError
from ftft.metrics import METRICS
from ftft.runfolder import ROWS, RunFolder
from ftft.workspace.data import digest_of_lines
from ftft.workspace.examples import by_value, first
from tests.synthetic import add_dataset, add_run

IDS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=6), unique=True, min_size=1)


@settings(deadline=None)  # the first one loads Arrow
@given(IDS, st.data())
def test_the_hash_of_marked_lines_is_that_of_their_ids(ids, data):
    ids = sorted(ids)
    mask_N = np.array(data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids))), bool)
    skipped = data.draw(st.integers(0, 2))  # an array may be a part of a larger one
    lines = pa.array([*["ahead\n"] * skipped, *[f"{i}\n" for i in ids]], pa.large_string()).slice(skipped)
    assert digest_of_lines(lines, mask_N) == digest_of_ids([i for i, chosen in zip(ids, mask_N, strict=True) if chosen])


def test_the_hash_of_a_selection_is_that_of_its_ids(ws, tmp_path):
    names = ["b", "Ä", "ä", "a", "𝒳", "\uffff", "10", "9", "é", "ｚ"]  # UTF-16 would order the two before last otherwise
    (tmp_path / "t.csv").write_text("\n".join(["id,text,label", *[f"{n},words {n},{'xy'[k % 2]}" for k, n in enumerate(names)]]))
    ws.data.add("letters", train=tmp_path / "t.csv", text="text", label="label", id="id")
    ids_N = ws.data.ids("letters")
    for mask_N in (np.ones(10, bool), np.zeros(10, bool), np.arange(10) % 3 == 0, np.arange(10) == 4):
        assert ws.data.digest("letters", mask_N) == digest_of_ids(ids_N[mask_N])
    assert ws.data.digest("letters", np.zeros(10, bool)) == hashlib.sha256(b"").hexdigest()
    assert ids_N[ws.data.id_order("letters")].tolist() == sorted(names)


def test_ids_of_a_run_become_the_datasets_own_objects(ws, tmp_path):
    name = add_dataset(ws, tmp_path)
    ids_N = ws.data.ids(name)
    copied = np.array(sorted("".join(list(i)) for i in ids_N.tolist()), dtype=object)
    for ids_M in (copied, copied[::7]):
        shared_M = ws.data.shared(name, ids_M)
        assert shared_M.tolist() == ids_M.tolist()
        assert {id(i) for i in shared_M} <= {id(i) for i in ids_N}
    strange = np.array(["nobody", *copied], dtype=object)
    assert ws.data.shared(name, strange) is strange
    assert ws.data.shared("gone", strange) is strange


# ---- the table


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Sixty pairs of texts in an order that is not that of their ids; two runs, one run on a third of them, and an import."""
    folder = tmp_path_factory.mktemp("shelf")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    dice = np.random.default_rng(5)
    order = dice.permutation(60)
    frame = pd.DataFrame(
        {
            "id": [f"e{n:02d}" for n in order],
            "premise": [f"Premise {n % 7} says{' so' * (n % 3)}" for n in order],
            "hypothesis": [None if n == 5 else f"and {'GOOD' if n % 4 == 0 else 'bad'} it is" for n in order],
            "label": [("yes", "no", "maybe")[n % 3] for n in order],
            "year": [None if n % 10 == 0 else 2000 + n % 5 for n in order],
            "loss": [f"word {n % 6}" for n in order],
        }
    )
    frame.to_parquet(folder / "t.parquet")
    ws.data.add("shelf", train=folder / "t.parquet", text=["premise", "hypothesis"], label="label", id="id")
    ids_N, gold_N = ws.data.ids("shelf"), ws.data.gold("shelf")
    runs = [add_run(ws, "shelf", seed, epochs=0, verdict={}).id for seed in (1, 2, 3)]
    for run, n, epochs in zip(runs, (60, 60, 20), (4, 4, 3), strict=True):
        for number in range(1, epochs + 1):
            logits_NC = dice.normal(0, 2, (n, 3)).astype(np.float32)
            logits_NC[np.arange(n), gold_N[:n]] += np.where(np.arange(n) < 3, -9, 1)  # three are never learnt
            epoch = Epoch(number, ids_N[:n], gold_N[:n], logits_NC, np.ones(n, int), "online", f"{run}-{number}")
            RunFolder(ws.path / "runs" / run).publish_epoch(epoch)
    rows = [{"guid": i, "confidence": 0.01 * n, "variability": 0.2} for n, i in enumerate(sorted(ids_N))]
    pd.DataFrame(rows).to_json(folder / "td_metrics.jsonl", orient="records", lines=True)
    ws.import_run(folder / "td_metrics.jsonl", name="alone", dataset="shelf")
    return SimpleNamespace(ws=ws, frame=ws.data.rows("shelf"), runs=runs[:2], few=runs[2], mean=mean_id(runs[:2]))


def expected(shelf, run, sort, descending, epochs=None) -> list[str]:
    """The ids in order, sorted in plain Python."""
    found = shelf.ws.map(run, epochs)
    values = dict(zip(found.ids_N, found.values[sort], strict=True))
    if sort == "forgetting":
        values = {i: math.inf if math.isnan(v) else v for i, v in values.items()}
    ids = shelf.frame["id"].tolist()
    seen = sorted((i for i in ids if i in values), key=values.__getitem__ if not descending else lambda i: -values[i])
    return [*seen, *(i for i in ids if i not in values)]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", METRICS)
def test_a_table_is_sorted_by_any_metric_of_any_map(shelf, sort, descending):
    for run in (shelf.runs[0], shelf.few, shelf.mean):
        frame, total = shelf.ws.examples("shelf", run=run, sort=sort, descending=descending)
        assert (frame["id"].tolist(), total) == (expected(shelf, run, sort, descending), 60)


def test_a_table_goes_by_the_epochs_of_the_map(shelf):
    frame, _ = shelf.ws.examples("shelf", run=shelf.runs[0], epochs=(2, 3), columns=("entropy",))
    assert frame["id"].tolist() == expected(shelf, shelf.runs[0], "variability", True, (2, 3))
    assert frame["id"].tolist() != expected(shelf, shelf.runs[0], "variability", True)
    values = shelf.ws.map(shelf.runs[0], (2, 3)).frame().set_index("id").loc[frame["id"]]
    for name in ("confidence", "variability", "correctness", "entropy"):
        np.testing.assert_array_equal(frame[name].astype(float), values[name].astype(float), err_msg=name)


def test_curves_are_those_of_the_run_or_the_mean_of_its_runs(shelf):
    first, _ = shelf.ws.examples("shelf", run=shelf.runs[0], sort="id", limit=5)
    second, _ = shelf.ws.examples("shelf", run=shelf.runs[1], sort="id", limit=5)
    mean, _ = shelf.ws.examples("shelf", run=shelf.mean, sort="id", limit=5)
    for a, b, both, i in zip(first["curve"], second["curve"], mean["curve"], first["id"], strict=True):
        np.testing.assert_array_equal(a, shelf.ws.curves(shelf.runs, i)[shelf.runs[0]])
        np.testing.assert_allclose((a + b) / 2, both)
    assert shelf.ws.examples("shelf", run="alone")[0]["curve"].tolist() == [None] * 60
    assert sum(c is not None for c in shelf.ws.examples("shelf", run=shelf.few)[0]["curve"]) == 20


@pytest.mark.parametrize("descending", [True, False])
def test_what_the_dataset_says_can_be_sorted_by_and_what_is_missing_comes_last(shelf, descending):
    def ids(sort):
        return shelf.ws.examples("shelf", sort=sort, descending=descending)[0]["id"].tolist()

    def by(key):
        rows = [(key(row), row["id"]) for _, row in shelf.frame.iterrows()]
        return [i for _, i in sorted(rows, key=lambda pair: pair[0], reverse=descending)]  # `reverse` keeps the order of ties

    assert ids("id") == sorted(shelf.frame["id"], reverse=descending)
    assert ids("row") == shelf.frame["id"].tolist()[:: -1 if descending else 1]
    assert ids("label") == by(lambda row: row["label"])
    assert ids("text") == by(lambda row: f"{row['premise']} ⟶ {row['hypothesis'] or ''}")
    assert ids("premise") == by(lambda row: row["premise"])
    assert ids("column:loss") == by(lambda row: row["loss"])
    assert ids("year") == by(lambda row: (-math.inf if descending else math.inf) if math.isnan(row["year"]) else row["year"])
    assert ids("loss") == shelf.frame["id"].tolist(), "a metric, and no map to take it from"


def test_columns_are_shown_as_asked_for(shelf):
    frame, _ = shelf.ws.examples("shelf", run=shelf.runs[0], sort="aum", columns=("year", "loss", "column:loss"))
    assert frame.columns.tolist() == [
        "id", "label", "text", "confidence", "variability", "correctness", "aum", "loss", "curve", "year", "column:loss",
    ]  # fmt: skip
    rows = shelf.frame.set_index("id").loc[frame["id"]]
    assert frame["column:loss"].tolist() == rows["loss"].tolist()
    np.testing.assert_array_equal(frame["year"], rows["year"])
    assert shelf.ws.examples("shelf")[0].columns.tolist() == ["id", "label", "text"]


@pytest.mark.parametrize("owned", [False, True])
def test_filters_hold_together_and_pages_follow_without_gap(shelf, owned):
    assert not owned or shelf.ws.own()
    try:
        mask_N = np.arange(60) % 4 != 0
        query = {"run": shelf.runs[0], "search": "good", "labels": ("yes", "no", "nothing"), "sort": "confidence"}
        good = {i for i, t, label in shelf.frame[["id", "hypothesis", "label"]].to_numpy() if t and "GOOD" in t and label != "maybe"}
        wanted = [i for i in expected(shelf, shelf.runs[0], "confidence", True) if i in good & set(shelf.frame["id"][mask_N])]
        whole, total = shelf.ws.examples("shelf", mask_N, **query)
        assert (whole["id"].tolist(), total) == (wanted, len(wanted))
        assert len(wanted) > 5
        paged = [shelf.ws.examples("shelf", mask_N, offset=at, limit=3, **query) for at in range(0, total, 3)]
        assert [i for frame, _ in paged for i in frame["id"]] == wanted
        assert {n for _, n in paged} == {total}
        assert shelf.ws.examples("shelf", search="^premise [34]", regex=True)[1] == 0
        assert shelf.ws.examples("shelf", search="^Premise [34]", regex=True)[1] == sum(f"{p}"[8] in "34" for p in shelf.frame["premise"])
        assert shelf.ws.examples("shelf", np.zeros(60, bool), run=shelf.runs[0])[1] == 0
    finally:
        shelf.ws.close()


def test_the_examples_before_and_after_are_those_of_the_table(shelf):
    query = {"run": shelf.runs[0], "search": "says so", "sort": "aum"}
    ids = shelf.ws.examples("shelf", **query)[0]["id"].tolist()
    for at, i in enumerate(ids):
        assert shelf.ws.beside("shelf", i, **query) == (at, ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None)
    assert shelf.ws.beside("shelf", "nobody", **query) is None
    assert shelf.ws.beside("shelf", next(i for i in shelf.frame["id"] if i not in ids), **query) is None


@pytest.mark.parametrize(
    "wrong", [{"sort": "confdence"}, {"sort": "id; DROP TABLE"}, {"offset": -1}, {"columns": ("yaer",)}, {"search": "(", "regex": True}]
)
def test_a_question_that_makes_no_sense_is_refused(shelf, wrong):
    with pytest.raises(InputError):
        shelf.ws.examples("shelf", run=shelf.runs[0], **wrong)


def test_a_metric_that_an_import_lacks_is_said_to_be_missing(shelf):
    with pytest.raises(InputError, match="without aum"):
        shelf.ws.examples("shelf", run="alone", sort="aum")


# ---- one example


def test_a_trajectory_is_what_the_files_say(shelf):
    found = shelf.ws.trajectories([*shelf.runs, shelf.few, "alone", shelf.mean], "e07")
    seen = "e07" in shelf.ws.map(shelf.few).ids_N
    assert set(found) == {*shelf.runs, shelf.mean, *([shelf.few] if seen else [])}
    for run in shelf.runs:
        folder, one = shelf.ws.runs.folder(run), found[run]
        assert one["epochs"] == (1, 2, 3, 4)
        for e, number in enumerate(one["epochs"]):
            epoch = folder.read_epoch(number)
            (n,) = np.flatnonzero(epoch.ids_N == "e07")
            odds_C = np.exp(epoch.logits_NC[n].astype(float))
            np.testing.assert_allclose(one["p_EC"][e], odds_C / odds_C.sum(), rtol=1e-6)
            assert one["predicted_E"][e] == epoch.logits_NC[n].argmax()
        np.testing.assert_array_equal(one["p_gold_E"], shelf.ws.curves([run], "e07")[run])
    np.testing.assert_allclose(found[shelf.mean]["p_EC"], (found[shelf.runs[0]]["p_EC"] + found[shelf.runs[1]]["p_EC"]) / 2)
    assert shelf.ws.trajectories(shelf.runs, "nobody") == {}


def test_the_row_of_an_example_is_found_in_whichever_group_it_lies(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "r")
    n = ROWS + 3
    logits_NC = np.arange(2 * n, dtype=np.float32).reshape(n, 2)
    ids_N = np.array([f"{i:07d}" for i in range(n)], dtype=object)
    folder.publish_epoch(Epoch(1, ids_N, np.zeros(n, int), logits_NC, np.ones(n, int), "online", "o"))
    for row in (0, ROWS - 1, ROWS, n - 1):
        assert folder.logits_of(1, row).tolist() == [2 * row, 2 * row + 1]


def test_a_percentile_counts_what_is_below_and_half_of_the_ties(shelf):
    found = shelf.ws.percentiles(shelf.runs[0], "e07", (1, 3))
    frame = shelf.ws.map(shelf.runs[0], (1, 3)).frame().set_index("id")
    assert list(found) == list(METRICS)
    for name, (value, percent) in found.items():
        values = frame[name].astype(float).fillna(math.inf)
        others = values.drop("e07")
        assert value == values["e07"] or math.isnan(value)
        assert percent == pytest.approx(100 * ((others < values["e07"]).sum() + (others == values["e07"]).sum() / 2) / 59)
    assert shelf.ws.percentiles(shelf.runs[0], "nobody") == {}
    assert list(shelf.ws.percentiles("alone", "e07")) == ["confidence", "variability"]
    assert shelf.ws.percentiles("alone", "e07")["variability"] == (0.2, 50.0)
    never = next(i for i in shelf.ws.data.ids("shelf")[:3])
    value, percent = shelf.ws.percentiles(shelf.few, never, None, ("forgetting",))["forgetting"]
    assert math.isnan(value)
    assert percent > 80, "no other ranks higher, some tie"


@pytest.mark.parametrize("axes", [("variability", "confidence"), ("correctness", "aum")])
def test_neighbours_are_the_nearest_on_the_map_as_it_is_drawn(shelf, axes):
    frame = shelf.ws.map(shelf.runs[0], (1, 3)).frame().set_index("id")[list(axes)].astype(float)
    scaled = (frame - frame.min()) / (frame.max() - frame.min())
    distance = (((scaled - scaled.loc["e07"]) ** 2).sum(axis=1) ** 0.5).drop("e07").sort_values(kind="stable")
    found = shelf.ws.neighbours(shelf.runs[0], "e07", (1, 3), *axes, k=5)
    assert [i for i, _ in found] == distance.index[:5].tolist()
    np.testing.assert_allclose([d for _, d in found], distance[:5], rtol=1e-9)
    assert shelf.ws.neighbours(shelf.runs[0], "nobody") == []
    assert len(shelf.ws.neighbours(shelf.few, shelf.ws.map(shelf.few).ids_N[0], k=50)) == 19


def test_similar_texts_share_rare_words_and_a_copy_is_most_similar(shelf):
    frame = shelf.frame.set_index("id")
    found = shelf.ws.similar("shelf", "e07")
    words = {i: set(f"{row['premise']} {row['hypothesis']}".split()) for i, row in frame.iterrows()}
    copies = [i for i in words if i != "e07" and words[i] == words["e07"]]
    assert len(found) == 8
    assert {i for i, similarity in found if similarity == 1} == set(copies)
    assert [s for _, s in found] == sorted((s for _, s in found), reverse=True)
    assert "e07" not in dict(found)
    assert frame.loc[found[len(copies)][0], "premise"].startswith("Premise 0 "), "the number says more than 'bad'"
    with pytest.raises(InputError, match="nobody"):
        shelf.ws.similar("shelf", "nobody")


def test_any_text_has_similar_ones_or_none(ws, tmp_path):
    texts = ["", "(?i)[a", "猫が好き", "猫は嫌い", "x" * 10_000, "Ärger ÄRGER", "ärger", "\\b . *", "a b c d e f g h i j unique ärger"]
    pd.DataFrame({"id": [str(n) for n in range(9)], "text": texts, "label": list("ab" * 4 + "a")}).to_parquet(tmp_path / "t.parquet")
    ws.data.add("odd", train=tmp_path / "t.parquet", text="text", label="label", id="id")
    found = {n: [int(i) for i, _ in ws.similar("odd", str(n))] for n in range(9)}
    assert found == {0: [], 1: [8], 2: [3], 3: [2], 4: [], 5: [6, 8], 6: [5, 8], 7: [8], 8: [1, 7, 5, 6]}


@given(
    values=st.lists(st.sampled_from([0.0, 0.25, 0.5, np.inf, np.nan]), min_size=1, max_size=40),
    picked=st.sets(st.integers(0, 39)),
    end=st.integers(0, 45),
    descending=st.booleans(),
)
def test_the_first_rows_are_those_of_the_full_order(values, picked, end, descending):
    values_N = np.array(values)
    rows = np.array(sorted(row for row in picked if row < len(values)), np.int32)
    order = [row for row in by_value(values_N, descending).tolist() if row in picked]
    for sparse in (2, 64):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ftft.workspace.examples.SPARSE", sparse)
            assert first(values_N[rows], rows, end, descending).tolist() == order[:end]
