"""The contract of every format: the same run, written as each of them writes it, gives the same map."""

import numpy as np
import pandas as pd
import pytest
import torch

from ftft.errors import InputError
from ftft.imports import FORMATS
from ftft.imports.formats import read
from ftft.metrics import METRICS
from tests.imports.conftest import GOLD, IDS, LABELS, LOGITS, kinds, p_gold


def as_run(tmp_path, ws, cartography):
    ws.import_run(cartography(), name="first", dataset="reviews")
    return ws.path / "runs" / "first"


def as_ftft(tmp_path, ws, cartography):
    file = tmp_path / "uid_to_logits.pt"
    ours = LOGITS[:, :, ::-1]  # it has no gold labels: its columns are those of the dataset
    torch.save({i: torch.tensor(ours[:, n].copy()) for n, i in enumerate(IDS)}, file)
    return file


def as_table(tmp_path, ws, cartography):
    rows = [
        {"id": i, "epoch": e + 1, "label": GOLD[n], "logit_0": LOGITS[e, n, 0], "logit_1": LOGITS[e, n, 1]}
        for e in range(3) for n, i in enumerate(IDS)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "table.parquet")
    return tmp_path / "table.parquet"


def as_aum(tmp_path, ws, cartography):
    margins = [(LOGITS[:, n, g] - LOGITS[:, n, 1 - g]).astype(float).mean() for n, g in enumerate(GOLD)]
    pd.DataFrame({"sample_id": IDS, "aum": margins}).to_csv(tmp_path / "aum_values.csv", index=False)
    return tmp_path / "aum_values.csv"


WRITTEN = {"run": as_run, "ftft": as_ftft, "cartography": lambda tmp_path, ws, cartography: cartography(), "aum": as_aum, "table": as_table}


@pytest.mark.parametrize("format", FORMATS)
def test_auto_knows_the_format_and_the_map_is_that_of_the_run(format, tmp_path, ws, dataset, cartography):
    path = WRITTEN[format](tmp_path, ws, cartography)
    assert next(name for name, f in FORMATS.items() if f.fits(path)) == format
    done = ws.import_run(path, name="theirs", dataset=dataset)
    assert (done.run.id, done.n, done.existing) == ("theirs", 4, False)
    found = ws.map("theirs").frame().set_index("id")
    assert list(found.index) == list(IDS)
    assert tuple(found["gold"]) == LABELS
    truth = {"confidence": p_gold().mean(axis=0), "variability": p_gold().std(axis=0), "correctness": (p_gold() > 0.5).sum(axis=0)}
    wanted = set(METRICS) if format != "aum" else {"aum"}
    assert set(found.columns) == {"gold", *wanted}
    for metric in wanted & set(truth):
        np.testing.assert_allclose(found[metric], truth[metric], atol=1e-6)
    margin = [(LOGITS[:, n, g] - LOGITS[:, n, 1 - g]).mean() for n, g in enumerate(GOLD)]
    np.testing.assert_allclose(found["aum"], margin, atol=1e-5)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("content", [b"", b"\x00\xff\x80junk", b"{", b"[1, 2]", b"\x80\x02c", b"id,epoch\n", "ä".encode("latin-1")])
