"""Selection files that nobody foresaw: each is refused with a remedy, or gives what a slow and plain evaluation gives."""

import hashlib
import json
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ftft
from ftft.domain import Selection
from ftft.errors import InputError
from ftft.metrics import METRICS
from tests.outline import is_inside
from tests.synthetic import add_dataset, add_run

N = 40
OUTLINED = (0.0, 0.1, 0.25, 0.4, 0.5, 0.75, 1.0)
FLAGGED = [f"train-{n}" for n in range(0, N, 3)]
REGEX = ["good|bad 3", r"Review 1\d ", "^Review", "(a+)+$", "(x+x+)+y", "(?i)GOOD", "", "(", "a{2000}", "(?<=a)b", r"(a)\1"]
EXAMPLE = {
    "text": {"op": "new", "by": "text", "query": "good", "regex": False},
    "column": {"op": "add", "by": "column", "column": "length", "values": [3, "4"], "min": 1, "max": 9},
    "label": {"op": "subtract", "by": "label", "labels": ["positive"]},
    "ids": {"op": "intersect", "by": "ids", "ids": ["train-1", "train-2"]},
    "subset": {"op": "add", "by": "subset", "subset": "third"},
    "flag": {"op": "add", "by": "flag", "flag": "label wrong"},
    "invert": {"op": "new", "by": "invert"},
    "top": {"op": "new", "by": "top", "run": "RUN", "metric": "confidence", "q": 0.3, "end": "top", "epochs": [1, 2], "per_label": True},
    "region": {
        "op": "new", "by": "region", "run": "RUN", "x": "variability", "y": "confidence", "epochs": [1, 3],
        "shapes": [
            {"type": "box", "x0": 0.1, "x1": 0.4, "y0": 0.2, "y1": 0.9},
            {"type": "lasso", "points": [[0, 0], [1, 0.5], [0.5, 1]]},
        ],
        "only": [{"by": "label", "labels": ["positive"]}, {"by": "text", "query": "good"}],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """A dataset with columns of numbers, of gaps, and of numbers and texts at once; a run and a subset; another with a run."""
    folder = tmp_path_factory.mktemp("selections")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    rows = [
        f"train-{n},Review {n} {'good' if n % 2 else 'bad'},{('negative', 'positive')[n % 3 % 2]},{n % 7},{'' if n % 5 == 0 else n / 4},"
        f"{('three', 3, '', '3.0')[n % 4]}"
        for n in range(N)
    ]
    (folder / "train.csv").write_text("\n".join(["id,text,label,length,score,tag", *rows]), encoding="utf-8")
    ws.data.add("reviews", train=folder / "train.csv", text=["text"], label="label")
    run = add_run(ws, "reviews", verdict={})
    add_run(ws, add_dataset(ws, folder, "other"), verdict={})
    ws.select(run=run.id, by="variability", top=0.33, name="third")
    ws.notes.flag("reviews", FLAGGED, "label wrong")
    return ws


@pytest.fixture(scope="module")
def run(ws):
    return ws.runs.list(dataset="reviews")[0].id


# ---- valid files with anything in one place

NUMBERS = st.floats() | st.integers(-(10**400), 10**400) | st.sampled_from([math.nan, math.inf, -0.0, 1e308, True])
JSON = st.recursive(
    st.none() | NUMBERS | st.text(max_size=6) | st.sampled_from(["\ud800", "new", "top", "RUN", "variability", "\0", "x" * 5000]),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(["op", "by", "type", "x0", "points", ""]), v, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(EXAMPLE)), st.data())
def test_anything_anywhere_in_a_selection_file_is_refused_with_a_remedy_or_selects(ws, run, kind, data):
    value = {"dataset": "reviews", "steps": [json.loads(json.dumps(EXAMPLE[kind]).replace("RUN", run))]}
    *way, last = data.draw(st.sampled_from([place for place in places(value) if place]))
    inner = value
    for key in way:
        inner = inner[key]
    inner[last] = data.draw(JSON)
    text = json.dumps(value)  # with NaN and Infinity, as Python reads them
    try:
        selection = Selection.from_json(json.loads(text))
        written = json.dumps(selection.to_json(), allow_nan=False)
        again = Selection.from_json(json.loads(written))
        assert (again.hash, again.to_json()) == (selection.hash, selection.to_json())
        mask_N = ws.resolve(selection)
    except InputError as problem:
        message, remedy = problem.message, problem.remedy
        assert "\n" not in message.encode().decode(), "one line, and nothing that a terminal could not write"
        assert 0 < len(remedy) < 400
    else:
        assert mask_N.shape == (N,)
        assert mask_N.dtype == bool


def places(value, way=()):
    yield way
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*way, key))


