"""Maps come from mapped files that are never stale, never torn, and never another number than the epochs' own."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftft.curves import read_curves
from ftft.datamap import DataMap
from ftft.dynamics import Dynamics, Epoch
from ftft.errors import InputError, WorkError
from ftft.metrics import BLOCK, METRICS
from ftft.runfolder import RunFolder

LABELS = ("a", "b", "c")
N = BLOCK + 7  # a whole block and a part of one


def epoch(number: int, n: int = N, seed: int = 0, **changes) -> Epoch:
    draw = np.random.default_rng([seed, number])
    ids_N = np.array([f"example-{k:06d}" for k in range(n)], dtype=object)
    logits_NC = draw.choice([-3, 0, 0.1, 1, 2, 700], size=(n, 3)).astype(np.float32)
    return replace(Epoch(number, ids_N, np.arange(n) % 3, logits_NC, np.arange(n), "online", f"order-{number}"), **changes)


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = RunFolder(tmp_path / "runs" / "a")
    for number in (1, 2, 3, 5):
        made.publish_epoch(epoch(number))
    return made


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


def kept(cache: Path) -> dict[str, int]:
    return {file.name: file.stat().st_ino for file in (cache / "curves" / "a").iterdir()}


def from_logits(folder: RunFolder, epochs: tuple[int, int] | None = None) -> DataMap:
    read = [folder.read_epoch(number) for number in folder.epoch_files()]
    logits_ENC = np.array([e.logits_NC for e in read])
    whole = Dynamics("a", read[0].ids_N, read[0].gold_N, logits_ENC, tuple(e.number for e in read), "online", ("",) * len(read))
    return DataMap.of(whole, LABELS, epochs)


@pytest.mark.parametrize("epochs", [None, (1, 1), (2, 3), (2, 5), (5, 5)])
def test_every_metric_is_what_the_logits_give_to_the_bit(folder, cache, epochs):
    found, wanted = read_curves(folder, cache).map(LABELS, epochs), from_logits(folder, epochs)
    assert (found.epochs, found.recorded, found.capture) == (wanted.epochs, 4, "online")
    assert list(found.values) == list(METRICS)
    for name in METRICS:
        np.testing.assert_array_equal(found.values[name], wanted.values[name], err_msg=name)


@pytest.mark.parametrize("n", [1, BLOCK, BLOCK + 1])
def test_so_it_is_where_one_example_is_left_over(tmp_path, n):
    folder = RunFolder(tmp_path / "runs" / "a")
    for number in range(1, 41):
        folder.publish_epoch(epoch(number, n))
    found, wanted = read_curves(folder, None).map(LABELS), from_logits(folder)
    for name in METRICS:
        np.testing.assert_array_equal(found.values[name], wanted.values[name], err_msg=name)


def test_what_is_kept_is_used_again_and_says_the_same(folder, cache):
    first = read_curves(folder, cache)
    files = kept(cache)
    again = read_curves(folder, cache)
    assert kept(cache) == files
    for one, other in zip(first.epochs, again.epochs, strict=True):
        np.testing.assert_array_equal(one.p_gold_N, other.p_gold_N)
        np.testing.assert_array_equal(one.correct_N, other.correct_N)


def test_a_map_from_curves_reads_no_logits_unless_a_metric_needs_them(folder, cache, monkeypatch):
    read_curves(folder, cache)
    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "logits", lambda *_: pytest.fail("logits were read"))
        patched.setattr(RunFolder, "read_epoch", lambda *_: pytest.fail("an epoch was read"))
        found = read_curves(folder, cache).map(LABELS)
        for name, metric in METRICS.items():
            if not metric.of_logits:
                assert np.isfinite(found.values[name]).any()
    assert np.isfinite(found.values["aum"]).all()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
def test_maps_that_are_kept_keep_no_file_open(folder, cache):
    before = len(os.listdir("/proc/self/fd"))
    kept = [read_curves(folder, cache) for _ in range(20)]
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    np.testing.assert_array_equal(kept[0].epochs[2].p_gold_N, folder.read_epoch(3).p_gold_N)


def torn(file: Path) -> bytes:
    return file.read_bytes()[:1000]


def empty(file: Path) -> bytes:
    return b""


def one_bit_off(file: Path) -> bytes:
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 3] ^= 1
    return bytes(whole)


def of_another_epoch(file: Path) -> bytes:
    return file.with_name("epoch=003.arrow").read_bytes()


@pytest.mark.parametrize("happened", [torn, empty, one_bit_off, of_another_epoch])
def test_a_kept_file_that_cannot_be_trusted_is_made_again(folder, cache, happened):
    read_curves(folder, cache)
    file = cache / "curves" / "a" / "epoch=002.arrow"
    whole, bad = file.read_bytes(), happened(file)
    file.unlink()  # not in place: nobody who has it mapped may see it shrink
    file.write_bytes(bad)
    np.testing.assert_array_equal(read_curves(folder, cache).epochs[1].p_gold_N, folder.read_epoch(2).p_gold_N)
    assert file.read_bytes() == whole


def test_an_epoch_that_was_replaced_by_one_of_the_same_size_and_time_is_seen(folder, cache):
    known = read_curves(folder, cache)
    file = folder.epoch_files()[2]
    before = file.stat()
    folder.publish_epoch(epoch(2, seed=9))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    wanted = folder.read_epoch(2).p_gold_N
    assert not np.array_equal(wanted, known.epochs[1].p_gold_N)
    np.testing.assert_array_equal(read_curves(folder, cache, known).epochs[1].p_gold_N, wanted)


def test_a_map_whose_logits_were_replaced_since_does_not_mix_old_and_new(folder, cache):
    found = read_curves(folder, cache).map(LABELS)
    folder.publish_epoch(epoch(2, seed=9))
    with pytest.raises(WorkError, match="changed while it was read"):
        found.values["aum"]


def test_a_cache_that_cannot_be_written_only_costs_time(folder, cache):
    cache.write_text("a file where the folder should be")
    np.testing.assert_array_equal(read_curves(folder, cache).map(LABELS).values["confidence"], from_logits(folder).values["confidence"])


def rewritten(file: Path, column: str, values) -> None:
    table = pq.ParquetFile(file).read()
    pq.write_table(table.set_column(table.column_names.index(column), column, values), file)


UNEVEN = pa.array([[1.0, 2.0]] + [[1.0, 2.0, 3.0]] * (N - 2) + [[1.0, 2.0, 3.0, 4.0]], pa.list_(pa.float32()))
FOREIGN = {
    "have empty cells": ("gold", pa.array([None] + [0] * (N - 1), pa.int32())),
    "different numbers of logits": ("logits", UNEVEN),
    "p_gold of": ("p_gold", pa.array(np.full(N, 0.5))),
    "cannot be read": ("p_gold", pa.array(["much"] * N)),
    "not distinct and in order": ("id", pa.array(["same"] * N)),
}


@pytest.mark.parametrize("why", FOREIGN)
def test_a_file_from_elsewhere_that_is_not_what_we_write_is_left_out_with_a_word(folder, cache, why):
    rewritten(folder.epoch_files()[1], *FOREIGN[why])
    found = read_curves(folder, cache)
    assert found.numbers == (2, 3, 5)
    (problem,) = found.problems
    assert why.removeprefix("have ") in problem.message
    assert problem.examples == ("epoch=001.parquet",)


def test_a_run_of_which_nothing_can_be_used_says_why(folder, cache):
    for file in folder.epoch_files().values():
        file.write_bytes(b"torn")
    with pytest.raises(InputError, match=r"no epoch that can be used.*epoch=001\.parquet.*cannot be read"):
        read_curves(folder, cache).map(LABELS)


def test_epochs_beyond_999_and_files_with_strange_names_keep_their_order(tmp_path, cache):
    folder = RunFolder(tmp_path / "runs" / "a")
    for number in (2, 999, 1000):
        folder.publish_epoch(epoch(number, n=5))
    (folder.path / "dynamics" / "epoch=001 (copy).parquet").write_bytes(b"")
    assert read_curves(folder, cache).numbers == (2, 999, 1000)


def test_curves_are_p_gold_in_the_order_of_the_question(folder, cache):
    found_EM = read_curves(folder, cache).of(["example-000007", "stranger", "zzz", "example-000002"])
    assert found_EM.shape == (4, 4)
    wanted_EM = np.array([folder.read_epoch(number).p_gold_N[[7, 2]] for number in (1, 2, 3, 5)])
    np.testing.assert_array_equal(found_EM[:, [0, 3]], wanted_EM)
    assert np.isnan(found_EM[:, 1:3]).all()


def test_each_epoch_has_the_hash_of_its_order(folder, cache):
    assert read_curves(folder, cache).order_hashes == {1: "order-1", 2: "order-2", 3: "order-3", 5: "order-5"}
