"""Models drawn at random, with a tokenizer of their own, and a workspace to train them in."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, PreTrainedTokenizerFast

from ftft.runfolder import RunFolder
from tests.train.tiny import BAD, FILLER, GOOD, MAX_LENGTH, new_run


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_model(tmp_path_factory) -> Callable[..., Path]:
    """`make_model(family, headed=False, **config)`: the folder of a randomly drawn model of two layers, with a WordPiece tokenizer.

    `mask`: the tokenizer has a token for what is masked.
    """

    def make(family: str = "bert", headed: bool = False, pad: bool = True, mask: bool = False, **changes) -> Path:
        folder = tmp_path_factory.mktemp(family) / f"tiny-{family}"
        tokenizer = word_tokenizer()
        if mask:
            tokenizer.add_special_tokens({"mask_token": "[MASK]"})
        sizes = {
            "vocab_size": len(tokenizer), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "pad_token_id": 0,
            "max_position_embeddings": MAX_LENGTH + 2,
        } | ({} if family == "gpt2" else {"intermediate_size": 64, "hidden_dim": 64})  # fmt: skip
        if not pad:
            tokenizer.pad_token, tokenizer.eos_token, sizes["pad_token_id"] = None, tokenizer.sep_token, None
        torch.manual_seed(0)
        kind = AutoModelForSequenceClassification if headed else AutoModel
        kind.from_config(AutoConfig.for_model(family, **(sizes | changes))).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_model(make_model) -> Path:
    """A BERT of 2 x 32, with dropout."""
    return make_model()


@pytest.fixture
def workspace(tmp_path) -> Path:
    """An empty workspace's folder."""
    return tmp_path / "ws"


@pytest.fixture
def make_run(workspace, tiny_model) -> Callable[..., RunFolder]:
    """`make_run(rows=45, model=…, seed=1, **settings)`: a run folder that waits for its training."""
    return lambda **settings: new_run(workspace, **({"model": tiny_model} | settings))


def word_tokenizer() -> PreTrainedTokenizerFast:
    """`[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`, a number for each word."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *GOOD, *BAD, *FILLER]
    pieces = Tokenizer(models.WordPiece({word: n for n, word in enumerate(dict.fromkeys(words))}, unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    pieces.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, model_max_length=MAX_LENGTH, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
