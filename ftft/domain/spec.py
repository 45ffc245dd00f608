"""What a run is asked to do: everything that determines the numbers it will give, and its id, a hash of that."""

import hashlib
import math
import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from ftft.domain import stabilisers
from ftft.domain.identity import digest, safe_name
from ftft.domain.record import checked, take
from ftft.domain.setting import at_least, of_kind, seed_of
from ftft.errors import InputError, shown, unknown

CAPTURES = ("online", "epoch_end", "none")
UNKNOWN = "unknown"  # the capture of imported dynamics
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
HEAD_LR = 1e-3  # of head tuning, where nobody says another
START = "start"  # what a distance may be to, besides another run: the weights that training began with
SETTLED = "selection"  # a rule to stop by: the top examples no longer change
STOPS = ("id_dev", "ood_dev", SETTLED)
TRACKERS = ("mlflow", "tensorboard", "trackio", "wandb")
PATIENCE, EVALUATIONS = 2, 12  # of early stopping, FTFT's
SETTLE_PATIENCE, TOP = 1, 0.33  # of a selection that has settled: epochs without much change; the share that is selected
_OF_FEATURES = (
    "dataset", "dataset_fingerprint", "model", "model_fingerprint", "layers", "max_length", "precision", "remote_code", "eval_batch_size",
)  # fmt: skip
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Seeds:
    """`init` draws the new layers, `order` the order of the examples, `dropout` everything drawn while training."""

    init: int
    order: int
    dropout: int

    def __post_init__(self) -> None:
        for f in fields(self):
            object.__setattr__(self, f.name, seed_of(getattr(self, f.name)))

    @classmethod
    def of(cls, seed: int, model_fingerprint: str, layers: int | None) -> "Seeds":
        """`--seed`: two models never share a data order, since with a shared one their maps agree by it alone (design.md §3)."""
        seed = seed_of(seed)
        order = hashlib.sha256(f"{seed}/{model_fingerprint}/{layers}".encode()).digest()
        return cls(seed, int.from_bytes(order[:4], "big"), seed)

    def to_json(self) -> dict[str, int]:
        """`{init, order, dropout}`."""
        return {"init": self.init, "order": self.order, "dropout": self.dropout}


# What a run's folder needs to find its inputs, but what does not change its numbers: never part of the id.
NOT_IDENTITY = frozenset(
    {"dataset", "model", "subset", "seed", "eval_batch_size", "devices", "report_to", "predict_train", "keep_model", "distance_to"}
)


