"""What recording costs, and what our training is worth beside a plain `transformers.Trainer`.

    python -m benchmarks.training --out training.json [--data FOLDER] [--pairs 10] [--rows 3200] [--precision fp32] [--only NAME]…

Three comparisons, each of pairs that take turns (benchmarks/timing.py); what is timed is the call that trains, and nothing around it:

- recording: online capture over no capture, on a BERT of 4 x 256, texts of about 64 tokens. At most 1.03 (lower end of the interval).
- grouping: a plain Trainer in its random order over our engine, recording. A BERT of 2 x 128, lengths of cad. At least 2.
- engine: the same, but with the Trainer's own grouping by length. At least .95.

FOLDER holds the contextual abuse dataset as train.jsonl.gz (columns text and label; Vidgen et al. 2021). Without it, texts are words drawn
at random, whose numbers follow cad's: log-normal, median 15, sigma 1.16. The result says which it was. The models are not pre-trained, and
their tokenizer is learnt from the texts: both say nothing about time. A checkpoint at the end of the epoch belongs to both sides.
"""

import argparse
import contextlib
import gzip
import io
import json
import math
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

import ftft
from benchmarks import timing
from ftft.domain import RunSpec
from ftft.runfolder import RunFolder
from ftft.train.attempt import Attempt
from ftft.train.cost import Ledger
from ftft.train.model import quiet
from ftft.train.precision import choose, this_device
from ftft.train.pretrain import train_tokenizer
from ftft.train.stopping import Stop

MAX_LENGTH = 300
BATCH = 32
LR = 5e-5
GOALS = {"recording": "low <= 1.03", "grouping": ">= 2", "engine": ">= 0.95"}
Texts = list[tuple[str, str]]  # text, label


@dataclass(frozen=True)
class Bench:
    """A workspace with one dataset and one model, both made for a comparison. Every call of an arm trains anew, with another seed."""

    ws: ftft.Workspace
    model: Path
    texts: Texts
    precision: str
    again: Iterator[int]

    def ours(self, capture: str) -> float:
        """Seconds that our engine takes for one epoch."""
        seed = next(self.again)
        settings: dict[str, Any] = {"epochs": 1, "lr": LR, "batch_size": BATCH, "max_length": MAX_LENGTH, "precision": self.precision}
        (spec,) = self.ws.plan("texts", model=str(self.model), seeds=(seed,), capture=capture, **settings)
        attempt = _attempt(self.ws.runs.folder(spec.run), spec)
        return _seconds(lambda: attempt.engine.run(None))

    def plain(self, strategy: str) -> float:
        """Seconds that `transformers.Trainer` takes for it, with its `train_sampling_strategy`."""
        seed = next(self.again)
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.model)
        labels = sorted({label for _, label in self.texts})
        encoded = tokenizer([text for text, _ in self.texts], truncation=True, max_length=MAX_LENGTH)
        rows: Any = [
            {"labels": labels.index(label), **{name: encoded[name][n] for name in encoded}} for n, (_, label) in enumerate(self.texts)
        ]
        precision = choose(self.precision, this_device())
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            self.model, num_labels=len(labels), attn_implementation=precision.attention
        )
        with tempfile.TemporaryDirectory() as folder:
            arguments = transformers.TrainingArguments(
                output_dir=folder, num_train_epochs=1, per_device_train_batch_size=BATCH, learning_rate=LR, seed=seed,
                train_sampling_strategy=strategy, save_strategy="epoch", bf16=precision.name == "bf16", use_cpu=this_device().type == "cpu",
                report_to="none", disable_tqdm=True, log_level="error",
            )  # fmt: skip
            padding = transformers.DataCollatorWithPadding(tokenizer)
            trainer = transformers.Trainer(model, arguments, padding, rows, processing_class=tokenizer)
            return _seconds(trainer.train)


def _attempt(folder: RunFolder, spec: RunSpec) -> Attempt:
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    folder.checkpoints.mkdir(parents=True)
    return Attempt(folder, Ledger(folder.checkpoints / "cost.json"), Stop())


def _seconds(train: Callable[[], object]) -> float:
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        train()
        return time.perf_counter() - began


