"""How alike two texts are: by the words that they share, rare ones counting more.

Jaccard's index with each word weighted by how rare it is: the weight of the words in both over the weight of the words in either. No order
of words, no meaning: enough to find near copies and texts of one template, which is where labels contradict each other.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FEW = 100  # texts, which are not worth saving
# A character of a script that writes no blanks between words stands for itself.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")


def words(text: str) -> frozenset[str]:
    """The distinct words of a text, in lower case."""
    return frozenset(_WORD.findall(text.lower()))


@dataclass(frozen=True)
class Rarity:
    """In how many of `texts` texts each word occurs: of a sample, or of all."""

    texts: int
    found: Counter[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Rarity":
        """Counts the words of `texts`."""
        return cls(len(texts), Counter(word for text in texts for word in words(text)))

    def weight(self, word: str) -> float:
        """Inverse document frequency, above 0: ln(1 + T / (1 + n))."""
        return math.log1p(self.texts / (1 + self.found[word]))

    def rarest(self, of: Iterable[str]) -> list[str]:
        """The words from the rarest to the commonest; longer ones first where they are equally rare."""
        return sorted(of, key=lambda word: (self.found[word], -len(word), word))

    def telling(self, of: Iterable[str], most: int, share: float) -> list[str]:
        """Words to look for in other texts: the rarest, and of those that occur in several texts, up to `most` of each kind.

        Of the latter one at least, and no more than about `share` of all texts (or FEW) hold: looking at all of these takes time.
        """
        order, texts = self.rarest(of), 0
        rare, several = [w for w in order if self.found[w] < 2][:most], [w for w in order if self.found[w] > 1][:most]
        for n, word in enumerate(several):
            texts += self.found[word]
            if n and texts > max(share * self.texts, FEW):
                return rare + several[:n]
        return rare + several

    def similarity(self, a: frozenset[str], b: frozenset[str]) -> float:
        """Of two sets of words, in [0, 1]: 1 where they are equal, 0 where they share none, or neither holds a word."""
        both, either = (sum(map(self.weight, sorted(part))) for part in (a & b, a | b))
        return both / either if either else 0.0
