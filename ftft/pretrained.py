"""A pre-trained model as it lies on the disk or on the hub: who it is (its fingerprint), how many layers it has. Read without torch.

Pickled weights are refused: unpickling runs whatever the file says. A model that brings code of its own is told apart by its
configuration, and its code is part of who it is.
"""

import hashlib
import importlib.util
import json
import math
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ftft.domain.spec import model_called
from ftft.errors import InputError, shown

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_TYPE = re.compile(r"[\w-]+", re.ASCII)
_LAYERS = ("num_hidden_layers", "n_layers", "n_layer", "num_layers")
# What the model's numbers follow from, besides its weights.
_SETTINGS = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "spm.model")


@dataclass(frozen=True)
class Pretrained:
    """`path`: a folder, or a hub id. `fingerprint`: the sha256 of weights, configuration, tokenizer and own code, or `hub:COMMIT`.

    `needs_code`: it cannot be loaded without running Python code of its own.
    """

    path: str
    fingerprint: str
    layers: int | None = None
    parameters: int | None = None
    needs_code: bool = False

    @property
    def name(self) -> str:
        """As `ftft.domain.spec.model_called` says it."""
        return model_called(self.path)


def find(model: str) -> Pretrained:
    """The model that `model`, a folder or a hub id, stands for. InputError where there is none, or only pickled weights."""
    folder = os.path.expanduser(model)  # os.path: no error for what can be no path
    if os.path.isdir(folder):
        return _on_disk(str(Path(folder).resolve()), _stamp(Path(folder)))
    if os.path.exists(folder) or not _HUB_ID.fullmatch(model):
        raise InputError(
            f"there is no model at {shown(model)}",
            "Give a folder with config.json and model.safetensors, or a hub id such as google/electra-small-discriminator",
        )
    return _on_hub(model)


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    return tuple(sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in folder.iterdir() if f.is_file()))


@lru_cache(64)
def _on_disk(path: str, stamp: tuple[tuple[str, int, int], ...]) -> Pretrained:
    """Hashing a large model takes seconds: `stamp` (names, sizes, times) tells the cache when it must be done again."""
    folder, names = Path(path), {name for name, *_ in stamp}
    if "config.json" not in names:
        raise InputError(f"{path} holds no config.json", "Give a folder written by save_pretrained")
    weights = sorted(folder.glob("model*.safetensors"))
    if not weights:
        pickled = sorted(n for n in names if n.endswith((".bin", ".pt", ".pth", ".ckpt")))
        found = f"only pickled weights ({', '.join(pickled)})" if pickled else "no weights"
        raise InputError(f"{path} holds {found}", "Save the model again with save_pretrained, which writes model.safetensors")
    config = _json(folder / "config.json")
    settings = [folder / name for name in _SETTINGS if name in names]
    code = [folder / name for name in sorted(names) if name.endswith(".py")] if _brings_code(folder, names, config) else []
    whole = hashlib.sha256()
    for file in (*weights, *settings, *code):
        with file.open("rb") as content:
            whole.update(f"{file.name}\0".encode() + hashlib.file_digest(content, "sha256").digest())
    return Pretrained(path, whole.hexdigest(), _layers(config), sum(map(_parameters, weights)), _needs_code(config))


def _on_hub(model: str) -> Pretrained:
    from huggingface_hub import model_info, try_to_load_from_cache

    cached = try_to_load_from_cache(model, "config.json")
    if isinstance(cached, str):
        config = _json(Path(cached))
        return Pretrained(model, f"hub:{Path(cached).parent.name}", _layers(config), needs_code=_needs_code(config))
    try:
        about = model_info(model, timeout=20)
        return Pretrained(model, f"hub:{about.sha}", needs_code=_needs_code(about.config or {}))
    except Exception as problem:  # the hub's client raises a dozen kinds, and its transport more
        raise InputError(
            f"model {model!r} is neither a folder here nor to be had from the hub ({type(problem).__name__})",
            "Check the name and the network, or download the model and give its folder",
        ) from problem


def _brings_code(folder: Path, names: set[str], config: dict) -> bool:
    """Whether the model or its tokenizer names code that may come to run, needed or not."""
    tokenizer = _json(folder / "tokenizer_config.json") if "tokenizer_config.json" in names else {}
    return "auto_map" in config or "auto_map" in tokenizer


def _needs_code(config: dict) -> bool:
    """transformers takes code from a model's folder where "auto_map" names it, and must where the model's type is none of its own."""
    return "auto_map" in config and not _has_transformers(config.get("model_type"))


@lru_cache(64)
def _has_transformers(model_type: object) -> bool:
    """Whether the installed transformers has this type of model, told by its folders, since importing it takes seconds.

    A few types lie in a folder of another name ("openai-gpt" in openai): they count as unknown, and leave is asked for that is not needed.
    The opposite mistake is harmless, too: loading runs no code that the spec does not allow (ftft/train/model.py), and says what it lacks.
    """
    found = importlib.util.find_spec("transformers")
    if found is None or found.origin is None or not isinstance(model_type, str) or not _TYPE.fullmatch(model_type):
        return False
    return (Path(found.origin).parent / "models" / model_type.replace("-", "_")).is_dir()


def _json(file: Path) -> dict:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise InputError(f"{file} is not JSON: {problem}", "Copy the model again, or save it with save_pretrained") from problem
    if not isinstance(found, dict):
        raise InputError(f"{file} is not a model's configuration", "Give a folder written by save_pretrained")
    return found


def _layers(config: dict) -> int | None:
    return next((config[name] for name in _LAYERS if isinstance(config.get(name), int)), None)


def _parameters(weights: Path) -> int:
    """From the header of a safetensors file: eight bytes of length, then JSON with a shape for each tensor."""
    try:
        with weights.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as problem:
        raise InputError(f"{weights} is not a safetensors file", "Copy the model again, or save it with save_pretrained") from problem