@dataclass(frozen=True)
class RunSpec:
    """`epochs` counts the whole training set even with a subset, so that the budget of steps stays the same; `steps` sets it directly.

    `layers`: keep the first so many encoder layers, None for all. `subset_hash` is None for a run on everything.
    `selection` is the hash of a stored selection that makes the subset when the run starts, after the runs that it names; then
    `subset_hash` is None, since nobody knows it yet.
    `seed` is the number on the command line, `seeds` what follows from it. `again` numbers wilful repetitions.
    `stop`: the development sets that may end the run, judged `evals` times in its budget with this `patience`; None for none.
    `batch_size` is that of a step, whatever the number of `devices` that share it.
    With the rule "selection" a reference ends when its most variable `settle` of the examples has changed little for `patience` epochs.
    `steps_of`: the id of a run that it makes as many steps as, once that has succeeded, on the schedule of those.
    `predict_train`: what the final model says of every training example is published, too. `keep_model` False: the model is not.
    `methods`: stabilisers in their canonical words (ftft.domain.stabilisers); "long" among them says epochs and warm-up. `tune`: "head"
    leaves the encoder as it is and trains a linear layer on what it says; None trains all weights.
    `left_out`: the id of an example that counts for nothing in its slot. `distance_to`: a finished run, how far from whose weights this
    one ends is published.
    `remote_code`: the model may bring code of its own, which then runs. `report_to`: trackers, joined by commas.
    `imported` is the format that a run came in, None for one trained here. Files that say nothing of how a run was trained leave
    every setting of its spec None (see `of_import`), so that nobody can take a default for the truth.
    """

    dataset: str
    dataset_fingerprint: str
    model: str
    model_fingerprint: str
    seeds: Seeds
    seed: int | None = None
    layers: int | None = None
    subset: str | None = None
    subset_hash: str | None = None
    epochs: int | None = 3
    steps: int | None = None
    lr: float = 2e-5
    batch_size: int = 32
    eval_batch_size: int = 64
    grad_accum: int = 1
    max_length: int = 300
    warmup: float = 0.1
    weight_decay: float = 0.0
    precision: str = "auto"
    capture: str = "online"
    again: int = 0
    # Later fields go below, None by default: a field that is None is left out of the hash, so that old runs keep their ids.
    stop: str | None = None
    patience: int | None = None
    evals: int | None = None
    keep_head: bool | None = None
    devices: int | None = None
    imported: str | None = None
    selection: str | None = None
    remote_code: bool | None = None
    report_to: str | None = None
    steps_of: str | None = None
    settle: float | None = None
    predict_train: bool | None = None
    keep_model: bool | None = None
    methods: tuple[str, ...] | None = None
    tune: str | None = None
    left_out: str | None = None
    distance_to: str | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            if f.name != "methods" and (self.has_settings or getattr(self, f.name) is not None):
                object.__setattr__(self, f.name, of_kind(f.name, f.type, getattr(self, f.name)))
        safe_name("dataset", self.dataset)
        if self.subset is not None:
            safe_name("subset", self.subset)
        if self.has_settings:
            self._check_settings()
        elif not self.imported or self.capture != UNKNOWN:
            raise InputError("the run's spec has no seeds", "Copy spec.json again from where it was made, or remove the run's folder")

    def _check_settings(self) -> None:
        self._check_methods()
        for name in ("batch_size", "eval_batch_size", "grad_accum", "max_length"):
            at_least(name, getattr(self, name), 1)
        for name in ("layers", "epochs", "steps", "patience", "evals", "devices"):
            if getattr(self, name) is not None:
                at_least(name, getattr(self, name), 1)
        if [self.epochs, self.steps, self.steps_of].count(None) != 2:
            raise InputError("a run needs either epochs or steps", "Give one of --epochs and --steps")
        if self.steps_of is not None:
            safe_name("run", self.steps_of)
        if self.distance_to is not None:
            safe_name("run", self.distance_to)
        if not 0 < self.lr < float("inf"):
            raise InputError(f"the learning rate is {self.lr}", "Give a positive number, such as 2e-5")
        if not 0 <= self.warmup < 1:
            raise InputError(f"the warm-up is {self.warmup}", "Give a share of the steps from 0 to below 1, such as 0.1")
        if not 0 <= self.weight_decay < float("inf"):
            raise InputError(f"the weight decay is {self.weight_decay}", "Give 0 or a small positive number")
        if self.capture not in CAPTURES and not (self.imported and self.capture == UNKNOWN):
            raise unknown("capture", self.capture, CAPTURES)
        if self.precision not in PRECISIONS:
            raise unknown("precision", self.precision, PRECISIONS)
        self._check_stop()
        for name, usual in (("keep_head", False), ("remote_code", False), ("predict_train", False), ("keep_model", True)):
            if getattr(self, name) is usual:
                object.__setattr__(self, name, None)
        if self.selection is not None:
            self._check_selection()
        if self.tune is not None:
            self._check_head()
        if self.report_to is not None:
            object.__setattr__(self, "report_to", trackers(self.report_to))

    def _check_methods(self) -> None:
        """In canonical words, and what "long" says of epochs and warm-up said."""
        given = self.methods or ()
        if not isinstance(given, (str, list, tuple)) or not all(isinstance(part, str) for part in given):
            raise InputError(f"--method is {shown(given)}", "Name a method, such as mmr, or mmr:alpha=0.05")
        parts = stabilisers.parts(given) if given else ()
        object.__setattr__(self, "methods", parts or None)
        object.__setattr__(self, "tune", None if self.tune == stabilisers.FULL else self.tune)
        if self.tune not in (None, *stabilisers.TUNES):
            raise unknown("part to tune", self.tune, stabilisers.TUNES)
        stabilisers.check(parts, self.tune or stabilisers.FULL, self.layers)
        if "pretrained_wd" in stabilisers.names(parts) and self.weight_decay:
            raise InputError("--weight-decay pulls to zero, pretrained_wd to the weights before training", "Leave one of them out")
        if longer := next((part for part in parts if part.startswith(stabilisers.LONG)), None):
            if self.steps is not None or self.steps_of is not None:
                raise InputError("method long says the epochs itself", "Leave --steps out, or write long:epochs=N")
            told = stabilisers.options(longer)[1]
            object.__setattr__(self, "epochs", told["epochs"])
            object.__setattr__(self, "warmup", told["warmup"])

    def _check_head(self) -> None:
        """What a head that is trained on a frozen encoder does without."""
        for name in ("stop", "steps_of", "keep_head", "report_to"):
            if getattr(self, name) is not None:
                raise InputError(f"--tune head takes no --{name.replace('_', '-')}", "Leave it out, or use --tune full")
        if (self.devices or 1) > 1:
            raise InputError("--tune head trains in one process", "Leave --devices out: it takes seconds")

    def _check_stop(self) -> None:
        if self.stop is not None and self.stop not in STOPS:
            raise unknown("rule to stop by", self.stop, ("none", *STOPS))
        settles = self.stop == SETTLED
        if settles and self.capture == "none":
            raise InputError("--stop selection looks at the dynamics, and --capture none records none", "Add --capture online")
        usual: dict[str, Any] = {"patience": SETTLE_PATIENCE, "settle": TOP} if settles else {"patience": PATIENCE, "evals": EVALUATIONS}
        for name in ("patience", "evals", "settle"):
            if self.stop and name in usual and getattr(self, name) is None:
                object.__setattr__(self, name, usual[name])
            elif getattr(self, name) is not None and not (self.stop and name in usual):
                remedy = "Add --stop selection" if name == "settle" else "Add --stop id_dev or --stop ood_dev"
                raise InputError(f"--{name} says nothing {f'with --stop {self.stop}' if self.stop else 'without --stop'}", remedy)
        if self.settle is not None and not 0 < self.settle < 1:
            raise InputError(f"--settle is {self.settle}", "Give a share between 0 and 1, such as 0.33")

    def _check_selection(self) -> None:
        if self.subset is None or self.subset_hash is not None:
            raise InputError("a selection makes a subset, and needs a name for it", "Give --subset a new name beside --selection")
        if not _HASH.fullmatch(self.selection or ""):
            raise InputError(f"the run's selection is {shown(self.selection)}", "Start the run again with the selection's file")

    @classmethod
    def of_import(cls, name: str, dataset: str, dataset_fingerprint: str, model_fingerprint: str, format: str) -> "RunSpec":
        """Of dynamics whose file says nothing about their training: all settings are None, and the run is called `name`."""
        known = {
            "dataset": dataset, "dataset_fingerprint": dataset_fingerprint, "model": name, "model_fingerprint": model_fingerprint,
            "capture": UNKNOWN, "imported": format,
        }  # fmt: skip
        values: dict[str, Any] = dict.fromkeys(f.name for f in fields(cls)) | known
        return cls(**values)

    @property
    def on_everything(self) -> bool:
        """Does the run see the whole training set?"""
        return self.subset is None

    @property
    def has_settings(self) -> bool:
        """Is it known how the run was trained? True of all runs but those imported from files that do not say it."""
        return self.seeds is not None

    def trains_with(self, other: "RunSpec") -> bool:
        """May the two, both of head tuning, be trained in one process? They have model and texts in common, and wait for nothing."""
        heads = self.tune == other.tune == stabilisers.HEAD
        return heads and other.selection is None and all(getattr(self, name) == getattr(other, name) for name in _OF_FEATURES)

    @property
    def method(self) -> str:
        """The stabilisers in one text; "standard" without any."""
        return stabilisers.in_words(self.methods or ())

    @property
    def run(self) -> str:
        """The run's id: the first 16 hexadecimal digits of the sha256 of everything that determines its numbers.

        Not that of an imported run, whose id is the name that it was given.
        """
        whole = self.to_json()
        return digest({k: v for k, v in whole.items() if k not in NOT_IDENTITY and v is not None})[:16]

    @property
    def model_name(self) -> str:
        """How the model is called (`model_called`), and how many layers are kept; what is imported says so."""
        name = f"imported · {Path(self.model).name}" if self.imported else model_called(self.model)
        return name if self.layers is None else f"{name} · {self.layers} layer{'' if self.layers == 1 else 's'}"

    def total_steps(self, rows: int) -> int:
        """Optimiser steps of the whole run, on a training set of `rows` examples, whatever subset of it is used."""
        assert self.has_settings, "nobody knows them"
        assert self.steps_of is None, "another run decides"
        return self.steps or (self.epochs or 0) * math.ceil(rows / (self.batch_size * self.grad_accum))

    def to_json(self) -> dict[str, Any]:
        """All fields, `seeds` as an object."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        methods = None if self.methods is None else list(self.methods)
        return values | {"seeds": self.seeds.to_json() if self.has_settings else None, "methods": methods}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "RunSpec":
        """The inverse of `to_json`, also for files that are no longer what was written; unknown fields come from a newer version."""
        strange = set(checked(value, "spec", dict)) - {f.name for f in fields(cls)}
        if strange:
            raise InputError(
                f"the run's spec has unknown fields: {', '.join(sorted(strange))}", "Use the ftft version that wrote it, or newer"
            )
        for f in fields(cls):
            if f.default is MISSING and f.name != "seeds":
                take(value, f.name, str)
        fields_of: dict[str, Any] = {**value, "seeds": None}
        if value.get("imported") is None or value.get("seeds", ...) is not None:  # of other imports nobody knows any settings
            seeds = take(value, "seeds", dict)
            fields_of["seeds"] = Seeds(*(take(seeds, f.name, int) for f in fields(Seeds)))
        return cls(**fields_of)


def model_called(path: str) -> str:
    """The last part of a model's path or hub id that names it: RUN of RUN/model, deberta-v3-base of a snapshot in the hub's cache."""
    place = Path(path)
    if place.parent.name == "snapshots":
        return place.parent.parent.name.rpartition("--")[2]
    return (place.parent.name if place.name == "model" else "") or place.name


def trackers(text: str) -> str | None:
    """Names of trackers joined by commas, each once and in order; None for "none". InputError where one is not known."""
    names = sorted({word.strip() for word in text.split(",") if word.strip()} - {"none"})
    if strange := sorted(set(names) - set(TRACKERS)):
        raise unknown("tracker", strange[0], ("none", *TRACKERS))
    return ",".join(names) or None
