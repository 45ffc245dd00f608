"""What is selected, as a file of rows: the dataset's columns and the metrics of one map.

Shapes: N training examples of the dataset.
"""

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ftft.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

    from ftft.workspace.maps import Maps

KINDS: dict[str, Callable[[Any], bytes]] = {
    "csv": lambda frame: frame.to_csv(index=False).encode(),
    "jsonl": lambda frame: frame.to_json(orient="records", lines=True, force_ascii=False, double_precision=15).encode(),
    "parquet": lambda frame: _parquet(frame),
    "txt": lambda frame: "".join(f"{i}\n" for i in frame["id"]).encode(),
}


def rows(maps: "Maps", dataset: str, mask_N: np.ndarray, kind: str, run: str | None, epochs: Sequence[int] | None) -> bytes:
    """The selected examples in the dataset's order. A metric has the run's id before its name where a column has that name already."""
    if kind not in KINDS:
        raise unknown("kind of file", kind, KINDS)
    frame = maps.workspace.data.rows(dataset)[mask_N] if kind != "txt" else _ids(maps, dataset, mask_N)
    if run is not None and kind != "txt":
        found = maps.of(maps.id(run), epochs)
        place_M = maps.places(dataset, found)[mask_N]
        values = {name: np.where(place_M >= 0, found.of_metric(name)[place_M], np.nan) for name in found.values}
        frame = frame.assign(**{f"{found.run} {name}" if name in frame else name: value_M for name, value_M in values.items()})
    return KINDS[kind](frame)


def _ids(maps: "Maps", dataset: str, mask_N: np.ndarray) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame({"id": maps.workspace.data.ids(dataset)[mask_N]})


def _parquet(frame: Any) -> bytes:
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()
