"""Membership is exact, and depends on nothing but the examples."""

import hashlib
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ftft import outlines
from ftft.domain import Box, Lasso, Step
from ftft.errors import InputError
from ftft.selection import by_column, by_ids, by_label, by_text, fold, ranking, tie_order, top
from tests.outline import is_inside

GRID = st.integers(0, 6)  # few places, so that points often lie on edges and vertices


def inside(points, *shapes):
    x_N, y_N = np.array(points, dtype=float).T
    found = outlines.inside(x_N, y_N, shapes).tolist()
    for rows in (2, 16, outlines.ROWS):  # and so it says with a grid, be it coarse or fine
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(outlines, "FEW", -1)
            patch.setattr(outlines, "ROWS", rows)
            assert outlines.inside(x_N, y_N, shapes).tolist() == found
    return found


# ---- shapes


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=8), st.sampled_from([1.0, 0.1, 1 / 3]))
def test_a_lasso_on_a_grid_agrees_with_fractions_even_where_it_crosses_itself(corners, scale):
    outline = tuple((a * scale, b * scale) for a, b in corners)
    points = [(a * scale / 2, b * scale / 2) for a in range(-1, 14) for b in range(0, 13, 1 + a % 2)]
    assert inside(points, Lasso(outline)) == [is_inside(x, y, outline) for x, y in points]


# Numbers at which floating point loses digits, overflows or underflows.
EXTREME = st.sampled_from([0.0, -0.0, 5e-324, 1e-310, -1e-310, 2e-308, 1e-300, 1e-10, 1.0, 1 + 2**-52, 1e16, 1e150, 1e300, -1e308, 1.7e308])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(EXTREME, EXTREME), min_size=3, max_size=6), st.lists(st.tuples(EXTREME, EXTREME), min_size=1, max_size=30))
def test_a_lasso_of_extreme_numbers_agrees_with_fractions(outline, points):
    assert inside(points, Lasso(tuple(outline))) == [is_inside(x, y, outline) for x, y in points]


@settings(max_examples=8, deadline=None)
@given(st.integers(500, 3000), st.integers(0, 2**32 - 1))
def test_a_lasso_of_thousands_of_points_agrees_with_fractions(corners, seed):
    draw = np.random.default_rng(seed)
    outline = [tuple(p) for p in draw.integers(0, 30, (corners, 2)).tolist()]
    points = (draw.integers(0, 61, (8, 2)) / 2).tolist()
    assert inside(points, Lasso(tuple(outline))) == [is_inside(x, y, outline) for x, y in points]


@pytest.mark.parametrize(
    ("outline", "belong"),
    [
        ([(2, 2)] * 3, {(2, 2)}),
        ([(1, 1), (3, 3), (2, 2)], {(1, 1), (2, 2), (3, 3)}),
        ([(1, 2), (3, 2), (2, 2), (1, 2)], {(1, 2), (2, 2), (3, 2)}),
        ([(2, 1), (2, 3), (2, 1)], {(2, 1), (2, 2), (2, 3)}),
        ([(1, 1), (1, 1), (3, 1), (3, 3), (1, 3), (1, 1)], {(x, y) for x in (1, 2, 3) for y in (1, 2, 3)}),
    ],
    ids=["one point", "a slant line", "a level line", "an upright line", "a square with a corner drawn twice"],
)
def test_an_outline_without_area_holds_the_points_on_it(outline, belong):
    points = [(x, y) for x in range(5) for y in range(5)]
    assert {p for p, hit in zip(points, inside(points, Lasso(tuple(outline))), strict=True) if hit} == belong


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(GRID, GRID), min_size=3, max_size=7), st.integers(0, 6), st.booleans())
def test_an_outline_means_the_same_wherever_it_begins_and_whichever_way_it_turns(corners, start, turned):
    points = [(x / 2, y / 2) for x in range(13) for y in range(13)]
    other = corners[start % len(corners) :] + corners[: start % len(corners)]
    assert inside(points, Lasso(tuple(corners))) == inside(points, Lasso(tuple(other[::-1] if turned else other)))


