"""uid_to_logits.pt of the FTFT code: {uid: tensor (E, C)}, zeros where an epoch did not come to an example. It holds no gold labels.

Shapes: E epochs, N examples, C classes.
"""

from pathlib import Path

import numpy as np

from ftft.domain import Finding
from ftft.errors import InputError
from ftft.imports.lines import id_text
from ftft.imports.records import Measured, Recorded, Rows, finding, log_probabilities

FILE = "uid_to_logits.pt"


def sniff(path: Path) -> bool:
    """A .pt file, or a folder with uid_to_logits.pt."""
    return (path / FILE).is_file() if path.is_dir() else path.suffix.lower() in (".pt", ".pth")


def read(path: Path, epochs: int | None = None) -> Recorded | Measured:
    """What the file says; read with `weights_only`, so that a file from elsewhere cannot run code here."""
    from ftft.train import read_uid_to_logits

    file = path / FILE if path.is_dir() else path
    uid_to_logits = read_uid_to_logits(file)
    shapes = {logits.shape for logits in uid_to_logits.values()}
    shape = min(shapes)
    if len(shapes) > 1 or len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
        named = ", ".join(" x ".join(map(str, s)) or "a single number" for s in sorted(shapes)[:3])
        raise InputError(
            f"{file} holds tensors of the shapes {named}", "All examples of one run have epochs x classes alike, 2 classes or more"
        )
    ids_N = np.array([id_text(uid, str(file)) for uid in uid_to_logits], object)
    return _recorded(file, ids_N, np.stack(list(uid_to_logits.values()), axis=1))


def _recorded(file: Path, ids_N: np.ndarray, logits_ENC: np.ndarray) -> Recorded:
    empty_EN = (logits_ENC == 0).all(axis=2)
    found: list[Finding] = []
    never_N = empty_EN.all(axis=0)
    if never_N.all():
        raise InputError(f"{file} holds nothing but zeros", "Import it after its first epoch has ended")
    if never_N.any():
        message = f"{int(never_N.sum()):,} examples have no logits in any epoch. They are left out."
        found.append(finding("not_recorded", ids_N[never_N].tolist(), message))
    last = len(logits_ENC)
    while last and empty_EN[last - 1, ~never_N].any():
        last -= 1
    if not last:
        raise InputError(f"{file}: no epoch is finished, in each some examples have only zeros", "Import it after an epoch has ended")
    if last < len(logits_ENC):
        dropped = ", ".join(str(n) for n in range(last + 1, len(logits_ENC) + 1))
        without = ids_N[empty_EN[-1] & ~never_N].tolist()
        found.append(
            finding("unfinished_epoch", without, f"Epoch {dropped} is unfinished: examples have only zeros in it. It is left out.")
        )
    epochs = {}
    for number in range(1, last + 1):
        there_N = ~empty_EN[number - 1] & ~never_N
        epochs[number] = Rows(ids_N[there_N], logits_ENC[number - 1, there_N], None)
    taken, said = log_probabilities(file, epochs, named=False)
    return Recorded(taken, (*found, *said))
