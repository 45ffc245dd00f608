import json

import pandas as pd
import pytest

from ftft.dataset import adding, gold, load, names, rows
from ftft.errors import InputError


def numbered(labels) -> list[dict]:
    return [{"text": f"text {i}", "label": label} for i, label in enumerate(labels)]


# ---- what a dataset becomes


def test_a_dataset_keeps_every_row_and_column_with_ids_and_labels_as_text(add_reviews, write, root):
    train = write("t.csv", [{"guid": f"00{i}", "score": i / 2, "text": f"t{i}", "sentiment": i % 2, "zip": "01234"} for i in range(4)])
    dataset = add_reviews(train, id="guid", label="sentiment")
    assert dataset.labels == ("0", "1")
    assert dataset.columns == ("id", "label", "guid", "score", "text", "sentiment", "zip")
    assert dataset.train.labels == {"0": 2, "1": 2}
    stored = rows(root, "reviews")
    assert stored["id"].tolist() == ["000", "001", "002", "003"]
    assert stored["label"].tolist() == ["0", "1", "0", "1"]
    assert stored["score"].tolist() == [0, 0.5, 1, 1.5]
    assert stored["zip"].tolist() == ["01234"] * 4


def test_rows_without_an_id_are_numbered_from_one(add_reviews, write, root):
    add_reviews(write("t.jsonl", numbered(["x", "y", "x"])))
    assert rows(root, "reviews")["id"].tolist() == ["1", "2", "3"]


def test_unrelated_columns_called_id_and_label_are_kept_under_other_names(add_reviews, write, root):
    train = write("t.csv", [{"id": i, "label": "raw", "guid": f"g{i}", "text": f"t{i}", "gold": "xy"[i % 2]} for i in range(4)])
    dataset = add_reviews(train, id="guid", label="gold")
    stored = rows(root, "reviews")
    assert (stored["id"][0], stored["id_"][0], stored["label"][0], stored["label_"][0]) == ("g0", 0, "x", "raw")
    assert [w.message for w in dataset.warnings if w.kind == "column_renamed"] == [
        "The column 'id' is kept as 'id_', since 'id' means another column here. Use its new name.",
        "The column 'label' is kept as 'label_', since 'label' means another column here. Use its new name.",
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([10, 9, 0], ("0", "9", "10")),
        ([1.0, 0.0, None], None),
        ([1.0, 0.0], ("0", "1")),
        ([True, False], ("false", "true")),
        (["b", "B", "a"], ("B", "a", "b")),
        (["10", "9"], ("9", "10")),
        (["1.0", "0.0"], ("0", "1")),
    ],
)
@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet"])
def test_labels_are_sorted_texts_and_whole_numbers_have_no_point(add_reviews, write, labels, expected, name):
    train = write(name, numbered(labels))
    if expected is None:
        with pytest.raises(InputError, match="no label in row 3"):
            add_reviews(train)
    else:
        assert add_reviews(train).labels == expected


def test_categories_of_a_parquet_file_are_their_texts(add_reviews, tmp_path):
    frame = pd.DataFrame(numbered(["no", "yes", "no"])).astype({"label": "category"})
    frame.to_parquet(tmp_path / "t.parquet")
    assert add_reviews(tmp_path / "t.parquet").labels == ("no", "yes")


def test_evaluation_labels_are_stored_in_trains_words(add_reviews, write, root):
    hard = write("hard.jsonl", [{"text": "x", "label": "good"}, {"text": "y", "label": "neg"}, {"text": "z", "label": "good"}])
    dataset = add_reviews(evaluations=[f"hard={hard}:ood:dev"], label_maps=["hard:good=pos"])
    (evaluation,) = dataset.evaluations
    assert (evaluation.distribution, evaluation.role, evaluation.label_map) == ("ood", "dev", {"good": ("pos",)})
    assert evaluation.labels == {"neg": 1, "pos": 2}
    assert rows(root, "reviews", "hard")["label"].tolist() == ["pos", "neg", "pos"]
    assert rows(root, "reviews", "hard")["id"].tolist() == ["1", "2", "3"]


