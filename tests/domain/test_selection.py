import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftft.domain import Lasso, Selection, Step, Subset, digest_of_ids
from ftft.errors import InputError

BOX = {"type": "box", "x0": 0.1, "x1": 0.4, "y0": 0.2, "y1": 0.9}
REGION = {
    "op": "new",
    "by": "region",
    "run": "0f3a",
    "shapes": [BOX, {"type": "lasso", "points": [[0, 0], [1, 0], [1, 1]]}],
    "epochs": [1, 3],
}
STEPS = [
    REGION,
    {"op": "add", "by": "top", "run": "0f3a", "metric": "variability", "q": 0.33},
    {"op": "subtract", "by": "label", "labels": ["positive"]},
    {"op": "intersect", "by": "text", "query": "not", "regex": False},
    {"op": "add", "by": "column", "column": "length", "min": 3},
    {"op": "add", "by": "ids", "ids": ["a", "b"]},
    {"op": "subtract", "by": "subset", "subset": "noisy"},
    {"op": "new", "by": "invert"},
    {"op": "intersect", "by": "flag", "flag": "label wrong"},
    {**REGION, "op": "add", "only": [{"by": "label", "labels": ["positive"]}, {"by": "region", "run": "0f3a", "shapes": [BOX]}]},
]


def test_a_selection_file_is_read_and_written_back_equal():
    selection = Selection.from_json({"dataset": "cad", "steps": STEPS})
    again = Selection.from_json(selection.to_json())
    assert again.to_json() == selection.to_json()
    assert again.hash == selection.hash


def test_a_new_step_replaces_what_was_before():
    selection = Selection("cad").then(Step.from_json(STEPS[5])).then(Step.from_json(REGION))
    assert [s.by for s in selection.steps] == ["region"]


def test_inverting_keeps_what_is_inverted():
    selection = Selection("cad").then(Step.from_json(REGION)).then(Step("new", "invert"))
    assert [s.by for s in selection.steps] == ["region", "invert"]


def test_a_region_that_is_not_narrowed_keeps_the_hash_that_its_file_always_had():
    plain, said = ({"dataset": "cad", "steps": [{**REGION, **only}]} for only in ({}, {"only": []}))
    assert "only" not in Selection.from_json(said).to_json()["steps"][0]
    assert Selection.from_json(said).hash == Selection.from_json(plain).hash
    assert Selection.from_json(plain).hash.startswith("adc1ebf56afb")


def test_what_narrows_a_region_is_written_without_an_op_however_it_was_given():
    narrowed = Step.from_json(STEPS[9])
    assert [inner.op for inner in narrowed["only"]] == ["intersect", "intersect"]
    assert narrowed.to_json()["only"][0] == {"by": "label", "labels": ["positive"]}
    whole = Step("add", "region", {**narrowed.what, "only": [Step("new", "label", {"labels": ["positive"]}), narrowed["only"][1]]})
    assert whole == narrowed


@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=6), st.data())
def test_without_a_step_the_others_stay_as_they_are(steps, data):
    selection = Selection.from_json({"dataset": "cad", "steps": steps})
    n = data.draw(st.integers(0, len(steps) - 1))
    rest = selection.without(n)
    assert rest.to_json()["steps"] == [step.to_json() for k, step in enumerate(selection.steps) if k != n]
    assert Selection.from_json(rest.to_json()) == rest


@pytest.mark.parametrize(
    ("broken", "remedy"),
    [
        ({}, "steps"),
        ({"dataset": "../up", "steps": []}, "letters"),
        ({"dataset": "d", "steps": [{}]}, "op"),
        ({"dataset": "d", "steps": [{"op": "new", "by": "lasso"}]}, "label|region"),
        ({"dataset": "d", "steps": [{"op": "plus", "by": "invert"}]}, "add"),
        ({"dataset": "d", "steps": [{**REGION, "shapes": []}]}, "at least one"),
        ({"dataset": "d", "steps": [{**REGION, "shapes": "box"}]}, "boxes and lassos|at least one"),
        ({"dataset": "d", "steps": [{**REGION, "shapes": [{"type": "circle"}]}]}, "box, lasso"),
        ({"dataset": "d", "steps": [{**REGION, "shapes": [{**BOX, "x0": "left"}]}]}, "x0, x1"),
        ({"dataset": "d", "steps": [{**REGION, "shapes": [{**BOX, "x0": float("nan")}]}]}, "Draw it again"),
        ({"dataset": "d", "steps": [{**REGION, "shapes": [{"type": "lasso", "points": [[0, 0], [1, 1]]}]}]}, "three"),
        ({"dataset": "d", "steps": [{**REGION, "epochs": [3, 1]}]}, "first and the last"),
        ({"dataset": "d", "steps": [{**REGION, "colour": "red"}]}, "It takes|Known|Perhaps"),
        ({"dataset": "d", "steps": [{"op": "new", "by": "top", "run": "r", "metric": "variability", "q": 1}]}, "between 0 and 1"),
        (
            {"dataset": "d", "steps": [{"op": "new", "by": "top", "run": "r", "metric": "variability", "q": 0.5, "end": "middle"}]},
            "bottom, top",
        ),
        ({"dataset": "d", "steps": [{"op": "new", "by": "label", "labels": "positive"}]}, "labels as"),
    ],
)
def test_a_broken_selection_file_is_answered_with_its_remedy(broken, remedy):
    with pytest.raises(InputError, match=remedy):
        Selection.from_json(broken)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3),
)


