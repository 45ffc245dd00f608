"""The model that is fine-tuned: its first K layers, a new head, and a tokenizer that fits.

A checkpoint's own classification head would be kept silently, under other label names: it is drawn anew, or kept on request and put into
the order of the dataset's labels, by their names.
"""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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
from ftft.train.head import keep_head, labels_of, name_labels, redraw_head, rows_of_head

_POSITIONS = ("position_embeddings", "wpe", "embed_positions")


@dataclass(frozen=True)
class Source:
    """What `from_pretrained` reads before any weights. `head`: which rows of the checkpoint's last layer to keep, None for a new head.

    `remote_code`: its own Python code may run. Whoever asked for the run said so; nothing in a model's folder can.
    """

    path: str
    revision: str
    config: PreTrainedConfig
    tokenizer: PreTrainedTokenizerBase
    labels: tuple[str, ...]
    head: tuple[int, ...] | None = None
    remote_code: bool = False


def quiet() -> None:
    """No chatter from transformers: what it has to say about heads and layers is what this module does on purpose."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def read(spec: RunSpec, labels: tuple[str, ...]) -> Source:
    """Configuration, with layers cut and labels named, and tokenizer. InputError where they cannot be had or layers are too few."""
    revision, remote_code = _revision(spec), bool(spec.remote_code)
    config, tokenizer = _read(spec.model, revision, remote_code)
    if spec.layers is not None:
        _cut(config, spec)
    head = rows_of_head(config, labels, spec.model_name) if spec.keep_head else None
    if head is None:
        name_labels(config, labels)
    if tokenizer.pad_token is None:  # decoders have none, and fail at a batch of two texts
        if tokenizer.eos_token is None:
            raise InputError(
                f"the tokenizer of {spec.model!r} has neither a padding token nor one for the end", "Add a pad_token and save it again"
            )
        tokenizer.pad_token = tokenizer.eos_token
    config.pad_token_id = tokenizer.pad_token_id
    return Source(spec.model, revision, config, tokenizer, labels, head, remote_code)


def stored(folder: Path, remote_code: bool) -> Source:
    """The source of a checkpoint of ours: complete in itself, so that a run goes on where its model's own folder is not to be had."""
    config, tokenizer = _read(str(folder), "main", remote_code)
    labels = labels_of(config)
    return Source(str(folder), "main", config, tokenizer, labels, tuple(range(len(labels))), remote_code)


class Loaded(NamedTuple):
    """`new`: weights of the encoder that the checkpoint lacks, but for poolers, which by custom belong to the head. `drawn`: all new."""

    model: PreTrainedModel
    new: tuple[str, ...]
    drawn: tuple[str, ...]


def load(source: Source, attention: str | None, seed: int) -> Loaded:
    """The model in fp32 on the CPU. What the checkpoint lacks, and the head, are drawn from `seed`.

    InputError where it cannot be loaded, or most of the encoder would be drawn.
    """
    torch.manual_seed(seed)
    try:
        model, found = AutoModelForSequenceClassification.from_pretrained(
            source.path,
            revision=source.revision,
            config=source.config,
            attn_implementation=attention,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=source.remote_code,
            output_loading_info=True,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as problem:  # whatever a foreign file or architecture makes the library stumble over
        raise _cannot_load(
            source.path, problem, "Save it with save_pretrained, as safetensors, and see that it is a text classifier"
        ) from problem
    prefix = f"{model.base_model_prefix}."
    missing = sorted(found["missing_keys"])
    new = tuple(name for name in missing if name.startswith(prefix) and ".pooler." not in name)
    if 2 * len(new) > sum(name.startswith(prefix) for name, _ in model.named_parameters()):
        raise InputError(
            f"the weights of {source.path!r} are not those of its configuration: {len(new)} of the encoder are missing, such as {new[0]}",
            "Save model and configuration together, with save_pretrained",
        )
    if source.head is None:
        redraw_head(model, seed)
    elif any(not name.startswith(prefix) for name in missing):
        raise InputError(f"{source.path!r} has no classification head to keep", "Leave --keep-head out: a new head is drawn")
    else:
        keep_head(model, source.head, source.labels)
    head = [name for name, _ in model.named_parameters() if not name.startswith(prefix)] if source.head is None else []
    return Loaded(model, new, tuple(sorted({*missing, *head})))


def longest_input(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The most tokens that the model can take: its tokenizer's limit (many say 10³⁰), or the positions that it knows."""
    for name, part in model.base_model.named_modules():
        if name.split(".")[-1] in _POSITIONS and isinstance(part, torch.nn.Embedding):
            first = 0 if part.padding_idx is None else part.padding_idx + 1  # RoBERTa counts positions from the padding's number on
            return min(tokenizer.model_max_length, part.num_embeddings - first)
        if "rotary" in name:
            return min(tokenizer.model_max_length, model.config.max_position_embeddings)
    return tokenizer.model_max_length


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


def _read(path: str, revision: str, remote_code: bool) -> tuple[PreTrainedConfig, PreTrainedTokenizerBase]:
    try:
        config = AutoConfig.from_pretrained(path, revision=revision, trust_remote_code=remote_code)
        tokenizer = AutoTokenizer.from_pretrained(path, revision=revision, trust_remote_code=remote_code)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as problem:
        raise _cannot_load(path, problem, "Give a folder written by save_pretrained, or a hub id and a network") from problem
    return config, tokenizer


def _cannot_load(path: str, problem: Exception, remedy: str) -> InputError:
    kind = "" if isinstance(problem, OSError | ValueError) else f"{type(problem).__name__}: "
    return InputError(f"model {path!r} cannot be loaded: {kind}{_first_line(problem)}", remedy)


def _cut(config: PreTrainedConfig, spec: RunSpec) -> None:
    has = config.num_hidden_layers
    assert spec.layers
    if spec.layers > has:
        raise InputError(f"--layers is {spec.layers}, but {spec.model_name} has {has} layers", f"Give at most {has}")
    config.num_hidden_layers = spec.layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[: spec.layers]


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0].rstrip(".") if str(problem).strip() else type(problem).__name__