def test_a_label_of_an_evaluation_set_may_mean_any_of_several(add_reviews, write, root):
    train = write("t.csv", numbered(["neutral", "entailment", "contradiction"]))
    hans = write("hans.csv", numbered(["entailment", "non-entailment", "no"]))
    maps = ["hans:non-entailment=neutral|contradiction", "hans:no=contradiction|neutral"]
    dataset = add_reviews(train, evaluations=[f"hans={hans}:ood"], label_maps=maps)
    (split,) = dataset.evaluations
    both = ("contradiction", "neutral")
    assert split.label_map == {"non-entailment": both, "no": both}
    assert split.to_json()["map"] == {"non-entailment": list(both), "no": list(both)}
    assert split.labels == {"entailment": 1, "contradiction|neutral": 2}
    assert rows(root, "reviews", "hans")["label"].tolist() == ["entailment", "contradiction|neutral", "contradiction|neutral"]
    assert dataset.answers("hans") == ("contradiction", "entailment", "neutral", "contradiction|neutral")
    assert dataset.counts_as("hans") == (3, 1, 3)
    assert (dataset.answers("train"), dataset.counts_as("train")) == (dataset.labels, (0, 1, 2))
    assert gold(root, "reviews", "hans").tolist() == [1, 3, 3]
    assert load(root, "reviews") == dataset


def test_a_label_of_train_may_have_the_sign_for_several_in_its_name(add_reviews, write):
    train = write("t.csv", numbered(["a|b", "c", "a|b"]))
    dataset = add_reviews(train, evaluations=[f"e={write('e.csv', numbered(['x', 'c']))}:ood"], label_maps=["e:x=a|b"])
    assert dataset.evaluations[0].labels == {"a|b": 1, "c": 1}
    assert dataset.counts_as("e") == (0, 1)


@pytest.mark.parametrize(
    ("labels", "maps", "says"),
    [
        ("xy", ["e:x=a|B"], "train has no label 'B'.*Known: a, b, c"),
        ("xy", ["e:x=a|b|c"], "'x' means every label of train, so that no prediction would be wrong"),
        ("xa", ["e:x=a|b"], r"rows that mean a\|b and rows that mean a: one answer would be both"),
        ("xy", ["e:x=a|b", "e:y=b|c"], r"rows that mean a\|b and rows that mean b\|c"),
        ("xy", ["e:x=a|b", "e:x=c"], r"'x' of evaluation set 'e' is mapped twice.*e:x=LABEL\|LABEL"),
    ],
)
def test_several_labels_that_leave_unclear_what_is_right_are_refused(add_reviews, write, labels, maps, says):
    with pytest.raises(InputError, match=says):
        add_reviews(write("t.csv", numbered("abc")), evaluations=[f"e={write('e.csv', numbered(labels))}:ood"], label_maps=maps)


def test_an_evaluation_set_may_have_columns_of_its_own_names(add_reviews, write, root):
    train = write("t.csv", [{"guid": f"t{i}", "text": f"a {i}", "gold": "xy"[i % 2]} for i in range(4)])
    other = write("o.jsonl", [{"no": i, "comment": f"b {i}", "verdict": "yx"[i % 2], "text": "unrelated", "gold": 1} for i in range(2)])
    columns = ["o:text=comment", "o:label=verdict", "o:id=no"]
    dataset = add_reviews(train, id="guid", label="gold", evaluations=[f"o={other}:ood"], columns=columns)
    assert rows(root, "reviews", "o").iloc[1].to_dict() == {
        "id": "1", "label": "x", "no": 1, "text": "b 1", "verdict": "x", "text_": "unrelated", "gold": 1,
    }  # fmt: skip
    assert [w.message for w in dataset.warnings] == [
        "The column 'text' is kept as 'text_', since 'text' means another column here. Use its new name."
    ]


def test_columns_of_pairs_go_by_trains_names_and_may_be_the_other_way_round(add_reviews, write, root):
    pair = {"premise": "p", "hypothesis": "h"}
    train = write("t.jsonl", [{**pair, "label": "x"}, {"premise": "q", "hypothesis": "g", "label": "y"}])
    columns = ["o:premise=hypothesis", "o:hypothesis=premise"]
    other = write("o.jsonl", [{**pair, "label": "x"}])
    add_reviews(train, text=["premise", "hypothesis"], evaluations=[f"o={other}:ood"], columns=columns)
    stored = rows(root, "reviews", "o", columns=["premise", "hypothesis"])
    assert stored.to_dict("records") == [{"premise": "h", "hypothesis": "p"}]


@pytest.mark.parametrize("text", ["id", "label"])
def test_a_text_column_with_one_of_our_names_has_one_name_in_every_set(add_reviews, write, root, text):
    train = write("t.jsonl", [{text: f"a {i}", "guid": f"g{i}", "gold": "xy"[i]} for i in range(2)])
    other = write("o.jsonl", [{"comment": f"b {i}", "guid": f"h{i}", "gold": "xy"[i]} for i in range(2)])
    described = {"text": [text], "id": "guid", "label": "gold"}
    dataset = add_reviews(train, evaluations=[f"o={other}:ood"], columns=[f"o:{text}=comment"], **described)
    assert dataset.text_columns == (f"{text}_",)
    assert rows(root, "reviews", "o")[f"{text}_"].tolist() == ["b 0", "b 1"]


