"""An n-gram language model of labels in both directions, to rerank labels by their probability.

Train it on labels of a training set only. Not for new labels: see `mumer_data.generate`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from mumer_data.exceptions import MumerError

ORDER = 4  # tokens of the longest n-gram
DISCOUNT = 0.85  # subtracted from every count and redistributed to shorter contexts
BONUS = 1.0  # nats added per token: without it, the shorter label always scores higher
_UNSEEN = 200  # assumed number of unseen tokens in the uniform distribution below the shortest context
_BEGIN, _END = "<s>", "</s>"
_Context = tuple[str, ...]


class VoteError(MumerError):
    """Predictions, weights or labels do not match each other; the message says which."""


class LanguageModel:
    """Interpolated n-grams with absolute discounting, the mean of a model from the left and one from the right.

    Source: H. Ney, U. Essen and R. Kneser, On structuring probabilistic dependences in stochastic language modelling,
    1994.

    Args:
        labels: tokenised training labels; repeated labels count repeatedly.

    Raises:
        VoteError: there are no labels.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        rows = [tokens for label in labels if (tokens := label.split())]
        if not rows:
            raise VoteError("the language model needs training labels, and there are none")
        self.labels = len(rows)
        self._forward = _Counts(rows)
        self._backward = _Counts([row[::-1] for row in rows])

    def log_probability(self, tokens: Sequence[str]) -> float:
        """The mean of both directions, in nats."""
        return (self._forward.log_probability(tokens) + self._backward.log_probability(tokens[::-1])) / 2

    def score(self, tokens: Sequence[str]) -> float:
        """Log-probability with `BONUS` for each token: comparable between labels of different lengths."""
        return self.log_probability(tokens) + BONUS * len(tokens)


class _Counts:
    """N-gram counts in one direction.

    Attributes:
        counts: context -> following token -> how often, for all lengths of contexts.
        totals: context -> (sum of its counts, different following tokens).
    """

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self.counts: defaultdict[_Context, Counter[str]] = defaultdict(Counter)
        for row in rows:
            padded = (_BEGIN, *row, _END)
            for index in range(1, len(padded)):
                for length in range(min(ORDER, index + 1)):
                    self.counts[padded[index - length : index]][padded[index]] += 1
        self.totals = {context: (following.total(), len(following)) for context, following in self.counts.items()}
        self.uniform = 1 / (len(self.counts[()]) + _UNSEEN)

    def log_probability(self, tokens: Sequence[str]) -> float:
        padded = (_BEGIN, *tokens, _END)
        return math.fsum(
            math.log(self._probability(padded[max(0, index - ORDER + 1) : index], padded[index]))
            for index in range(1, len(padded))
        )

    def _probability(self, context: _Context, token: str) -> float:
        probability = self.uniform
        for length in range(len(context) + 1):
            part = context[len(context) - length :]
            totals = self.totals.get(part)
            if totals is None:
                break
            total, different = totals
            own = max(self.counts[part].get(token, 0) - DISCOUNT, 0.0)
            probability = (own + DISCOUNT * different * probability) / total
        return probability
