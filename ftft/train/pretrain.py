"""Small encoders from scratch: a tokenizer and a masked-language model trained on plain text, for trying things out on a CPU.

After Devlin et al. 2019: a fifth of the tokens is to be guessed; of those 80 % show [MASK], 10 % a random token, 10 % themselves. No
next-sentence task, and no dropout: such short training underfits.

Shapes: B texts of a batch, L tokens of its longest text, V entries of the vocabulary.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from ftft.errors import InputError, unknown
from ftft.publish import publish_folder
from ftft.train.masking import IGNORED, hide
from ftft.train.precision import choose

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # in this order the first entries of every vocabulary
PAD, UNKNOWN, START, END, MASK = range(len(SPECIAL))
BEGINNING = "▁"  # of a word
MASKED = 0.20
HELD_OUT = 0.05
HEAD_WIDTH = 32
FEWEST_TEXTS = 20

# What an architecture is told besides its sizes, given its hidden size; everything else is its own default.
ARCHITECTURES: dict[str, Callable[[int], dict[str, Any]]] = {
    "albert": lambda hidden: {"embedding_size": hidden},
    "bert": lambda hidden: {},
    "deberta-v2": lambda hidden: {
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 32,
        "share_att_key": True,
    },
    "distilbert": lambda hidden: {"hidden_dim": 4 * hidden},
    "electra": lambda hidden: {"embedding_size": hidden},
    "modernbert": lambda hidden: {},
    "mpnet": lambda hidden: {},
    "roberta": lambda hidden: {},
}


@dataclass(frozen=True)
class Recipe:
    """What to train. `hidden` is a multiple of 32, the width of an attention head; `vocabulary` a limit that little text does not reach."""

    architecture: str = "bert"
    layers: int = 2
    hidden: int = 128
    steps: int = 1_000
    batch_size: int = 64
    lr: float = 1e-3
    vocabulary: int = 8_192
    max_length: int = 128
    seed: int = 1

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise unknown("architecture", self.architecture, ARCHITECTURES)
        for name in ("layers", "hidden", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name.replace('_', ' ')} is {getattr(self, name)}", "Give 1 or more")
        if self.hidden % HEAD_WIDTH:
            raise InputError(f"the hidden size is {self.hidden}", f"Give a multiple of {HEAD_WIDTH}, the width of an attention head")
        if not 0 < self.lr < float("inf"):
            raise InputError(f"the learning rate is {self.lr}", "Give a positive number, such as 1e-3")
        if self.vocabulary < 100 or self.max_length < 8:
            raise InputError(f"vocabulary {self.vocabulary}, length {self.max_length}", "Give at least 100 entries and 8 tokens")


@dataclass(frozen=True)
class Encoder:
    """The folder that any `from_pretrained` loads, its number of parameters, and the mean loss on held-out masked tokens in nats."""

    model: Path
    parameters: int
    loss: float


def read_texts(files: Iterable[Path]) -> list[str]:
    """One text a line, blank lines left out, in the order of the files."""
    texts = []
    for file in files:
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except OSError as problem:
            raise InputError(f"{file}: {problem.strerror}", "Give text files with one text a line") from problem
        except UnicodeDecodeError as problem:
            raise InputError(f"{file}: byte {problem.start} is not UTF-8", "Save the file as UTF-8 text") from problem
        texts += [line.strip() for line in lines if line.strip()]
    return texts


def pretrain(texts: Sequence[str], out: Path, recipe: Recipe, on_progress: Callable[[int, float], object] | None = None) -> Encoder:
    """Trains a tokenizer and an encoder on `texts` and publishes both as the folder `out`, weights as fp16 that load as fp32.

    `on_progress(step, loss)` is called after every step. The same call gives the same weights on the same machine; the caller's random
    state is left alone.
    """
    if out.exists():
        raise InputError(f"{out} exists already", "Remove it, or choose another folder")
    tokenizer = train_tokenizer(texts, recipe.vocabulary, recipe.max_length)
    pieces = _pieces(tokenizer, texts, recipe.max_length)
    if len(pieces) < FEWEST_TEXTS:
        raise InputError(f"only {len(pieces)} texts to pre-train on", f"Give at least {FEWEST_TEXTS}, better tens of thousands")
    chance = random.Random(recipe.seed)
    chance.shuffle(pieces)
    held_out = max(1, min(1_000, round(HELD_OUT * len(pieces))))
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        model = AutoModelForMaskedLM.from_config(_config(recipe, len(tokenizer)), attn_implementation="eager")
    model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    _train(model, _batches(pieces[held_out:], recipe.batch_size, chance), recipe, on_progress)
    loss = _held_out_loss(model, pieces[:held_out], recipe)
    publish_folder(out, lambda folder: _save(model, tokenizer, folder))
    return Encoder(out, model.num_parameters(), loss)


def train_tokenizer(texts: Sequence[str], vocabulary: int, max_length: int) -> PreTrainedTokenizerFast:
    """A lower-casing WordPiece tokenizer with BERT's special tokens: `[CLS] a [SEP]`, `[CLS] a [SEP] b [SEP]`."""
    entries = {entry: number for number, entry in enumerate(_entries(texts, vocabulary))}
    pieces = Tokenizer(models.WordPiece(entries, unk_token=SPECIAL[UNKNOWN]))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=True)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.decoder = decoders.WordPiece()
    pieces.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", START), ("[SEP]", END)]
    )
    roles = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, model_max_length=max_length, model_input_names=inputs, **dict(zip(roles, SPECIAL, strict=True))
    )