@contextlib.contextmanager
def bench(texts: Texts, layers: int, hidden: int, precision: str) -> Iterator[Bench]:
    """A dataset of `texts` and an untrained BERT, as long as the block lasts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "train.jsonl"
        rows = ({"id": str(n), "text": text, "label": label} for n, (text, label) in enumerate(texts))
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        ws = ftft.Workspace(folder / "workspace", runner=False)
        ws.data.add("texts", train=file, text="text", label="label")
        tokenizer = train_tokenizer([text for text, _ in texts], 8192, MAX_LENGTH)
        config = transformers.BertConfig(
            vocab_size=len(tokenizer), hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=max(1, hidden // 64),
            intermediate_size=4 * hidden, max_position_embeddings=MAX_LENGTH,
        )  # fmt: skip
        torch.manual_seed(0)
        transformers.BertModel(config).save_pretrained(folder / "model")
        tokenizer.save_pretrained(folder / "model")
        yield Bench(ws, folder / "model", texts, precision, count(1))


# ---- texts


def even_texts(rows: int) -> Texts:
    """About 64 tokens each, from 48 to 80."""
    return _words(rows, lambda draw: draw.randint(46, 78))


def cad_like_texts(rows: int) -> Texts:
    """As many words as cad's texts have."""
    return _words(rows, lambda draw: min(500, max(1, round(draw.lognormvariate(math.log(15), 1.16)))))


def cad_texts(folder: Path, rows: int) -> Texts:
    """`rows` rows of the real cad, drawn at random."""
    with gzip.open(folder / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        every = [json.loads(line) for line in lines]
    with_text = [(row["text"], row["label"]) for row in every if row["text"].strip()]
    return random.Random(0).sample(with_text, min(rows, len(with_text)))


def _words(rows: int, length: Callable[[random.Random], int]) -> Texts:
    draw = random.Random(0)
    words = ["".join(draw.choices("aeioulnrst", k=3)) for _ in range(500)]
    return [(" ".join(draw.choices(words, k=length(draw))), ("no", "yes")[n % 2]) for n in range(rows)]


# ---- the comparisons


def recording(texts: Texts, n: int, precision: str, layers: int = 4, hidden: int = 256) -> timing.Pairs:
    """Online capture over none."""
    with bench(texts, layers, hidden, precision) as on:
        return timing.pairs(lambda: on.ours("online"), lambda: on.ours("none"), n, measure=_own)


def against_trainer(texts: Texts, strategy: str, n: int, precision: str, layers: int = 2, hidden: int = 128) -> timing.Pairs:
    """A plain Trainer over our engine, which records."""
    with bench(texts, layers, hidden, precision) as on:
        return timing.pairs(lambda: on.plain(strategy), lambda: on.ours("online"), n, measure=_own)


def _own(arm: Callable[[], object]) -> float:
    """An arm says itself how long its training took."""
    taken: Any = arm()
    return taken


def run(names: list[str], data: Path | None, n: int, rows: int, precision: str, out: Path) -> None:
    """All comparisons in `names`, with what they were made on; `out` holds those that are done."""
    torch.set_num_threads(1)
    quiet()
    long_tailed = cad_texts(data, rows) if data else cad_like_texts(rows)
    words = np.array([len(text.split()) for text, _ in long_tailed])
    made = {
        "recording": lambda: recording(even_texts(rows // 8), n, precision),
        "grouping": lambda: against_trainer(long_tailed, "random", n, precision),
        "engine": lambda: against_trainer(long_tailed, "group_by_length", n, precision),
    }
    found = {"texts": "cad" if data else "drawn, lengths like cad's", "rows": rows, "precision": precision, "threads": 1}
    found["words"] = {str(q): float(np.percentile(words, q)) for q in (5, 25, 50, 75, 95)}
    found["versions"] = {"torch": torch.__version__, "transformers": transformers.__version__, "ftft": ftft.__version__}
    for name in names:
        found[name] = made[name]().to_json()
        print(line(name, found[name]), flush=True)
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def line(name: str, pairs: dict[str, Any]) -> str:
    """A row of the table."""
    numbers = "  ".join(f"{pairs[k]:8.3f}" for k in ("median", "low", "high", "seconds_a", "seconds_b"))
    return f"{name:<10}{numbers}   {GOALS[name]}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder of the real cad")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--rows", type=int, default=3200)
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--only", action="append", choices=list(GOALS))
    given = parser.parse_args()
    print(f"{'':<10}" + "  ".join(f"{head:>8}" for head in ("ratio", "low", "high", "a, s", "b, s")) + "   goal")
    run(given.only or list(GOALS), given.data, given.pairs, given.rows, given.precision, given.out)


if __name__ == "__main__":
    main()