# ---- files of the right form, against a plain evaluation

number = st.sampled_from([0, 1, 2.5, 3, -1, 8.75, 10**30]) | st.none()
point = st.tuples(st.sampled_from(OUTLINED), st.sampled_from(OUTLINED))
lasso = st.lists(point, min_size=3, max_size=7).map(lambda points: {"type": "lasso", "points": points})
box = st.tuples(point, point).map(lambda c: {"type": "box", "x0": c[0][0], "x1": c[1][0], "y0": c[0][1], "y1": c[1][1]})
epochs = st.sampled_from([None, [1, 1], [2, 3], [1, 3], [2, 9], [4, 4]])
runs = st.sampled_from(["RUN", "RUN", "PREFIX", "OTHER", "zzz", ""])
metric = st.sampled_from([*METRICS, *METRICS, "confdence"])
whole_region = st.fixed_dictionaries(
    {"by": st.just("region"), "run": runs, "x": metric, "y": metric, "epochs": epochs,
     "shapes": st.lists(lasso | box, min_size=1, max_size=2)}
)  # fmt: skip
other_step = st.one_of(
    st.fixed_dictionaries(
        {"by": st.just("top"), "run": runs, "metric": metric, "q": st.floats(0.001, 0.999), "end": st.sampled_from(["top", "bottom"]),
         "epochs": epochs, "per_label": st.booleans()}
    ),
    st.fixed_dictionaries({"by": st.just("label"), "labels": st.lists(st.sampled_from(["positive", "negative", "neutral"]), max_size=2)}),
    st.fixed_dictionaries({"by": st.just("text"), "query": st.sampled_from(["good", "REVIEW 1", "(", ""]), "regex": st.just(False)}),
    st.fixed_dictionaries({"by": st.just("text"), "query": st.sampled_from(REGEX), "regex": st.just(True)}),
    st.fixed_dictionaries(
        {"by": st.just("column"), "column": st.sampled_from(["length", "score", "length", "score", "tag", "id", "size"]),
         "values": st.none() | st.lists(st.sampled_from([3, 3.0, "3", "3.0", "three", 2.25, True, "train-4", "positive", ""]), max_size=3),
         "min": number, "max": number}
    ),
    st.fixed_dictionaries({"by": st.just("ids"), "ids": st.lists(st.sampled_from(["train-1", "train-2", "train-99"]), max_size=2)}),
    st.fixed_dictionaries({"by": st.just("subset"), "subset": st.sampled_from(["third", "third", "fourth"])}),
    st.fixed_dictionaries({"by": st.just("flag"), "flag": st.sampled_from(["label wrong", "keep out", ""])}),
)  # fmt: skip
narrowed = st.tuples(whole_region, st.lists(other_step | whole_region, max_size=2)).map(lambda s: {**s[0], "only": s[1]})
step = st.one_of(whole_region, narrowed, other_step, st.just({"by": "invert"}))
steps = st.lists(st.tuples(st.sampled_from(["new", "add", "subtract", "intersect"]), step).map(lambda s: {"op": s[0], **s[1]}), max_size=3)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_a_selection_gives_what_a_plain_evaluation_gives(ws, run, steps):
    (other,) = ws.runs.list(dataset="other")
    text = json.dumps(steps).replace("RUN", run).replace("PREFIX", run[:5]).replace("OTHER", other.id)
    steps = json.loads(text)
    plain = Plain(ws, run)
    expected = plain.selected(steps)
    if expected is None:
        with pytest.raises(InputError, match=r"\w"):
            ws.resolve(Selection.from_json({"dataset": "reviews", "steps": steps}))
    else:
        mask_N = ws.resolve(Selection.from_json({"dataset": "reviews", "steps": steps}))
        assert ws.data.ids("reviews")[mask_N].tolist() == [i for i in plain.every if i in expected]


