import json
import pickle

import datasets
import pytest

from ftft.dataset import rows
from ftft.dataset.reading import read
from ftft.errors import InputError

CLASSES = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})


def saved(folder, **splits) -> str:
    """A folder of a DatasetDict, or of a Dataset where there is only `alone`; each split a list of numbers of classes."""
    made = {
        name: datasets.Dataset.from_dict({"text": [f"{name} {i}" for i in range(len(labels))], "label": labels}, features=CLASSES)
        for name, labels in splits.items()
    }
    (made["alone"] if set(made) == {"alone"} else datasets.DatasetDict(made)).save_to_disk(str(folder))
    return str(folder)


def test_class_labels_become_their_names_whatever_the_order_of_rows(tmp_path):
    sorted_by_label = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, 1]}, features=CLASSES).sort("label")
    sorted_by_label.save_to_disk(str(tmp_path / "d"))
    assert read(tmp_path / "d", ()).to_pydict() == {"text": ["b", "a", "c"], "label": ["neg", "pos", "pos"]}


def test_train_means_the_split_called_train_and_others_are_named(add_reviews, tmp_path, root):
    folder = saved(tmp_path / "d", validation=[0, 1, 1], train=[0, 1, 0, 1])
    dataset = add_reviews(folder, evaluations=[f"dev={folder}:validation:id:dev"])
    assert [(s.name, s.rows, s.labels) for s in dataset.splits] == [
        ("train", 4, {"neg": 2, "pos": 2}), ("dev", 3, {"neg": 1, "pos": 2}),
    ]  # fmt: skip
    assert rows(root, "reviews", "dev")["text"].tolist() == ["validation 0", "validation 1", "validation 2"]


def test_the_only_split_needs_no_name(add_reviews, tmp_path):
    assert add_reviews(saved(tmp_path / "a", alone=[0, 1])).train.rows == 2
    assert add_reviews(saved(tmp_path / "b", anything=[0, 1, 0]), name="b").train.rows == 3


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("many", r"many has several splits: train, test\. Say which one, such as .*many:train"),
        ("many:tset", r"split 'tset' is not known\. Perhaps you mean test"),
        ("one:train", "holds one dataset without splits. Leave out :train"),
        ("empty", "is a folder, but not one that `datasets` saved"),
        ("broken", "broken cannot be read as a folder that `datasets` saved"),
        ("pickled", "pickled cannot be read as a folder that `datasets` saved"),
        ("nowhere:train", "does not name a known format"),
    ],
)
def test_a_folder_that_does_not_say_which_rows_are_meant_is_refused(tmp_path, source, says):
    saved(tmp_path / "many", train=[0, 1], test=[0, 1])
    one, broken, pickled = (tmp_path / name for name in ("one", "broken", "pickled"))
    for folder in (one, broken, pickled):
        saved(folder, alone=[0, 1])
    (broken / "data-00000-of-00001.arrow").write_bytes(b"nonsense")
    (pickled / "state.json").write_bytes(pickle.dumps({"_data_files": []}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=says):
        read(f"{tmp_path}/{source}", (), default_split=None)


def test_labels_that_are_withheld_are_refused_and_minus_one_is_explained(add_reviews, tmp_path):
    folder = saved(tmp_path / "d", train=[0, 1, -1], test=[-1, -1])
    with pytest.raises(
        InputError, match=r"label in row 3 is -1, which means that there is none: GLUE.*leave the rows out .with `datasets`: ds.filter"
    ):
        add_reviews(folder)
    with pytest.raises(InputError, match=r"label in rows 1, 2 is -1.*Name a set with labels, such as validation"):
        add_reviews(evaluations=[f"test={folder}:test:id"])


def test_a_subset_that_was_exported_as_a_folder_is_a_dataset_again(add_reviews, tmp_path, root):
    first = add_reviews()
    datasets.Dataset.from_pandas(rows(root, "reviews"), preserve_index=False).save_to_disk(str(tmp_path / "d"))
    assert add_reviews(str(tmp_path / "d"), name="again").fingerprint == first.fingerprint


def test_columns_that_are_no_texts_come_along(tmp_path):
    made = datasets.Dataset.from_dict({"text": ["a"], "tokens": [["x", "y"]], "about": [{"year": 1999}]})
    made.save_to_disk(str(tmp_path / "d"))
    assert json.loads(json.dumps(read(tmp_path / "d", ()).to_pylist())) == [{"text": "a", "tokens": ["x", "y"], "about": {"year": 1999}}]
