"""What the Launch page proposes: the paper's settings (Du, Gatt and Nguyen 2025), adapted to the size of the data and of the model."""

import math

from ftft.domain import Dataset

BATCH = 32  # the paper's; the epochs are reckoned with it
EPOCHS = 4  # MNLI: 49,088 steps of 32 are four times its 393k examples; CAD: 1,620 steps are nearly four times
LEAST_STEPS, MOST_EPOCHS = 1_000, 20  # of small sets: Mosbach et al. 2021 train them for about 20 epochs
MOST_STEPS, LEAST_EPOCHS = 50_000, 2  # of large ones; a map needs two epochs, or nothing varies
SEEDS, ONE_SEED = "1-4", "1"  # the paper's four where something is compared; a reference is one run
TINY, LARGE = 10_000_000, 250_000_000  # parameters: the bundled encoders have fewer than the first, base models than the second
RATES = {"tiny": 5e-4, "base": 2e-5, "large": 1e-5}  # the paper's for small and base, and for large; the bundled encoders' own


def epochs(rows: int) -> int:
    """Epochs over a training set of `rows` examples: 4, more where that is under 1,000 steps, fewer where it is over 50,000."""
    steps = math.ceil(rows / BATCH)
    if EPOCHS * steps < LEAST_STEPS:
        return min(MOST_EPOCHS, math.ceil(LEAST_STEPS / steps))
    return EPOCHS if EPOCHS * steps <= MOST_STEPS else max(LEAST_EPOCHS, MOST_STEPS // steps)


def size(parameters: int | None, name: str) -> str:
    """ "tiny", "base" or "large"; by the name where nobody has counted the parameters."""
    if parameters is None:
        return "large" if "large" in name.lower() else "base"
    return "tiny" if parameters < TINY else "base" if parameters < LARGE else "large"


def stop(dataset: Dataset, on_subset: bool) -> str | None:
    """What may stop a main run: sets out of distribution, as in the paper, else in it. A reference runs to its end, for its map."""
    judged = {f"{split.distribution}_dev" for split in dataset.evaluations if split.role == "dev"}
    return next((rule for rule in ("ood_dev", "id_dev") if on_subset and rule in judged), None)
