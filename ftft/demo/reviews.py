"""The demo's task: is a review positive or negative? Easy to count, and wrong to count wherever a sentence reverses its adjectives.

A model that counts adjectives is right on everything but the flips: 5 % of the training examples, 75 % of the out-of-distribution test.
The flips are what a data map finds in its ambiguous region, and the wrong labels what it finds in its hard one. How often each pattern
occurs falls off by Zipf's law in training, so that some are common and most are rare; out of distribution all are equally frequent.
Everything is drawn from `random.Random(seed)`: the same arguments give the same rows on every machine.
"""

import random
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypedDict

from ftft.demo import patterns, words

LABELS = ("negative", "positive")
GROUPS = {"plain": patterns.PLAIN, "decoy": patterns.DECOY, "flip": patterns.FLIP}


class Row(TypedDict):
    """One example. `label` is what a model is trained on; where `noisy`, it differs from `true_label`. `template` names the pattern."""

    id: str
    text: str
    label: str
    true_label: str
    noisy: bool
    group: str
    template: str


@dataclass(frozen=True)
class Mixture:
    """How a set of rows is drawn: shares of the groups (the rest is plain), share of wrong labels, exponent of Zipf's law over patterns."""

    flips: float
    decoys: float
    noise: float = 0.0
    zipf: float = 0.0

    def __post_init__(self) -> None:
        assert 0 <= self.flips <= self.flips + self.decoys <= 1
        assert 0 <= self.noise <= 1
        assert self.zipf >= 0

    def clean(self) -> "Mixture":
        """The same without wrong labels, to judge on."""
        return Mixture(self.flips, self.decoys, 0.0, self.zipf)


TRAINING = Mixture(flips=0.05, decoys=0.15, noise=0.05, zipf=0.8)
SHIFTED = Mixture(flips=0.75, decoys=0.25)


def splits(rows: int = 18_000, held_out: int = 2_000, seed: int = 0, training: Mixture = TRAINING) -> dict[str, list[Row]]:
    """`train` with `rows` rows; `dev` and `test` (alike, but all labels right), `ood_dev` and `ood` (flips, decoys) with `held_out` each.

    Texts are unique over all five. What is held out is drawn first, so that it does not depend on `rows`.
    """
    mixtures = {"dev": training.clean(), "test": training.clean(), "ood_dev": SHIFTED, "ood": SHIFTED, "train": training}
    seen: set[str] = set()
    drawn = {}
    for name, mixture in mixtures.items():
        drawn[name] = _draw(name, rows if name == "train" else held_out, mixture, random.Random(f"{name}/{seed}"), seen)
    return {"train": drawn.pop("train"), **drawn}


def unlabelled(rows: int = 40_000, seed: int = 0, without: Collection[str] = (), mixture: Mixture = TRAINING) -> list[str]:
    """Unique texts to pre-train on, none of them in `without`."""
    return [row["text"] for row in _draw("text", rows, mixture, random.Random(f"unlabelled/{seed}"), set(without))]


def _draw(name: str, rows: int, mixture: Mixture, chance: random.Random, seen: set[str]) -> list[Row]:
    """`rows` rows whose texts are not in `seen`, which takes them up."""
    drawn: list[Row] = []
    while len(drawn) < rows:
        group = chance.choices(("plain", "decoy", "flip"), (1 - mixture.flips - mixture.decoys, mixture.decoys, mixture.flips))[0]
        # Plain patterns are all common: Zipf's law is for the constructions, whose rare ones are what is hard to learn.
        number = _pattern(len(GROUPS[group]), 0.0 if group == "plain" else mixture.zipf, chance)
        label = chance.randrange(2)
        text = compose(GROUPS[group][number], label, chance)
        noisy = chance.random() < mixture.noise
        if text in seen:
            continue
        seen.add(text)
        drawn.append(
            Row(
                id=f"{name}-{len(drawn):05d}", text=text, label=LABELS[label ^ noisy], true_label=LABELS[label], noisy=noisy, group=group,
                template=f"{group}-{number:02d}",
            )
        )  # fmt: skip
    return drawn


def _pattern(patterns_in_group: int, zipf: float, chance: random.Random) -> int:
    """The number of a pattern; pattern k is drawn in proportion to 1 / (k + 1)^zipf."""
    return chance.choices(range(patterns_in_group), [(k + 1) ** -zipf for k in range(patterns_in_group)])[0]


def compose(pattern: str, label: int, chance: random.Random) -> str:
    """A review whose true label is `label` (0 negative, 1 positive): the pattern filled in, alone or with a sentence of context."""
    thing = chance.choice(tuple(words.ASPECTS))
    aspect, other = chance.sample(words.ASPECTS[thing], 2)
    own, opposite = (words.POSITIVE, words.NEGATIVE) if label else (words.NEGATIVE, words.POSITIVE)
    (true, true2), (false, false2) = chance.sample(own, 2), chance.sample(opposite, 2)
    degree = chance.choice(words.DEGREES)
    verdict = pattern.format(
        thing=thing, aspect=aspect, other=other, true=true, true2=true2, false=false, false2=false2, person=chance.choice(words.PEOPLE),
        very=f"{degree} " if degree else "",
    )  # fmt: skip
    context = chance.choice(patterns.CONTEXT).format(
        person=chance.choice(words.PEOPLE), ordinal=chance.choice(words.ORDINALS), day=chance.choice(words.DAYS)
    )
    sentences = (context, verdict) if chance.random() < 0.5 else (verdict, context)
    return " ".join(_sentence(s) for s in sentences if s)


def _sentence(words_of_it: str) -> str:
    """With a capital at the start, and "an" before vowels."""
    spelled = re.sub(r"\b([Aa])(?= [aeiou])", r"\1n", words_of_it)
    return spelled[0].upper() + spelled[1:]
