"""The app without its pages: it owns the database, looks at the queue and the runs, and takes in what they publish.

`python stand_in_app.py WORKSPACE OPTIONS`; OPTIONS are those of the runner.
"""

import sys
import time

import ftft
from ftft.jobs import RunnerOptions

if __name__ == "__main__":
    ws = ftft.Workspace(sys.argv[1], runner=RunnerOptions.from_json(sys.argv[2]))
    ws.own()
    while True:
        ws.jobs.list()
        ws.runs.list()
        time.sleep(0.2)
