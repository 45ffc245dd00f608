"""What the Launch page is opened on, drawn instead of measured: datasets with subsets, and estimates that start no process."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

import ftft
from ftft.domain import Estimate, RunEstimate, Selection, Step
from tests.app import drawn


def reviews(ws: ftft.Workspace, folder: Path) -> str:
    """The dataset `reviews` without a development set, with a subset `third` of 12 negative and 4 positive examples of 48."""
    drawn.dataset(ws, folder)
    return drawn.subset(ws, "third", [f"train-{i}" for i in (*range(0, 24, 2), 1, 3, 5, 7)])


def judged(ws: ftft.Workspace, folder: Path) -> str:
    """The rows of `reviews` as the dataset `judged` with development sets, and its subset `few`, the first 16."""
    train, test, flips = (folder / f"reviews-{name}.csv" for name in ("train", "test", "flips"))
    evaluations = [f"dev={test}:id:dev", f"hard={flips}:ood:dev", f"test={test}:id"]
    ws.data.add("judged", train=train, text=["text"], label="label", evaluations=evaluations)
    ws.subsets.save("few", Selection("judged", (Step("new", "ids", {"ids": [f"train-{i}" for i in range(16)]}),)))
    return "judged"


def estimate(ws, specs, wait=False) -> Estimate:
    """Each run costs 100 s and 1e12 FLOPs; what may stop early may cost less."""
    rows = ws.data.get(specs[0].dataset).train.rows
    runs = tuple(
        RunEstimate(spec.run, 1e12, 9e11, 1e11, 100.0, 1.02, spec.stop is not None, spec.total_steps(rows), (rows, rows)) for spec in specs
    )
    return Estimate(
        runs, 1e12 * len(runs), 100.0 * len(runs), 5_000_000 * len(runs), 9_000_000 * len(runs), 800_000_000, 1.02, "measured today",
        "a made-up chip", (41.3, 280, 0.004), 3_400_000,
    )  # fmt: skip


def words(page: AppTest) -> str:
    """What a page without an exception says in HTML and code."""
    assert not page.exception, page.exception
    return "\n".join([*(element.proto.body for element in page.get("html")), *(e.value for e in page.code)])
