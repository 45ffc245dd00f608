"""A run's folder: every path in it, how each file is written, and how it is read back. Complete in itself: it can be copied and ingested.

    spec.json                      what determines the run, and when it was created
    dynamics/epoch=001.parquet     one file a complete epoch (partial=NNN.parquet: an epoch that was cut short; it never enters a map)
    metrics.parquet                instead of dynamics/, for a run that was imported with its metrics alone
    predictions/EVAL.parquet       one row an example of each evaluation set
    metrics.jsonl, log.txt         progress for programs, and for people
    checkpoints/, model/           to resume from; the fine-tuned model as `save_pretrained` leaves it
    results.json                   the verdict, written last
    lock, cancel                   held by the processes of an attempt; "please stop"

Shapes: E epochs, N examples, C classes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ftft.dynamics import Epoch, Measures, UnfitError
from ftft.metrics import METRICS, p_gold
from ftft.publish import publish
from ftft.runpaths import RunPaths

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = b"ftft"  # key of our metadata in a Parquet file
ROWS = 1 << 16  # read at a time, and of a group in a file: one example costs no more than its group


@dataclass(frozen=True)
class RunFolder(RunPaths):
    """`workspace/runs/ID`, with its arrays. Reading a folder that is still being written gives what has been published so far."""

    # ---- dynamics

    def publish_epoch(self, epoch: Epoch) -> None:
        """One immutable Parquet file: id, gold, logits, p_gold, step; capture, order hash and epoch in its metadata. Sorted by id."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        by_id = np.argsort(epoch.ids_N, kind="stable")
        logits_NC = np.ascontiguousarray(epoch.logits_NC[by_id], dtype=np.float32)
        table = pa.table(
            {
                "id": pa.array(epoch.ids_N[by_id].tolist(), pa.string()),
                "gold": pa.array(epoch.gold_N[by_id].astype(np.int32)),
                "logits": _lists(logits_NC),
                "p_gold": pa.array(p_gold(logits_NC[None], epoch.gold_N[by_id])[0]),
                "step": pa.array(epoch.step_N[by_id].astype(np.int32)),
            }
        )
        about = {"epoch": epoch.number, "capture": epoch.capture, "order_hash": epoch.order_hash}
        table = table.replace_schema_metadata({FORMAT: json.dumps(about).encode()})
        kind = "epoch" if epoch.complete else "partial"
        publish(
            self.path / "dynamics" / f"{kind}={epoch.number:03d}.parquet",
            lambda aside: pq.write_table(table, aside, compression="zstd", row_group_size=ROWS),
        )

    def read_epoch(self, number: int) -> Epoch:
        """The complete epoch `number`, rows sorted by id."""
        import pyarrow.parquet as pq

        table = _whole(pq.ParquetFile(self.epoch_files()[number]).read())
        about = json.loads(table.schema.metadata[FORMAT])
        logits_NC = table["logits"].combine_chunks().flatten().to_numpy().reshape(table.num_rows, -1)
        gold_N, step_N, p_gold_N = (table[column].to_numpy() for column in ("gold", "step", "p_gold"))
        return Epoch(number, _ids(table), gold_N, logits_NC, step_N, about["capture"], about["order_hash"], p_gold_N=p_gold_N)

    def sound_epoch(self, number: int) -> Epoch:
        """The same of a file that may come from anywhere: UnfitError says why it cannot be used."""
        import pyarrow as pa

        try:
            return self.read_epoch(number).check()
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as problem:
            raise UnfitError(f"it cannot be read ({str(problem).rstrip('.')})") from problem

    def examples(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """(ids, gold) of the complete epoch `number`, each (N,)."""
        import pyarrow.parquet as pq

        table = pq.ParquetFile(self.epoch_files()[number]).read(["id", "gold"])
        return _ids(table), table["gold"].to_numpy()

    def logits(self, number: int) -> Iterator[np.ndarray]:
        """The logits of the complete epoch `number`, (n, C) float32, a few thousand rows at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.epoch_files()[number]) as file:
            for batch in file.iter_batches(ROWS, columns=["logits"]):
                yield batch["logits"].flatten().to_numpy(zero_copy_only=False).reshape(batch.num_rows, -1)

    def logits_of(self, number: int, row: int) -> np.ndarray:
        """The logits of one row of the complete epoch `number`, (C,) float32: only the group of rows that holds it is read."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.epoch_files()[number]) as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if row < rows:
                    return file.read_row_group(group, columns=["logits"])["logits"].slice(row, 1).combine_chunks().flatten().to_numpy()
                row -= rows
        raise IndexError(row)

    # ---- metrics without dynamics

    def publish_measures(self, measures: Measures) -> None:
        """`metrics.parquet`: id, gold, then the metrics that there are; the number of epochs in its metadata. Sorted by id."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        by_id = np.argsort(measures.ids_N, kind="stable")
        columns = {"id": pa.array(measures.ids_N[by_id].tolist(), pa.string()), "gold": pa.array(measures.gold_N[by_id].astype(np.int32))}
        columns |= {name: pa.array(values_N[by_id], from_pandas=True) for name, values_N in measures.values.items()}
        about = {"epochs": measures.epochs, "exact": measures.exact}
        table = pa.table(columns).replace_schema_metadata({FORMAT: json.dumps(about).encode()})
        publish(self.measures_file, lambda aside: pq.write_table(table, aside, compression="zstd"))

    def read_measures(self) -> Measures:
        """What `publish_measures` wrote, rows sorted by id."""
        import pyarrow.parquet as pq

        table = pq.ParquetFile(self.measures_file).read()
        about = json.loads(table.schema.metadata[FORMAT])
        values = {name: table[name].to_numpy().astype(np.float64) for name in METRICS if name in table.column_names}
        return Measures(self.run, _ids(table), table["gold"].to_numpy(), values, about["epochs"], about["exact"])

    # ---- predictions

    def publish_predictions(self, evaluation: str, ids_N: np.ndarray, gold_N: np.ndarray, logits_NC: np.ndarray) -> None:
        """`predictions/EVAL.parquet`: id, gold, pred, logits; rows carry their ids, since a Trainer returns them in any order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table(
            {
                "id": pa.array(list(ids_N), pa.string()),
                "gold": pa.array(gold_N.astype(np.int32)),
                "pred": pa.array(logits_NC.argmax(1).astype(np.int32)),
                "logits": _lists(np.ascontiguousarray(logits_NC, dtype=np.float32)),
            }
        )
        publish(self.path / "predictions" / f"{evaluation}.parquet", lambda aside: pq.write_table(table, aside, compression="zstd"))

    def read_predictions(self, evaluation: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(ids_N, gold_N, logits_NC) as published, rows sorted by id. FileNotFoundError where the run has not predicted that set."""
        import pyarrow.parquet as pq

        table = pq.ParquetFile(self.path / "predictions" / f"{evaluation}.parquet").read()
        ids_N, logits = _ids(table), table["logits"].combine_chunks()
        logits_NC = logits.flatten().to_numpy(zero_copy_only=False).reshape(len(ids_N), -1)
        by_id = np.argsort(ids_N, kind="stable")
        return ids_N[by_id], table["gold"].to_numpy()[by_id], logits_NC[by_id]


def _lists(logits_NC: np.ndarray) -> "pa.Array":
    """A list of float32 for each row."""
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(logits_NC.ravel()), logits_NC.shape[1]).cast(pa.list_(pa.float32()))


def _ids(table: "pa.Table") -> np.ndarray:
    return np.array(table["id"].to_pylist(), dtype=object)


def _whole(table: "pa.Table") -> "pa.Table":
    """`table`, if its columns are those that `publish_epoch` writes; ValueError otherwise: no cell may slide into another row."""
    import pyarrow as pa
    from pyarrow import compute as pc

    kinds = {"id": pa.string(), "gold": pa.int32(), "logits": pa.list_(pa.float32()), "p_gold": pa.float64(), "step": pa.int32()}
    table = table.select(list(kinds)).cast(pa.schema(kinds, table.schema.metadata))
    if empty := [column for column in kinds if table[column].null_count]:
        raise ValueError(f"column {empty[0]} has empty cells")
    if len(pc.call_function("list_value_length", [table["logits"]]).unique()) != 1:
        raise ValueError("its rows have different numbers of logits")
    return table
