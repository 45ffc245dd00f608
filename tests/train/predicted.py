"""Does a saved model predict, text by text, what its run has published?"""

import numpy as np
import pandas as pd
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

from ftft.runfolder import RunFolder
from ftft.train import model
from tests.train.tiny import LABELS


def as_recorded(folder: RunFolder) -> PreTrainedModel:
    """The saved model, once each text alone has given the logits that the run published."""
    saved, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder.model).eval(), AutoTokenizer.from_pretrained(folder.model)
    assert saved.config.id2label == dict(enumerate(LABELS))
    texts = pd.read_parquet(folder.workspace / "datasets" / "reviews" / "eval" / "far.parquet").set_index("id")["text"]
    for row in pd.read_parquet(folder.path / "predictions" / "far.parquet").itertuples():
        encoded = tokenizer(texts[row.id], return_tensors="pt", return_token_type_ids=model.asks_for_types(saved, tokenizer))
        with torch.no_grad():
            alone = saved(**encoded).logits[0].numpy()
        np.testing.assert_allclose(row.logits, alone, atol=1e-4)
    return saved