class Plain:
    """Steps as sets of ids, one example and one comparison at a time. None stands for "wrong"."""

    def __init__(self, ws, run):
        self.ws, self.run, self.rows = ws, run, ws.data.rows("reviews").to_dict("records")
        self.every = [row["id"] for row in self.rows]

    def selected(self, steps):
        chosen = set()
        for one in steps:
            found = set(self.every) - chosen if one["by"] == "invert" else getattr(self, one["by"])(one)
            if found is None:
                return None
            chosen = {"new": found, "add": chosen | found, "subtract": chosen - found, "intersect": chosen & found}[one["op"]]
        return chosen

    def map(self, one, *metrics):
        """The map that a step means."""
        if one["run"] not in (self.run, self.run[:5]) or not set(metrics) <= set(METRICS):
            return None
        first, last = one["epochs"] or (1, 3)
        return self.ws.map(self.run, (first, last)) if last <= 3 else None

    def region(self, one):
        found = self.map(one, one["x"], one["y"])
        if found is None:
            return None
        points = zip(found.ids_N, found.values[one["x"]], found.values[one["y"]], strict=True)
        hit = {
            i for i, x, y in points if not np.isnan([x, y]).any() and any(is_in_shape(Fraction(x), Fraction(y), s) for s in one["shapes"])
        }
        also = [getattr(self, inner["by"])(inner) for inner in one.get("only", ())]
        return None if None in also else hit.intersection(*also)

    def flag(self, one):
        return {"label wrong": set(FLAGGED), "keep out": set()}.get(one["flag"])

    def top(self, one):
        found = self.map(one, one["metric"])
        if found is None:
            return None
        sign = -1 if one["end"] == "top" else 1
        values = [math.inf if np.isnan(v) else v for v in found.values[one["metric"]]]
        ranked = sorted(
            zip(values, found.ids_N, found.gold_N, strict=True), key=lambda r: (sign * r[0], hashlib.sha256(r[1].encode()).digest())
        )
        k = round(one["q"] * len(ranked))
        if not one["per_label"]:
            return {i for _, i, _ in ranked[:k]}
        groups = [[i for _, i, gold in ranked if gold == label] for label in range(2)]
        shares = [one["q"] * len(group) for group in groups]
        counts = [math.floor(share) for share in shares]
        while sum(counts) < k:  # to the largest remainder, the first label where they are equal
            needy = max(range(2), key=lambda label: (shares[label] - counts[label], -label))
            counts[needy] += 1
        return {i for group, count in zip(groups, counts, strict=True) for i in group[:count]}

    def label(self, one):
        if not set(one["labels"]) <= {"positive", "negative"}:
            return None
        return {row["id"] for row in self.rows if row["label"] in one["labels"]}

    def text(self, one):
        if not one["regex"]:
            return {row["id"] for row in self.rows if one["query"].lower() in row["text"].lower()}
        if one["query"] in REGEX[-4:]:
            return None
        return {row["id"] for row in self.rows if re.search(one["query"], row["text"])}

    def column(self, one):
        name, values, low, high = (one[k] for k in ("column", "values", "min", "max"))
        ranged = low is not None or high is not None
        if name == "size" or (values is None and not ranged) or (None not in (low, high) and low > high):
            return None
        if ranged and name not in ("length", "score"):
            return None
        wanted = None if values is None else {as_text(v) for v in values}
        cells = {row["id"]: row[name] for row in self.rows if row[name] is not None and row[name] == row[name]}
        return {
            i for i, cell in cells.items()
            if (wanted is None or as_text(cell) in wanted) and (low is None or cell >= low) and (high is None or cell <= high)
        }  # fmt: skip

    def ids(self, one):
        return set(one["ids"]) if set(one["ids"]) <= set(self.every) else None

    def subset(self, one):
        return set(self.ws.subsets.get("third").ids) if one["subset"] == "third" else None


def as_text(value):
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def is_in_shape(x, y, shape):
    """Edges included; even-odd rule for a lasso. In fractions."""
    if shape["type"] == "box":
        (x0, x1), (y0, y1) = sorted((Fraction(shape["x0"]), Fraction(shape["x1"]))), sorted((Fraction(shape["y0"]), Fraction(shape["y1"])))
        return x0 <= x <= x1 and y0 <= y <= y1
    return is_inside(x, y, shape["points"])


