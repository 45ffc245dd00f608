"""p(gold) of a run's examples, epoch by epoch, mapped from files: where every map comes from, whoever asks.

Each epoch's Parquet file has an Arrow file in `cache/curves/RUN/`: uncompressed, so that it is used as it lies on the disk and a map over
any range of epochs reads only that. float64, as in the Parquet file: nothing is rounded, and metrics are equal to the bit however they are
reached. It says which file it was made from (size, time, inode), and the checksum of what it holds; one that is of another file, torn or
damaged is made again. Which epochs count is decided here too, from the files alone: those that are sound in themselves and tell of the
same examples as the first one that is.

Shapes: E epochs, N examples, C classes.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ftft.datamap import DataMap, Values, epoch_range
from ftft.domain import Finding
from ftft.dynamics import Members, UnfitError, left_out
from ftft.errors import InputError, WorkError
from ftft.metrics import BLOCK, METRICS, WIDE, Seen, Trajectories, blocks, is_correct, over_blocks
from ftft.publish import publish, stamp
from ftft.runfolder import RunFolder

NOBODY = Members(0, 0, "", "")
_VERSION = 1  # raise it with every change of what the files hold
_ABOUT = b"curve"
DRAWN = ("confidence", "variability", "correctness")  # what every map shows: worked out together


@dataclass(frozen=True, eq=False)
class Curve:
    """What one epoch says: `p_gold_N` float64 and `correct_N` bool. Empty where `problem` says why the epoch cannot be used."""

    number: int
    file: str  # the name of its Parquet file
    state: tuple[int, ...]  # and that file's stamp
    p_gold_N: np.ndarray
    correct_N: np.ndarray
    capture: str = ""
    order_hash: str = ""
    members: Members = NOBODY
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """The sound epochs of a run, in order, and the `unfit` ones. Row n is the same example everywhere."""

    folder: RunFolder
    epochs: tuple[Curve, ...]
    unfit: tuple[Curve, ...]
    ids_N: np.ndarray  # text, ascending
    gold_N: np.ndarray

    @property
    def numbers(self) -> tuple[int, ...]:
        """The epochs, counted from 1."""
        return tuple(curve.number for curve in self.epochs)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What is wrong with the epochs that are left out."""
        return tuple(left_out(self.folder.run, curve.file, curve.problem) for curve in self.unfit if curve.problem)

    @property
    def order_hashes(self) -> dict[int, str]:
        """Epoch -> the hash of the order in which it saw the examples."""
        return {curve.number: curve.order_hash for curve in self.epochs}

    def of(self, ids: Sequence[str]) -> np.ndarray:
        """(E, M) p(gold) of the examples `ids`; NaN for one that the run did not see."""
        if not self.epochs:
            return np.empty((0, len(ids)))
        place_M = np.array([np.searchsorted(self.ids_N, i) for i in ids], dtype=int).reshape(len(ids))
        place_M = np.where(place_M < len(self.ids_N), place_M, 0)
        seen_M = np.array([self.ids_N[place] == i for place, i in zip(place_M, ids, strict=True)], dtype=bool)
        return np.array([np.where(seen_M, curve.p_gold_N[place_M], np.nan) for curve in self.epochs]).reshape(len(self.epochs), len(ids))

    def p_gold(self, epochs: tuple[int, int]) -> np.ndarray:
        """(E, N) float64 over `epochs`, the first and the last."""
        first, last = epoch_range(self.folder.run, self.numbers, epochs)
        return np.stack([curve.p_gold_N for curve in self.epochs if first <= curve.number <= last])

    def map(self, labels: tuple[str, ...], epochs: tuple[int, int] | None = None) -> DataMap:
        """The map over `epochs` (first, last), or over all of them. InputError when these were not recorded."""
        if not self.epochs and self.problems:
            raise InputError(f"run {self.folder.run} has no epoch that can be used", self.problems[0].message)
        first, last = epoch_range(self.folder.run, self.numbers, epochs)
        chosen = [curve for curve in self.epochs if first <= curve.number <= last]
        of_logits = tuple(name for name, metric in METRICS.items() if metric.of_logits)
        others = [(name,) for name in METRICS if name not in DRAWN + of_logits]

        def work_out(names: Sequence[str]) -> dict[str, np.ndarray]:
            return self._work_out(names, chosen)

        values = Values([(names, work_out) for names in (DRAWN, *others, of_logits)])
        return DataMap(self.folder.run, self.ids_N, self.gold_N, labels, values, (first, last), len(self.epochs), self.epochs[0].capture)

    def of_metric(self, name: str, epochs: tuple[int, int]) -> np.ndarray:
        """(N,) one metric over a range of recorded epochs, to the bit as in `map`; for who looks at many ranges and keeps none."""
        return self._work_out([name], [curve for curve in self.epochs if epochs[0] <= curve.number <= epochs[1]])[name]

    def _work_out(self, names: Sequence[str], chosen: Sequence[Curve]) -> dict[str, np.ndarray]:
        n = len(self.ids_N)
        if METRICS[names[0]].of_logits:
            return over_blocks(names, n, self._trajectories(chosen))
        rows = [curve.p_gold_N for curve in chosen], [curve.correct_N for curve in chosen]
        seen = (Seen([p_N[block] for p_N in rows[0]], [right_N[block] for right_N in rows[1]]) for block in blocks(n, WIDE))
        return over_blocks(names, n, seen, WIDE)

    def _trajectories(self, chosen: Sequence[Curve]) -> Iterator[Trajectories]:
        """The logits, block by block from the Parquet files of all epochs at once: memory stays flat whatever N."""
        there = self.folder.epoch_files()
        if any(curve.number not in there or stamp(there[curve.number]) != curve.state for curve in chosen):
            raise _changed(self.folder)
        files = [_cut(self.folder.logits(curve.number)) for curve in chosen]
        for block in blocks(len(self.ids_N)):
            yield Trajectories(np.stack([next(file) for file in files]), self.gold_N[block])


