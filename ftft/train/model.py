"""The model that is fine-tuned: its first K layers, a new head, and a tokenizer that fits.

A checkpoint's own classification head would be kept silently, under other label names: it is always drawn anew.
"""

import inspect
from dataclasses import dataclass

import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from ftft.domain import RunSpec
from ftft.errors import InputError
from ftft.pretrained import find


@dataclass(frozen=True)
class Source:
    """What `from_pretrained` reads before any weights: configuration and tokenizer."""

    path: str
    revision: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase


def quiet() -> None:
    """No chatter from transformers: what it has to say about heads and layers is what this module does on purpose."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def read(spec: RunSpec, labels: tuple[str, ...]) -> Source:
    """Configuration, with layers cut and labels named, and tokenizer. InputError where they cannot be had or layers are too few."""
    revision = _revision(spec)
    try:
        config = AutoConfig.from_pretrained(spec.model, revision=revision, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(spec.model, revision=revision, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as problem:
        raise InputError(
            f"model {spec.model!r} cannot be loaded: {_first_line(problem)}",
            "Give a folder written by save_pretrained, or a hub id and a network",
        ) from problem
    if spec.layers is not None:
        if spec.layers > config.num_hidden_layers:
            has = config.num_hidden_layers
            raise InputError(f"--layers is {spec.layers}, but {spec.model_name} has {has} layers", f"Give at most {has}")
        config.num_hidden_layers = spec.layers
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: n for n, label in enumerate(labels)}
    if tokenizer.pad_token is None:  # decoders have none, and fail at a batch of two texts
        if tokenizer.eos_token is None:
            raise InputError(
                f"the tokenizer of {spec.model!r} has neither a padding token nor one for the end", "Add a pad_token and save it again"
            )
        tokenizer.pad_token = tokenizer.eos_token
    config.pad_token_id = tokenizer.pad_token_id
    return Source(spec.model, revision, config, tokenizer)


def load(source: Source, attention: str | None, seed: int) -> PreTrainedModel:
    """The model in fp32 on the CPU; whatever has no weights in the checkpoint, and the head in any case, is drawn from `seed`."""
    torch.manual_seed(seed)
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            source.path,
            revision=source.revision,
            config=source.config,
            attn_implementation=attention,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError) as problem:
        raise InputError(
            f"model {source.path!r} cannot be loaded: {_first_line(problem)}", "Save it with save_pretrained, as safetensors"
        ) from problem
    _redraw_head(model, seed)
    return model


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The most tokens that the model can take: its tokenizer's limit, or the positions that it has a vector for."""
    positions = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    if not isinstance(positions, torch.nn.Embedding):
        return tokenizer.model_max_length
    first = 0 if positions.padding_idx is None else positions.padding_idx + 1  # RoBERTa counts positions from the padding's number on
    return min(tokenizer.model_max_length, positions.num_embeddings - first)


def asks_for_types(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether token types (first text or second) go in."""
    return "token_type_ids" in tokenizer.model_input_names and "token_type_ids" in inspect.signature(model.forward).parameters


def _revision(spec: RunSpec) -> str:
    """The hub's commit that the spec was made for. InputError if a model on the disk is no longer the one that the spec was made for."""
    if spec.model_fingerprint.startswith("hub:"):
        return spec.model_fingerprint.removeprefix("hub:")
    if find(spec.model).fingerprint != spec.model_fingerprint:
        raise InputError(f"model {spec.model!r} has changed since this run was asked for", "Start the run again; it gets another id")
    return "main"


def _redraw_head(model: PreTrainedModel, seed: int) -> None:
    """Everything outside the encoder. transformers marks what it loaded and would not draw it again, so the marks come off first."""
    torch.manual_seed(seed)
    for name, part in model.named_children():
        if name != model.base_model_prefix:
            for marked in (*part.modules(), *part.parameters()):
                if hasattr(marked, "_is_hf_initialized"):
                    delattr(marked, "_is_hf_initialized")
            with torch.no_grad():
                part.apply(model._init_weights)


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0].rstrip(".") if str(problem).strip() else type(problem).__name__
