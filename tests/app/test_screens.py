"""Every page as a reader sees it: it fits the window, in both themes; and, slow, the pictures for the docs.

`FTFT_SCREENS=FOLDER pytest -m slow tests/app/test_screens.py` keeps the pictures of the drawn workspace; those in docs/ are of the demo:
`python -m docs.make_screenshots`.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs import make_screenshots as screens
from tests.app import drawn
from tests.app.conftest import serving
from tests.synthetic import add_run

MOST_BYTES = 6_000_000
NARROW = (1280, 800)
# What sticks out of the window to the right, or holds text that is cut off where nothing says that there is more.
OUTSIDE = """() => [...document.querySelectorAll('[data-testid=stMain] *, [data-testid=stBottom] *')].filter(el => {
  const box = el.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && box.right > innerWidth + 1 && !el.closest('[data-testid=stDataFrame], svg, [style*=overflow]');
}).map(el => el.outerHTML.slice(0, 200))"""
SCROLLS = "() => document.querySelector('[data-testid=stMain]').scrollWidth - document.querySelector('[data-testid=stMain]').clientWidth"
INK = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """Two references, a main model on a subset and on everything, a failed run: something to see on every page."""
    import ftft

    folder = tmp_path_factory.mktemp("everything")
    ws = ftft.Workspace(folder / "workspace", runner=False)
    drawn.dataset(ws, folder, rows=600)
    for seed in (1, 2):
        add_run(ws, "reviews", seed=seed, epochs=4, verdict={}, model=f"/models/tiny-{seed}")
    drawn.subset(ws, "third", [f"train-{i}" for i in range(200)])
    main = drawn.model(folder / "main")
    for subset in ("third", None):
        for spec in ws.plan("reviews", model=main, seeds=(1, 2), subset=subset, **drawn.SETTINGS):
            drawn.finish(ws, spec, 0.8 + 0.01 * (spec.seed or 0), 0.6 + 0.05 * bool(subset))
    drawn.fail(ws, *ws.plan("reviews", model=main, seeds=(3,), **drawn.SETTINGS))
    with serving(ws.path, tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.mark.parametrize(
    ("scheme", "views"),
    [("light", screens.PAGES), ("dark", ("maps", "transfer")), pytest.param("dark", screens.PAGES, marks=pytest.mark.slow)],
)
def test_every_page_fits_a_narrow_window(scheme, views, page, everything):
    for view in views:
        screens.go(page, everything, view, NARROW, scheme, quiet_ms=250)
        assert page.evaluate(SCROLLS) <= 1, view
        assert page.evaluate(OUTSIDE) == [], view
        red, green, blue = (int(value) for value in page.evaluate(INK).strip("rgb()").split(","))
        assert (red + green + blue > 3 * 128) == (scheme == "light")
        assert page.get_by_text("Traceback").count() == 0


@pytest.mark.slow
def test_pictures_of_every_page_in_both_themes_and_sizes(page, everything, tmp_path):
    folder = Path(os.environ.get("FTFT_SCREENS") or tmp_path)
    files = screens.shoot(page, everything, folder)
    assert {file.name for file in files} == {
        f"{view}-{width}{suffix}.png" for view in screens.PAGES for width, _ in screens.SIZES for suffix in ("", "-dark")
    }
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    for file in files:
        picture = np.asarray(Image.open(file).convert("L"), float)
        assert picture.shape == {width: (height, width) for width, height in screens.SIZES}[int(file.stem.split("-")[1])]
        assert (picture.mean() < 100) == file.stem.endswith("-dark"), file.name
        assert picture.std() > 8, f"{file.name} is empty"
