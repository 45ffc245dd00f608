"""What a person says about a dataset: which files, which columns, which evaluation sets, and how their labels translate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ftft.domain import safe_name
from ftft.domain.dataset import METRICS, Distribution, Role
from ftft.errors import InputError, unknown

COLUMN_EXAMPLE = "Write --columns EVAL:text=COL, such as --columns hard:text=comment; also EVAL:label=COL and EVAL:id=COL"
EVALUATION_EXAMPLE = "Write --eval EVAL=FILE:id|ood[:dev|test], such as --eval hard=hard.jsonl:ood:test"
LABEL_MAP_EXAMPLE = "Write --map EVAL:theirs=ours, such as --map hard:hateful=abusive"


@dataclass(frozen=True)
class Evaluation:
    """A set to score runs on: its source, whether it is in ("id") or out of distribution ("ood"), and whether it is a dev or a test set."""

    name: str
    source: str
    distribution: Distribution
    role: Role


@dataclass(frozen=True)
class LabelMap:
    """In the evaluation set `evaluation`, the label `theirs` means `ours`, which may be several joined by `|`."""

    evaluation: str
    theirs: str
    ours: str


@dataclass(frozen=True)
class ColumnName:
    """The evaluation set `evaluation` calls `theirs` what `ours` is for train: a column named there, or "text", "label" or "id"."""

    evaluation: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Columns:
    """What one file calls its columns. `texts`: the name under which a text is kept -> the file's own; `id` None: `id` where there is one.

    `flags`: the option to name each with, by the file's own name.
    """

    texts: dict[str, str]
    label: str
    id: str | None
    flags: dict[str, str]


@dataclass(frozen=True)
class Description:
    """A dataset in the words of the command line: an evaluation is `EVAL=FILE:id|ood[:dev|test]`, a map `EVAL:theirs=ours[|ours2]`.

    `id` None: the column `id` where a file has one, else row numbers.
    `metric` None: macro_f1 where one class has over 70 % of train, else accuracy. `columns`: `EVAL:text=COL`, where one has other names.
    """

    train: str | Path
    text: Sequence[str]
    label: str
    evaluations: Sequence[str] = ()
    id: str | None = None
    label_maps: Sequence[str] = ()
    metric: str | None = None
    columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "train", str(self.train))
        for name in ("text", "evaluations", "label_maps", "columns"):
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
                what = f"label {one.theirs!r} of evaluation set {one.evaluation!r} is mapped twice"
                raise InputError(what, f"Map it once; where it means any of several: {one.evaluation}:{one.theirs}=LABEL|LABEL")
        for one in self._column_names:
            if one.evaluation not in known:
                raise unknown("evaluation set", one.evaluation, known)
        for evaluation in known:
            self.columns_of(evaluation)

    @property
    def evaluation_sets(self) -> tuple[Evaluation, ...]:
        """The evaluation sets, in the order in which they were given."""
        return tuple(parse_evaluation(text) for text in self.evaluations)

    @property
    def _maps(self) -> tuple[LabelMap, ...]:
        return tuple(parse_label_map(text) for text in self.label_maps)

    @property
    def _column_names(self) -> tuple[ColumnName, ...]:
        return tuple(parse_column_name(text) for text in self.columns)

    def columns_of(self, split: str) -> Columns:
        """What the file of train, or of one evaluation set, calls its columns."""
        renamed: dict[str, str] = {}
        for one in self._column_names:
            if one.evaluation == split:
                ours = self._own_name(one.ours)
                if renamed.setdefault(ours, one.theirs) != one.theirs:
                    raise InputError(f"column {one.ours!r} of evaluation set {split!r} is named twice", "Name each column once")
        kept = [f"{name}_" if name in ("id", "label") else name for name in self.text]  # those two names are taken
        theirs = [renamed.get(name, name) for name in (*self.text, self.label, self.id or "id")]
        if twice := sorted({c for c in theirs if theirs.count(c) > 1}):
            raise InputError(f"column {twice[0]!r} of evaluation set {split!r} is named twice", "Text, label and id differ")
        *texts, label, identity = theirs
        words = ["text"] if len(self.text) == 1 else list(self.text)
        flags = ["--text"] * len(texts) + ["--label", "--id"]
        if split != "train":
            flags = [f"--columns {split}:{word}=COLUMN" for word in (*words, "label", "id")]
        given_id = self.id or renamed.get("id")
        return Columns(dict(zip(kept, texts, strict=True)), label, given_id and identity, dict(zip(theirs, flags, strict=True)))

    def _own_name(self, word: str) -> str:
        """The column of train that `--columns` means."""
        identity = self.id or "id"
        named = {"label": self.label, "id": identity} | {name: name for name in (*self.text, self.label, identity)}
        if len(self.text) == 1:
            named = {"text": self.text[0]} | named
        if word not in named:
            raise unknown("column", word, named)
        return named[word]

    def label_map(self, evaluation: str) -> dict[str, str]:
        """Their label -> ours as written, for one evaluation set."""
        return {m.theirs: m.ours for m in self._maps if m.evaluation == evaluation}


def parse_evaluation(text: str) -> Evaluation:
    """`EVAL=FILE:id|ood[:dev|test]`, read from the right, so that FILE may hold colons; without a role it is a test set."""
    name, _, rest = text.partition("=")
    role: Role = "dev" if rest.endswith(":dev") else "test"
    source, _, distribution = rest.removesuffix(f":{role}").rpartition(":")
    if not name or not source or distribution not in ("id", "ood"):
        raise InputError(f"evaluation set {text!r} cannot be read", EVALUATION_EXAMPLE)
    if safe_name("evaluation set", name) == "train":
        raise InputError("an evaluation set cannot be called 'train'", f"Give it another name. {EVALUATION_EXAMPLE}")
    return Evaluation(name, source, distribution, role)


def parse_label_map(text: str) -> LabelMap:
    """`EVAL:theirs=ours[|ours2]`: the label `theirs` of the evaluation set EVAL means `ours` of train, or any of several."""
    evaluation, _, labels = text.partition(":")
    theirs, _, ours = labels.partition("=")
    if not (evaluation and theirs and ours):
        raise InputError(f"label map {text!r} cannot be read", LABEL_MAP_EXAMPLE)
    return LabelMap(evaluation, theirs, ours)


def parse_column_name(text: str) -> ColumnName:
    """`EVAL:text=COL`: the evaluation set EVAL has its texts in the column COL; also with `label`, `id` or a name of train's."""
    evaluation, _, columns = text.partition(":")
    ours, _, theirs = columns.partition("=")
    if not (evaluation and ours and theirs):
        raise InputError(f"columns {text!r} cannot be read", COLUMN_EXAMPLE)
    return ColumnName(evaluation, ours, theirs)
