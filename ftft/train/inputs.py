"""What training begins with: the model of a run, re-trained first where SURT asks for it, and the dataset as that model reads it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import transformers

from ftft.domain import Dataset, Finding, RunSpec
from ftft.domain.identity import digest
from ftft.runpaths import CACHE
from ftft.train import flops, model, task
from ftft.train.precision import Precision
from ftft.train.progress import say
from ftft.train.retraining import Recipe, of_tokens
from ftft.train.stabilisers.surt import Retrained, retrain
from ftft.train.tokens import Tokens, cached, tokenise

NAMED = 5  # ids that a warning gives as examples


class Inputs:
    """Reads everything when made. InputError where it is not what `spec` was made for.

    `stored`: a checkpoint's own folder, from which a resumed run takes its model. `warn` takes what the user should know.
    """

    def __init__(self, workspace: Path, spec: RunSpec, precision: Precision, warn: Callable[[Finding], object], stored: Path | None = None):
        self.workspace, self.spec, self.precision, self.warn = workspace, spec, precision, warn
        self.about: Dataset = task.load(workspace, spec)
        remote_code = bool(spec.remote_code)
        self.source = model.stored(stored, remote_code) if stored else model.read(spec, self.about.labels)
        self.model, self.drawn = self._load()
        self.max_length = self._max_length()
        self.retrained = self._retrained(stored is not None)

    def examples(self, split: str) -> task.Examples:
        """A split as the model sees it: read from the cache of tokens, or put there."""
        return task.examples(self.workspace, self.about, split, lambda texts: self._tokens(split, texts))

    def fresh(self) -> transformers.PreTrainedModel:
        """The model once more, as training begins with it: from no checkpoint of a run."""
        source = model.read(self.spec, self.about.labels)
        if self.retrained:
            source = replace(source, path=str(self.retrained.folder), revision="main")
        return model.load(source, self.precision.attention, self.spec.seeds.init).model

    def warn_of_cuts(self, split: str, found: task.Examples) -> None:
        """Says which texts were too long."""
        if found.cut:
            message = f"{len(found.cut)} of {len(found)} texts of {split} have more than {self.max_length} tokens and were cut"
            self.warn(Finding("cut_texts", len(found.cut), found.cut[:NAMED], message))

    @cached_property
    def flops(self) -> flops.Flops:
        """What passes of this model cost."""
        return flops.fit(self.model, self.max_length)

    def of_tokens(self, split: str) -> list[Any]:
        """All that the tokens of a split follow from."""
        return of_tokens(self.about.fingerprint, split, self.spec.model_fingerprint, self.max_length)

    def _load(self) -> tuple[transformers.PreTrainedModel, tuple[str, ...]]:
        loaded, new, drawn = model.load(self.source, self.precision.attention, self.spec.seeds.init)
        if new:
            message = f"{len(new)} weights of the encoder are not in {self.spec.model_name} and were drawn at random, such as {new[0]}"
            self.warn(Finding("new_weights", len(new), new[:NAMED], message))
        return loaded, drawn

    def _max_length(self) -> int:
        limit = model.longest_input(self.model, self.source.tokenizer)
        if self.spec.max_length <= limit:
            return self.spec.max_length
        lowered = f"--max-length {self.spec.max_length} is more than {self.spec.model_name} can read and was lowered to {limit}"
        self.warn(Finding("max_length_lowered", 1, (), lowered))
        return limit

    def _tokens(self, split: str, texts: list[list[str]]) -> tuple[Tokens, np.ndarray]:
        file = self.workspace / CACHE / "tokens" / f"{digest(self.of_tokens(split))}.npz"
        with_types = model.asks_for_types(self.model, self.source.tokenizer)
        return cached(file, lambda: tokenise(self.source.tokenizer, texts, self.max_length, with_types))

    def _retrained(self, stored: bool) -> Retrained | None:
        """With SURT: the model is now the re-trained one, unless it comes from a checkpoint, which it was when it was saved."""
        recipe = Recipe.among(self.spec.methods)
        if recipe is None:
            return None
        original = model.read(self.spec, self.about.labels)
        name = recipe.name(self.about.fingerprint, self.spec.model_fingerprint, self.max_length, self.spec.layers)
        out = self.workspace / CACHE / "surt" / name
        made = retrain(original, self.examples("train").tokens, out, recipe, self.precision, self.max_length, say)
        if made.after >= made.before:
            message = f"surt did not help: the loss on held-out texts went from {made.before:.3f} to {made.after:.3f}"
            self.warn(Finding("surt_in_vain", 1, (), message))
        if not stored:
            self.source = replace(original, path=str(made.folder), revision="main")
            self.model, self.drawn = self._load()
        return made
