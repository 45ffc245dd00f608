"""Training dynamics of others in: read as their file says them, joined over epochs, held against a dataset, published as a run.

    formats.py      the registry: a format is one line there and one module with a `read`
    records.py      what a reader brings: the logits of every epoch (`Recorded`), or metrics alone (`Measured`)
    joining.py      epochs that tell of the same examples, each once
    matching.py     whose example is it, and which of their labels is which of ours
    newdataset.py   a dataset made of the import alone
    publishing.py   the run's folder

Nothing is invented on the way: what a file does not say stays unknown, and everything that is left out is reported.
"""

from ftft.imports.formats import FORMATS, read
from ftft.imports.joining import joined
from ftft.imports.matching import Target, matched
from ftft.imports.newdataset import NewDataset
from ftft.imports.publishing import Content, publish_run

__all__ = ["FORMATS", "Content", "NewDataset", "Target", "joined", "matched", "publish_run", "read"]
