"""SURT, Self Unsupervised Re-Training (Fu, So and Collier 2023): masked-language modelling on the task's own training texts comes first.

No labels, no other texts. Where a checkpoint has no head for this (ELECTRA's discriminator, DeBERTa-v3), a new one learns alone for the
first tenth of the steps. What is done in step t is a function of (seed, t), so that it goes on exactly where it was broken off.

    FOLDER.partial/     weights, moments of Adam and the step, every ten minutes and when it is broken off
    FOLDER/             a model for `from_pretrained`, and about.json: steps, FLOPs, held-out losses before and after, keys of a new head
"""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from ftft.domain.record import take
from ftft.domain.stabilisers import options
from ftft.errors import InputError
from ftft.publish import publish_folder, publish_json, read_json
from ftft.train import flops
from ftft.train.masking import IGNORED, hide
from ftft.train.model import Source
from ftft.train.order import epoch_batches
from ftft.train.precision import Precision, choose, this_device
from ftft.train.progress import say
from ftft.train.retraining import UPDATE, Recipe
from ftft.train.tokens import Tokens, tokenise

HEAD_ALONE, WARMUP = 0.1, 0.1  # shares of the steps
SAVE_EVERY = 600.0  # seconds
LARGE = 1_000_003  # between the seeds of two steps


@dataclass(frozen=True)
class Retrained:
    """What became of a model. Losses are means over masked tokens of texts that were not trained on, in nats.

    `before`: of the checkpoint, or of a new head once it has learnt alone. `new_head`: the weights that the checkpoint lacked.
    """

    folder: Path
    steps: int
    flops: float
    before: float
    after: float
    new_head: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As in about.json."""
        return {k: v for k, v in asdict(self).items() if k != "folder"} | {"new_head": list(self.new_head)}


def surt(
    model: str | Path, texts: Sequence[str] | Sequence[tuple[str, str]], out: str | Path, *, epochs: int = Recipe.epochs,
    lr: float = Recipe.lr, masked: float = Recipe.masked, batch_size: int = Recipe.batch_size, max_length: int = 128, seed: int = 1,
) -> Retrained:  # fmt: skip
    """Re-trains a model of your own on your task's texts (or pairs), as the folder `out`, which `from_pretrained` takes.

    `model`: a folder or a hub id. What is in `out` already is read, if that is a re-trained model; whoever asks meanwhile waits.
    InputError for models that cannot guess masked tokens, and for too few texts.
    """
    options(f"surt:epochs={epochs},lr={lr!r},masked={masked!r}")
    if not texts:
        raise InputError("surt has no texts to re-train on", "Give those of your training set")
    config, tokenizer = AutoConfig.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    source = Source(str(model), "main", config, tokenizer, ())
    columns: Any = [list(column) for column in zip(*texts, strict=True)] if isinstance(texts[0], tuple) else [list(texts)]
    with_types = "token_type_ids" in tokenizer.model_input_names
    tokens, _ = tokenise(tokenizer, columns, min(max_length, tokenizer.model_max_length), with_types)
    recipe = Recipe(epochs, lr, masked, batch_size, seed)
    return retrain(source, tokens, Path(out), recipe, choose("auto", this_device()), max_length, say)


def retrain(
    source: Source, tokens: Tokens, out: Path, recipe: Recipe, precision: Precision, max_length: int, say: Callable[[str], object]
) -> Retrained:
    """Re-trains the encoder of `source` on `tokens` and publishes it as the folder `out`, once: what is there already is read.

    Others who want the same wait. InputError for models that cannot guess masked tokens, and for too few texts.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(out.with_name(f"{out.name}.lock")):
        if (out / "about.json").exists():
            return _read(out)
        work = _Retraining(source, tokens, recipe, precision, out.with_name(f"{out.name}.partial"))
        say(f"re-training {source.path} on {len(tokens.length_N)} texts, {work.steps} steps")
        cost, before, after = work.run(flops.fit(work.model, max_length))
        made = Retrained(out, work.steps, cost, before, after, work.new_head)
        publish_folder(out, lambda aside: _save(aside, source, work.model, made))
        shutil.rmtree(work.partial, ignore_errors=True)
        return made


