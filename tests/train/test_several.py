"""An evaluation set whose label means any of several of train's, from the files to the scores of a run."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ftft import dataset as stored
from ftft.dataset import Description
from ftft.domain import RunSpec, Seeds
from ftft.pretrained import find
from ftft.runfolder import RunFolder
from ftft.train import run_folder
from tests.train.tiny import BAD, GOOD

NLI = ("entailment", "neutral", "contradiction")
MAPS = ("hans:not_entailment=neutral|contradiction",)


@pytest.fixture
def trained(workspace, tmp_path, tiny_model):
    """A run of two steps on three classes, scored on a set that knows two."""
    words = [*GOOD, *BAD]
    train = pd.DataFrame({"text": [f"{a} {b}" for a in words for b in words[:3]], "label": [NLI[i % 3] for i in range(24)]})
    hans = pd.DataFrame({"text": words, "label": ["not_entailment", "entailment", "not_entailment", "entailment"] * 2})
    for name, frame in (("train", train), ("hans", hans)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    what = Description(tmp_path / "train.csv", "text", "label", [f"hans={tmp_path / 'hans.csv'}:ood"], label_maps=MAPS)
    about = stored.add(workspace / "datasets", "nli", what, "2026-01-01T00:00:00Z")
    model = find(str(tiny_model))
    seeds = Seeds.of(1, model.fingerprint, None)
    spec = RunSpec("nli", about.fingerprint, model.path, model.fingerprint, seeds, 1, epochs=None, steps=2, batch_size=8, precision="fp32")
    folder = RunFolder(workspace / "runs" / spec.run)
    folder.create(spec, "2026-01-01T00:00:00+00:00")
    return about, run_folder(folder)["scores"]["hans"], pd.read_parquet(folder.path / "predictions" / "hans.parquet")


def test_the_scores_of_a_run_count_any_of_the_several_as_right(trained):
    about, scores, predictions = trained
    assert about.labels == tuple(sorted(NLI))
    logits_NC = np.stack(predictions["logits"])
    assert predictions["pred"].tolist() == logits_NC.argmax(1).tolist(), "predictions stay in the model's own classes"
    assert [about.answers("hans")[g] for g in predictions["gold"]] == ["contradiction|neutral", "entailment"] * 4
    is_entailment_N = (predictions["gold"] == about.labels.index("entailment")).to_numpy()
    says_entailment_N = (predictions["pred"] == about.labels.index("entailment")).to_numpy()
    assert scores["accuracy"] == (is_entailment_N == says_entailment_N).mean()
    p_NC = np.exp(logits_NC) / np.exp(logits_NC).sum(1, keepdims=True)
    p_gold_N = np.where(is_entailment_N, p_NC[:, 1], p_NC[:, 0] + p_NC[:, 2])
    assert scores["loss"] == pytest.approx(-np.log(p_gold_N).mean(), rel=1e-5)


@pytest.mark.skipif("FTFT_SHARED_DATA" not in os.environ, reason="needs the folder of real data in $FTFT_SHARED_DATA")
def test_hans_is_scored_by_a_model_of_three_classes(workspace):
    data = Path(os.environ["FTFT_SHARED_DATA"])
    what = Description(
        data / "snli" / "dev.jsonl.gz",
        ["premise", "hypothesis"],
        "label",
        [f"hans={data / 'hans' / 'eval_30k.jsonl.gz'}:ood"],
        label_maps=MAPS,
    )
    about = stored.add(workspace / "datasets", "nli", what, "2026-01-01T00:00:00Z")
    assert about.evaluations[0].labels == {"entailment": 15_000, "contradiction|neutral": 15_000}
    assert about.counts_as("hans") == (3, 1, 3)
    assert set(stored.gold(workspace / "datasets", "nli", "hans")) == {1, 3}
