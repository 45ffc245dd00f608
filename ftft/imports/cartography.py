"""The files of the cartography code (Swayamdipta et al. 2020): dynamics_epoch_N.jsonl, and td_metrics or coordinates as .jsonl.

Dynamics: `{"guid", "logits_epoch_N": [C numbers], "gold"}`, N from 0, gold a place among the logits. Seen in the wild and read as well:
`idx` or `index` for guid, probabilities (`prob_epoch_N`, or under the name of logits), other keys beside, all epochs in one file.

Shapes: N examples, C classes.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ftft.errors import InputError
from ftft.imports.lines import MEND, first_object, id_name, id_text, objects
from ftft.imports.records import Measured, Recorded, Rows, log_probabilities, measured
from ftft.metrics import METRICS

FILES = ("dynamics_epoch_*.jsonl", "dynamics_epoch_*.jsonl.gz")
EPOCH = re.compile(r"(logits|probs?|probabilities)_epoch_(\d{1,6})")
NAMES = {"forgetfulness": "forgetting"} | {name: name for name in METRICS}  # theirs -> ours


def sniff(path: Path) -> bool:
    """A folder of dynamics_epoch_N.jsonl, or a .jsonl that begins like one of their files."""
    if path.is_dir():
        return bool(_files(path))
    if not path.name.lower().endswith((".jsonl", ".json", ".jsonl.gz", ".json.gz")):
        return False
    first = first_object(path)
    return any(EPOCH.fullmatch(key) for key in first) or ("guid" in first and "epoch" not in first and bool(NAMES.keys() & first.keys()))


def read(path: Path, epochs: int | None = None) -> Recorded | Measured:
    """What the file or folder says."""
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path} holds no dynamics_epoch_N.jsonl", "Name the folder that does, usually called training_dynamics")
    if path.is_file() and not any(EPOCH.fullmatch(key) for key in first_object(path)):
        return _metrics(path, epochs)
    recorded: dict[int, _Epoch] = defaultdict(_Epoch)
    for file in files:
        for number, row in objects(file):
            _take(recorded, file, number, row)
    if not recorded:
        raise InputError(f"{path} has no rows", "Give the files that training wrote")
    return _recorded(dict(sorted(recorded.items())), path)


@dataclass
class _Epoch:
    """The rows of an epoch so far."""

    ids: list[str] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)
    gold: list[int | None] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def rows(self) -> Rows:
        with np.errstate(over="ignore"):
            logits_NC = np.array(self.values, np.float64).astype(np.float32)
        return Rows(np.array(self.ids, object), logits_NC, None if None in self.gold else np.array(self.gold, np.int32))


def _files(folder: Path) -> list[Path]:
    below = folder / "training_dynamics"
    return sorted(f for where in (folder, below) for pattern in FILES for f in where.glob(pattern) if f.is_file())


def _take(epochs: dict[int, _Epoch], file: Path, line: int, row: dict[str, Any]) -> None:
    where = f"{file}, line {line}"
    keys = [(key, found) for key in row if (found := EPOCH.fullmatch(key))]
    if not keys:
        raise InputError(f"{where}: no key like logits_epoch_0", f"It has the keys {', '.join(map(repr, row)) or 'none'}")
    name = next((n for n in ("guid", "idx", "index", "id", "uid") if n in row), None)
    if name is None:
        raise InputError(f"{where}: no guid", MEND)
    example = id_text(row[name], where)
    for key, found in keys:
        epoch, values = epochs[int(found[2])], row[key]
        if not isinstance(values, list) or len(values) < 2 or not all(_is_number(v) for v in values):
            raise InputError(f"{where}: {key} is not a list of two or more numbers", MEND)
        if epoch.values and len(values) != len(epoch.values[0]):
            what = f"{where}: {len(values)} numbers in {key}, where the rows before have {len(epoch.values[0])}"
            raise InputError(what, "One run has the same classes in every row")
        gold = row.get("gold")
        if gold is not None and not (type(gold) is int and 0 <= gold < len(values)):
            raise InputError(f"{where}: gold is {str(gold)[:40]!r}", f"It is a place among the {len(values)} logits, counted from 0")
        epoch.ids.append(example)
        epoch.values.append([_float(v) for v in values])
        epoch.gold.append(gold)
        epoch.kinds.add("logits" if found[1] == "logits" else "probabilities")


def _is_number(value: Any) -> bool:
    return value is None or type(value) in (int, float)  # a null is a number that could not be written


def _float(value: float | None) -> float:
    try:
        return np.nan if value is None else float(value)
    except OverflowError:
        return np.inf


def _recorded(read_so_far: dict[int, _Epoch], path: Path) -> Recorded:
    known = {gold is not None for epoch in read_so_far.values() for gold in epoch.gold}
    if len(known) > 1:
        raise InputError(f"{path}: some rows have a gold label and others do not", "Give it in every row, or in none")
    kinds = {kind for epoch in read_so_far.values() for kind in epoch.kinds}
    if len(kinds) > 1:
        raise InputError(f"{path} holds logits in some rows and probabilities in others", "Import one kind")
    epochs = {number: epoch.rows() for number, epoch in read_so_far.items()}
    return Recorded(*log_probabilities(path, epochs, named=kinds == {"probabilities"}))


# ---- metrics


def _metrics(file: Path, epochs: int | None) -> Measured:
    """td_metrics.jsonl, or coordinates as they are published: one object an example."""
    ids, columns, golds = [], defaultdict(list), []
    for line, row in objects(file):
        where = f"{file}, line {line}"
        names = [name for name in row if name in NAMES]
        if not ids:
            if not names:
                raise InputError(f"{where}: neither logits_epoch_N nor a metric", f"Metrics are called {', '.join(NAMES)}")
            id_column, expected = id_name(row, file), names
        if set(names) != set(expected) or id_column not in row:
            raise InputError(f"{where}: other columns than in the rows before", f"Each has {id_column}, {', '.join(expected)}")
        ids.append(id_text(row[id_column], where))
        golds.append(row.get("gold"))
        for name in names:
            if not _is_number(row[name]):
                raise InputError(f"{where}: {name} is not a number", MEND)
            columns[NAMES[name]].append(_float(row[name]))
    if not ids:
        raise InputError(f"{file} has no rows", "Give a file with at least one example")
    gold_N = None if None in golds else np.array([str(g) for g in golds], object)
    values = {name: np.array(columns[name]) for name in METRICS if name in columns}
    return measured(file, np.array(ids, object), gold_N, values, epochs)
