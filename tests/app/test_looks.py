"""Colours and legends: what a legend hides is neither on the map nor in a lasso that is drawn meanwhile."""

import numpy as np
import pytest

from app import looks, mapmodel, theme
from app.shown import shown
from ftft.domain import Box, Selection, Step, mean_id
from tests.synthetic import LABELS, add_run


@pytest.fixture
def coloured(ws, tmp_path):
    """A dataset with a column of few values and one of numbers, and two runs on it."""
    lines = [f"t-{i},text {i},{LABELS[i % 2]},{('a', 'b', '')[i % 3]},{i}" for i in range(200)]
    (tmp_path / "train.csv").write_text("\n".join(["id,text,label,kind,length", *lines]) + "\n", encoding="utf-8")
    ws.data.add("reviews", train=tmp_path / "train.csv", text=["text"], label="label")
    runs = [add_run(ws, "reviews", seed=seed, epochs=5, verdict={}) for seed in (1, 2)]
    return ws, shown([*(run.id for run in runs), mean_id([run.id for run in runs])], runs)


def look_of(ws, runs, by: str, off=()) -> looks.Look:
    return looks.look(ws, ws.data.get("reviews"), by, "light", runs, [ws.map(run.id) for run in runs], frozenset(off))


def drawn_of(ws, run, look) -> mapmodel.DrawnMap:
    known = "reviews", ws.data.get("reviews").fingerprint
    return mapmodel.drawn(ws, known, run.id, (1, 5), "variability", "confidence", look)


def test_everything_that_is_offered_colours_every_map(coloured):
    ws, runs = coloured
    offered = looks.offered(ws, ws.data.get("reviews"), runs)
    assert {"correctness", "label", "column kind", "column length", "spread of confidence", looks.TOP_SHARE} <= set(offered)
    for by in offered:
        look = look_of(ws, runs, by)
        assert look.nominal or (look.low < look.high and len(look.colours) == theme.STEPS)
        for run in runs:
            m = drawn_of(ws, run, look)
            assert m.n == 200
            assert np.isfinite(m.colour_M).all()
            assert m.colour_M.min() >= 0
            assert m.colour_M.max() <= len(look.colours) - 1


def test_without_a_mean_map_no_spread_is_offered(coloured):
    ws, runs = coloured
    assert not any("runs" in by or "spread" in by for by in looks.offered(ws, ws.data.get("reviews"), runs[:2]))


@pytest.mark.parametrize("by", ["correctness", "label", "column kind", "confidence", "aum", "entropy"])
def test_a_lasso_takes_exactly_what_the_legend_leaves_to_be_seen(coloured, by):
    ws, runs = coloured
    everything = {"x": "variability", "y": "confidence", "epochs": [1, 5], "shapes": (Box(-1, 1, -1, 2),)}
    fewest = 200
    for off in ([0], [1], [3], [0, 4]) if by not in ("label", "column kind") else ([0], [1]):
        look = look_of(ws, runs, by, off)
        for run in runs:
            only = looks.hidden_by(look, run.id, (1, 5))
            step = Step("new", "region", everything | {"run": run.id, "only": list(only)})
            mask_N, m = ws.resolve(Selection("reviews", (step,))), drawn_of(ws, run, look)
            seen = np.sort(m.row_M)
            fewest = min(fewest, mask_N.sum())
            assert np.flatnonzero(mask_N).tolist() == seen.tolist()
    assert fewest < 150


def test_never_learnt_is_shown_as_the_most_forgotten_and_correctness_as_a_share(coloured):
    ws, (run, *_) = coloured
    data_map = ws.map(run.id)
    never_N = ~np.isfinite(data_map.values["forgetting"])
    assert never_N.any()
    assert (looks.metric_as_shown(data_map, "forgetting")[never_N] == 4).all()
    share_N = looks.metric_as_shown(data_map, "correctness")
    assert share_N.min() >= 0
    assert share_N.max() == 1
