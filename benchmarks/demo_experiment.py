"""FTFT on the demo's task over five seeds, with every control: `ftft experiment ftft` and `ftft results`, as everybody has them.

    python -m benchmarks.demo_experiment [--seeds 5] [--slots 2] [--workspace demo-experiment-workspace] [--out docs/demo_experiment.json]

Restartable: what is done is not done again. Prints the table as docs/experiments.md holds it.
"""

import argparse
import json
import tempfile
from pathlib import Path

import ftft
from ftft.demo import DEMO, write
from ftft.workspace.tables import as_markdown

CONTROLS = ("erm", "erm_early", "erm_steps", "random", "random_matched", "datamap")
STRATEGIES = ("ftft:per_label=yes", "mix", "s2l")
SETTINGS = {"lr": DEMO.lr, "batch_size": DEMO.batch_size, "max_length": DEMO.max_length}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=5)
    words.add_argument("--slots", type=int, default=2)
    words.add_argument("--workspace", type=Path, default=Path("demo-experiment-workspace"))
    words.add_argument("--out", type=Path)
    asked = words.parse_args()

    ws = ftft.Workspace(asked.workspace)
    ws.jobs.set_slots(asked.slots)
    with tempfile.TemporaryDirectory() as folder:
        ws.data.add(DEMO.dataset, **write(Path(folder), DEMO))
    model = {model.name: model.path for model in ws.models()}
    experiment = ws.experiment.ftft(
        DEMO.dataset, main=model[DEMO.main], reference=model[DEMO.references[0]], seeds=asked.seeds, control=CONTROLS,
        strategy=STRATEGIES, epochs=2, reference_epochs=DEMO.reference_epochs, wait=True, **SETTINGS,
    )  # fmt: skip
    results = ws.results(experiment.id)
    if asked.out:
        asked.out.write_text(json.dumps(results.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(as_markdown(results))


if __name__ == "__main__":
    main()
