"""How plausible a text is as a label: an interpolated trigram model of all labels, with a cache of its own symbols.

It knows labels only, no images: a rare but right label is implausible too. Used beside the models' answers, not alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log

_END = "</s>"
_CACHE = 0.2  # weight of the symbols that the text has elsewhere: formulas repeat their symbols
_STRUCTURE = frozenset("{}_^")


@dataclass
class LabelModel:
    """Token n-grams of labels.

    Attributes:
        grams: n-gram of 1 to 3 tokens -> count.
        contexts: context of 0 to 2 tokens -> number of tokens that follow it.
        kinds: context -> number of different tokens that follow it.
    """

    grams: Counter[tuple[str, ...]] = field(default_factory=Counter)
    contexts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)

    @classmethod
    def of(cls, labels: Iterable[Sequence[str]]) -> LabelModel:
        """Count the n-grams of some labels."""
        model = cls()
        for label in labels:
            model.add(label, 1)
        return model

    def add(self, label: Sequence[str], sign: int) -> None:
        """Add a label, or with ``sign`` -1 take it out again."""
        tokens = (_END, _END, *label, _END)
        for at in range(2, len(tokens)):
            for order in range(3):
                gram = tokens[at - order : at + 1]
                before = self.grams[gram]
                self.grams[gram] = before + sign
                self.contexts[gram[:-1]] += sign
                if (before == 0) if sign > 0 else (before == 1):
                    self.kinds[gram[:-1]] += sign

    def log_probability(self, text: Sequence[str]) -> float:
        """Natural logarithm of the probability of a text."""
        tokens = (_END, _END, *text, _END)
        own = Counter(token for token in text if token not in _STRUCTURE)
        total = sum(own.values())
        result = 0.0
        for at in range(2, len(tokens)):
            token = tokens[at]
            probability = self._probability(tokens[at - 2 : at], token)
            if token in own and total > 1:
                probability = (1 - _CACHE) * probability + _CACHE * (own[token] - 1) / (total - 1)
            result += log(probability)
        return result

    def _probability(self, context: tuple[str, ...], token: str) -> float:
        """Witten-Bell interpolation, from no context to two tokens."""
        probability = 1.0 / (self.kinds[()] + 20)
        for order in range(3):
            before = context[2 - order :]
            count, kinds = self.contexts[before], self.kinds[before]
            if count:
                probability = (self.grams[(*before, token)] + kinds * probability) / (count + kinds)
        return probability