def _entries(texts: Sequence[str], vocabulary: int) -> list[str]:
    """WordPiece's vocabulary from BPE's merges: special tokens, characters, then ever rarer pieces.

    The WordPiece trainer of `tokenizers` breaks ties by the order of a hash map, another one in every process; BPE without a prefix for
    continuations does not. Here the *beginnings* of words are marked while merging, and the marks turned round afterwards.
    """
    merging = Tokenizer(models.BPE())
    merging.normalizer = normalizers.BertNormalizer(lowercase=True)
    marked = pre_tokenizers.Metaspace(BEGINNING, prepend_scheme="always")
    merging.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.BertPreTokenizer(), marked])
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, min_frequency=2, limit_alphabet=vocabulary // 4, show_progress=False)
    merging.train_from_iterator(texts, trainer)
    number_of = merging.get_vocab()
    merged = sorted(number_of.keys() - {BEGINNING}, key=lambda piece: number_of[piece])
    characters = [piece for piece in merged if len(piece) == 1]
    turned = [piece.removeprefix(BEGINNING) if piece.startswith(BEGINNING) else f"##{piece}" for piece in merged]
    return list(dict.fromkeys([*SPECIAL, *characters, *(f"##{c}" for c in characters), *turned]))[:vocabulary]


def _config(recipe: Recipe, vocabulary: int) -> PreTrainedConfig:
    return AutoConfig.for_model(
        recipe.architecture,
        vocab_size=vocabulary,
        hidden_size=recipe.hidden,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.hidden // HEAD_WIDTH,
        intermediate_size=4 * recipe.hidden,
        max_position_embeddings=recipe.max_length + 2,  # RoBERTa counts positions from the padding's id on
        type_vocab_size=2,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        **ARCHITECTURES[recipe.architecture](recipe.hidden),
    )


def _pieces(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids with [CLS] and [SEP]; a text longer than `max_length` is cut into several pieces, so that all of it is used."""
    room = max_length - 2
    pieces = []
    for ids in tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]:
        pieces += [[START, *ids[i : i + room], END] for i in range(0, len(ids), room)]
    return pieces


def _batches(pieces: list[list[int]], batch_size: int, chance: random.Random) -> Iterator[list[list[int]]]:
    """Passes over the pieces without end. Each shuffles, groups neighbours of like length (less padding), and shuffles the batches."""
    while True:
        mixed = chance.sample(pieces, len(pieces))
        bucket = 50 * batch_size
        by_length = [piece for i in range(0, len(mixed), bucket) for piece in sorted(mixed[i : i + bucket], key=len)]
        batches = [by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size)]
        chance.shuffle(batches)
        yield from batches


def _masked(pieces: list[list[int]], vocabulary: int, draw: torch.Generator) -> dict[str, torch.Tensor]:
    """A batch as the model takes it: some tokens hidden, and as labels what they were."""
    ids_BL = torch.nn.utils.rnn.pad_sequence([torch.tensor(p) for p in pieces], batch_first=True, padding_value=PAD)
    is_word_BL = (ids_BL != PAD) & (ids_BL != START) & (ids_BL != END)
    inputs_BL, labels_BL = hide(ids_BL, is_word_BL, MASKED, MASK, (len(SPECIAL), vocabulary), draw)
    return {"input_ids": inputs_BL, "attention_mask": (ids_BL != PAD).long(), "labels": labels_BL}


def _train(model: PreTrainedModel, batches: Iterator[list[list[int]]], recipe: Recipe, on_progress) -> None:
    """AdamW, linear warm-up over the first 6 % of the steps, linear decay to 0."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.lr, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01, fused=True)
    warm_up = max(1, round(0.06 * recipe.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda done: min((done + 1) / warm_up, (recipe.steps - done) / max(1, recipe.steps - warm_up))
    )
    draw = torch.Generator().manual_seed(recipe.seed)
    for step in range(1, recipe.steps + 1):
        loss = _loss(model, _masked(next(batches), model.config.vocab_size, draw))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        if on_progress:
            on_progress(step, loss.item())


@torch.no_grad()
def _held_out_loss(model: PreTrainedModel, pieces: list[list[int]], recipe: Recipe) -> float:
    """Mean cross-entropy over the masked tokens of texts that were not trained on, in nats."""
    draw = torch.Generator().manual_seed(recipe.seed)
    total = guessed = 0.0
    for start in range(0, len(pieces), recipe.batch_size):
        batch = _masked(pieces[start : start + recipe.batch_size], model.config.vocab_size, draw)
        of_batch = (batch["labels"] != IGNORED).sum().item()
        total, guessed = total + _loss(model, batch).item() * of_batch, guessed + of_batch
    return total / guessed


def _loss(model: PreTrainedModel, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    with choose("auto", model.device).autocast(model.device):
        return model(**{name: tensor.to(model.device) for name, tensor in batch.items()}).loss


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Half the bytes on the disk; the configuration says float32, so that loading casts."""
    model.half().save_pretrained(folder)
    model.config.dtype = torch.float32
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
