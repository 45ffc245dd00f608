"""What a map shows: the right examples at the right places, whatever order a run recorded them in."""

import numpy as np
import pytest

from app import mapmodel, theme
from app.mapmodel import DrawnMap, Look
from app.shading import View
from ftft.dynamics import Epoch
from tests.synthetic import add_dataset, add_run, spec_of

VIEW = View((0.0, 0.5), (0.0, 1.0), 400, 300)
LOOK = Look("label", ("#FF0000", "#0000FF"), ("no", "yes"), nominal=True)


@pytest.fixture
def three() -> DrawnMap:
    """Rows 4, 0 and 2 of a dataset of five."""
    x, y = np.array([0.1, 0.4, 0.2], np.float32), np.array([0.9, 0.5, 0.1], np.float32)
    return DrawnMap(x, y, np.array([0, 1, 1], np.float32), np.array([4, 0, 2]), LOOK)


def test_a_click_finds_the_nearest_example_in_view(three):
    assert mapmodel.nearest(three, VIEW, 0.39, 0.52) == 0
    assert mapmodel.nearest(three, VIEW, 0.0, 1.0) == 4
    upper_left = VIEW._replace(x=(0.0, 0.3), y=(0.5, 1.0))
    assert mapmodel.nearest(three, upper_left, 0.3, 0.5) == 4
    assert mapmodel.nearest(three, VIEW._replace(x=(0.45, 0.5)), 0.46, 0.5) is None


def test_the_ring_lies_on_the_example_and_is_left_out_where_the_run_did_not_see_it(three):
    assert mapmodel.ring(three, 2) == (pytest.approx(0.2), pytest.approx(0.1), "#0000FF")
    assert mapmodel.ring(three, 3) is None
    assert mapmodel.ring(three, None) is None


def test_a_selection_lights_its_own_examples(three):
    mask_N = np.array([True, True, False, False, False])
    assert mapmodel.points(three, VIEW, mask_N, "#888888")["colour"] == ["#888888", "#0000FF", "#888888"]
    lit = mapmodel.histograms(three, VIEW, mask_N)
    assert lit["hist_x"] is not None
    assert lit["hist_x_lit"] is not None
    assert sum(v > 0 for v in lit["hist_x"]) == 3
    assert sum(v > 0 for v in lit["hist_x_lit"]) == 1
    assert mapmodel.rows_in_view(three, VIEW).tolist() == [4, 0, 2]


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
    m = mapmodel.drawn(ws, (dataset, ws.data.get(dataset).fingerprint), spec.run, (1, 2), LOOK)
    assert sorted(m.place_M) == sorted(rows)
    assert m.y_M == pytest.approx(1 / (1 + np.exp(-m.place_M * 0.1)), abs=1e-6)
    assert (m.colour_M == ws.data.gold(dataset)[m.place_M]).all()


def test_one_legend_holds_for_all_maps(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path)
    maps = [ws.map(add_run(ws, dataset, seed=seed, verdict={}).id) for seed in (1, 2)]
    for by in maps[0].values:
        look = mapmodel.look(by, ("negative", "positive"), "light", maps)
        assert look.low < look.high
        assert len(look.colours) == theme.STEPS
        for data_map in maps:
            assert np.isfinite(mapmodel.colour_values(data_map, by)).all()


def test_never_learnt_is_shown_as_the_most_forgotten_and_correctness_as_a_share(ws, tmp_path):
    dataset = add_dataset(ws, tmp_path)
    data_map = ws.map(add_run(ws, dataset, verdict={}).id)
    never_N = ~np.isfinite(data_map.values["forgetting"])
    assert never_N.any()
    assert (mapmodel.colour_values(data_map, "forgetting")[never_N] == 2).all()
    share_N = mapmodel.colour_values(data_map, "correctness")
    assert share_N.min() >= 0
    assert share_N.max() == 1