class _Retraining:
    """A model with a head for masked tokens, its optimiser, and the texts."""

    def __init__(self, source: Source, tokens: Tokens, recipe: Recipe, precision: Precision, partial: Path) -> None:
        self.tokens, self.recipe, self.precision, self.partial = tokens, recipe, precision, partial
        self.special, self.mask = sorted(set(source.tokenizer.all_special_ids)), _mask(source.tokenizer, source.path)
        self.model, self.new_head = _with_head(source, precision)
        self.model.to(this_device())  # pyright: ignore[reportArgumentType]
        n = len(tokens.length_N)
        if n < 20:
            raise InputError(f"surt has only {n} texts to re-train on", "Leave it out: it needs at least 20, better thousands")
        self.held_out, self.train = recipe.split(n)
        self.per_epoch = -(-len(self.train) // recipe.batch_size)
        self.steps = recipe.epochs * self.per_epoch
        self.alone = round(HEAD_ALONE * self.steps) if self.new_head else 0
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=recipe.lr, eps=1e-6, weight_decay=0.01, fused=True)
        self.model.base_model.register_forward_hook(self._only_guessed)
        self.is_guessed_BL: torch.Tensor | None = None

    def run(self, of: flops.Flops) -> tuple[float, float, float]:
        """(FLOPs, held-out loss before, and after)."""
        cost, before, first = self._go_on()
        saved = time.monotonic()
        step = first
        try:
            for step in range(first, self.steps):
                if step == self.alone and before is None:
                    before = self.loss()
                row_B = self._rows(step)
                self._update(step, row_B)
                cost += self._flops(of, len(row_B), int(self.tokens.length_N[row_B].max()))
                if time.monotonic() - saved > SAVE_EVERY:
                    self._keep(step + 1, cost, before)
                    saved = time.monotonic()
        except KeyboardInterrupt:
            self._keep(step, cost, before)
            raise
        assert before is not None
        return cost, before, self.loss()

    @torch.no_grad()
    def loss(self) -> float:
        """On the held-out texts, with masks that are always the same."""
        self.model.eval()
        draw, total, guessed = torch.Generator().manual_seed(self.recipe.seed), 0.0, 0
        for start in range(0, len(self.held_out), self.recipe.batch_size):
            batch = self._masked(self.held_out[start : start + self.recipe.batch_size], draw)
            n = int((batch["labels"] != IGNORED).sum())
            total, guessed = total + self._pass(batch).item() * n, guessed + n
        return total / guessed

    def _update(self, step: int, row_B: np.ndarray) -> None:
        for weights in self.model.base_model.parameters():
            weights.requires_grad = step >= self.alone
        seed = self.recipe.seed * LARGE + step
        torch.manual_seed(seed)
        self.model.train()
        self._pass(self._masked(row_B, torch.Generator().manual_seed(seed))).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.lr * self._rate(step)
        self.optimiser.step()
        self.optimiser.zero_grad()

    def _rate(self, step: int) -> float:
        """Up in a line, and down to 0 in a line."""
        warmup = max(1, round(WARMUP * self.steps))
        return min((step + 1) / warmup, (self.steps - step) / max(1, self.steps - warmup))

    def _rows(self, step: int) -> np.ndarray:
        epoch, place = divmod(step, self.per_epoch)
        return self.train[epoch_batches(self.tokens.length_N[self.train], self.recipe.batch_size, self.recipe.seed, epoch + 1)[place]]

    def _masked(self, row_B: np.ndarray, draw: torch.Generator) -> dict[str, torch.Tensor]:
        batch = self.tokens.batch(row_B)
        is_word_BL = (batch["attention_mask"] == 1) & ~torch.isin(batch["input_ids"], torch.tensor(self.special))
        words = (0, self.model.config.vocab_size)
        inputs_BL, labels_BL = hide(batch["input_ids"], is_word_BL, self.recipe.masked, self.mask, words, draw)
        return batch | {"input_ids": inputs_BL, "labels": labels_BL}

    def _pass(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The mean loss of the masked tokens. The head sees these alone: over a large vocabulary the others would cost most of it."""
        device = self.model.device
        on_device = {name: values.to(device) for name, values in batch.items()}
        labels_BL = on_device.pop("labels")
        self.is_guessed_BL = labels_BL != IGNORED
        with self.precision.autocast(device):
            logits_MV = self.model(**on_device).logits[0]
        return torch.nn.functional.cross_entropy(logits_MV.float(), labels_BL[self.is_guessed_BL])

    def _only_guessed(self, encoder: torch.nn.Module, given: Any, said: Any) -> Any:
        """In the place of what the encoder says of all tokens: that of those to be guessed, as one text."""
        if self.is_guessed_BL is not None:
            said["last_hidden_state"] = said[0][self.is_guessed_BL][None]
        return said

    def _flops(self, of: flops.Flops, texts: int, length: int) -> float:
        """Of an update: the count of whole batches, less the last matrix of the head for tokens that are not guessed."""
        last: Any = self.model.get_output_embeddings()
        return of.of_training(texts, length) - (1 - self.recipe.masked) * UPDATE * last.weight.numel() * texts * length

    # ---- what is kept of a re-training that was broken off

    def _keep(self, step: int, cost: float, before: float | None) -> None:
        def write(aside: Path) -> None:
            moments = {
                f"{n}.{name}": value.contiguous()
                for n, weights in enumerate(self.model.parameters())
                for name, value in self.optimiser.state.get(weights, {}).items()
            }
            weights = {str(n): weights.detach().contiguous() for n, weights in enumerate(self.model.parameters())}
            save_file(weights, aside / "weights.safetensors")
            save_file(moments, aside / "moments.safetensors")
            publish_json(aside / "about.json", {"step": step, "flops": cost, "before": before})

        shutil.rmtree(self.partial, ignore_errors=True)
        publish_folder(self.partial, write)

    def _go_on(self) -> tuple[float, float | None, int]:
        if not (self.partial / "about.json").exists():
            return 0.0, None, 0
        about = read_json(self.partial / "about.json")
        weights, moments = (load_file(self.partial / f"{name}.safetensors") for name in ("weights", "moments"))
        with torch.no_grad():
            for n, parameter in enumerate(self.model.parameters()):
                parameter.copy_(weights[str(n)])
                of = {key.partition(".")[2]: value for key, value in moments.items() if key.partition(".")[0] == str(n)}
                if of:
                    self.optimiser.state[parameter] = {name: value.to(_place(name, parameter)) for name, value in of.items()}
        return take(about, "flops", float), about["before"], take(about, "step", int)


def _place(name: str, parameter: torch.Tensor) -> torch.device:
    return torch.device("cpu") if name == "step" else parameter.device


def _mask(tokenizer: PreTrainedTokenizerBase, model: str) -> int:
    mask: Any = tokenizer.mask_token_id
    if mask is None:
        raise InputError(f"the tokenizer of {model!r} has no token for what is masked", "surt is for encoders: leave it out")
    return mask


def _with_head(source: Source, precision: Precision) -> tuple[PreTrainedModel, tuple[str, ...]]:
    """The model with a head for masked tokens, and the weights of the head that the checkpoint lacks."""
    torch.manual_seed(0)
    try:
        model, found = AutoModelForMaskedLM.from_pretrained(
            source.path, revision=source.revision, config=source.config, attn_implementation=precision.attention, dtype=torch.float32,
            use_safetensors=True, trust_remote_code=source.remote_code, output_loading_info=True,
        )  # fmt: skip
    except ValueError as problem:
        raise InputError(f"{source.path!r} cannot guess masked tokens", "surt is for encoders: leave it out") from problem
    prefix = f"{model.base_model_prefix}."
    return model, tuple(sorted(name for name in found["missing_keys"] if not name.startswith(prefix)))


def _save(folder: Path, source: Source, model: PreTrainedModel, made: Retrained) -> None:
    """The encoder with all that its checkpoint had: a pooler stays as it was, and what the checkpoint lacked is for each run to draw."""
    whole, found = AutoModel.from_pretrained(
        source.path, revision=source.revision, config=source.config, dtype=torch.float32, use_safetensors=True,
        trust_remote_code=source.remote_code, output_loading_info=True,
    )  # fmt: skip
    whole.load_state_dict(model.base_model.state_dict(), strict=False)
    kept = {name: weights for name, weights in whole.state_dict().items() if name not in set(found["missing_keys"])}
    whole.save_pretrained(folder, state_dict=kept)
    source.tokenizer.save_pretrained(folder)
    publish_json(folder / "about.json", made.to_json())


def _read(folder: Path) -> Retrained:
    about = read_json(folder / "about.json")
    numbers = {name: take(about, name, float) for name in ("flops", "before", "after")}
    return Retrained(folder, take(about, "steps", int), **numbers, new_head=tuple(about["new_head"]))
