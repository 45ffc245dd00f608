"""The classification head: drawn anew, or a checkpoint's own, put into the order of a dataset's labels by their names."""

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
    last = next(
        part
        for name, part in reversed(list(model.named_modules()))
        if isinstance(part, torch.nn.Linear)
        and part.out_features == model.config.num_labels
        and not name.startswith(model.base_model_prefix)
    )
    last.weight = torch.nn.Parameter(last.weight.detach()[list(rows)].clone())
    if last.bias is not None:
        last.bias = torch.nn.Parameter(last.bias.detach()[list(rows)].clone())
    last.out_features = len(rows)
    name_labels(model.config, labels)
    changed: Any = model
    changed.num_labels = len(rows)


def redraw_head(model: PreTrainedModel, seed: int) -> None:
    """Everything outside the encoder. transformers marks what it loaded and would not draw it again, so the marks come off first."""
    torch.manual_seed(seed)
    for name, part in model.named_children():
        if name != model.base_model_prefix:
            for marked in (*part.modules(), *part.parameters()):
                if hasattr(marked, "_is_hf_initialized"):
                    delattr(marked, "_is_hf_initialized")
            with torch.no_grad():
                part.apply(model._init_weights)
