"""Everything is killed at random, several times; nothing may be lost, done twice at once, or left behind."""

import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress

import psutil

from ftft import jobs
from tests.jobs.conftest import Bench

RUNS = 16
# The slot is a lock of the test's own: two trainings at once cannot both have it, whatever the queue believes.
TRAINING = """
import fcntl
slot = open(folder.parent.parent / "slot", "w")
try:
    fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    note("violation")
time.sleep(.15)
note("end")
verdict()
time.sleep(.03)
"""
CLIENT = """
import sys
from ftft import jobs
root, options, first = sys.argv[1], jobs.RunnerOptions.from_json(sys.argv[2]), int(sys.argv[3])
for k in range(first, first + 8):
    jobs.Queue(root).submit(f"run{k}")
    jobs.ensure_runner(root, options)
"""


def test_random_kills_lose_nothing_and_start_nothing_twice(bench: Bench) -> None:
    dice = random.Random(4)
    options = bench.options(TRAINING, idle=0.3)
    folders = [bench.queue.folder(f"run{k}") for k in range(RUNS)]
    for folder in folders:
        folder.path.mkdir(parents=True)
    clients = [subprocess.Popen([sys.executable, "-c", CLIENT, str(bench.root), options.to_json(), str(first)]) for first in (0, 4, 8)]
    assert [client.wait() for client in clients] == [0, 0, 0]

    killed, cancelled, end = Counter(), [], time.monotonic() + 15
    while min(killed["runner"], killed["training"]) < 5 and time.monotonic() < end:
        time.sleep(dice.random() * 0.3)
        kind = dice.choice(["runner", "training"])
        for victim in bench.runners() if kind == "runner" else bench.trainings():
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                killed[kind] += 1
        if dice.random() < 0.1:
            cancelled.append(dice.choice(folders))
            jobs.cancel(bench.root, cancelled[-1], options)
        jobs.ensure_runner(bench.root, options)
        assert len(bench.runners()) <= 1
    states = bench.wait(folders, options)

    assert min(killed["runner"], killed["training"]) >= 2, "or this test has tested nothing"
    assert not [note for note in bench.notes() if note[0] == "violation"]
    for folder in folders:
        allowed = {"succeeded", "cancelled"} if folder in cancelled else {"succeeded"}
        assert states[folder.run] in allowed, (folder.run, states[folder.run])
    ends = [run for what, run, _ in bench.notes() if what == "end"]
    assert {run for run, state in states.items() if state == "succeeded"} <= set(ends)
