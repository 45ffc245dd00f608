"""Any table: id with epoch and logits, probabilities or p(gold), or id with metrics. What a column means follows from its name.

    id                    guid, id, idx, uid, sample_id, example_id or index
    epoch                 epoch
    gold                  gold, gold_label, label or target; with logits a place among their columns, or the name of one
    logits                logits (a list a row), or columns logit_NAME or logits_NAME
    probabilities         probs or probabilities (a list a row), or columns prob_NAME
    probability of gold   p_gold, prob_gold, gold_prob, prob, p or confidence, in a table with epochs
    metrics               by their names here, and forgetfulness

Shapes: E epochs, N examples (rows of one epoch), C classes.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ftft.dataset.reading import EXTENSIONS
from ftft.domain import Finding
from ftft.errors import InputError
from ftft.imports.cartography import NAMES
from ftft.imports.columns import Columns
from ftft.imports.lines import ID_NAMES, id_name
from ftft.imports.records import Measured, Recorded, Rows, finding, log_probabilities, measured
from ftft.metrics import METRICS

GOLD = ("gold", "gold_label", "label", "target")
P_GOLD = ("p_gold", "prob_gold", "gold_prob", "prob", "p", "confidence")
LISTS = {"logits": "logits", "probs": "probabilities", "probabilities": "probabilities"}
NAMED = re.compile(r"(logits?|probs?)_(.+)")


def sniff(path: Path) -> bool:
    """Whatever else has the name of a table."""
    return path.is_file() and path.name.lower().removesuffix(".gz").endswith(EXTENSIONS)


def read(path: Path, epochs: int | None = None) -> Recorded | Measured:
    """What the columns say."""
    columns = Columns.of(path)
    ids_N = columns.ids(id_name(columns.names, path))
    if "epoch" not in columns.names:
        return _metrics(columns, ids_N, epochs)
    epoch_N = _epochs(columns)
    kind, names, classes = _logits(columns)
    if kind:
        return _logits_of_epochs(columns, ids_N, epoch_N, kind, names, classes)
    p_gold = next((name for name in P_GOLD if name in columns.names), None)
    if p_gold is None:
        raise InputError(f"{path} has epochs, but neither logits nor p_gold", f"It has the columns {', '.join(columns.names)}")
    return _p_gold_of_epochs(columns, ids_N, epoch_N, p_gold, epochs)


def _epochs(columns: Columns) -> np.ndarray:
    epoch_N = columns.numbers("epoch")
    if (wrong_N := ~((epoch_N >= 0) & (epoch_N < 1e6) & (epoch_N % 1 == 0))).any():
        raise InputError(f"{columns.file}, row {int(np.argmax(wrong_N)) + 1}: the epoch is not a whole number from 0", "Mend that row")
    return epoch_N.astype(int)


def _gold(columns: Columns) -> np.ndarray | None:
    name = next((name for name in GOLD if name in columns.names), None)
    return None if name is None else columns.labels(name)


# ---- logits


def _logits(columns: Columns) -> tuple[str, tuple[str, ...], tuple[str, ...] | None]:
    """(logits, probabilities or nothing; the columns they are in; what the classes are called, if columns say it)."""
    for name, kind in LISTS.items():
        if name in columns.names:
            return kind, (name,), None
    for kind, stem in (("logits", "logit"), ("probabilities", "prob")):
        named = [(name, found[2]) for name in columns.names if (found := NAMED.fullmatch(name)) and found[1].startswith(stem)]
        if len(named) > 1 and not {name for name, _ in named} & set(P_GOLD):
            suffixes = tuple(suffix for _, suffix in named)
            if set(suffixes) == {str(n) for n in range(len(suffixes))}:
                return kind, tuple(name for name, _ in sorted(named, key=lambda pair: int(pair[1]))), None
            return kind, tuple(name for name, _ in named), suffixes
    return "", (), None


def _logits_of_epochs(
    columns: Columns, ids_N: np.ndarray, epoch_N: np.ndarray, kind: str, names: tuple[str, ...], classes: tuple[str, ...] | None
) -> Recorded:
    logits_NC = columns.matrix(names)
    gold_N = _places(columns, logits_NC.shape[1], classes)
    epochs = {}
    for number in np.unique(epoch_N):
        of = epoch_N == number
        epochs[int(number)] = Rows(ids_N[of], logits_NC[of], None if gold_N is None else gold_N[of])
    used = {"epoch", *names, *ID_NAMES, *GOLD}
    taken, found = log_probabilities(columns.file, epochs, named=kind == "probabilities")
    return Recorded(taken, found, classes, _texts(columns, ids_N, used))


def _places(columns: Columns, count: int, classes: tuple[str, ...] | None) -> np.ndarray | None:
    """Gold as a place among the columns of the logits."""
    labels_N = _gold(columns)
    if labels_N is None:
        return None
    known = {name: n for n, name in enumerate(classes or map(str, range(count)))}
    if strange := sorted({label for label in labels_N.tolist() if label not in known}):
        what = f"{columns.file}: gold is {strange[0]!r}, and no column of the logits is called so"
        raise InputError(what, f"Say which it is: gold as one of {', '.join(known)}, or columns called logit_{strange[0]} and so on")
    return np.array([known[label] for label in labels_N.tolist()], np.int32)


# ---- p(gold), and metrics


def _p_gold_of_epochs(columns: Columns, ids_N: np.ndarray, epoch_N: np.ndarray, name: str, epochs: int | None) -> Measured:
    """What follows from p(gold) alone. Not whether gold was the best answer: with more than two classes that is another question."""
    import pandas as pd

    p_N = columns.numbers(name)
    if (wrong_N := (p_N < 0) | (p_N > 1)).any():
        raise InputError(f"{columns.file}, row {int(np.argmax(wrong_N)) + 1}: {name} is not in [0, 1]", "Mend that row")
    long = pd.DataFrame({"id": ids_N, "epoch": epoch_N, "p": p_N})
    twice = long.duplicated(["id", "epoch"])
    found: list[Finding] = []
    if twice.any():
        again = long.loc[twice, "id"].tolist()
        found.append(
            finding("duplicate_rows", again, f"{len(again):,} rows have the id and epoch of an earlier row. The first one is kept.")
        )
    wide = long[~twice].pivot(index="id", columns="epoch", values="p")
    whole = wide.dropna()
    if whole.empty:
        counts = ", ".join(f"epoch {epoch}: {n}" for epoch, n in wide.notna().sum().items())
        raise InputError(f"{columns.file}: no example is in every epoch ({counts})", "Give the rows of all epochs of one run")
    if len(whole) < len(wide):
        missing = wide.index.difference(whole.index).tolist()
        found.append(finding("not_in_every_epoch", missing, f"{len(missing):,} examples are not in every epoch. They are left out."))
    if epochs not in (None, whole.shape[1]):
        raise InputError(f"--epochs is {epochs}, but {columns.file} has {whole.shape[1]} epochs", "Leave it out: the file says it")
    message = (
        "The table has p(gold) and no logits: what does not follow from it (correctness, forgetting, aum, el2n, entropy) is not there."
    )
    found.append(Finding("p_gold_alone", len(whole), (), message))
    gold_N = _gold(columns)
    by_id = {} if gold_N is None else dict(zip(ids_N.tolist(), gold_N.tolist(), strict=True))
    whole_ids_N = np.array(whole.index.tolist(), object)
    gold_M = None if gold_N is None else np.array([by_id[i] for i in whole_ids_N], object)
    texts = _texts(columns, ids_N, {"epoch", name, *ID_NAMES, *GOLD})
    return measured(columns.file, whole_ids_N, gold_M, _of_p_gold(whole.to_numpy().T), whole.shape[1], found, texts)


def _of_p_gold(p_EN: np.ndarray) -> dict[str, np.ndarray]:
    """The metrics that p(gold) alone decides. The loss only where it is finite."""
    confidence_N = p_EN.mean(axis=0)
    values: dict[str, Any] = {
        "confidence": confidence_N,
        "variability": p_EN.std(axis=0),
        "threshold_closeness": confidence_N * (1 - confidence_N),
        "aleatoric": (p_EN * (1 - p_EN)).mean(axis=0),
    }
    return values | ({"loss": -np.log(p_EN).mean(axis=0)} if (p_EN > 0).all() else {})


def _metrics(columns: Columns, ids_N: np.ndarray, epochs: int | None) -> Measured:
    there = {NAMES[name]: columns.numbers(name) for name in columns.names if name in NAMES}
    if not there:
        what = f"{columns.file} has neither epochs nor a metric: it has the columns {', '.join(columns.names)}"
        raise InputError(what, f"Metrics are called {', '.join(NAMES)}; dynamics have a column epoch, and logits or p_gold")
    values = {name: there[name] for name in METRICS if name in there}
    texts = _texts(columns, ids_N, {*NAMES, *ID_NAMES, *GOLD})
    return measured(columns.file, ids_N, _gold(columns), values, epochs, texts=texts)


def _texts(columns: Columns, ids_N: np.ndarray, used: set[str]) -> dict[str, dict[str, str]]:
    """The columns of texts that mean nothing else: name -> id -> text."""
    found = {}
    for name in columns.names:
        if name and name not in used and (texts := columns.texts(name)) is not None:
            found[name] = dict(zip(ids_N.tolist(), texts, strict=True))
    return found
