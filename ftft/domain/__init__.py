"""The nouns: frozen values that check themselves when made, so that an invalid one cannot exist. Standard library only."""

from ftft.domain.dataset import JOIN, Dataset, Finding, Split
from ftft.domain.estimate import Estimate, Pending, RunEstimate
from ftft.domain.experiment import Experiment, Member, Twin
from ftft.domain.identity import canonical, digest_of_ids, safe_name
from ftft.domain.mean import mean_id, runs_in
from ftft.domain.notes import FLAGS, KEEP_OUT, LABEL_WRONG, Note
from ftft.domain.region import Box, Lasso
from ftft.domain.run import STATES, Run
from ftft.domain.selection import Selection, Subset
from ftft.domain.spec import UNKNOWN, RunSpec, Seeds
from ftft.domain.step import OPS, Step
from ftft.domain.words import in_words

__all__ = [
    "FLAGS", "JOIN", "KEEP_OUT", "LABEL_WRONG", "OPS", "STATES", "UNKNOWN", "Box", "Dataset", "Estimate", "Experiment", "Finding", "Lasso",
    "Member", "Note", "Pending", "Run", "RunEstimate", "RunSpec", "Seeds", "Selection", "Split", "Step", "Subset", "Twin", "canonical",
    "digest_of_ids", "in_words", "mean_id", "runs_in", "safe_name",
]  # fmt: skip
