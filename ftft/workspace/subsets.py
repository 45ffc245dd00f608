"""Subsets of a workspace: frozen ids, their hash, and the selection that made them."""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftft.domain import Selection, Step, Subset, safe_name
from ftft.domain.record import REMEDY, take, take_all
from ftft.domain.step import ON_MAPS
from ftft.errors import InputError, unknown
from ftft.publish import publish, publish_folder, publish_json, read_json, stamp
from ftft.workspace.data import now

if TYPE_CHECKING:
    from ftft.workspace.root import Workspace
    from ftft.workspace.subset_health import Health

KEPT = 6  # subsets in memory


@dataclass(frozen=True)
class SavedSubset(Subset):
    """A subset in its workspace: `.dataset()` gives its rows."""

    workspace: Any = field(default=None, repr=False, compare=False)

    def frame(self):
        """The subset's rows as a DataFrame, all columns, in the order of the training set."""
        rows = self.workspace.data.rows(self.dataset_name)
        return rows[rows["id"].isin(set(self.ids))].reset_index(drop=True)

    def dataset(self):
        """The subset's rows as a `datasets.Dataset`."""
        import datasets

        return datasets.Dataset.from_pandas(self.frame(), preserve_index=False)


class Subsets:
    """`ws.subsets`."""

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        self.root = workspace.path / "subsets"
        self._latest: OrderedDict[str, tuple[tuple, SavedSubset]] = OrderedDict()  # a page asks for one five times

    def names(self) -> list[str]:
        """Names of all subsets."""
        return sorted(f.parent.name for f in self.root.glob("[!.]*/subset.json"))

    def list(self, dataset: str | None = None) -> list[SavedSubset]:
        """Subsets, newest first; of one dataset where given. One whose files are broken is left out, with a warning."""
        every = []
        for name in self.names():
            try:
                every.append(self._read(name))
            except InputError as problem:
                self.workspace.left_out(f"subset {name}", problem)
        return sorted((s for s in every if dataset in (None, s.dataset_name)), key=lambda s: s.created, reverse=True)

    def sizes(self, dataset: str) -> dict[str, int]:
        """How many examples each subset of a dataset has, newest first: for menus, without reading any ids."""
        found = []
        for name in self.names():
            try:
                about = read_json(self.root / name / "subset.json")
                if take(about, "dataset", str) == dataset:
                    found.append((take(about, "created", str), name, take(about, "n", int)))
            except (InputError, OSError):
                continue  # `list` says what is broken
        return {name: n for _, name, n in sorted(found, reverse=True)}

    def get(self, name: str) -> SavedSubset:
        """The subset called `name`, or the one whose hash starts with it."""
        names = self.names()
        if name in names:
            return self._read(name)
        fitting = [s for s in (self.list() if len(name) >= 6 else ()) if s.hash.startswith(name)]
        if not fitting:
            raise unknown("subset", name, names)
        return fitting[0]

    def _read(self, name: str) -> SavedSubset:
        """As its files are now; those read last are kept, since reading and hashing 330,000 ids takes a third of a second."""
        folder = self.root / name
        state = tuple(stamp(file) if file.exists() else () for file in (folder / "subset.json", folder / "ids.parquet"))
        known = self._latest.pop(name, None)
        found = known if known and known[0] == state else (state, self._read_files(name, folder))
        self._latest[name] = found
        while len(self._latest) > KEPT:
            self._latest.popitem(last=False)
        return found[1]

    def _read_files(self, name: str, folder: Path) -> SavedSubset:
        about = read_json(folder / "subset.json")
        try:
            subset = SavedSubset(
                name, take(about, "dataset", str), _ids(folder / "ids.parquet"), take(about, "of", int), take(about, "selection", dict),
                take_all(about, "labels", dict, int), take(about, "created", str), workspace=self.workspace,
            )  # fmt: skip
            take(about["selection"], "steps", list)
            if subset.hash != take(about, "hash", str):
                raise InputError("the ids do not give its hash", "Save the selection again under another name, or remove the folder")
        except InputError as problem:
            raise InputError(f"{folder} is broken: {problem.message}", problem.remedy) from problem
        return subset

    def save(self, name: str, selection: Selection) -> SavedSubset:
        """Freezes what the selection holds now. The same name with the same ids is returned as it is, with others it is an error."""
        safe_name("subset", name)
        selection = self._pinned(selection)
        mask_N = self.workspace.resolve(selection)
        dataset = self.workspace.data.get(selection.dataset)
        ids = tuple(sorted(self.workspace.data.ids(selection.dataset)[mask_N].tolist()))
        counts = Counter(self.workspace.data.gold(selection.dataset)[mask_N].tolist())
        labels = {label: counts.get(n, 0) for n, label in enumerate(dataset.labels)}
        subset = SavedSubset(name, dataset.name, ids, len(mask_N), selection.to_json(), labels, now(), workspace=self.workspace)
        if name in self.names():
            old = self.get(name)
            if (old.hash, old.dataset_name) != (subset.hash, subset.dataset_name):
                raise InputError(f"subset {name!r} exists with {len(old.ids)} other examples of {old.dataset_name}", "Choose another name")
            return old
        publish_folder(self.root / name, lambda aside: _write(aside, subset))
        return subset

    def health(self, name: str) -> "Health":
        """What is known of a subset before a main model is trained on it: label shares alone, what is hard everywhere, repeated texts."""
        from ftft.workspace.subset_health import health

        return health(self.workspace, self.get(name))

    def compare(self, a: str, b: str) -> dict[str, Any]:
        """`{a, b, n_a, n_b, both, only_a, only_b}`: the names of two subsets of one dataset, and how many examples each part has."""
        one, other = self.get(a), self.get(b)
        if one.dataset_name != other.dataset_name:
            what = f"subset {one.name!r} is of dataset {one.dataset_name!r}, {other.name!r} of {other.dataset_name!r}"
            raise InputError(what, "Compare subsets of one dataset")
        n_a, n_b, both = len(one.ids), len(other.ids), len(set(one.ids).intersection(other.ids))
        return {"a": one.name, "b": other.name, "n_a": n_a, "n_b": n_b, "both": both, "only_a": n_a - both, "only_b": n_b - both}

    def export(self, name: str, out: Path) -> Path:
        """Writes the rows as .jsonl, .csv or .parquet, the ids alone as .txt, or a `datasets` folder where `out` has no ending."""
        subset = self.get(name)
        kind = out.suffix.lower()
        if kind == "":
            if out.exists():
                raise InputError(f"{out} exists already", "Remove it, or name another folder; a file's name has an ending")
            publish_folder(out, lambda aside: subset.dataset().save_to_disk(str(aside)))
            return out
        writers = {
            ".jsonl": lambda aside: subset.frame().to_json(aside, orient="records", lines=True, force_ascii=False),
            ".csv": lambda aside: subset.frame().to_csv(aside, index=False),
            ".parquet": lambda aside: subset.frame().to_parquet(aside, index=False),
            ".txt": lambda aside: aside.write_text("\n".join(subset.ids) + "\n", encoding="utf-8"),
        }
        if kind not in writers:
            raise unknown("kind of file", kind, writers)
        publish(out, writers[kind])
        return out

    def _pinned(self, selection: Selection) -> Selection:
        """With the epochs that "all so far" means now, so that the provenance stays true when a run goes on."""

        def pin(step: Step) -> Step:
            what = {**step.what, **{name: tuple(map(pin, step[name])) for name in ("only", "like") if step.what.get(name)}}
            if step.by in ON_MAPS:
                what["epochs"] = step["epochs"] or self.workspace.epochs_after(step["run"], step.what.get("burn_in", 0))
            if step.by == "strategy":
                what["burn_in"] = 0
            return replace(step, what=what)

        return Selection(selection.dataset, tuple(pin(s) for s in selection.steps))


def _ids(file: Path) -> tuple[str, ...]:
    """The sorted, distinct ids of a subset. InputError where the file holds something else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        column = pq.ParquetFile(file).read(["id"])["id"]
        column.validate(full=True)
        ids = column.to_pylist()
    except (pa.ArrowException, OSError, KeyError, ValueError) as problem:
        raise InputError(f"{file.name} cannot be read: {problem}", REMEDY) from problem
    if not all(isinstance(i, str) for i in ids) or sorted(set(ids)) != ids:
        raise InputError(f"{file.name} does not hold sorted, distinct texts", REMEDY)
    return tuple(ids)


def _write(folder: Path, subset: Subset) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": pa.array(subset.ids, pa.string())}), folder / "ids.parquet", compression="zstd")
    publish_json(folder / "subset.json", subset.to_json())
