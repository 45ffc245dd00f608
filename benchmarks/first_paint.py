"""How long until the maps are painted: a warm server, a fresh tab, from navigation to the last map.

    python -m benchmarks.first_paint WORKSPACE [--times 5] [--runs ID,ID]

WORKSPACE is one that `ftft demo` filled. *Painted*: every map shows its examples, axes and histograms. *Ready*: every map also obeys the
mouse, Plotly having been evaluated. Prints medians and every single time as JSON, seconds. A Chromium must be installed.
"""

import argparse
import json
import statistics
import time

from playwright.sync_api import BrowserContext, sync_playwright

from benchmarks.browser import chromium, serving

MAPS = {
    "painted": ".mg-map:has(.mg-sketch svg), .mg-map:has(.main-svg)",
    "ready": ".mg[data-stamp] .mg-map:has(.main-svg):has(.mg-sketch:empty)",
}
ALL_THERE = """([selector, runs]) => {
  const maps = document.querySelectorAll(selector).length;
  return maps > 0 && (runs ? maps === runs : maps === document.querySelectorAll('.mg-map').length) ? maps : 0;
}"""


def paint(browser: BrowserContext, url: str, runs: int) -> tuple[dict[str, float], int]:
    """Seconds until all maps are painted and until they are ready (any number of them where `runs` is 0), and how many there are."""
    page = browser.new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    took = {}
    for what, selector in MAPS.items():
        page.wait_for_function(ALL_THERE, arg=[selector, runs], polling="raf", timeout=60_000)
        took[what] = time.perf_counter() - began
    page.wait_for_timeout(1500)
    maps = page.evaluate(ALL_THERE, [MAPS["ready"], 0])
    page.close()
    return took, maps


def measure(browser: BrowserContext, url: str, times: int) -> dict:
    """The first paint warms the server and the browser's cache, and says how many maps there are; it is reported beside the others."""
    first, maps = paint(browser, url, 0)
    seconds = [paint(browser, url, maps)[0] for _ in range(times)]
    found = {what: [round(took[what], 2) for took in seconds] for what in MAPS}
    medians = {f"median_{what}": statistics.median(values) for what, values in found.items()}
    return {"maps": maps, **medians, **found, "first": {what: round(took, 2) for what, took in first.items()}}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspace")
    words.add_argument("--times", type=int, default=5)
    words.add_argument("--runs", help="ids joined by commas: the maps to paint")
    asked = words.parse_args()
    with serving(asked.workspace, 8700) as url, sync_playwright() as p:
        context = chromium(p).new_context(viewport={"width": 1440, "height": 900})
        print(json.dumps(measure(context, url + (f"&runs={asked.runs}" if asked.runs else ""), asked.times), indent=1))


if __name__ == "__main__":
    main()