@settings(deadline=None)
@given(JSON)
def test_no_json_value_is_more_than_a_clear_error(value):
    with pytest.raises(InputError, match=r"\w"):
        Selection.from_json({"dataset": "d", "steps": [{"op": "new", "by": "region", "run": "r", "shapes": [value]}]})
    with pytest.raises(InputError, match=r"\w"):
        Selection.from_json(value)


@pytest.mark.parametrize(
    ("by", "wrong", "remedy"),
    [
        ("top", {"q": True}, "between 0 and 1"),
        ("top", {"q": 10**400}, "between 0 and 1"),
        ("top", {"q": -(10**5000)}, "between 0 and 1"),
        ("top", {"q": float("nan")}, "between 0 and 1"),
        ("top", {"metric": ["variability"]}, "as a text"),
        ("top", {"run": None}, "as a text"),
        ("top", {"run": "\ud800"}, "as a text"),
        ("top", {"end": ["top"]}, "bottom, top"),
        ("top", {"per_label": 1}, "true or false"),
        ("top", {"epochs": [True, 2]}, "first and the last"),
        ("top", {"epochs": [1.0, 2.0]}, "first and the last"),
        ("top", {"epochs": {"1": 2}}, "first and the last"),
        ("text", {"query": 3}, "as a text"),
        ("text", {"regex": "yes"}, "true or false"),
        ("column", {"min": True}, "as a number"),
        ("column", {"max": float("inf")}, "as a number"),
        ("column", {"min": 10**400}, "as a number"),
        ("column", {"min": 3, "max": 2}, "smaller number as min"),
        ("column", {"min": None}, "at least one"),
        ("column", {"values": "abc"}, "values as"),
        ("column", {"values": [float("nan")]}, "values as"),
        ("column", {"values": [["a"]]}, "values as"),
        ("ids", {"ids": ["a", 1]}, "ids as"),
        ("label", {"labels": {"a": 1}}, "labels as"),
        ("region", {"x": 1}, "as a text"),
        ("region", {"shapes": [{**BOX, "x0": "0.1"}]}, "x0, x1"),
        ("region", {"shapes": [{**BOX, "x0": True}]}, "x0, x1"),
        ("region", {"shapes": [{**BOX, "x0": 10**400}]}, "x0, x1"),
        ("region", {"shapes": [{"type": "lasso", "points": "abc"}]}, "points"),
        ("region", {"shapes": [{"type": "lasso", "points": [[0, 0, 0]] * 3}]}, "points"),
        ("region", {"shapes": [{"type": ["box"]}]}, "box, lasso"),
        ("region", {"only": "label"}, "Write only as"),
        ("region", {"only": ["label"]}, "without .op."),
        ("region", {"only": [{"op": "new", "by": "label", "labels": []}]}, "without .op."),
        ("region", {"only": [{"by": "invert"}]}, "Say directly"),
        ("region", {"only": [{**{k: v for k, v in REGION.items() if k != "op"}, "only": [{"by": "ids", "ids": []}]}]}, "Say directly"),
        ("region", {"only": [{"by": "label"}]}, "It takes labels"),
        ("flag", {"flag": 3}, "as a text"),
    ],
)
def test_a_field_of_the_wrong_kind_is_answered_with_its_remedy(by, wrong, remedy):
    sound = next(step for step in STEPS if step["by"] == by)
    with pytest.raises(InputError, match=remedy) as refused:
        Selection.from_json({"dataset": "d", "steps": [{**sound, **wrong}]})
    assert len(str(refused.value)) < 400, "a value of any length is cut in the message"


@pytest.mark.parametrize("name", ["op", "by"])
@pytest.mark.parametrize("value", [None, 1, [], {}, ["new"], "\0"])
def test_an_op_or_kind_that_is_none_of_the_known_ones_is_refused(name, value):
    with pytest.raises(InputError, match="Known"):
        Selection.from_json({"dataset": "d", "steps": [{"op": "new", "by": "invert", name: value}]})


def test_the_hash_of_a_subset_does_not_know_the_order_of_its_ids():
    assert digest_of_ids(["b", "a"]) == digest_of_ids(["a", "b"]) == Subset("s", "cad", ("a", "b"), 5, {}).hash


def test_an_empty_subset_cannot_exist():
    with pytest.raises(InputError, match="Widen"):
        Subset("s", "cad", (), 5, {})


def test_a_lasso_with_an_infinite_corner_cannot_exist():
    with pytest.raises(InputError, match="finite"):
        Lasso(((0.0, 0.0), (1.0, float("inf")), (1.0, 1.0)))
