"""What adding a large file costs: seconds of a processor, and the peak of memory, of `ftft data add` in a process of its own.

    python -m benchmarks.adding [--megabytes 300] [--format csv|tsv|jsonl]

The texts are Zipf-distributed words of uneven lengths; every tenth holds a comma, quotes and a line break, one in fifty occurs before.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

MB = 1 << 20
# In between, since a process starts with the peak of the one that it was forked from.
MEASURE = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)"""


def examples(seed: int) -> Iterator[dict]:
    """Rows without end: an id, a text of about 270 bytes, a label, and two columns that nobody asked for."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyzäé", k=draw.randint(2, 10))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    drawn = draw.choices(words, weights, k=1_000_000)
    text = ""
    for number in range(sys.maxsize):
        if number % 50:
            start = draw.randrange(len(drawn) - 100)
            text = " ".join(drawn[start : start + draw.randint(5, 80)])
        if number % 10 == 1:
            text += ', he said: "well"\nand left'
        yield {"id": f"row-{number}", "text": text, "label": draw.choice(("neg", "pos")), "score": number / 8, "source": "synthetic"}


def write(file: Path, bytes_wanted: int) -> int:
    """Fills `file` in the format that its name says; the number of rows."""
    rows = 0
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, ["id", "text", "label", "score", "source"], delimiter="\t" if file.suffix == ".tsv" else ",")
        if file.suffix != ".jsonl":
            table.writeheader()
        for rows, row in enumerate(examples(1), start=1):
            if file.suffix == ".jsonl":
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                table.writerow(row)
            if rows % 1000 == 0 and out.tell() > bytes_wanted:
                break
    return rows


def cost_of(*command: str) -> tuple[float, float]:
    """(seconds of a processor, peak memory in MB) of a command of ftft, whose output is left out."""
    words = [sys.executable, "-c", MEASURE, sys.executable, "-m", "ftft", *command]
    seconds, peak = map(float, subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())
    return seconds, peak * (1 if sys.platform == "darwin" else 1024) / MB  # bytes there, kilobytes elsewhere


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--format", choices=("csv", "tsv", "jsonl"), default="csv")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"train.{asked.format}"
        rows = write(file, asked.megabytes * MB)
        size = file.stat().st_size / MB
        seconds, peak = cost_of(
            "data", "add", "large", "--train", str(file), "--text", "text", "--label", "label", "--workspace", f"{folder}/ws"
        )
        base = cost_of("data", "list", "--workspace", f"{folder}/ws")[1]
    ratio = (peak - base) / size  # without what every command takes
    print(f"{rows:,} rows, {size:.0f} MB of {asked.format}: {seconds:.1f} s of a processor, peak {peak:.0f} MB, {ratio:.2f} bytes a byte")


if __name__ == "__main__":
    main()
