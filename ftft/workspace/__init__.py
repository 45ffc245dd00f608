"""The workspace: one folder with datasets, runs and subsets, and every verb that the command line, notebooks and the app share.

ws = ftft.Workspace("my-workspace")
ws.data.add("cad", train="train.jsonl", text=["text"], label="label")
reference, = ws.train("cad", model="google/electra-small-discriminator")
ws.select(run=reference.id, by="variability", top=0.33, name="ambiguous")
"""

from ftft.domain import Estimate, Pending
from ftft.workspace.root import Workspace

__all__ = ["Estimate", "Pending", "Workspace"]
