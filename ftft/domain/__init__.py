"""The nouns: frozen values that check themselves when made, so that an invalid one cannot exist. Standard library only."""

from ftft.domain.dataset import JOIN, Dataset, Finding, Split
from ftft.domain.identity import canonical, digest_of_ids, safe_name
from ftft.domain.mean import mean_id, runs_in
from ftft.domain.region import Box, Lasso
from ftft.domain.run import STATES, UNKNOWN, Run, RunSpec, Seeds
from ftft.domain.selection import Selection, Step, Subset

__all__ = [
    "JOIN", "STATES", "UNKNOWN", "Box", "Dataset", "Finding", "Lasso", "Run", "RunSpec", "Seeds", "Selection", "Split", "Step", "Subset",
    "canonical", "digest_of_ids", "mean_id", "runs_in", "safe_name",
]  # fmt: skip