@pytest.mark.parametrize(("majority", "expected"), [(7, "accuracy"), (8, "macro_f1")])
def test_the_metric_is_macro_f1_where_one_class_has_over_70_percent(add_reviews, write, majority, expected):
    dataset = add_reviews(write("t.csv", numbered(["x"] * majority + ["y"] * (10 - majority))))
    assert dataset.metric == expected
    assert ("imbalance" in [w.kind for w in dataset.warnings]) == (expected == "macro_f1")


def test_a_metric_that_is_given_is_kept(add_reviews, write):
    assert add_reviews(write("t.csv", numbered("xxxxxxxxxy")), metric="auroc").metric == "auroc"


# ---- the same name again


def test_the_same_content_again_is_the_dataset_that_exists_whatever_the_format(add_reviews, write, reviews, root):
    first = add_reviews(write("a.csv"))
    before = (root / "reviews" / "dataset.json").stat().st_mtime_ns
    assert add_reviews(write("a.parquet", reviews)) == first == load(root, "reviews")
    assert (root / "reviews" / "dataset.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: [*rows, {"id": "e", "text": "z", "label": "pos"}], "train has 5 rows instead of 4"),
        (lambda rows: [{**row, "text": row["text"].upper()} for row in rows], "some ids, labels or texts differ"),
        (lambda rows: rows[::-1], "or their order"),
        (lambda rows: [{**row, "label": row["label"] + "!"} for row in rows], "labels are neg!, pos! instead of neg, pos"),
        (lambda rows: [{**row, "extra": 1} for row in rows], "columns are id, label, text, extra .* instead of id, label, text"),
    ],
)
def test_other_content_under_the_same_name_is_refused_and_says_what_changed(add_reviews, write, reviews, root, change, says):
    first = add_reviews()
    with pytest.raises(InputError, match=f"{says}.*under another name"):
        add_reviews(write("other.jsonl", change(reviews)))
    assert load(root, "reviews") == first


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"evaluations": ["dev=FILE:ood"]}, "dev is ood:test instead of id:dev"),
        ({"evaluations": []}, "evaluation set 'dev' is left out"),
        ({"evaluations": ["dev=FILE:id:dev", "more=FILE:id"]}, "evaluation set 'more' is new"),
        ({"evaluations": ["dev=FILE:id:dev"], "metric": "auroc"}, "the metric is auroc instead of accuracy"),
    ],
)
def test_another_description_under_the_same_name_is_refused_and_says_what_changed(add_reviews, write, described, says):
    dev = str(write("dev.csv"))
    add_reviews(evaluations=[f"dev={dev}:id:dev"])
    with pytest.raises(InputError, match=says):
        add_reviews(**{**described, "evaluations": [e.replace("FILE", dev) for e in described["evaluations"]]})


def test_two_people_who_add_the_same_dataset_at_once_both_get_it(add_reviews, root, monkeypatch):
    first = add_reviews()
    answers = iter([[], ["reviews"]])  # not there when looked for, there when published
    monkeypatch.setattr(adding, "names", lambda root: next(answers))
    assert add_reviews() == first
    assert [f.name for f in root.iterdir()] == ["reviews"]


# ---- what is refused


