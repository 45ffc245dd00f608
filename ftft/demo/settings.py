"""What `ftft demo` trains: one place for the command, the makers of its models, the benchmark and the documentation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Demo:
    """`references` and `main` are names of bundled encoders (data/models). Epochs count the whole training set, with a subset too.

    `rows` of training, `held_out` in each evaluation set, both drawn with `seed`; the subset `subset` is the top `q` by `metric`.
    """

    rows: int
    held_out: int
    reference_epochs: int
    main_epochs: int
    references: tuple[str, ...] = ("bert-2x64", "electra-2x64")
    main: str = "bert-2x128"
    dataset: str = "reviews"
    seed: int = 0
    metric: str = "variability"
    q: float = 0.33
    subset: str = "ambiguous"
    lr: float = 5e-4
    batch_size: int = 32
    max_length: int = 32


DEMO = Demo(rows=18_000, held_out=2_000, reference_epochs=4, main_epochs=1)
# Shows that everything works, not that the method does: below some 10,000 rows the rare constructions are too rare to be learnt.
# The main model is the second reference, and has its budget: its run on everything, to compare with, is there already.
QUICK = Demo(
    rows=1_000, held_out=250, reference_epochs=2, main_epochs=2, references=("bert-2x64", "bert-2x128"),
    dataset="reviews-quick", subset="ambiguous-quick", lr=1e-3,
)  # fmt: skip
