"""Makes the encoders of the demo again: `python data/make_encoders.py [FOLDER]` (data/models by default), some minutes on one core.

Each is pre-trained on its own draw of unlabelled reviews, so that the references share no more with the main model than two models from
the hub do; none has seen a text that the demo judges on. Prints the table of data/README.md.
"""

import sys
import time
from pathlib import Path

import torch

from ftft.demo import DEMO, splits, unlabelled
from ftft.train.pretrain import Encoder, Recipe, pretrain

TEXTS = 40_000
RECIPES = {
    "bert-2x64": Recipe("bert", layers=2, hidden=64, steps=1_000, batch_size=128, lr=1.5e-3, max_length=64, seed=1),
    "electra-2x64": Recipe("electra", layers=2, hidden=64, steps=1_000, batch_size=128, lr=1.5e-3, max_length=64, seed=2),
    "bert-2x128": Recipe("bert", layers=2, hidden=128, steps=1_000, batch_size=128, lr=1e-3, max_length=64, seed=3),
}


def make(name: str, folder: Path) -> Encoder:
    """One encoder as `folder`/`name`, replacing none that is there."""
    recipe = RECIPES[name]
    judged_on = {row["text"] for split, rows in splits(DEMO.rows, DEMO.held_out, DEMO.seed).items() if split != "train" for row in rows}
    return pretrain(unlabelled(TEXTS, seed=recipe.seed, without=judged_on), folder / name, recipe)


def main() -> None:
    torch.set_num_threads(1)  # the order of sums, and with it the last digits, would depend on the number of cores
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "models"
    print("| encoder | parameters | steps | held-out loss | size, KiB | CPU s |\n|---|---|---|---|---|---|")
    for name, recipe in RECIPES.items():
        start = time.process_time()
        made = make(name, folder)
        size = sum(f.stat().st_size for f in made.model.iterdir())
        spent = time.process_time() - start
        print(f"| {name} | {made.parameters:,} | {recipe.steps} | {made.loss:.2f} | {size / 1024:.0f} | {spent:.0f} |", flush=True)


if __name__ == "__main__":
    main()
