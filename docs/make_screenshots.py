"""Pictures of every page of a workspace, light and dark: `python -m docs.make_screenshots WORKSPACE [FOLDER]`.

WORKSPACE is one that `ftft demo` filled. FOLDER (docs/ by default) gets `screens/PAGE-WIDTH[-dark].png` and the README's
`maps.png`, `maps-dark.png`, `launch.png` and `results.png`, with a lasso drawn by a real mouse. With `--winogrande FILE`, the
published data map of WinoGrande (Swayamdipta et al. 2020) is imported into a workspace of its own and becomes `winogrande.png`. With
`--stability WORKSPACE EXPERIMENT`, that experiment (of `benchmarks/stability.py`) becomes `stability.png` and `stability-dark.png`.
All together stay under 6 MB.
"""

import argparse
import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import ftft
from benchmarks.browser import chromium, serving

LASSO = ((0.5, 0.08), (0.88, 0.3), (0.93, 0.55), (0.8, 0.8), (0.6, 0.72), (0.62, 0.45), (0.42, 0.22))
PAGES = ("maps", "transfer", "data", "launch", "runs", "results")
SIZES = ((1280, 800), (1920, 1080))
README, TALL = (1440, 900), (1440, 1160)
SCHEMES = {"light": "", "dark": "-dark"}
FIRST_ROW = (60, 52)  # of a table, px from its corner: in the first row, right of its box
SHORTER = r"""() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());)
    if (node.data.includes('/data/models/')) node.data = node.data.replace(/\S*\/data\/models\//g, 'models/');
}"""
QUIET_MS = 1200  # charts move into place after the script has ended


def settle(page: Page, quiet_ms: int = QUIET_MS) -> None:
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=running]')")
    page.wait_for_timeout(quiet_ms)
    page.wait_for_function("() => !document.querySelector('[data-test-script-state=running]')")


def go(page: Page, url: str, view: str, size: tuple[int, int], scheme: str, query: str = "", quiet_ms: int = QUIET_MS) -> Page:
    """To a view, as a reader with such a window sees it first."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(url.replace("/?", f"/{'' if view == 'maps' else view}?") + query)
    page.wait_for_selector(".mg[data-stamp]" if view == "maps" else "h1", state="attached")
    settle(page, quiet_ms)
    page.wait_for_function("() => !document.body.innerText.includes('Measuring this model')")
    settle(page, quiet_ms)
    return page


def lasso(page: Page) -> None:
    """Round the ambiguous part of the first map; then the first row of the table is opened, if there is one."""
    area = page.locator("[data-run] .nsewdrag").first.bounding_box()
    assert area is not None
    at = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in LASSO]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()
    settle(page)
    table = page.locator(".st-key-examples [data-testid=stDataFrame]").first
    if table.count():
        table.click(position={"x": FIRST_ROW[0], "y": FIRST_ROW[1]})
        settle(page)
        page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    page.mouse.move(4, 500)
    page.wait_for_timeout(300)


def save(page: Page, file: Path) -> Path:
    """The window, but for where this machine keeps the models; in all its colours: a palette of 256 loses the rare ends of a scale."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.evaluate(SHORTER)
    page.screenshot(path=file)
    Image.open(file).convert("RGB").save(file, optimize=True)
    return file


def shoot(
    page: Page, url: str, folder: Path, pages: Sequence[str] = PAGES, sizes: Sequence[tuple[int, int]] = SIZES, query: str = ""
) -> list[Path]:
    """Every page in every size and both themes; the files."""
    files = []
    for size, (scheme, suffix), view in itertools.product(sizes, SCHEMES.items(), pages):
        go(page, url, view, size, scheme, query)
        if view == "maps":
            lasso(page)
        files.append(save(page, folder / f"{view}-{size[0]}{suffix}.png"))
    return files


def readme(page: Page, url: str, folder: Path, query: str = "") -> list[Path]:
    """The README's own pictures of the demo."""
    files = []
    for scheme, suffix in SCHEMES.items():
        lasso(go(page, url, "maps", README, scheme, query))
        files.append(save(page, folder / f"maps{suffix}.png"))
    files.append(save(go(page, url, "launch", TALL, "light", query), folder / "launch.png"))
    return [*files, save(go(page, url, "results", README, "light"), folder / "results.png")]


def winogrande(page: Page, source: Path, folder: Path) -> list[Path]:
    """The published map of 40,398 examples: metrics alone, a lasso round its ambiguous part."""
    with tempfile.TemporaryDirectory() as aside:
        ws = ftft.Workspace(Path(aside) / "workspace", runner=False)
        ws.import_run(source, name="roberta-large", new_dataset="winogrande", epochs=6)
        with serving(ws.path, 8711) as url:
            lasso(go(page, url, "maps", README, "light"))
            return [save(page, folder / "winogrande.png")]


def stability(page: Page, workspace: str, experiment: str, folder: Path) -> list[Path]:
    """A stability experiment: claims, table and all its seeds."""
    with serving(workspace, 8712) as url:
        return [
            save(go(page, url, "stability", TALL, scheme, f"&experiment={experiment}"), folder / f"stability{suffix}.png")
            for scheme, suffix in SCHEMES.items()
        ]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspace")
    words.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    words.add_argument("--runs", help="ids joined by commas: the maps to show")
    words.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES)
    words.add_argument("--winogrande", type=Path, help="winogrande_roberta_0_6_data_map_coordinates.jsonl.gz")
    words.add_argument("--stability", nargs=2, metavar=("WORKSPACE", "EXPERIMENT"))
    asked = words.parse_args()
    query = f"&runs={asked.runs}" if asked.runs else ""
    with serving(asked.workspace, 8710) as url, sync_playwright() as p:
        page = chromium(p).new_page()
        page.set_default_timeout(60_000)
        files = shoot(page, url, asked.folder / "screens", asked.pages, query=query) + readme(page, url, asked.folder, query)
        if asked.winogrande:
            files += winogrande(page, asked.winogrande, asked.folder)
        if asked.stability:
            files += stability(page, *asked.stability, asked.folder)
    for file in files:
        print(file.relative_to(asked.folder), file.stat().st_size // 1000, "kB")
    print("together", sum(file.stat().st_size for file in files) // 1000, "kB")


if __name__ == "__main__":
    main()
