"""How long until the maps are painted: a warm server, a fresh tab, from navigation to the last map.

    python benchmarks/first_paint.py WORKSPACE [--times 5]

WORKSPACE is one that `ftft demo` filled. Prints the median and every single time as JSON. A Chromium must be installed.
"""

import argparse
import json
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time

from playwright.sync_api import sync_playwright

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
    asked = words.parse_args()
    command = [sys.executable, "-m", "ftft", "app", "--workspace", asked.workspace, "--port", "8700"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as p:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        chromium = p.chromium.launch(executable_path=next(filter(None, map(shutil.which, BROWSERS)), None), args=["--no-sandbox"])
        browser = chromium.new_context(viewport={"width": 1440, "height": 900})
        cold, maps = paint(browser, url, 0)  # warms the server and the browser's cache, and says how many maps there are
        times = [paint(browser, url, maps)[0] for _ in range(asked.times)]
        found = {
            "maps": maps,
            "first_seconds": round(cold, 2),
            "seconds": [round(t, 2) for t in times],
            "median_seconds": round(statistics.median(times), 2),
            "machine": platform.platform(),
        }
        print(json.dumps(found, indent=1))
        chromium.close()
        server.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
