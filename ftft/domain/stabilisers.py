"""The stabilisers by name: what makes the same fine-tuning under another seed end less differently. A method is several of them, or none.

What each does exactly, and where our definition is our own, stands in docs/stability.md; the code lies in ftft/train/stabilisers/.
In words: "mmr:alpha=0.05+llrd" is two of them together, "standard" none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ftft.domain.option import Option
from ftft.domain.registered import Registered
from ftft.errors import InputError, unknown

STANDARD = "standard"
TOGETHER = "+"
FULL, HEAD = "full", "head"
TUNES = (FULL, HEAD)
SURT, LONG, MHLOSS, MMR = "surt", "long", "mhloss", "mmr"
_FU, _REVISIT, _STABLE = "Fu, So and Collier 2023", "Zhang et al. 2021", "Mosbach et al. 2021"
_MIXOUT = "Lee, Cho and Kang 2020"


@dataclass(frozen=True)
class Stabiliser(Registered):
    """A line of STABILISERS. `where` is empty for what is done before training, or by its settings.

    `head`: head tuning can take it, too. `from_start`: a resumed run needs the model as training began with it, for its weights or
    its shape: a checkpoint holds several heads where an ordinary model has one.
    """

    head: bool = False
    from_start: bool = False

    kind = "stabiliser"


_ALL = "ftft.train.stabilisers"
# fmt: off
STABILISERS = {
    s.name: s
    for s in (
        Stabiliser(MMR, "Maximal Margin Regulariser: adds alpha / (1 + distance of the classes' centres)", _FU, f"{_ALL}.margin:Margin",
                   (Option("alpha", 0.01, "Weight of the regulariser; .1 and more destroys small models", (0, 1_000_000)),), head=True),
        Stabiliser(MHLOSS, "Multi-Head Loss: several heads on one encoder, their mean loss; the mean head predicts", _FU,
                   f"{_ALL}.heads:ManyHeads", (Option("heads", 5, "How many", (1, 1000)),), head=True, from_start=True),
        Stabiliser(SURT, "Self Unsupervised Re-Training: masked language modelling on the training texts first", _FU, "",
                   (Option("epochs", 3, "Passes over the training texts", (1, 1000)), Option("lr", 5e-5, "Peak learning rate", (1e-9, 1)),
                    Option("masked", 0.15, "Share of the tokens to guess", (0.01, 0.9))), head=True),
        Stabiliser("llrd", "Layer-wise learning rate decay: the lower, the slower", _REVISIT, f"{_ALL}.layerwise:Decay",
                   (Option("decay", 0.95, "Factor from one layer to the next below", (0.01, 1)),)),
        Stabiliser("reinit", "The pooler and the top layers are drawn anew", _REVISIT, f"{_ALL}.layerwise:Redrawn",
                   (Option("layers", 0, "How many; 0 is five, but at most half of them", (0, 1000)),)),
        Stabiliser("mixout", "Each weight is what it was before training with probability p, in each pass", _MIXOUT,
                   f"{_ALL}.mixout:Mixout", (Option("p", 0.1, "Probability", (0, 0.99)),), from_start=True),
        Stabiliser("pretrained_wd", "Weight decay towards the weights before training, not towards 0; not of the head", _REVISIT,
                   f"{_ALL}.decay:PretrainedDecay",
                   (Option("decay", 0.01, "Share of the way back per unit of learning rate", (0, 1_000_000)),), from_start=True),
        Stabiliser(LONG, "Longer training with bias-corrected Adam and a warm-up", _STABLE, "",
                   (Option("epochs", 20, "Instead of the run's own", (1, 100_000)),
                    Option("warmup", 0.1, "Share of the steps", (0, 0.99))), head=True),
    )
}
# fmt: on
NAMES = (STANDARD, *STABILISERS)


def stabiliser(name: object) -> Stabiliser:
    """The stabiliser registered as `name`; InputError names the nearest ones."""
    if not isinstance(name, str) or name not in STABILISERS:
        raise unknown("method", name, NAMES)
    return STABILISERS[name]


def parts(words: str | Iterable[str]) -> tuple[str, ...]:
    """The stabilisers of a method in their canonical words, in the order of the registry; none for "standard".

    `words`: "mmr:alpha=.05+llrd", or several such texts. InputError names every mistake.
    """
    asked = [part.strip() for text in ([words] if isinstance(words, str) else words) for part in text.split(TOGETHER)]
    found: dict[str, str] = {}
    for part in asked:
        name, colon, rest = part.partition(":")
        if name.strip() == STANDARD and not colon:
            continue
        chosen = stabiliser(name.strip())
        if chosen.name in found:
            raise InputError(f"method {chosen.name} is asked for twice", "Say it once")
        found[chosen.name] = chosen.words(chosen.read(rest) if colon else {})
    return tuple(found[name] for name in STABILISERS if name in found)


def options(part: str) -> tuple[Stabiliser, dict[str, int | float | str]]:
    """The stabiliser behind canonical words, with all its options."""
    name, colon, rest = part.partition(":")
    chosen = stabiliser(name)
    return chosen, chosen.options_of(chosen.read(rest) if colon else {})


def names(methods: Sequence[str]) -> set[str]:
    """The stabilisers' names alone."""
    return {part.partition(":")[0] for part in methods}


def in_words(methods: Sequence[str]) -> str:
    """The inverse of `parts`, as one text."""
    return TOGETHER.join(methods) or STANDARD


def check(methods: Sequence[str], tune: str, layers: int | None) -> None:
    """InputError for what head tuning cannot take, and for more layers than the model's `layers` (None where nobody knows)."""
    for part in methods:
        chosen, given = options(part)
        if tune == HEAD and not chosen.head:
            fit = ", ".join(s.name for s in STABILISERS.values() if s.head)
            raise InputError(f"{chosen.name} is about the encoder, which head tuning leaves as it is", f"Use --tune full, or one of {fit}")
        if chosen.name == "reinit" and layers is not None and int(given["layers"]) > layers:
            raise InputError(f"reinit would redraw {given['layers']} layers, but the model has {layers}", f"Give at most {layers}")


def as_markdown() -> str:
    """The registry as a table: what docs/stability.md holds, which a test checks."""
    lines = ["| method | what it does | options (default) | head tuning | source |", "|---|---|---|---|---|"]
    for s in STABILISERS.values():
        told = "; ".join(f"`{o.name}` ({o.write(o.default)}): {o.help[0].lower()}{o.help[1:]}" for o in s.options)
        lines.append(f"| `{s.name}` | {s.description} | {told} | {'yes' if s.head else 'no'} | {s.source} |")
    return "\n".join(lines)