@pytest.mark.parametrize(
    ("described", "says"),
    [
        ({"text": ["txt"]}, r"t.csv has no column 'txt' \(--text\). Perhaps you mean 'text'; it has the columns id, text, label"),
        ({"label": "gold"}, r"no column 'gold' \(--label\). It has the columns id, text, label"),
        ({"id": "guid"}, r"no column 'guid' \(--id\)"),
        ({"columns": ["e:text=txt"]}, r"no column 'txt' \(--columns e:text\). Perhaps you mean 'text'; .* with --columns e:text=COLUMN"),
        ({"columns": ["e:label=gold"]}, r"no column 'gold' \(--columns e:label\). It has the columns id, text, label: name one with"),
        ({"columns": ["e:id=guid"]}, r"no column 'guid' \(--columns e:id\)"),
        ({"columns": ["f:text=x"]}, "evaluation set 'f' is not known. Known: e"),
        ({"columns": ["e:txt=x"]}, "column 'txt' is not known. Perhaps you mean text"),
        ({"columns": ["e:text=label"]}, "column 'label' of evaluation set 'e' is named twice"),
        ({"columns": ["e:text=x", "e:text=y"]}, "column 'text' of evaluation set 'e' is named twice"),
        ({"columns": ["text=x"]}, r"'text=x' cannot be read. Write --columns EVAL:text=COL"),
    ],
)
def test_a_missing_column_is_refused_with_the_columns_there_are(add_reviews, write, described, says):
    with pytest.raises(InputError, match=says):
        add_reviews(write("t.csv"), evaluations=[f"e={write('e.csv')}:ood"], **described)


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        (["a", "b", "a", "b", "a", "c", "a"], r"'a' in rows 1, 3, 5 and 1 more; 'b' in rows 2, 4\. Give each row an id of its own"),
        (["a", None, "b"], r"column 'id' is empty or holds a line break in row 2"),
        (["a", "b\nc", "  "], r"in rows 2, 3"),
    ],
)
@pytest.mark.parametrize("split", ["train", "evaluation"])
def test_ids_that_do_not_tell_rows_apart_are_refused_with_their_rows(add_reviews, write, ids, says, split):
    file = write("t.jsonl", [{"id": id, "text": f"text {i}", "label": ("neg", "pos")[i % 2]} for i, id in enumerate(ids)])
    described = {"train": file} if split == "train" else {"evaluations": [f"dev={file}:id"]}
    with pytest.raises(InputError, match=f"t.jsonl: .*{says}"):
        add_reviews(**described)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["x"] * 5, "every row has the label 'x'"),
        (["x", "", "y", " ", None, "x"], "no label in rows 2, 4, 5"),
        ([0.5, 1.0, 0.25], "label '0.5' in row 1 is not a whole number, which looks like regression"),
        (["1", "2", "2.5"], "label '2.5' in row 3"),
        ([f"label {i}" for i in range(10)], "10 different labels in 10 rows, .* looks like an id.*there may be 200"),
        ([f"label {i % 201}" for i in range(603)], "201 different labels in 603 rows, such as 'label 0' and 'label 1'. .*there may be 200"),
        ([["x"], ["y"]], r"column 'label' \(--label\) holds lists, which looks like multi-label. .*each label"),
        (["-1", "-1"], "label in rows 1, 2 is -1, which means that there is none: GLUE"),
        (["neg", "-1", "pos"], "label in row 2 is -1, which means that there is none"),
        ([{"a": 1}, {"a": 2}], "holds objects"),
    ],
)
def test_labels_that_are_not_a_few_classes_are_refused(add_reviews, write, labels, says):
    with pytest.raises(InputError, match=f"t.jsonl: .*{says}"):
        add_reviews(write("t.jsonl", numbered(labels)))


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        (
            [],
            "train has not: 'good', 'so-so'. Say what they mean: --map hard:good=OURS --map hard:so-so=OURS, .* neg, pos",
        ),
        (["hard:good=pos"], "train has not: 'so-so'"),
        (["hard:good=pos", "hard:so-so=neg|positive"], "train has no label 'positive'"),
        (["hard:good=poss", "hard:so-so=neg"], "train has no label 'poss'. Perhaps you mean pos"),
    ],
)
def test_an_evaluation_label_that_train_does_not_know_is_refused_with_the_map_to_write(add_reviews, write, maps, says):
    hard = write("hard.jsonl", numbered(["good", "so-so", "neg"]))
    with pytest.raises(InputError, match=says):
        add_reviews(evaluations=[f"hard={hard}:ood"], label_maps=maps)


def test_a_column_that_parquet_cannot_hold_is_refused(add_reviews, write, reviews, root):
    with pytest.raises(InputError, match=r"train has a column that cannot be kept: .*'extra'"):
        add_reviews(write("t.jsonl", [{**row, "extra": {}} for row in reviews]))
    assert list(root.iterdir()) == []


def test_a_name_that_cannot_be_a_folder_is_refused(add_reviews, root):
    with pytest.raises(InputError, match="dataset name"):
        add_reviews(name="../reviews")
    assert not root.exists()


def test_nothing_is_left_behind_by_what_fails(add_reviews, write, root, monkeypatch):
    with pytest.raises(InputError):
        add_reviews(evaluations=["dev=nowhere.csv:id"])
    assert not root.exists()

    def full(path, value):
        raise OSError("No space left on device")

    monkeypatch.setattr(adding, "publish_json", full)
    with pytest.raises(OSError, match="No space"):
        add_reviews()
    assert list(root.iterdir()) == []
    assert names(root) == []


def test_the_description_file_is_the_dataset(add_reviews, root):
    dataset = add_reviews()
    assert json.loads((root / "reviews" / "dataset.json").read_text()) == dataset.to_json()
    assert sorted(f.name for f in (root / "reviews").iterdir()) == ["dataset.json", "train.parquet"]
