import logging
import re

import numpy as np
import pytest

from ftft import figures
from ftft.domain import Selection, mean_id
from ftft.errors import InputError
from ftft.figures import Axis, Panel, Scale
from ftft.picture import Grid, paint
from tests.synthetic import add_dataset, add_run

HEAD = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
SHARE = Scale("correctness", 0, 1, ("never right", "always right"))


@pytest.fixture
def run(ws, tmp_path):
    return add_run(ws, add_dataset(ws, tmp_path), verdict={})


@pytest.fixture
def other(ws, run):
    return add_run(ws, run.spec.dataset, seed=2, verdict={})


def lasso(run, op="new", **what):
    shape = {"type": "lasso", "points": [[0, 0.2], [0.3, 0.2], [0.2, 0.9]]}
    return Selection.from_json(
        {"dataset": run.spec.dataset, "steps": [{"op": op, "by": "region", "run": run.id, "shapes": [shape], **what}]}
    )


def svg(ws, *what, **how):
    return ws.figure_bytes(*what, kind="svg", **how).decode()


# ---- what a figure says


@pytest.mark.parametrize("kind", figures.KINDS)
def test_a_map_becomes_a_figure_of_each_kind_without_a_word_of_complaint(ws, run, tmp_path, kind, caplog):
    with caplog.at_level(logging.WARNING, "matplotlib"):
        figures.save(ws.map(run.id).plot(), tmp_path / f"map{kind}")
    assert (tmp_path / f"map{kind}").read_bytes().startswith(HEAD[kind])
    assert caplog.records == []


