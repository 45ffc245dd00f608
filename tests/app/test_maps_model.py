"""What a map shows: the right examples at the right places, whatever order a run recorded them in."""

import numpy as np
import pytest

from app import mapmodel
from app.mapmodel import DrawnMap, Look
from app.shading import View
from ftft.dynamics import Epoch
from tests.synthetic import add_dataset, spec_of

VIEW = View((0.0, 0.5), (0.0, 1.0), 400, 300)
LOOK = Look("label", ("#FF0000", "#0000FF"), ("no", "yes"), nominal=True)


@pytest.fixture
def three() -> DrawnMap:
    """Rows 0, 2 and 4 of a dataset of five."""
    x, y = np.array([0.4, 0.2, 0.1], np.float32), np.array([0.5, 0.1, 0.9], np.float32)
    return DrawnMap(x, y, np.array([1, 1, 0], np.float32), np.array([0, 2, 4]), LOOK)


def test_a_click_finds_the_nearest_example_in_view(three):
    assert mapmodel.nearest(three, VIEW, 0.39, 0.52) == 0
    assert mapmodel.nearest(three, VIEW, 0.0, 1.0) == 4
    upper_left = VIEW._replace(x=(0.0, 0.3), y=(0.5, 1.0))
    assert mapmodel.nearest(three, upper_left, 0.3, 0.5) == 4
    assert mapmodel.nearest(three, VIEW._replace(x=(0.45, 0.5)), 0.46, 0.5) is None


def test_the_ring_lies_on_the_example_and_is_left_out_where_the_run_did_not_see_it(three):
    assert mapmodel.ring(three, 2) == (pytest.approx(0.2), pytest.approx(0.1), "#0000FF")
    assert [mapmodel.ring(three, row) for row in (3, 5, None)] == [None] * 3


def test_a_selection_lights_its_own_examples(three):
    mask_N = np.array([True, True, False, False, False])
    assert mapmodel.points(three, VIEW, mask_N, "#888888")["colour"] == ["#0000FF", "#888888", "#888888"]
    lit = mapmodel.histograms(three, VIEW, mapmodel.lit(three, VIEW, mask_N))
    assert lit["hist_x"] is not None
    assert lit["hist_x_lit"] is not None
    assert sum(v > 0 for v in lit["hist_x"]) == 3
    assert sum(v > 0 for v in lit["hist_x_lit"]) == 1
    assert mapmodel.rows_in_view(three, VIEW).tolist() == [0, 2, 4]


def test_histograms_count_what_is_in_view_from_the_left_and_from_below(three):
    upper = VIEW._replace(y=(0.4, 1.0))
    whole = mapmodel.histograms(three, upper, None)
    assert whole["hist_x"] is not None
    assert whole["hist_y"] is not None
    assert [k for k, v in enumerate(whole["hist_x"]) if v] == [int(0.1 / 0.5 * mapmodel.BINS), int(0.4 / 0.5 * mapmodel.BINS)]
    assert [k for k, v in enumerate(whole["hist_y"]) if v] == [
        pytest.approx(0.1 / 0.6 * mapmodel.BINS, abs=1),
        pytest.approx(0.5 / 0.6 * mapmodel.BINS, abs=1),
    ]


def test_a_run_on_some_examples_in_its_own_order_is_drawn_at_their_places(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path, rows=40)
    spec = spec_of(ws, dataset, 1)
    rows = np.random.default_rng(0).permutation(40)[:15]
    ids_M, gold_M = ws.data.ids(dataset)[rows], ws.data.gold(dataset)[rows]
    folder = ws.runs.folder(spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    for number in (1, 2):
        logits_MC = np.zeros((15, 2), np.float32)
        logits_MC[np.arange(15), gold_M] = rows * 0.1
        folder.publish_epoch(Epoch(number, ids_M, gold_M, logits_MC, np.ones(15, int), "online", f"order-{number}"))
    m = mapmodel.drawn(ws, (dataset, ws.data.get(dataset).fingerprint), spec.run, (1, 2), "variability", "confidence", LOOK)
    assert sorted(m.row_M) == sorted(rows)
    assert m.y_M == pytest.approx(1 / (1 + np.exp(-m.row_M * 0.1)), abs=1e-6)
    assert (m.colour_M == ws.data.gold(dataset)[m.row_M]).all()
