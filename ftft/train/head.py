"""The classification head: drawn anew, or a checkpoint's own, put into the order of a dataset's labels by their names."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from ftft.errors import InputError


def labels_of(config: PreTrainedConfig) -> tuple[str, ...]:
    """What a checkpoint calls its classes, in the order of its last layer's rows."""
    names: Any = config.id2label
    return tuple(names[n] for n in range(len(names)))


def name_labels(config: PreTrainedConfig, labels: tuple[str, ...]) -> None:
    """From now on the classes are called `labels`."""
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: n for n, label in enumerate(labels)}


def rows_of_head(config: PreTrainedConfig, labels: tuple[str, ...], model: str) -> tuple[int, ...]:
    """Where the dataset's labels stand among the checkpoint's own, by name, whatever the case."""
    theirs = labels_of(config)
    place = {name.casefold(): n for n, name in enumerate(theirs)}
    lacking = [label for label in labels if label.casefold() not in place]
    if lacking or len(place) < len(theirs):
        raise InputError(
            f"the head of {model} tells apart {', '.join(theirs)}, which does not name {', '.join(lacking or labels)}",
            "Leave --keep-head out, or give the labels of dataset and model (config.json, id2label) the same names",
        )
    return tuple(place[label.casefold()] for label in labels)


def keep_head(model: PreTrainedModel, rows: tuple[int, ...], labels: tuple[str, ...]) -> None:
    """Puts the last layer's rows into the order of `labels`, leaving out those of other labels."""
    last: Any = last_layer(model)[1]
    last.weight = torch.nn.Parameter(last.weight.detach()[list(rows)].clone())
    if last.bias is not None:
        last.bias = torch.nn.Parameter(last.bias.detach()[list(rows)].clone())
    last.out_features = len(rows)
    name_labels(model.config, labels)
    changed: Any = model
    changed.num_labels = len(rows)


def redraw_head(model: PreTrainedModel, seed: int) -> None:
    """Everything outside the encoder."""
    draw_anew(model, head_of(model), seed)


def head_of(model: PreTrainedModel) -> list[torch.nn.Module]:
    """Everything outside the encoder."""
    return [part for name, part in model.named_children() if name != model.base_model_prefix]


def draw_anew(model: PreTrainedModel, parts: Sequence[torch.nn.Module], seed: int) -> None:
    """As the architecture draws its weights. transformers marks what it loaded and would not draw it again, so the marks come off first."""
    torch.manual_seed(seed)
    for part in parts:
        for marked in (*part.modules(), *part.parameters()):
            if hasattr(marked, "_is_hf_initialized"):
                delattr(marked, "_is_hf_initialized")
        with torch.no_grad():
            part.apply(model._init_weights)


def last_layer(model: PreTrainedModel) -> tuple[str, torch.nn.Module]:
    """The layer that gives the logits, and its name: the last one outside the encoder whose weight has a row for each label."""
    for name, part in reversed(list(model.named_modules())):
        weight = getattr(part, "weight", None)
        gives = isinstance(weight, torch.Tensor) and weight.dim() > 1 and weight.shape[-2] == model.config.num_labels
        if gives and not name.startswith(model.base_model_prefix):
            return name, part
    raise InputError(f"{type(model).__name__} has no linear layer that gives its logits", "Use another architecture")


def put_last_layer(model: PreTrainedModel, layer: torch.nn.Module) -> None:
    """In the place of the one that is there."""
    parent, _, name = last_layer(model)[0].rpartition(".")
    setattr(model.get_submodule(parent), name, layer)