@pytest.mark.parametrize(("epochs", "said"), [(None, "epochs 1–3"), ((2, 3), "epochs 2–3"), ((2, 2), "epoch 2 ")])
def test_a_figure_says_how_its_numbers_came_about(ws, run, tmp_path, epochs, said):
    figures.save(ws.map(run.id, epochs).plot(), tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    assert said in text
    assert "captured online" in text
    assert "n\u00a0=\u00a060" in text


def test_a_figure_says_of_each_map_what_it_is_and_how_much_of_it_is_selected(ws, run, other):
    selection = lasso(run)
    text = svg(ws, [run.id, other.id, mean_id([run.id, other.id])], None, selection, width="page")
    n = int(ws.resolve(selection).sum())
    assert 0 < n < 60
    assert text.count(f"{n} of 60 selected") == 3
    assert all(title in text for title in ("tiny, seed 1", "tiny, seed 2", "mean of 2: tiny, seeds 1, 2", "never right", "always right"))


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_the_same_figure_is_the_same_file(ws, run, kind):
    assert ws.figure_bytes(run.id, kind=kind) == ws.figure_bytes(run.id, kind=kind)


# ---- what is drawn


def test_every_point_lies_where_its_metrics_say_in_the_colour_of_its_correctness(ws, run):
    found = ws.map(run.id)
    points = found.plot().axes[0].collections[0]
    drawn = {(x, y, c) for (x, y), c in zip(points.get_offsets().tolist(), points.get_array().tolist(), strict=True)}
    frame = found.frame()
    assert drawn == set(zip(frame["variability"], frame["confidence"], frame["correctness"] / 3, strict=True))


def test_the_selected_points_are_coloured_and_all_others_grey(ws, run):
    selection = lasso(run)
    grey, coloured = ws.figure(run.id, None, selection).axes[0].collections
    selected = set(ws.data.ids("reviews")[ws.resolve(selection)])
    found = ws.map(run.id)
    points = zip(found.values["variability"].tolist(), found.values["confidence"].tolist(), found.ids_N, strict=True)
    inside = {(x, y) for x, y, i in points if i in selected}
    assert {tuple(p) for p in coloured.get_offsets().tolist()} == inside
    assert len(grey.get_offsets()) == 60 - len(inside)


def test_outlines_stand_on_the_map_they_were_drawn_on_over_its_epochs_and_axes_alone(ws, run, other):
    def outlines(selection, **how):
        return [[line.get_xydata().tolist() for line in ax.lines] for ax in ws.figure([run.id, other.id], None, selection, **how).axes[:2]]

    drawn = [[0, 0.2], [0.3, 0.2], [0.2, 0.9], [0, 0.2]]
    assert outlines(lasso(run)) == [[drawn], []]
    assert outlines(lasso(run, epochs=[1, 3])) == [[drawn], []]
    assert outlines(lasso(run, epochs=[1, 2])) == [[], []]
    assert outlines(lasso(run), y="aum") == [[], []]


@pytest.mark.parametrize(
    ("colour", "said"), [("label", ("negative", "positive")), ("forgetting", ("never learnt",)), ("el2n", ("el2n", "1.41"))]
)
def test_colours_are_by_any_metric_or_the_label_and_said(ws, run, colour, said):
    text = svg(ws, run.id, colour=colour, x="threshold_closeness", marginals=True)
    assert all(word in text for word in (*said, "threshold closeness"))


def test_values_that_are_given_colour_each_example_wherever_it_lies_in_the_map(ws, run):
    given_N = np.arange(60.0)
    points = ws.figure(run.id, colour=("my own", given_N)).axes[0].collections[0]
    place_of = {tuple(p): c for p, c in zip(points.get_offsets().tolist(), points.get_array().tolist(), strict=True)}
    found = ws.map(run.id)
    value_of = dict(zip(ws.data.ids("reviews"), given_N, strict=True))
    for x, y, i in zip(found.values["variability"].tolist(), found.values["confidence"].tolist(), found.ids_N, strict=True):
        assert place_of[x, y] == value_of[i]


@pytest.mark.parametrize(("width", "inches"), [("column", 3.3), ("page", 6.9)])
def test_a_figure_is_as_wide_as_a_column_or_a_page(ws, run, other, width, inches):
    text = svg(ws, [run.id, other.id], width=width)
    assert float(re.search(r'<svg[^>]* width="([\d.]+)pt"', text)[1]) == pytest.approx(72 * inches, abs=0.1)


@pytest.mark.parametrize("kind", figures.KINDS)
def test_a_figure_of_many_examples_is_a_small_file_whose_words_are_text(kind):
    draw = np.random.default_rng(0)
    n = 200_000
    x_N, y_N = draw.beta(2, 5, n) / 2, draw.beta(4, 2, n)
    panel = Panel(x_N, y_N, "a map", ("n = 200,000",), draw.random(n), y_N > 0.5)
    figure = figures.data_maps([panel] * 4, Axis("variability", 0, 0.5), Axis("confidence", 0, 1), SHARE, "page", marginals=True)
    content = figures.as_bytes(figure, kind)
    assert len(content) < 1_500_000
    if kind == ".svg":
        assert content.count(b">n = 200,000</text>") == 4
        assert content.count(b"<image") == 8 + 1, "what is selected and what is not on each map, and the scale"
    if kind == ".pdf":
        assert b"/Type0" in content or b"/TrueType" in content
        assert b"/Type3" not in content


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"colour": "red"}, "colour 'red' is not known"), ({"x": "confdence"}, "metric 'confdence' is not known. Perhaps you mean confid"),
        ({"width": "poster"}, "width of a figure 'poster'"), ({"kind": "gif"}, r"\.pdf, \.png, \.svg"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_with_a_remedy(ws, run, how, problem):
    with pytest.raises(InputError, match=problem):
        ws.figure_bytes(run.id, **({"kind": "png"} | how))


def test_maps_and_selections_of_several_datasets_make_no_figure(ws, run, tmp_path):
    elsewhere = add_run(ws, add_dataset(ws, tmp_path, "other", rows=40), verdict={})
    with pytest.raises(InputError, match="different datasets"):
        ws.figure([run.id, elsewhere.id])
    with pytest.raises(InputError, match="different datasets"):
        ws.figure(run.id, None, lasso(elsewhere))
    with pytest.raises(InputError, match="at least one"):
        ws.figure([])


# ---- cells

GRID = Grid((0, 1), (0, 1), 10, 5)


def painted(x, y, value, shown=None, values=None):
    cell_N = GRID.cells(np.array(x), np.array(y))
    shown_N = np.ones(len(x), dtype=bool) if shown is None else np.array(shown)
    grey = lambda value_P: np.repeat(value_P[:, None], 3, axis=1)  # noqa: E731
    return paint(GRID, cell_N, shown_N, np.array(value, dtype=float), grey, values, (0.2, 1.0))


def test_a_cell_has_the_mean_colour_of_its_examples_and_the_fullest_is_opaque():
    picture = painted([0.05, 0.05, 0.05, 0.95], [0.95, 0.95, 0.95, 0.05], [0, 0, 1, 1])
    assert picture[0, 0].tolist() == [85, 85, 85, 255]
    assert picture[4, 9].tolist() == [255, 255, 255, 51]


def test_a_lone_example_grows_to_a_plus_that_covers_no_other_and_stays_inside():
    picture = painted([0.05, 0.15, 0.15], [0.95, 0.95, 0.95], [1, 0, 0])
    assert picture[1, 0].tolist() == picture[0, 0].tolist() == [255, 255, 255, 51]
    assert picture[0, 1].tolist() == [0, 0, 0, 255]
    assert (picture[..., 3] > 0).sum() == 3, "nothing at the other edges"


def test_a_cell_of_which_a_part_is_shown_is_fainter():
    whole, part = painted([0.5] * 4, [0.5] * 4, [1] * 4), painted([0.5] * 4, [0.5] * 4, [1] * 4, [True, False, False, False])
    assert (whole[2, 5, 3], part[2, 5, 3]) == (255, 128)


def test_values_without_an_order_are_never_mixed():
    assert painted([0.5] * 3, [0.5] * 3, [0, 1, 1], values=2)[2, 5, 0] == 255


def test_what_has_no_place_is_not_drawn():
    assert painted([np.nan, 2, -0.1], [0.5] * 3, [1] * 3)[..., 3].max() == 0
    assert painted([0, 1], [0, 1], [1, 1])[[4, 0], [0, 9], 3].min() > 0, "edges belong to the map"