@settings(max_examples=60, deadline=None)
@given(st.tuples(GRID, GRID, GRID, GRID))
def test_a_box_and_the_lasso_of_its_corners_hold_the_same_points(sides):
    x0, x1, y0, y1 = sides
    points = [(x / 2, y / 2) for x in range(-1, 14) for y in range(-1, 14)]
    lasso = Lasso(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    expected = [min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1) for x, y in points]
    assert inside(points, Box(x0, x1, y0, y1)) == inside(points, lasso) == expected


def test_a_point_without_coordinates_or_infinitely_far_is_in_no_shape():
    points = [(np.nan, 0.5), (0.5, np.nan), (np.inf, 0.5), (0.5, -np.inf), (0.5, 0.5)]
    assert inside(points, Box(0, 1, 0, 1)) == inside(points, Lasso(((0, 0), (1, 0), (1, 1), (0, 1)))) == [False] * 4 + [True]


def test_random_lassos_agree_with_fractions():
    draw = np.random.default_rng(0)
    for corners in range(3, 23):
        outline = tuple(map(tuple, draw.random((corners, 2)).tolist()))
        points = draw.random((60, 2)).tolist()
        assert inside(points, Lasso(outline)) == [is_inside(x, y, outline) for x, y in points]


def test_edges_and_corners_belong_to_a_box_drawn_in_any_direction():
    points = [(0, 0), (1, 1), (0.5, 1), (0, 0.5), (1.0000001, 1), (0.5, -1e-300)]
    assert inside(points, Box(1, 0, 1, 0)) == [True, True, True, True, False, False]


def test_edges_and_corners_belong_to_a_lasso():
    triangle = Lasso(((0, 0), (4, 0), (0, 4)))
    assert inside([(0, 0), (4, 0), (0, 4), (2, 0), (0, 2), (2, 2), (1, 3), (2, 2.0000001)], triangle) == [True] * 7 + [False]


def test_where_a_lasso_covers_twice_it_has_a_hole():
    star = Lasso(((0, 3), (2, -3), (-3, 1), (3, 1), (-2, -3)))
    assert inside([(0, 0), (0, 2), (5, 0)], star) == [False, True, False]


def test_shapes_of_one_region_are_united():
    assert inside([(0.5, 0.5), (2.5, 2.5), (1.5, 1.5)], Box(0, 1, 0, 1), Box(2, 3, 2, 3)) == [True, True, False]


def test_a_point_without_coordinates_is_in_no_shape():
    everything = (Box(-9, 9, -9, 9), Lasso(((-9, -9), (9, -9), (9, 9), (-9, 9))))
    assert inside([(np.nan, 0), (0, np.nan), (0, 0)], *everything) == [False, False, True]


def test_a_lasso_with_enormous_and_minute_edges_is_still_exact():
    outline = ((-1e308, 0), (1e308, 1e-300), (1e308, 1))
    points = [(0, 5e-301), (0, 4e-301), (0, 0.4), (0, 0.6), (-1e308, 0), (1e308, 0), (5, 0)]
    assert inside(points, Lasso(outline)) == [is_inside(x, y, outline) for x, y in points]


# ---- ranking


def brute_force(ids, values, k, end):
    sign = -1 if end == "top" else 1
    number = [np.inf if np.isnan(v) else v for v in values]
    return sorted(range(len(ids)), key=lambda n: (sign * number[n], hashlib.sha256(ids[n].encode()).digest()))[:k]


def some_ids(n):
    return np.array([f"row-{i}" for i in range(n)], dtype=object)


VALUES = arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, -0.0, 0.5, 1.0, -3.0, np.nan]))


@settings(max_examples=100, deadline=None)
@given(VALUES, st.floats(0.01, 0.99), st.sampled_from(["top", "bottom"]))
def test_top_and_ranking_are_what_sorting_everything_gives(values, q, end):
    ids, k = some_ids(len(values)), round(q * len(values))
    mask = top(ids, values, q, end)
    assert mask.sum() == k
    assert set(np.flatnonzero(mask)) == set(brute_force(ids, values, k, end))
    assert ranking(ids, values, end).tolist() == brute_force(ids, values, len(ids), end)


