"""Dynamics of others into the workspace, and ours out in the format that others read."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ftft import imports
from ftft.domain import Finding, Run, RunSpec, safe_name
from ftft.dynamics import Measures
from ftft.errors import InputError
from ftft.imports.joining import Joined
from ftft.imports.matching import Match
from ftft.imports.newdataset import label_names
from ftft.imports.publishing import check_same, epochs_of
from ftft.imports.records import Measured
from ftft.workspace.data import now

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace


@dataclass(frozen=True)
class Imported:
    """A run that was imported: how many examples and epochs it has, and what was `found` on the way. `existing`: it was there before."""

    run: Run
    n: int
    epochs: int
    found: tuple[Finding, ...]
    existing: bool


def import_run(
    workspace: "Workspace", path: Path, name: str, dataset: str | None, new_dataset: str | None, format: str, epochs: int | None
) -> Imported:
    """Reads, joins, matches, publishes; nothing is left behind by an error."""
    safe_name("run", name)
    if (dataset is None) == (new_dataset is None):
        raise InputError("nothing says which dataset the run is of", "Give either --dataset D or --new-dataset NAME")
    known = None if dataset is None else _target(workspace, dataset)
    format, source = imports.read(path, format, epochs)
    if not isinstance(source, Measured) and epochs not in (None, len(source.epochs)):
        raise InputError(f"--epochs is {epochs}, but {path} has {len(source.epochs)} epochs", "Leave it out: the file says it")
    what = source if isinstance(source, Measured) else imports.joined(path, source)
    ids_M, gold_M, theirs = _labelled(what)
    new = None
    if known is None:
        assert new_dataset is not None
        if gold_M is None and isinstance(what, Joined):
            remedy = "Give --dataset D, whose labels are taken, or a file with gold labels"
            raise InputError(f"{path} has logits and no gold labels", remedy)
        texts = what.texts if isinstance(what, Measured) else what.source.texts
        new = imports.NewDataset.of(safe_name("dataset", new_dataset), ids_M, gold_M, theirs, texts, now())
        new.check(workspace.data.root)
        known = imports.Target(new.dataset.name, new.dataset.fingerprint, new.dataset.labels, ids_M, new.gold_N)
    return _publish(workspace, name, format, what, known, new)


def _publish(
    workspace: "Workspace", name: str, format: str, what: Measured | Joined, known: imports.Target, new: imports.NewDataset | None
) -> Imported:
    ids_M, gold_M, theirs = _labelled(what)
    source = what if isinstance(what, Measured) else what.source
    if (
        isinstance(what, Joined)
        and source.spec
        and source.spec.dataset_fingerprint == known.fingerprint
        and len(theirs) == len(known.labels)
    ):
        theirs = known.labels  # the numbers are those of the same dataset
    match = imports.matched(known, ids_M, gold_M, theirs, columns=isinstance(what, Joined))
    found = (*what.found, *(match.found if new is None else ()), *_other_fingerprint(source.spec, known))
    content = _content(name, format, what, known, match)
    folder = workspace.runs.folder(name)
    if folder.path.exists():
        check_same(folder, content)
    if new is not None:
        new.publish(workspace.data.root)
    is_new = imports.publish_run(folder, content, found, now())
    run = workspace.runs.get(name)
    return Imported(run, len(match.rows_K), run.epochs_recorded, found, not is_new)


def _content(name: str, format: str, what: Measured | Joined, known: imports.Target, match: Match) -> imports.Content:
    """What is kept of the import, in the dataset's labels."""
    rows, gold_K = match.rows_K, match.gold_K
    if isinstance(what, Measured):
        values = {metric: values_M[rows] for metric, values_M in what.values.items()}
        measures = Measures(name, what.ids_N[rows], gold_K, values, what.epochs, what.exact)
        return imports.Content(known.name, known.fingerprint, format, measures=measures, spec=what.spec, folder=what.folder)
    logits_EKC = what.logits_EMC[:, rows][:, :, match.columns_C]
    epochs = epochs_of(what.ids_M[rows], gold_K, logits_EKC, what.step_EM[:, rows], what.source.capture, what.order_hashes)
    in_order = bool((match.columns_C == np.arange(len(match.columns_C))).all())
    return imports.Content(
        known.name, known.fingerprint, format, epochs, spec=what.source.spec, folder=what.source.folder, with_predictions=in_order
    )


def _target(workspace: "Workspace", dataset: str) -> imports.Target:
    about = workspace.data.get(dataset)
    return imports.Target(about.name, about.fingerprint, about.labels, workspace.data.ids(dataset), workspace.data.gold(dataset))


def _labelled(what: Measured | Joined) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """(ids, gold as places in their labels, their labels)."""
    if isinstance(what, Joined):
        return what.ids_M, what.gold_M, what.source.classes or tuple(map(str, range(what.logits_EMC.shape[2])))
    if what.gold_N is None:
        return what.ids_N, None, ()
    theirs = label_names(what.gold_N)
    place = {label: n for n, label in enumerate(theirs)}
    return what.ids_N, np.array([place[label] for label in what.gold_N.tolist()], np.int32), theirs


def _other_fingerprint(spec: RunSpec | None, known: imports.Target) -> list[Finding]:
    if spec is None or not spec.has_settings or spec.dataset_fingerprint == known.fingerprint:
        return []
    message = (
        f"The run was trained on other data than dataset {known.name!r} (fingerprint {spec.dataset_fingerprint[:12]}, here "
        f"{known.fingerprint[:12]}): some texts, labels, ids or evaluation sets differ."
    )
    return [Finding("other_fingerprint", 1, (), message)]
