"""A page of the table: the right examples, in the right order, with what the run says of them."""

import numpy as np
import pytest

from ftft.datamap import DataMap
from ftft.errors import InputError
from ftft.metrics import METRICS
from ftft.runfolder import RunFolder
from ftft.store import Store
from tests.store.conftest import dynamics_of


@pytest.fixture
def filled(store, make_run, train_file):
    """Twelve examples; run "a" saw the first nine of them."""
    store.ingest(make_run("a", n=9))
    store.ingest_dataset("reviews", "f1", train_file, ("premise", "hypothesis"))
    return store


def ids(found):
    return [int(i.removeprefix("example-")) for i in found[0]["id"]]


def test_without_a_run_the_table_is_the_dataset_in_its_order(filled):
    frame, total = filled.page("reviews")
    assert list(frame.columns) == ["id", "label", "text"]
    assert total == 12
    assert ids((frame, total)) == np.random.default_rng(7).permutation(12).tolist()


def test_text_columns_are_joined_and_a_missing_one_is_empty(filled):
    texts = dict(filled.page("reviews")[0][["id", "text"]].to_numpy().tolist())
    assert texts["example-01"] == "Premise 1 is 100% GOOD ⟶ hypothesis 1"
    assert texts["example-05"] == "Premise 5 is 100% bad ⟶ "


def test_with_a_run_each_example_has_its_metrics_to_the_bit(filled, tmp_path):
    frame, total = filled.page("reviews", run="a", sort="confidence")
    dynamics = dynamics_of(RunFolder(tmp_path / "runs" / "a"))
    datamap = DataMap.of(dynamics, ("no", "yes"))
    assert list(frame.columns) == ["id", "label", "text", *METRICS]
    assert total == 12
    assert frame["confidence"][:9].is_monotonic_decreasing
    places = [dynamics.ids_N.tolist().index(i) for i in frame["id"][:9]]
    for name in METRICS:
        np.testing.assert_array_equal(frame[name][:9].astype(float), datamap.values[name][places], err_msg=name)


def test_metrics_that_are_brought_are_enough_for_a_page(filled, tmp_path):
    with Store.memory() as other:
        other.ingest_dataset("reviews", "f1", tmp_path / "train.parquet", ("premise", "hypothesis"))
        other.take_map(DataMap.of(dynamics_of(RunFolder(tmp_path / "runs" / "a")), ("no", "yes")))
        for query in ({"sort": "aum"}, {"sort": "forgetting", "offset": 2, "limit": 7}, {"search": "good"}):
            brought, ingested = other.page("reviews", run="a", **query), filled.page("reviews", run="a", **query)
            assert brought[0].equals(ingested[0])
            assert brought[1] == ingested[1]


def test_examples_that_the_run_did_not_see_come_last_either_way(filled):
    for descending in (True, False):
        found = filled.page("reviews", run="a", sort="variability", descending=descending)
        assert set(ids(found)[-3:]) == {9, 10, 11}
        assert found[0]["variability"].isna().sum() == 3


def test_an_example_never_learnt_is_the_most_forgotten(filled):
    """Nine examples were seen; the others have no correctness either."""
    for descending, ends in ((True, slice(0, 1)), (False, slice(8, 9))):
        frame, _ = filled.page("reviews", run="a", sort="forgetting", descending=descending)
        assert frame["forgetting"][ends].isna().all()
        assert frame["correctness"][ends].tolist() == [0]
        assert frame["forgetting"][:9].notna().any()


def test_search_finds_text_whatever_its_case_and_signs_mean_themselves(filled):
    assert sorted(ids(filled.page("reviews", search="good"))) == [0, 1, 2]
    assert filled.page("reviews", search="100%")[1] == 12
    assert filled.page("reviews", search="1_0%")[1] == 0
    assert filled.page("reviews", search="' OR 1=1 --")[1] == 0


def test_filters_hold_together(filled):
    rows = np.array([0, 3, 5, 7])
    order = np.random.default_rng(7).permutation(12)
    picked = filled.page("reviews", rows=rows)
    assert ids(picked) == order[rows].tolist()
    only_yes = filled.page("reviews", rows=rows, labels=("yes",))
    assert ids(only_yes) == [i for i in order[rows] if i % 2]
    assert only_yes[1] == len(ids(only_yes))


def test_nothing_selected_shows_nothing(filled):
    frame, total = filled.page("reviews", rows=np.array([], dtype=int), run="a")
    assert (len(frame), total) == (0, 0)


def test_pages_follow_each_other_without_gap_or_repetition(filled):
    whole = ids(filled.page("reviews", run="a", sort="label"))
    paged = [i for offset in range(0, 12, 5) for i in ids(filled.page("reviews", run="a", sort="label", offset=offset, limit=5))]
    assert paged == whole
    assert filled.page("reviews", offset=10, limit=5)[1] == 12


def test_a_dataset_that_changed_is_read_again_and_one_that_did_not_is_not(filled, train_file):
    import pandas as pd

    changed = pd.read_parquet(train_file).head(4)
    changed.to_parquet(train_file)
    filled.ingest_dataset("reviews", "f1", train_file, ("premise",))
    assert filled.page("reviews")[1] == 12
    filled.ingest_dataset("reviews", "f2", train_file, ("premise",))
    assert filled.page("reviews")[1] == 4


def test_datasets_do_not_mix(filled, train_file):
    filled.ingest_dataset("other", "f9", train_file, ("premise",))
    assert filled.page("other")[1] == filled.page("reviews")[1] == 12


@pytest.mark.parametrize("wrong", [{"sort": "confdence"}, {"sort": "id; DROP TABLE examples"}, {"offset": -1}])
def test_a_question_that_makes_no_sense_is_refused(filled, wrong):
    with pytest.raises(InputError):
        filled.page("reviews", **wrong)