@settings(max_examples=50, deadline=None)
@given(VALUES, st.floats(0.01, 0.99), st.randoms(use_true_random=False))
def test_ties_do_not_follow_the_order_of_rows(values, q, random):
    ids = some_ids(len(values))
    order = np.array(random.sample(range(len(ids)), len(ids)))
    assert set(ids[top(ids, values, q)]) == set(ids[order][top(ids[order], values[order], q)])


def test_an_example_never_learnt_ranks_as_most_forgotten():
    ids, forgetting = some_ids(4), np.array([0, np.nan, 3, 1])
    assert ids[top(ids, forgetting, 0.25)].tolist() == ["row-1"]
    assert ids[top(ids, forgetting, 0.25, end="bottom")].tolist() == ["row-0"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_a_balanced_top_has_exactly_k_examples_and_each_label_its_share(labels, q):
    labels, values = np.array(labels), np.arange(len(labels), dtype=float)
    mask = top(some_ids(len(labels)), values, q, labels_N=labels)
    assert mask.sum() == round(q * len(labels))
    for label in set(labels.tolist()):
        members = labels == label
        taken = (mask & members).sum()
        assert abs(taken - q * members.sum()) < 1
        assert mask[members][-taken:].all() or not taken  # the highest of that label


def test_the_label_that_comes_first_gets_the_odd_example():
    labels = np.array([1, 1, 1, 0, 0, 0])
    mask = top(some_ids(6), np.arange(6.0), 0.5, labels_N=labels)
    assert [int((mask & (labels == label)).sum()) for label in (0, 1)] == [2, 1]


@pytest.mark.parametrize("q", [0, 1, -0.1, 33, float("nan")])
def test_a_share_outside_0_to_1_is_refused(q):
    with pytest.raises(InputError, match="between 0 and 1"):
        top(some_ids(3), np.zeros(3), q)


# ---- the other steps


def test_labels_are_chosen_by_name():
    assert by_label(np.array([0, 2, 1]), ("no", "maybe", "yes"), ["yes", "no"]).tolist() == [True, True, False]
    with pytest.raises(InputError, match="maybe"):
        by_label(np.array([0]), ("no", "maybe"), ["mabe"])


def test_text_is_found_whatever_its_case_and_special_signs_mean_themselves():
    assert by_text(["A (good) film", "bad", "GOOD"], "good").tolist() == [True, False, True]
    assert by_text(["A (good) film", "good"], "(Good)").tolist() == [True, False]


def test_a_regular_expression_is_used_as_written():
    assert by_text(["not good", "good", "Not bad"], r"^(?i:not)\b", regex=True).tolist() == [True, False, True]
    assert by_text(["Good"], "good", regex=True).tolist() == [False]


@pytest.mark.parametrize("query", ["(a+)+$", "(x+x+)+y", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)(.*)[0-9]$"])
def test_no_regular_expression_takes_for_ever(query):
    began = time.perf_counter()
    assert not by_text(["a" * 5000 + "x" * 5000 + "!"] * 20, query, regex=True).any()
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("query", ["(?=a)", r"(a)\1", "(?<!a)b", "a{5000}", "\ud800"])
def test_what_the_engine_does_not_know_is_refused_by_name(query):
    with pytest.raises(InputError, match="RE2"):
        by_text(["a"], query, regex=True)


def test_a_wrong_regular_expression_says_what_is_wrong_with_it():
    with pytest.raises(InputError, match=r"unterminated|missing"):
        by_text(["a"], "(", regex=True)


def test_a_column_is_matched_by_values_whether_numbers_or_texts():
    assert by_column(np.array(["a", "b", None], dtype=object), values=["b"]).tolist() == [False, True, False]
    assert by_column(np.array([3.0, np.nan, 3.5]), values=[3]).tolist() == [True, False, False]
    assert by_column(np.array([3, 4]), values=["3"]).tolist() == [True, False]
    assert by_column(np.array([True, False]), values=[True]).tolist() == [True, False]


@pytest.mark.parametrize(
    "column",
    [[1, True, "x"], [np.inf, -np.inf, 1e308], [[1, 2], [3], None], [{"a": 1}, None, {}], [None, np.nan, ""]],
    ids=["mixed", "infinite", "lists", "objects", "gaps"],
)
def test_a_column_of_anything_is_compared_as_text(column):
    values = np.empty(len(column), dtype=object)
    values[:] = column
    wanted = ["x", "inf", "[3]", "{}", "True"]
    assert by_column(values, values=wanted).tolist() == [str(v) in wanted for v in column]


def test_whole_numbers_too_large_for_a_float_are_told_apart():
    assert by_column(np.array([2**53, 2**53 + 1]), min=2**53 + 1).tolist() == [False, True]
    assert by_column(np.array([1, 2]), max=10**30).tolist() == [True, True]


def test_a_range_over_dates_is_refused():
    with pytest.raises(InputError, match="Choose by values"):
        by_column(np.array(["2026-01-01"], dtype="datetime64[ns]"), min=1)


def test_a_range_includes_its_ends_and_no_missing_value():
    assert by_column(np.array([1, 2, 3, np.nan]), min=1, max=2).tolist() == [True, True, False, False]
    assert by_column(np.array([1, None, 3], dtype=object), min=2).tolist() == [False, False, True]


def test_a_range_over_texts_and_an_empty_question_are_refused():
    with pytest.raises(InputError, match="Choose by values"):
        by_column(np.array(["a"], dtype=object), min=1)
    with pytest.raises(InputError, match="neither"):
        by_column(np.array([1]))


def test_ids_that_do_not_exist_are_named():
    ids = some_ids(3)
    assert by_ids(ids, ["row-2", "row-0", "row-2"]).tolist() == [True, False, True]
    with pytest.raises(InputError, match="'row-7', 'row-8', 'row-9' …"):
        by_ids(ids, ["row-0", "row-9", "row-8", "row-7", "x"])


# ---- steps together

A, B = np.array([True, True, False, False]), np.array([True, False, True, False])
MASKS = {"a": A, "b": B}


def folded(*steps):
    return fold([Step(op, "invert") if name == "not" else Step(op, "subset", {"subset": name}) for op, name in steps], mask_of, 4).tolist()


def mask_of(step):
    return MASKS[step["subset"]]


def test_steps_combine_as_sets_do():
    assert folded() == [False] * 4
    assert folded(("new", "a"), ("add", "b")) == (A | B).tolist()
    assert folded(("new", "a"), ("subtract", "b")) == (A & ~B).tolist()
    assert folded(("new", "a"), ("intersect", "b")) == (A & B).tolist()
    assert folded(("new", "a"), ("new", "b")) == B.tolist()


def test_a_first_step_adds_to_nothing_and_takes_from_nothing():
    assert folded(("add", "a")) == A.tolist()
    assert folded(("subtract", "a")) == folded(("intersect", "a")) == [False] * 4


def test_invert_takes_what_is_not_selected_so_far():
    assert folded(("new", "not")) == [True] * 4
    assert folded(("new", "a"), ("new", "not")) == (~A).tolist()
    assert folded(("new", "a"), ("add", "not")) == [True] * 4
    assert folded(("new", "a"), ("intersect", "not")) == [False] * 4
    assert folded(("new", "a"), ("subtract", "not")) == A.tolist()


def test_a_step_leaves_the_masks_it_was_given_alone():
    folded(("new", "a"), ("add", "b"), ("subtract", "a"))
    assert A.tolist() == [True, True, False, False]


@given(st.lists(st.text("aäb\x000", max_size=4), min_size=3, max_size=40, unique=True), st.data())
def test_a_kept_order_of_ties_gives_the_same_top(ids, data):
    ids_N = np.array(ids, dtype=object)
    values_N = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(ids), max_size=len(ids))), dtype=float)
    labels_N = np.array(data.draw(st.none() | st.lists(st.integers(0, 1), min_size=len(ids), max_size=len(ids))))
    labels_N = None if labels_N.ndim == 0 else labels_N
    for q in (0.2, 0.5, 0.7):
        kept = top(ids_N, values_N, q, labels_N=labels_N, ties=lambda: tie_order(ids_N))
        assert (kept == top(ids_N, values_N, q, labels_N=labels_N)).all()
