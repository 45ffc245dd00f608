"""The table of examples and one example from near: the right rows in the right order, whichever map it goes by."""

import hashlib

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.domain import digest_of_ids
from ftft.workspace.data import digest_of_lines
from tests.synthetic import add_dataset

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
