"""Whatever the bytes: an error with a remedy, or a right answer; never another exception."""

import json
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ftft.errors import InputError
from ftft.imports import FORMATS, joined, read
from ftft.imports.joining import Joined
from ftft.imports.records import Recorded

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = {"run": "spec.json", "ftft": "f.pt", "cartography": "f.jsonl", "aum": "f.csv", "table": "f.csv"}


def sound(path, format) -> None:
    """Reads and joins; what comes out is finite, and each example is there once."""
    problem = None
    try:
        _, source = read(path, format)
        what = joined(path, source) if isinstance(source, Recorded) else source
    except InputError as wrong:
        problem = wrong
    if problem is not None:
        assert problem.remedy
    elif isinstance(what, Joined):
        assert np.isfinite(what.logits_EMC).all()
        assert what.ids_M.tolist() == sorted(set(what.ids_M.tolist()))
    else:
        assert len(set(what.ids_N.tolist())) == len(what.ids_N)
        assert what.epochs >= 1


@pytest.mark.parametrize("format", FORMATS)
@QUICK
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes(format, content, tmp_path):
    file = tmp_path / NAMES[format]
    file.write_bytes(content)
    sound(tmp_path if format == "run" else file, format)


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)), lambda inner: st.lists(inner, max_size=3)
)
NUMBERS = st.lists(st.one_of(st.floats(width=32), st.integers(-9, 9), st.none()), min_size=2, max_size=2)
ROW = st.fixed_dictionaries(
    {"guid": st.one_of(st.integers(0, 3), st.text(string.ascii_letters, min_size=1, max_size=2), ANY)},
    optional={
        "logits_epoch_0": st.one_of(NUMBERS, ANY), "logits_epoch_1": NUMBERS, "prob_epoch_0": NUMBERS, "variability": st.floats(0, 0.5),
        "gold": st.one_of(st.integers(0, 1), ANY), "confidence": st.one_of(st.floats(0, 1), ANY),
        "correctness": st.one_of(st.integers(0, 9), ANY), "forgetfulness": st.one_of(st.integers(0, 1000), ANY),
        "epoch": st.one_of(st.integers(0, 3), ANY), "logits": st.one_of(NUMBERS, ANY), "p_gold": st.one_of(st.floats(0, 1), ANY),
    },
)  # fmt: skip


@pytest.mark.parametrize("format", ["cartography", "table", "auto"])
@QUICK
@given(rows=st.lists(ROW, max_size=4))
def test_any_lines_of_json(format, rows, tmp_path):
    file = tmp_path / "f.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sound(file, format)


CELL = st.one_of(st.integers(0, 3).map(str), st.floats().map(str), st.text(string.printable, max_size=4))
HEAD = st.lists(st.sampled_from(["id", "epoch", "gold", "p_gold", "logit_0", "logit_1", "aum", "confidence", "sample_id"]), min_size=1)


@pytest.mark.parametrize("format", ["table", "aum", "auto"])
@QUICK
@given(head=HEAD, data=st.data())
def test_any_cells(format, head, data, tmp_path):
    names = list(dict.fromkeys(head))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), max_size=4))
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "f.csv", index=False)
    sound(tmp_path / "f.csv", format)


SPEC = st.dictionaries(st.sampled_from(["dataset", "model", "seeds", "lr", "epochs", "imported", "x"]), ANY, max_size=5)


@QUICK
@given(spec=st.one_of(ANY, st.fixed_dictionaries({"spec": st.one_of(SPEC, ANY)})))
def test_any_spec(spec, tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    sound(tmp_path, "run")


@QUICK
@example(rows=[{"guid": 0, "confidence": 0.0}])
@given(rows=st.lists(ROW, min_size=1, max_size=4))
def test_what_is_imported_at_all_can_be_mapped_and_paged(rows, tmp_path, ws):
    file = tmp_path / "f.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    name = f"run-{len(ws.runs.ids())}"
    problem = None
    try:
        done = ws.import_run(file, name=name, new_dataset=name)
    except InputError as wrong:
        problem = wrong
    if problem is None:
        assert len(ws.map(name).frame()) == done.n == ws.examples(name, run=name)[1]
    else:
        assert name not in ws.runs.ids() + ws.data.names(), "nothing is left behind"