@pytest.mark.parametrize("name", ["f.jsonl", "f.csv", "f.pt", "f.parquet", "f.jsonl.gz", "f"])
def test_a_file_that_is_none_is_an_error_with_a_remedy(format, name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as problem:
        read(tmp_path / name, format)
    assert problem.value.remedy


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_folder_is_an_error(format, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        read(tmp_path / "folder", format)


def test_what_no_format_fits_and_an_unknown_format_name_those_that_exist(tmp_path):
    (tmp_path / "f.docx").write_text("")
    with pytest.raises(InputError, match="cartography"):
        read(tmp_path / "f.docx")
    with pytest.raises(InputError, match="cartography"):
        read(tmp_path / "f.docx", "cartografy")
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "nothing")


# ---- FTFT


def test_the_unfinished_last_epoch_of_uid_to_logits_is_left_out(ws, dataset, tmp_path):
    logits = torch.cat([torch.tensor(LOGITS), torch.zeros(1, 4, 2)])
    logits[3, 0] = 1.0
    torch.save({i: logits[:, n].clone() for n, i in enumerate(IDS)}, tmp_path / "uid_to_logits.pt")
    done = ws.import_run(tmp_path / "uid_to_logits.pt", name="r", dataset=dataset)
    assert (done.epochs, done.n) == (3, 4)
    assert {"unfinished_epoch", "columns_in_order"} <= kinds(done.found)


def test_uid_to_logits_without_a_dataset_is_refused_since_it_has_no_gold(ws, tmp_path):
    torch.save({i: torch.ones(3, 2) for i in IDS}, tmp_path / "uid_to_logits.pt")
    with pytest.raises(InputError, match="--dataset"):
        ws.import_run(tmp_path / "uid_to_logits.pt", name="r", new_dataset="new")
    assert ws.data.names() == []


class Bomb:
    def __reduce__(self):
        return (open, ("/tmp/this-must-not-be-made", "w"))


@pytest.mark.parametrize(
    "value",
    [
        Bomb(), {"a": Bomb()}, [1], {}, {"a": 1}, {"a": torch.ones(3)}, {"a": torch.ones(3, 2), "b": torch.ones(2, 2)},
        {"a": torch.zeros(3, 2)},
    ],
)  # fmt: skip
def test_code_or_anything_else_in_a_pt_file_is_refused(value, tmp_path):
    torch.save(value, tmp_path / "x.pt")
    with pytest.raises(InputError):
        read(tmp_path / "x.pt")


# ---- AUM and tables


def test_an_aum_run_can_be_selected_by_and_says_which_axes_it_lacks(ws, dataset, tmp_path):
    ws.import_run(as_aum(tmp_path, ws, None), name="aum", dataset=dataset)
    assert ws.map("aum").missing == ("variability", "confidence")
    assert len(ws.select(run="aum", by="aum", bottom=0.5, name="low").ids) == 2
    with pytest.raises(InputError, match="It has aum"):
        ws.select(run="aum", by="variability", top=0.5, name="s")
    with pytest.raises(InputError, match="without"):
        ws.map("aum").plot()


def test_p_gold_alone_gives_the_metrics_that_follow_from_it_and_no_others(ws, dataset, tmp_path):
    rows = [{"id": i, "epoch": e, "p_gold": p_gold()[e, n], "gold": LABELS[n]} for e in range(3) for n, i in enumerate(IDS)]
    pd.DataFrame(rows).to_csv(tmp_path / "p.csv", index=False)
    done = ws.import_run(tmp_path / "p.csv", name="r", dataset=dataset)
    assert (done.epochs, done.run.measures) == (3, ("confidence", "variability", "threshold_closeness", "aleatoric", "loss"))
    assert "epochs_unknown" not in kinds(done.found)
    np.testing.assert_allclose(ws.map("r").values["variability"], p_gold().std(axis=0), atol=1e-12)
    np.testing.assert_allclose(ws.map("r").values["loss"], -np.log(p_gold()).mean(axis=0), atol=1e-12)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_lists_of_logits_with_gold_by_the_name_of_a_class(suffix, ws, dataset, tmp_path):
    long = pd.DataFrame(
        [{"idx": i, "epoch": e, "gold": LABELS[n], "logit_positive": LOGITS[e, n, 0], "logit_negative": LOGITS[e, n, 1]}
         for e in range(3) for n, i in enumerate(IDS)]
    )  # fmt: skip
    file = tmp_path / f"t{suffix}"
    if suffix == ".csv":
        long.to_csv(file, index=False)
    else:
        long.to_json(file, orient="records", lines=True, double_precision=15)
    ws.import_run(file, name="r", dataset=dataset)
    np.testing.assert_allclose(ws.map("r").values["confidence"], p_gold().mean(axis=0), atol=1e-6)


def test_gold_that_names_no_column_is_refused(ws, dataset, tmp_path):
    rows = [{"id": i, "epoch": 1, "gold": LABELS[n], "logits": [0.1, 0.2]} for n, i in enumerate(IDS)]
    pd.DataFrame(rows).to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    with pytest.raises(InputError, match="logit_negative"):
        ws.import_run(tmp_path / "t.jsonl", name="r", dataset=dataset)


def test_a_table_with_texts_makes_a_dataset_with_them(ws, tmp_path):
    rows = [{"id": i, "label": LABELS[n], "sentence": f"words {i}", "confidence": 0.5, "variability": 0.1} for n, i in enumerate(IDS)]
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    ws.import_run(tmp_path / "t.csv", name="r", new_dataset="new")
    about = ws.data.get("new")
    assert (about.text_columns, about.labels, about.warnings) == (("sentence",), ("negative", "positive"), ())
    page, total = ws.examples("new", run="r", search="words a3")
    assert (total, page["id"].tolist(), page["confidence"].tolist()) == (1, ["a3"], [0.5])
