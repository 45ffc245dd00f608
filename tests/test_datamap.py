"""A map has the rows, the epochs and the files that it promises."""

import json

import numpy as np
import pandas as pd
import pytest

from ftft.datamap import REGIONS, DataMap, positions, write
from ftft.dynamics import Dynamics
from ftft.errors import InputError
from ftft.metrics import METRICS

COLUMNS = "id gold confidence variability correctness forgetting threshold_closeness aum el2n aleatoric entropy loss"


def dynamics(n=30, epochs=(1, 2, 3, 4), seed=0):
    draw = np.random.default_rng(seed)
    ids = np.array([f"example-{i:03d}" for i in range(n)], dtype=object)
    logits = (2 * draw.normal(size=(len(epochs), n, 2))).astype(np.float32)
    logits[:, 0] = [0, 9]  # example-000, gold 0, is never learnt
    return Dynamics("run-a", ids, np.arange(n) % 2, logits, tuple(epochs), "online", ("",) * len(epochs))


@pytest.fixture
def datamap():
    return DataMap.of(dynamics(), ("no", "yes"))


def test_a_map_covers_all_epochs_unless_told_otherwise(datamap):
    assert (datamap.epochs, datamap.recorded, datamap.n, datamap.capture) == ((1, 4), 4, 30, "online")


def test_a_map_over_some_epochs_is_the_map_of_a_run_that_recorded_only_those():
    whole = dynamics()
    part = Dynamics("run-a", whole.ids_N, whole.gold_N, whole.logits_ENC[1:3], (2, 3), "online", ("", ""))
    cut, alone = DataMap.of(whole, ("no", "yes"), (2, 3)), DataMap.of(part, ("no", "yes"))
    assert cut.epochs == alone.epochs == (2, 3)
    assert cut.recorded == 4
    pd.testing.assert_frame_equal(cut.frame(), alone.frame())


@pytest.mark.parametrize("epochs", [(0, 2), (3, 5), (3, 2)])
def test_epochs_that_were_not_recorded_are_refused_with_those_that_were(epochs):
    with pytest.raises(InputError, match="1, 2, 3, 4"):
        DataMap.of(dynamics(), ("no", "yes"), epochs)


def test_a_run_without_an_epoch_has_no_map_yet():
    with pytest.raises(InputError, match="Wait"):
        DataMap.of(dynamics(epochs=()), ("no", "yes"))


def test_the_regions_partition_the_map_as_defined(datamap):
    counts, region_N = datamap.regions(), datamap.region_N()
    assert tuple(counts) == REGIONS
    assert counts["ambiguous"] == round(0.33 * 30)
    assert sum(counts.values()) == 30
    variability, confidence = datamap.values["variability"], datamap.values["confidence"]
    assert variability[region_N == "ambiguous"].min() >= variability[region_N != "ambiguous"].max()
    assert (confidence[region_N == "easy"] >= 0.5).all()
    assert (confidence[region_N == "hard"] < 0.5).all()


def test_a_frame_names_labels_and_counts_in_whole_numbers(datamap):
    frame = datamap.frame()
    assert " ".join(frame.columns) == COLUMNS
    assert set(COLUMNS.split()[2:]) == set(METRICS)
    assert frame["gold"].tolist()[:2] == ["no", "yes"]
    assert frame["correctness"].dtype == "int64"
    assert frame["forgetting"].isna()[0]
    assert frame["forgetting"].notna().sum() == np.isfinite(datamap.values["forgetting"]).sum()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_written_map_reads_back_the_same(datamap, tmp_path, suffix):
    write(datamap, tmp_path / f"map{suffix}")
    read = pd.read_csv(tmp_path / "map.csv") if suffix == ".csv" else pd.read_parquet(tmp_path / "map.parquet")
    assert " ".join(read.columns) == COLUMNS
    assert np.isnan(read["forgetting"].astype(float)[0])
    for name in METRICS:
        np.testing.assert_allclose(read[name].astype(float), datamap.values[name], rtol=1e-15)


def test_jsonl_is_what_the_cartography_code_writes(datamap, tmp_path):
    write(datamap, tmp_path / "td_metrics.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "td_metrics.jsonl").read_text().splitlines()]
    assert list(rows[0]) == ["guid", "index", "threshold_closeness", "confidence", "variability", "correctness", "forgetfulness"]
    assert (rows[0]["guid"], rows[0]["index"], rows[0]["forgetfulness"]) == ("example-000", 0, None)
    assert [row["index"] for row in rows] == list(range(30))
    assert rows[3]["confidence"] == pytest.approx(datamap.values["confidence"][3], abs=1e-14)
    assert isinstance(rows[3]["correctness"], int)


def test_an_unknown_kind_of_file_is_refused_and_leaves_nothing(datamap, tmp_path):
    with pytest.raises(InputError, match=r"\.csv"):
        write(datamap, tmp_path / "map.xlsx")
    assert not list(tmp_path.iterdir())


def test_positions_find_examples_in_any_order_and_say_which_are_absent():
    ids = np.array(["b", "a", "c"], dtype=object)
    assert positions(ids, np.array(["c", "x", "b"], dtype=object)).tolist() == [2, -1, 0]
