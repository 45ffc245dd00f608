"""Pictures of every page of a workspace, light and dark: `python -m docs.make_screenshots WORKSPACE [FOLDER]`.

WORKSPACE is one that `ftft demo` filled. The README's picture is `maps.png`, with a lasso drawn by a real mouse.
"""

import argparse
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import chromium, serving

LASSO = ((0.5, 0.08), (0.88, 0.3), (0.93, 0.55), (0.8, 0.8), (0.6, 0.72), (0.62, 0.45), (0.42, 0.22))
PAGES = ("data", "launch", "runs", "results")


def settle(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=running]')")
    page.wait_for_timeout(1200)


def lasso(page: Page) -> None:
    """Round the ambiguous part of the first map; then the first row of the table is opened."""
    area = page.locator("[data-run] .nsewdrag").first.bounding_box()
    assert area is not None
    at = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in LASSO]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()
    settle(page)
    table = page.locator("[data-testid=stDataFrame]").first.bounding_box()
    assert table is not None
    page.mouse.click(table["x"] + 14, table["y"] + 52)
    settle(page)
    page.mouse.move(4, 500)


def save(page: Page, file: Path) -> None:
    page.screenshot(path=file)
    Image.open(file).convert("RGB").save(file, optimize=True)
    print(file.name, file.stat().st_size // 1000, "kB")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspace")
    words.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    words.add_argument("--width", type=int, default=1440)
    words.add_argument("--runs", help="ids joined by commas: the maps to show")
    asked = words.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with serving(asked.workspace, 8710) as url, sync_playwright() as p:
        shoot(chromium(p), url, asked.folder, asked.width, f"&runs={asked.runs}" if asked.runs else "")


def shoot(browser: Browser, url: str, folder: Path, width: int, runs: str) -> None:
    """All pages in both themes."""
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        suffix = "" if scheme == "light" else "-dark"
        page.goto(url + runs)
        page.wait_for_selector(".mg[data-stamp]")
        settle(page)
        lasso(page)
        save(page, folder / f"maps{suffix}.png")
        for name in PAGES:
            page.goto(url.replace("/?", f"/{name}?"))
            page.wait_for_selector("h1")
            settle(page)
            save(page, folder / f"{name}{suffix}.png")


if __name__ == "__main__":
    main()
