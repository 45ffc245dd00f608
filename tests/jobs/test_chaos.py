"""Twenty runs while everything around them is killed at random: nothing is lost, done twice, or left behind.

The quick one trains without a model and looks at the queue as the app does; the slow one is all real: `ftft run-spec`, torch, `ftft app`.
"""

import sys
from pathlib import Path

import pytest

from ftft.jobs import RunnerOptions
from tests.jobs.chaos import RUNS, Chaos

HERE = Path(__file__).parent


def told(chaos: Chaos) -> str:
    return f"{RUNS} runs; " + ", ".join(f"{n} {kind}" for kind, n in sorted(chaos.counts.items()))


@pytest.mark.timeout(120)
def test_random_kills_lose_nothing_do_nothing_twice_and_leave_nothing(tmp_path: Path) -> None:
    options = RunnerOptions(command=(sys.executable, str(HERE / "stand_in.py")), idle=0.5, grace=0.5, poll=0.05)
    app = [sys.executable, str(HERE / "stand_in_app.py"), str(tmp_path / "Läufe 数据"), options.to_json()]
    chaos = Chaos(tmp_path, seed=4, options=options, app=app)
    try:
        chaos.submit()
        chaos.rage(seconds=20, most=4, pause=0.4)
        chaos.settle(patience=60)
        chaos.check(patience=15)
    finally:
        print(told(chaos))
        chaos.close()
    assert min(chaos.counts[kind] for kind in ("runner killed", "training killed", "app killed", "cancelled")) >= 2, "or nothing was tested"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_kills_of_real_training_and_of_the_real_app(tmp_path: Path) -> None:
    options = RunnerOptions()
    app = [sys.executable, "-m", "ftft", "app", "--workspace", str(tmp_path / "Läufe 数据"), "--port", "8990"]
    chaos = Chaos(tmp_path, seed=5, options=options, app=app)
    try:
        chaos.submit()
        chaos.rage(seconds=180, most=10, pause=3)
        chaos.settle(patience=300)
        chaos.check(patience=options.idle + 30)
    finally:
        print(told(chaos))
        chaos.close()
    assert min(chaos.counts[kind] for kind in ("runner killed", "training killed", "app killed", "cancelled")) >= 3, "or nothing was tested"
