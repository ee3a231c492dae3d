"""How often each symbol should come: as in the corpus, mixed with rare symbols and with those that a model confuses.

Not for reading confusions (they come in as pairs with counts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mumer_data.exceptions import GenerationError

# Tokens that follow from what they belong to: nobody can ask for them.
STRUCTURE = frozenset({"{", "}", "_", "^", "&", "\\\\", "\\begin", "\\end", "\\left", "\\right", "\\limits"})
_ROUNDS = 6
_EXTREME = 1_000.0  # of a weight: beyond it a symbol is out of reach

Shares = dict[str, float]


@dataclass(frozen=True)
class SamplingWeights:
    """Which symbols are to come more often than in the corpus.

    Attributes:
        rare: share of all symbols that is drawn from the corpus's symbols with equal chances.
        confused: share of all symbols that is drawn in proportion to ``confusions``.
        confusions: (symbol, symbol it is taken for) -> how often.
    """

    rare: float = 0.0
    confused: float = 0.0
    confusions: Mapping[tuple[str, str], int] | None = None

    def __post_init__(self) -> None:
        if min(self.rare, self.confused) < 0 or self.rare + self.confused >= 1:
            raise GenerationError(
                f"the shares of rare ({self.rare:g}) and confused ({self.confused:g}) symbols must sum to less than 1"
            )

    def __bool__(self) -> bool:
        return bool(self.rare or (self.confused and self.confusions))

    def wanted(self, corpus: Shares) -> Shares:
        """Symbol -> the share of all symbols that it should have.

        Raises:
            GenerationError: the corpus has none of the confused symbols.
        """
        confused = self.of_confusions(corpus)
        plain = 1 - self.rare - (self.confused if confused else 0)
        return {
            token: plain * share + self.rare / len(corpus) + self.confused * confused.get(token, 0.0)
            for token, share in corpus.items()
        }

    def of_confusions(self, known: Iterable[str]) -> Shares:
        """The share of each known symbol among all that are confused; both sides of a pair count."""
        if not (self.confused and self.confusions):
            return {}
        counts: Counter[str] = Counter()
        for pair, count in self.confusions.items():
            for token in pair:
                counts[token] += count
        found = {token: counts[token] for token in known if counts[token]}
        if not found:
            raise GenerationError("none of the confused symbols can be drawn: is it the confusions of this data set?")
        total = sum(found.values())
        return {token: count / total for token, count in found.items()}


def shares_of(labels: Iterable[str]) -> Shares:
    """Symbol -> its share of all symbols, in order of the symbols; structure is not counted."""
    counts: Counter[str] = Counter()
    for label in labels:
        counts.update(label.split())
    visible = {token: count for token, count in sorted(counts.items()) if _is_visible(token)}
    total = sum(visible.values())
    return {token: count / total for token, count in visible.items()}


def _is_visible(token: str) -> bool:
    return token not in STRUCTURE and not token.startswith(("\\begin{", "\\end{", "{"))


def weights_for(wanted: Shares, corpus: Shares, drawn_with: Callable[[dict[str, float]], Shares]) -> dict[str, float]:
    """Weights with which symbols come as often as ``wanted``, found by drawing: too few, then more weight.

    Args:
        wanted: as from `SamplingWeights.wanted`.
        corpus: the shares without weights.
        drawn_with: weights -> the shares among a few hundred labels drawn with them.
    """
    weights = {token: share / corpus[token] for token, share in wanted.items()}
    for _ in range(_ROUNDS):
        drawn = drawn_with(weights)
        floor = 0.1 / max(len(drawn), 1) ** 2
        for token, share in wanted.items():
            step = (share / max(drawn.get(token, 0.0), floor)) ** 0.7  # less than 1: the figures are of a sample
            weights[token] = min(max(weights[token] * min(max(step, 0.25), 4.0), 1 / _EXTREME), _EXTREME)
    return weights
