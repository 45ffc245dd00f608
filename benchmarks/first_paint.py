"""How long until the maps are painted: a warm server, a fresh tab, from navigation to the last map.

    python benchmarks/first_paint.py WORKSPACE [--times 5]

WORKSPACE is one that `ftft demo` filled. Prints the median and every single time as JSON. A Chromium must be installed.
"""

import argparse
import json
import shutil
import signal
import statistics
import subprocess
import sys
import time

from playwright.sync_api import Playwright, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PAINTED = """runs => {
  const painted = [...document.querySelectorAll('.st-key-map_grid [data-run] .js-plotly-plot')].filter(p => p.querySelector('.main-svg'));
  return document.querySelector('.mg[data-stamp]') && painted.length > 0 && (runs === 0 || painted.length === runs) ? painted.length : 0;
}"""


def paint(browser, url: str, runs: int) -> tuple[float, int]:
    """Seconds until all maps are there (any number where `runs` is 0), and how many there are."""
    page = browser.new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    maps = page.wait_for_function(PAINTED, arg=runs, polling="raf", timeout=60_000).json_value()
    took = time.perf_counter() - began
    page.wait_for_timeout(1500)
    maps = page.evaluate(PAINTED, 0) or maps
    page.close()
    return took, maps


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspace")
    words.add_argument("--times", type=int, default=5)
    words.add_argument("--runs", help="ids joined by commas: the maps to paint")
    asked = words.parse_args()
    command = [sys.executable, "-m", "ftft", "app", "--workspace", asked.workspace, "--port", "8700"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as p:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip() + (f"&runs={asked.runs}" if asked.runs else "")
            print(json.dumps(measure(p, url, asked.times), indent=1))
        finally:
            server.send_signal(signal.SIGINT)


def measure(p: Playwright, url: str, times: int) -> dict:
    """The first paint warms the server and the browser's cache, and says how many maps there are; it is reported beside the others."""
    chromium = p.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS)), None), args=["--no-sandbox"])
    browser = chromium.new_context(viewport={"width": 1440, "height": 900})
    first, maps = paint(browser, url, 0)
    seconds = [round(paint(browser, url, maps)[0], 2) for _ in range(times)]
    chromium.close()
    return {"maps": maps, "first_seconds": round(first, 2), "seconds": seconds, "median_seconds": statistics.median(seconds)}


if __name__ == "__main__":
    main()
