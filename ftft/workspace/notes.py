"""Flags, notes and suggested labels: one file a dataset, `notes/DATASET.jsonl`, to which every action adds a line.

A line is `{time, ids[], flag, on}`, `{time, id, note}` or `{time, ids[], label}`; the last word counts. It is written by a single append,
so that two readers on one workspace never lose each other's, and lines that are none are skipped. A note of an example that the dataset
no longer has stays in the file and is left out of flags, exports and derived datasets.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ftft import selection as pick
from ftft.domain import FLAGS, LABEL_WRONG, Dataset, Note
from ftft.domain.identity import digest
from ftft.domain.notes import flag_name
from ftft.domain.step import is_text
from ftft.errors import InputError, WorkError, shown, unknown
from ftft.publish import not_json, publish, stamp
from ftft.workspace.data import now

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace

LONGEST_NOTE = 10_000  # characters


@dataclass(frozen=True)
class Written:
    """What a file of notes says after its last line. Nobody changes it once it is read.

    `order`: the examples beside which something is written, in the dataset's order, once that is known.
    """

    by_flag: dict[str, set[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    masks: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)  # worked out when asked for

    def of(self, id: str) -> Note:
        """What is written beside one example."""
        flags = tuple(sorted(flag for flag, ids in self.by_flag.items() if id in ids))
        return Note(id, flags, self.texts.get(id, ""), self.labels.get(id))

    @cached_property
    def notes(self) -> dict[str, Note]:
        """All that say something."""
        return {id: self.of(id) for id in self.order}

    def among(self, ids: Iterable[str]) -> "Written":
        """What is written beside examples with these ids."""
        every = set().union(self.texts, self.labels, *self.by_flag.values())
        order = tuple(id for id in ids if id in every)
        if len(order) == len(every):
            return replace(self, order=order, masks={})
        known = set(order)
        texts, labels = ({id: value for id, value in values.items() if id in known} for values in (self.texts, self.labels))
        return Written({flag: ids & known for flag, ids in self.by_flag.items()}, texts, labels, order)


def replay(lines: Iterable[bytes]) -> Written:
    """Lines of a file of notes, oldest first; those that are none are skipped."""
    found = Written()
    for line in lines:
        match _action(line):
            case {"ids": ids, "flag": flag, "on": True}:
                found.by_flag.setdefault(flag, set()).update(ids)
            case {"ids": ids, "flag": flag}:
                found.by_flag.get(flag, set()).difference_update(ids)
            case {"ids": ids, "label": label}:
                _set(found.labels, ids, label)
            case {"id": id, "note": text}:
                _set(found.texts, [id], text)
    return found


class Notes:
    """`ws.notes`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.root = workspace.path / "notes"
        self._read: dict[str, tuple[tuple[str, str], Written]] = {}

    # ---- writing

    def flag(self, dataset: str, ids: Collection[str], flag: str, on: bool = True) -> None:
        """Flags training examples, or takes the flag away. InputError where one of `ids` is not in the dataset."""
        self._append(dataset, {"ids": self._known(dataset, ids), "flag": flag_name(flag), "on": on})

    def write(self, dataset: str, id: str, text: str) -> None:
        """The note beside one example; an empty one takes it away."""
        if not is_text(text) or len(text) > LONGEST_NOTE:
            raise InputError(f"the note {shown(text)} cannot be kept", f"Write a text of up to {LONGEST_NOTE:,} characters")
        self._append(dataset, {"id": self._known(dataset, [id])[0], "note": text.strip()})

    def suggest(self, dataset: str, ids: Collection[str], label: str | None) -> None:
        """The label that these examples should have; None takes suggestions away."""
        labels = self.workspace.data.get(dataset).labels
        if label is not None and label not in labels:
            raise unknown("label", label, labels)
        self._append(dataset, {"ids": self._known(dataset, ids), "label": label})

    def _known(self, dataset: str, ids: Collection[str]) -> list[str]:
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            raise InputError("no example is named", "Select some, or give their ids")
        pick.by_ids(self.workspace.data.ids(dataset), wanted)
        return wanted

    def _append(self, dataset: str, action: dict[str, Any]) -> None:
        line = json.dumps({"time": now(), **action}, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            self.root.mkdir(exist_ok=True)
            written = _append_line(self._file(dataset), line)
        except OSError as problem:
            raise WorkError(f"{self._file(dataset)} cannot be written: {problem.strerror}", "Check that you may write there") from problem
        if not written:
            raise WorkError(f"{self._file(dataset)} could not be written whole", "Check that the disk has room", "disk_full")

    # ---- reading

    def stamp(self, dataset: str) -> str:
        """Another one whenever something was written, "" before that: a key for what is derived from notes."""
        file = self._file(dataset)
        return "-".join(map(str, stamp(file))) if file.is_file() else ""

    def get(self, dataset: str, id: str) -> Note:
        """What is written beside one example; an empty note where nothing is."""
        return self._written(dataset).of(id)

    def all(self, dataset: str) -> dict[str, Note]:
        """Every note that says something, by its example's id, in the dataset's order."""
        return dict(self._written(dataset).notes)

    def flags(self, dataset: str) -> dict[str, int]:
        """How many examples have each flag: those offered at first, then the others by name."""
        counts = {flag: len(ids) for flag, ids in sorted(self._written(dataset).by_flag.items()) if ids}
        return dict.fromkeys(FLAGS, 0) | counts

    def flagged(self, dataset: str, flag: str) -> np.ndarray:
        """(N,) bool: which training examples have the flag, in the dataset's order."""
        written = self._written(dataset)
        if flag not in written.masks:
            ids = written.by_flag.get(flag_name(flag), set())
            written.masks[flag] = np.fromiter((id in ids for id in self.workspace.data.ids(dataset).tolist()), bool)
        return written.masks[flag]

    def _written(self, dataset: str) -> Written:
        about, written_at = self.workspace.data.get(dataset), self.stamp(dataset)
        if not written_at:
            return Written()
        key, kept = (written_at, about.fingerprint), self._read.get(dataset)
        if kept is None or kept[0] != key:
            with self._file(dataset).open("rb") as lines:
                kept = self._read[dataset] = (key, replay(lines).among(self.workspace.data.ids(dataset).tolist()))
        return kept[1]

    def _file(self, dataset: str) -> Path:
        return self.root / f"{dataset}.jsonl"

    # ---- files for others

    def export(self, dataset: str, out: Path) -> int:
        """Writes id, flags, text and label of every note as .csv (flags joined by "|"), .jsonl or .parquet, and says how many."""
        import pandas as pd

        found = [note.to_json() for note in self.all(dataset).values()]
        frame = pd.DataFrame(found, columns=["id", "flags", "text", "label"])
        writers: dict[str, Callable[[Path], object]] = {
            ".csv": lambda aside: frame.assign(flags=frame["flags"].str.join("|")).to_csv(aside, index=False),
            ".jsonl": lambda aside: frame.to_json(aside, orient="records", lines=True, force_ascii=False),
            ".parquet": lambda aside: _write_parquet(aside, found),
        }
        kind = Path(out).suffix.lower()
        if kind not in writers:
            raise unknown("kind of file", kind, writers)
        publish(Path(out), writers[kind])
        return len(found)

    def derive(self, dataset: str, *, name: str, flag: str = LABEL_WRONG, how: Literal["drop", "relabel"] = "drop") -> Dataset:
        """The dataset `name`: `dataset` without the flagged examples, or with the labels that were suggested for them.

        The list that does it lies in `notes/lists`. InputError where nothing is flagged, or a flagged example has no suggested label.
        """
        rows, file = self._listed(dataset, flag, how)
        there = file.exists()
        publish(file, lambda aside: _write_parquet(aside, rows))
        try:
            drop, relabel = (file, None) if how == "drop" else (None, file)
            return self.workspace.data.derive(dataset, name=name, drop=drop, relabel=relabel)
        except InputError:
            if not there:
                file.unlink()
            raise

    def list_file(self, dataset: str, flag: str, how: str) -> Path:
        """Where `derive` writes the list of what is flagged now. InputError as there."""
        return self._listed(dataset, flag, how)[1]

    def _listed(self, dataset: str, flag: str, how: str) -> tuple[list[dict[str, Any]], Path]:
        if how not in ("drop", "relabel"):
            raise unknown("way to derive", how, ("drop", "relabel"))
        ids = self.workspace.data.ids(dataset)[self.flagged(dataset, flag)].tolist()
        if not ids:
            raise InputError(f"no example of {dataset} is flagged {flag!r}", "Select examples on a map and flag them")
        labels = self._written(dataset).labels
        if how == "relabel" and (without := [id for id in ids if id not in labels]):
            what = f"{len(without):,} of {len(ids):,} examples flagged {flag!r} have no suggested label: {_few(without)}"
            raise InputError(what, "Suggest one for each, take the flag away, or drop them instead")
        rows = [{"id": id} | ({"label": labels[id]} if how == "relabel" else {}) for id in ids]
        return rows, self.root / "lists" / f"{dataset}-{how}-{digest(rows)[:12]}.parquet"


def _append_line(file: Path, line: bytes) -> bool:
    """One line by one write, forced to the disk; after a line that a full disk cut off, a new one begins. False where it was cut off."""
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        whole = (b"\n" if torn else b"") + line
        written = os.write(descriptor, whole)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return written == len(whole)


def _set(values: dict[str, str], ids: Sequence[str], value: str | None) -> None:
    if value:
        values.update(dict.fromkeys(ids, value))
    else:
        for id in ids:
            values.pop(id, None)


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")


def _action(line: bytes) -> dict[str, Any]:
    """What a line says; nothing where it is no line of notes."""
    try:
        said = json.loads(line.decode(), parse_constant=not_json) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    ids, rest = said.get("ids"), {name: value for name, value in said.items() if name not in ("time", "ids")}
    if ids is None:
        return rest if rest.keys() == {"id", "note"} and all(map(is_text, rest.values())) else {}
    if not isinstance(ids, list) or not all(map(is_text, ids)):
        return {}
    if rest.keys() == {"flag", "on"} and isinstance(rest["on"], bool) and _is_flag(rest["flag"]):
        return said
    return said if rest.keys() == {"label"} and (rest["label"] is None or is_text(rest["label"])) else {}


def _is_flag(name: Any) -> bool:
    try:
        return flag_name(name) == name
    except InputError:
        return False


def _write_parquet(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"id": pa.string(), "flags": pa.list_(pa.string()), "text": pa.string(), "label": pa.string()}
    columns = list(rows[0]) if rows else list(kinds)
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows], kinds[name]) for name in columns}), file, compression="zstd")
