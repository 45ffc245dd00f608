"""Files of the cartography code, as they are and as they are found in the wild; and ours, written for that code and read back."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ftft.errors import InputError
from tests.imports.conftest import IDS, LOGITS, kinds, p_gold, rows_of
from tests.synthetic import add_dataset, add_run

SHARED = pytest.mark.skipif("FTFT_SHARED_DATA" not in os.environ, reason="needs the folder of real data in $FTFT_SHARED_DATA")


def confidence(ws, run="r"):
    return ws.map(run).values["confidence"]


def test_epochs_count_from_1_and_logits_sit_under_the_datasets_labels(ws, dataset, cartography):
    done = ws.import_run(cartography(), name="r", dataset=dataset)
    assert kinds(done.found) == {"label_mapping"}
    assert set(done.found[0].examples) == {"0=positive", "1=negative"}
    assert ws.data.get(dataset).labels == ("negative", "positive")
    logits_ENC = [ws.runs.folder("r").read_epoch(number).logits_NC for number in (1, 2, 3)]
    assert np.array_equal(logits_ENC, LOGITS[:, :, ::-1]), "column 0 is theirs for positive"
    assert ws.map("r").capture == "unknown"


# ---- seen in the wild


@pytest.mark.parametrize("how", [{"guid": "idx"}, {"guid": "index"}, {"device": "cuda:0"}])
def test_other_names_for_the_id_and_other_keys_beside(how, ws, dataset, cartography):
    ws.import_run(cartography(**how), name="r", dataset=dataset)
    np.testing.assert_allclose(confidence(ws), p_gold().mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("key", ["logits_epoch_{}", "prob_epoch_{}"])
def test_probabilities_are_taken_as_such_and_it_is_said(key, ws, dataset, cartography):
    def as_probabilities(epoch, rows):
        for row in rows:
            z = np.exp(np.array(row.pop(f"logits_epoch_{epoch}")))
            row[key.format(epoch)] = (z / z.sum()).tolist()
        return rows

    done = ws.import_run(cartography(as_probabilities), name="r", dataset=dataset)
    assert "probabilities" in kinds(done.found)
    np.testing.assert_allclose(confidence(ws), p_gold().mean(axis=0), atol=1e-6)


def test_an_example_that_is_missing_from_an_epoch_is_left_out(ws, dataset, cartography):
    done = ws.import_run(cartography(lambda epoch, rows: rows[1:] if epoch == 2 else rows), name="r", dataset=dataset)
    (missing,) = (f for f in done.found if f.kind == "not_in_every_epoch")
    assert (missing.count, missing.examples, done.n) == (1, ("a1",), 3)
    assert ws.map("r").ids_N.tolist() == ["a2", "a3", "a4"]


def test_rows_that_are_there_twice_count_once_and_the_first_wins(ws, dataset, cartography):
    other = {"guid": "a2", "logits_epoch_1": [9.0, -9.0], "gold": 1}
    done = ws.import_run(cartography(lambda epoch, rows: [*rows, rows[0], *([other] if epoch == 1 else [])]), name="r", dataset=dataset)
    assert {"duplicate_rows", "conflicting_rows"} <= kinds(done.found)
    np.testing.assert_allclose(confidence(ws), p_gold().mean(axis=0), atol=1e-6)


def test_gaps_in_the_epochs_are_closed_and_reported(ws, dataset, cartography):
    done = ws.import_run(cartography(epochs=(0, 1, 5)), name="r", dataset=dataset)
    assert "0, 1, 5" in next(f.message for f in done.found if f.kind == "epochs_renumbered")
    assert (ws.map("r").epochs, done.epochs) == ((1, 3), 3)


def test_an_example_with_logits_that_are_not_numbers_is_left_out(ws, dataset, cartography):
    def poisoned(epoch, rows):
        rows[2][f"logits_epoch_{epoch}"][0] = float("nan") if epoch else 0.1
        return rows

    done = ws.import_run(cartography(poisoned), name="r", dataset=dataset)
    assert next(f for f in done.found if f.kind == "not_finite").examples == ("a3",)
    assert done.n == 3


def test_gzipped_files_and_all_epochs_in_one_file(ws, dataset, tmp_path):
    lines = "".join(json.dumps(row) + "\n" for epoch in range(3) for row in rows_of(epoch))
    (tmp_path / "dynamics.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    ws.import_run(tmp_path / "dynamics.jsonl.gz", name="r", dataset=dataset)
    np.testing.assert_allclose(confidence(ws), p_gold().mean(axis=0), atol=1e-6)


def test_whole_numbers_and_texts_as_ids_are_equal_and_long_ones_are_not_rounded(ws, write):
    ids = [12345678901234567890, 12345678901234567891, 7, "8"]
    rows = [{"guid": i, "logits_epoch_0": [0.0, float(n)], "gold": 1} for n, i in enumerate(ids)]
    ws.import_run(write("dynamics_epoch_0.jsonl", rows), name="r", new_dataset="new")
    assert ws.data.ids("new").tolist() == sorted(map(str, ids))
    assert ws.map("r").frame().set_index("id")["aum"].to_dict() == {str(i): n for n, i in enumerate(ids)}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"guid": 1, "logits_epoch_0": [1, 2], "gold": 0', "line 2: not JSON"), ('[1]', "line 2: not an object"),
        ('{"guid": 1, "logits_epoch_0": [1, 2, 3], "gold": 0}', "line 2: 3 numbers .* have 2"),
        ('{"guid": 1, "logits_epoch_0": ["a", 2], "gold": 0}', "line 2: .* numbers"),
        ('{"guid": 1, "logits_epoch_0": [1, 2], "gold": 2}', "line 2: gold is '2'"),
        ('{"guid": 1, "logits_epoch_0": [1, 2], "gold": "no"}', "line 2: gold is 'no'"),
        ('{"guid": 1, "logits_epoch_0": [1, 2]}', "some rows have a gold label"), ('{"logits_epoch_0": [1, 2]}', "line 2: no guid"),
        ('{"guid": [1], "logits_epoch_0": [1, 2], "gold": 0}', "line 2: the id"), ('{"guid": 1}', "line 2: no key like logits_epoch_0"),
        ('{"guid": "\\ud800", "logits_epoch_0": [1, 2], "gold": 0}', "line 2: the id"),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named(line, said, ws, tmp_path):
    file = tmp_path / "dynamics_epoch_0.jsonl"
    file.write_text('{"guid": 0, "logits_epoch_0": [1, 2], "gold": 0}\n' + line + "\n")
    with pytest.raises(InputError, match=said):
        ws.import_run(file, name="r", new_dataset="new")
    assert ws.runs.ids() == ws.data.names() == []


def test_epochs_with_other_numbers_of_classes_are_no_run(ws, dataset, cartography):
    def third_class(epoch, rows):
        return [row | {f"logits_epoch_{epoch}": [1, 2, 3]} for row in rows] if epoch == 2 else rows

    with pytest.raises(InputError, match="epoch 0: 2, epoch 1: 2, epoch 2: 3"):
        ws.import_run(cartography(third_class), name="r", dataset=dataset)


def test_epochs_without_a_common_example_are_reported_with_their_counts(ws, dataset, cartography):
    strangers = lambda epoch, rows: [row | {"guid": f"{epoch}-{row['guid']}"} for row in rows]  # noqa: E731
    with pytest.raises(InputError, match=r"epoch 0: 4, epoch 1: 4, epoch 2: 4 examples, 12 different ones"):
        ws.import_run(cartography(strangers), name="r", dataset=dataset)


# ---- metrics alone


def coordinates(**more):
    return [{"guid": i, "index": n, "confidence": 0.2 * n, "variability": 0.1, "correctness": 2 * n, **more} for n, i in enumerate(IDS)]


def test_coordinates_give_a_map_of_what_they_have(ws, dataset, write):
    done = ws.import_run(write("td.jsonl", coordinates()), name="r", dataset=dataset)
    assert (done.epochs, done.run.measures) == (6, ("confidence", "variability", "correctness"))
    assert "--epochs" in next(f.message for f in done.found if f.kind == "epochs_unknown")
    found = ws.map("r")
    assert found.frame()["correctness"].tolist() == [0, 2, 4, 6]
    assert found.frame().columns.tolist() == ["id", "gold", "confidence", "variability", "correctness"]
    assert ws.map("r", (1, 6)).epochs == (1, 6)
    with pytest.raises(InputError, match="metrics alone"):
        ws.map("r", (2, 6))
    with pytest.raises(InputError, match="without loss"):
        ws.select(run="r", by="loss", top=0.5, name="s")
    with pytest.raises(InputError, match="no logits to export"):
        ws.runs.export("r", write("x", []).parent)


def test_the_number_of_epochs_can_be_given_and_must_fit(ws, dataset, write):
    file = write("td.jsonl", coordinates())
    done = ws.import_run(file, name="r", dataset=dataset, epochs=8)
    assert (done.epochs, "epochs_unknown" in kinds(done.found)) == (8, False)
    with pytest.raises(InputError, match="at least 6"):
        ws.import_run(file, name="s", dataset=dataset, epochs=5)


@pytest.mark.parametrize("wrong", [{"confidence": 1.2}, {"variability": -0.1}, {"correctness": 0.5}, {"correctness": -1}])
def test_a_metric_outside_of_its_range_is_refused(wrong, ws, dataset, write):
    with pytest.raises(InputError, match=next(iter(wrong))):
        ws.import_run(write("td.jsonl", coordinates(**wrong)), name="r", dataset=dataset)


def test_a_row_without_a_value_is_left_out_and_a_column_without_any_is_an_error(ws, dataset, write):
    rows = coordinates()
    rows[1]["confidence"] = None
    done = ws.import_run(write("td.jsonl", rows), name="r", dataset=dataset)
    assert (done.n, next(f for f in done.found if f.kind == "no_value").examples) == (3, ("a2",))
    with pytest.raises(InputError, match="no example has a value"):
        ws.import_run(write("td.jsonl", coordinates(confidence=None)), name="s", dataset=dataset)


def test_the_forgetfulness_1000_of_an_example_that_was_never_learnt_is_none(ws, dataset, write):
    rows = [row | {"forgetfulness": 1000 if row["correctness"] == 0 else 1} for row in coordinates()]
    ws.import_run(write("td.jsonl", rows), name="r", dataset=dataset)
    assert ws.map("r").frame()["forgetting"].tolist()[1:] == [1, 1, 1]
    assert np.isnan(ws.map("r").values["forgetting"][0])


def test_what_is_not_known_of_an_import_is_said_to_be_unknown(ws, write):
    run = ws.import_run(write("td.jsonl", coordinates()), name="r", new_dataset="new").run
    spec = json.loads((run.folder / "spec.json").read_text())["spec"]
    assert (spec["imported"], spec["capture"], run.spec.model_name) == ("cartography", "unknown", "imported · r")
    assert [spec[name] for name in ("lr", "seed", "seeds", "epochs", "steps", "batch_size", "warmup")] == [None] * 7
    assert (run.steps_total, run.state, run.final, run.scores) == (None, "succeeded", True, {})
    assert ws.data.get("new").labels == ("unknown",)
    assert {f.kind for f in ws.data.get("new").warnings} == {"no_labels", "no_texts"}


@SHARED
def test_the_published_winogrande_map_comes_out_as_published(ws):
    file = Path(os.environ["FTFT_SHARED_DATA"]) / "cartography" / "winogrande_roberta_0_6_data_map_coordinates.jsonl.gz"
    done = ws.import_run(file, name="wino", new_dataset="winogrande")
    frame = ws.map("wino").frame()
    assert (done.n, done.epochs, (frame["correctness"] == 6).sum(), (frame["correctness"] == 0).sum()) == (40398, 6, 24900, 27)
    assert (frame["confidence"].mean(), frame["variability"].mean()) == (pytest.approx(0.897, abs=5e-4), pytest.approx(0.148, abs=5e-4))


@SHARED
def test_the_published_sample_whose_epochs_hold_different_examples_is_reported(ws):
    folder = Path(os.environ["FTFT_SHARED_DATA"]) / "cartography" / "sample_training_dynamics"
    with pytest.raises(InputError, match=r"epoch 0: 10, .*epoch 4: 10"):
        ws.import_run(folder, name="r", new_dataset="new")


# ---- out and in again


def test_our_dynamics_written_for_their_code_read_back_equal(ws, tmp_path):
    run = add_run(ws, add_dataset(ws, tmp_path), verdict={})
    folder = ws.runs.export(run.id, tmp_path / "out")
    assert [f.name for f in sorted(folder.iterdir())] == [f"dynamics_epoch_{n}.jsonl" for n in range(3)]
    assert json.loads((folder / "dynamics_epoch_2.jsonl").read_text().splitlines()[0]).keys() == {"guid", "logits_epoch_2", "gold"}
    ws.import_run(tmp_path / "out", name="back", dataset="reviews")
    for number in (1, 2, 3):
        ours, back = (ws.runs.folder(r).read_epoch(number) for r in (run.id, "back"))
        assert ours.logits_NC.tobytes() == back.logits_NC.tobytes()
        assert ours.ids_N.tolist() == back.ids_N.tolist()
        assert ours.gold_N.tolist() == back.gold_N.tolist()
    assert ws.map(run.id).frame().equals(ws.map("back").frame())
    with pytest.raises(InputError, match="exists"):
        ws.runs.export(run.id, tmp_path / "out")


def test_our_metrics_written_for_their_code_read_back_equal(ws, tmp_path):
    from ftft.datamap import write

    run = add_run(ws, add_dataset(ws, tmp_path), verdict={})
    write(ws.map(run.id), tmp_path / "td_metrics.jsonl")
    ws.import_run(tmp_path / "td_metrics.jsonl", name="back", dataset="reviews", epochs=3)
    ours, back = ws.map(run.id).frame(), ws.map("back").frame()
    columns = ["id", "gold", "confidence", "variability", "correctness", "forgetting", "threshold_closeness"]
    pd.testing.assert_frame_equal(ours[columns], back[columns], rtol=0, atol=1e-15)
    assert back.columns.tolist() == columns
