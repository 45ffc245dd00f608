"""What a person says about a dataset: which files, which columns, which evaluation sets, and how their labels translate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftft.domain import safe_name
from ftft.domain.dataset import METRICS, Distribution, Role
from ftft.errors import InputError, unknown

EVALUATION_EXAMPLE = "Write --eval EVAL=FILE:id|ood[:dev|test], such as --eval hard=hard.jsonl:ood:test"
LABEL_MAP_EXAMPLE = "Write --map EVAL:theirs=ours, such as --map hard:hateful=abusive"


@dataclass(frozen=True)
class Evaluation:
    """A set to score runs on: its file, whether it is in ("id") or out of distribution ("ood"), and whether it is a dev or a test set."""

    name: str
    file: Path
    distribution: Distribution
    role: Role


@dataclass(frozen=True)
class LabelMap:
    """In the evaluation set `evaluation`, the label `theirs` means `ours`."""

    evaluation: str
    theirs: str
    ours: str


@dataclass(frozen=True)
class Description:
    """A dataset in the words of the command line: an evaluation is `EVAL=FILE:id|ood[:dev|test]`, a map `EVAL:theirs=ours`.

    `id` None: the column `id` where a file has one, else row numbers.
    `metric` None: macro_f1 where one class has over 70 % of train, else accuracy.
    """

    train: Path
    text: Sequence[str]
    label: str
    evaluations: Sequence[str] = ()
    id: str | None = None
    label_maps: Sequence[str] = ()
    metric: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", Path(self.train))
        for name in ("text", "evaluations", "label_maps"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        if not self.text:
            raise InputError("no text column is named", "Name at least one with --text COLUMN")
        named = [*self.text, self.label, self.id or "id"]
        if twice := sorted({c for c in named if named.count(c) > 1}):
            remedy = "Text, label and id are different columns; without --id, the column id holds the ids"
            raise InputError(f"column {twice[0]!r} is named twice", remedy)
        if self.metric is not None and self.metric not in METRICS:
            raise unknown("metric of scores", self.metric, METRICS)
        self._check_evaluations()

    def _check_evaluations(self) -> None:
        known = [e.name for e in self.evaluation_sets]
        if twice := sorted({n for n in known if known.count(n) > 1}):
            raise InputError(f"evaluation set {twice[0]!r} is given twice", "Give each set a name of its own")
        for one in self._maps:
            if one.evaluation not in known:
                raise unknown("evaluation set", one.evaluation, known)
            if any(m.theirs == one.theirs and m.ours != one.ours for m in self._maps if m.evaluation == one.evaluation):
                raise InputError(f"label {one.theirs!r} of evaluation set {one.evaluation!r} is mapped twice", "Map each label once")

    @property
    def evaluation_sets(self) -> tuple[Evaluation, ...]:
        """The evaluation sets, in the order in which they were given."""
        return tuple(parse_evaluation(text) for text in self.evaluations)

    @property
    def _maps(self) -> tuple[LabelMap, ...]:
        return tuple(parse_label_map(text) for text in self.label_maps)

    def label_map(self, evaluation: str) -> dict[str, str]:
        """Their label -> ours, for one evaluation set."""
        return {m.theirs: m.ours for m in self._maps if m.evaluation == evaluation}


def parse_evaluation(text: str) -> Evaluation:
    """`EVAL=FILE:id|ood[:dev|test]`, read from the right, so that FILE may hold colons; without a role it is a test set."""
    name, _, rest = text.partition("=")
    role: Role = "dev" if rest.endswith(":dev") else "test"
    file, _, distribution = rest.removesuffix(f":{role}").rpartition(":")
    if not name or not file or distribution not in ("id", "ood"):
        raise InputError(f"evaluation set {text!r} cannot be read", EVALUATION_EXAMPLE)
    if safe_name("evaluation set", name) == "train":
        raise InputError("an evaluation set cannot be called 'train'", f"Give it another name. {EVALUATION_EXAMPLE}")
    return Evaluation(name, Path(file), distribution, role)


def parse_label_map(text: str) -> LabelMap:
    """`EVAL:theirs=ours`: the label `theirs` of the evaluation set EVAL means `ours` of train."""
    evaluation, _, labels = text.partition(":")
    theirs, _, ours = labels.partition("=")
    if not (evaluation and theirs and ours):
        raise InputError(f"label map {text!r} cannot be read", LABEL_MAP_EXAMPLE)
    return LabelMap(evaluation, theirs, ours)