# ---- stored under their hash


def test_a_kept_selection_is_found_by_its_hash_or_by_what_it_begins_with(ws, run):
    made = Selection.from_json(json.loads(json.dumps({"dataset": "reviews", "steps": list(EXAMPLE.values())}).replace("RUN", run)))
    assert ws.selections.keep(made) == ws.selections.keep(made) == made.hash
    another = ftft.Workspace(ws.path, runner=False)
    assert another.selections.get(made.hash) == another.selections.get(made.hash[:6]) == made
    assert (ws.resolve(another.selections.get(made.hash)) == ws.resolve(made)).all()


@pytest.mark.parametrize("hash", ["", "abc", "0" * 64, "*", "../subsets", "0*", "\0", "x" * 5000])
def test_an_unknown_hash_is_answered_with_a_remedy(ws, hash):
    ws.selections.keep(Selection("reviews", ()))
    with pytest.raises(InputError, match="Make the selection again"):
        ws.selections.get(hash)


def test_a_prefix_of_two_hashes_asks_for_more(ws):
    (ws.path / "selections").mkdir(exist_ok=True)
    for end in "01":
        (ws.path / "selections" / f"{'f' * 63}{end}.json").write_text("{}")
    with pytest.raises(InputError, match="any of 2"):
        ws.selections.get("f" * 8)


@pytest.mark.parametrize("content", ["", "{}", '{"dataset": "reviews", "steps": []}'])
def test_a_file_that_does_not_give_its_hash_is_broken(ws, content):
    file = ws.path / "selections" / f"{'e' * 64}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    with pytest.raises(InputError, match="is broken"):
        ws.selections.get("e" * 64)


def test_where_nothing_can_be_written_a_selection_is_remembered_by_the_process(ws, monkeypatch):
    monkeypatch.setattr("ftft.workspace.selections.publish_json", lambda *args: (_ for _ in ()).throw(PermissionError()))
    for write, query in ((True, "a"), (False, "b")):
        made = Selection.from_json({"dataset": "reviews", "steps": [{"op": "new", "by": "text", "query": query}]})
        assert ws.selections.get(ws.selections.keep(made, write=write)) == made
        assert not (ws.path / "selections" / f"{made.hash}.json").exists()


def test_what_is_flagged_later_is_in_a_selection_by_flag(ws):
    flagged = Selection.from_json({"dataset": "reviews", "steps": [{"op": "new", "by": "flag", "flag": "new one"}]})
    assert not ws.resolve(flagged).any()
    ws.notes.flag("reviews", ["train-7"], "new one")
    assert np.flatnonzero(ws.resolve(flagged)).tolist() == [7]


def test_a_narrowed_region_is_frozen_with_all_its_epochs(ws, run):
    top = {"by": "top", "run": run, "metric": "confidence", "q": 0.9}
    region = {"op": "new", "by": "region", "run": run, "shapes": [{"type": "box", "x0": -1, "x1": 1, "y0": -1, "y1": 1}], "only": [top]}
    subset = ws.select({"dataset": "reviews", "steps": [region]}, name="narrowed")
    (step,) = subset.selection["steps"]
    assert len(subset.ids) == 36
    assert (step["epochs"], step["only"][0]["epochs"]) == ([1, 3], [1, 3])


def test_two_subsets_are_compared_part_by_part(ws):
    for name, numbers in (("low", range(10)), ("mid", range(6, 20))):
        ids = [f"train-{n}" for n in numbers]
        ws.select({"dataset": "reviews", "steps": [{"op": "new", "by": "ids", "ids": ids}]}, name=name)
    assert ws.subsets.compare("low", "mid") == {"a": "low", "b": "mid", "n_a": 10, "n_b": 14, "both": 4, "only_a": 6, "only_b": 10}
    (other,) = ws.runs.list(dataset="other")
    ws.select(run=other.id, by="confidence", top=0.5, name="elsewhere")
    with pytest.raises(InputError, match="one dataset"):
        ws.subsets.compare("low", "elsewhere")