def _cut(pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same rows, cut as `blocks` cuts them."""
    rows = np.empty(0)
    for piece in pieces:
        rows = np.concatenate([rows, piece]) if len(rows) else piece
        while len(rows) > BLOCK + 1:
            yield rows[:BLOCK]
            rows = rows[BLOCK:]
    if len(rows):
        yield rows


# ---- from files


def read_curves(folder: RunFolder, cache: Path | None, known: Curves | None = None, keep: bool = True) -> Curves:
    """The curves of a run as its files are now. `cache`: where they are kept (None: nowhere, the files themselves are read).

    Without `keep` nothing new is kept there.

    `known`, read before, saves reading what has not changed.
    """
    sound, unfit = [], []
    before = {curve.state: curve for curve in known.epochs} if known else {}
    for number, file in folder.epoch_files().items():
        state = stamp(file)
        curve = before.get(state) or _curve(folder, number, file.name, state, cache, keep)
        if sound and not curve.problem and (unlike := curve.members.unlike(sound[0].members)):
            curve = replace(curve, problem=unlike)
        (unfit if curve.problem else sound).append(curve)
    if known and known.epochs and sound and known.epochs[0].state == sound[0].state:
        return Curves(folder, tuple(sound), tuple(unfit), known.ids_N, known.gold_N)
    return Curves(folder, tuple(sound), tuple(unfit), *_examples(folder, sound))


def _examples(folder: RunFolder, sound: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray]:
    """(ids, gold), each (N,): those that the curves were made from, or nothing at all."""
    if not sound:
        return np.array([], dtype=object), np.array([], dtype=np.int32)
    first = sound[0]
    ids_N, gold_N = folder.examples(first.number)
    if Members.of(ids_N, gold_N, first.members.classes) != first.members:
        raise _changed(folder)
    return ids_N, gold_N


def _curve(folder: RunFolder, number: int, name: str, state: tuple[int, ...], cache: Path | None, keep: bool) -> Curve:
    """What is kept of the epoch, or what its file says, which is kept from now on."""
    if cache is None:
        return _from_epoch(folder, number, name, state)
    kept = cache / "curves" / folder.run / f"{Path(name).stem}.arrow"
    if found := _read(kept, number, name, state):
        return found
    curve = _from_epoch(folder, number, name, state)
    if curve.problem or not keep:
        return curve
    with suppress(OSError):  # a full disk, or a workspace that may only be read: then it is worked out each time
        publish(kept, lambda aside: _write(aside, curve))
    return _read(kept, number, name, state) or curve  # mapped, it takes no memory of its own


def _from_epoch(folder: RunFolder, number: int, name: str, state: tuple[int, ...]) -> Curve:
    try:
        epoch = folder.sound_epoch(number)
    except UnfitError as unfit:
        return Curve(number, name, state, np.array([]), np.array([], dtype=bool), problem=str(unfit))
    assert epoch.p_gold_N is not None
    correct_N = is_correct(epoch.logits_NC[None], epoch.gold_N)[0]
    return Curve(number, name, state, epoch.p_gold_N, correct_N, epoch.capture, epoch.order_hash, epoch.members())


def _write(file: Path, curve: Curve) -> None:
    import pyarrow as pa

    about = {
        "version": _VERSION, "number": curve.number, "state": curve.state, "checksum": _checksum(curve.p_gold_N, curve.correct_N),
        "capture": curve.capture, "order_hash": curve.order_hash, "members": asdict(curve.members),
    }  # fmt: skip
    table = pa.table({"p_gold": curve.p_gold_N, "correct": curve.correct_N.astype(np.uint8)})
    table = table.replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=max(table.num_rows, 1))


def _read(file: Path, number: int, name: str, state: tuple[int, ...]) -> Curve | None:
    """The curve in `file`, mapped; None where there is none, or not a sound one of the Parquet file in this state."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(file)) as mapped:  # arrays stay when it is closed, and no open file for each epoch of each run
            table = pa.ipc.open_file(mapped).read_all()
        about = json.loads((table.schema.metadata or {})[_ABOUT])
        p_gold_N, correct_N = table["p_gold"].chunk(0).to_numpy(), table["correct"].chunk(0).to_numpy().view(bool)
        members = Members(**about["members"])
        wanted = (_VERSION, number, list(state), _checksum(p_gold_N, correct_N))
        if tuple(about[key] for key in ("version", "number", "state", "checksum")) != wanted:
            return None
        return Curve(number, name, state, p_gold_N, correct_N, about["capture"], about["order_hash"], members)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, IndexError):
        return None


def _checksum(p_gold_N: np.ndarray, correct_N: np.ndarray) -> int:
    return zlib.crc32(correct_N.view(np.uint8).data, zlib.crc32(p_gold_N.data))


def _changed(folder: RunFolder) -> WorkError:
    return WorkError(f"run {folder.run} was changed while it was read", "Ask again")
