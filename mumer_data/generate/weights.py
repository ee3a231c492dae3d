"""Sampling weights of symbols: as in the corpus, mixed with rare symbols and with symbols that a model confuses.

Not for reading confusions (they are passed as pairs with counts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mumer_data.exceptions import GenerationError

# Tokens that are determined by the structure; they have no sampling weight.
STRUCTURE = frozenset({"{", "}", "_", "^", "&", "\\\\", "\\begin", "\\end", "\\left", "\\right", "\\limits"})
_ROUNDS = 6
_EXTREME = 1_000.0  # largest weight

Shares = dict[str, float]


@dataclass(frozen=True)
class SamplingWeights:
    """Symbols to sample more often than in the corpus.

    Attributes:
        rare: share of all symbols that is drawn from the corpus's symbols with equal chances.
        confused: share of all symbols that is drawn in proportion to ``confusions``.
        confusions: (symbol, symbol it is recognised as) -> count.
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

    def target_shares(self, corpus: Shares) -> Shares:
        """Symbol -> its target share of all symbols.

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
        """The share of each known symbol among all confused symbols; both sides of a pair count."""
        if not (self.confused and self.confusions):
            return {}
        counts: Counter[str] = Counter()
        for pair, count in self.confusions.items():
            for token in pair:
                counts[token] += count
        known_counts = {token: counts[token] for token in known if counts[token]}
        if not known_counts:
            raise GenerationError(
                "none of the confused symbols can be drawn: are these the confusions of this data set?"
            )
        total = sum(known_counts.values())
        return {token: count / total for token, count in known_counts.items()}


def shares_of(labels: Iterable[str]) -> Shares:
    """Symbol -> its share of all symbols, sorted by symbol; structure tokens are not counted."""
    counts: Counter[str] = Counter()
    for label in labels:
        counts.update(label.split())
    visible = {token: count for token, count in sorted(counts.items()) if _is_visible(token)}
    total = sum(visible.values())
    return {token: count / total for token, count in visible.items()}


def _is_visible(token: str) -> bool:
    return token not in STRUCTURE and not token.startswith(("\\begin{", "\\end{", "{"))


def weights_for(target: Shares, corpus: Shares, shares_with: Callable[[dict[str, float]], Shares]) -> dict[str, float]:
    """Weights with which symbols have the shares ``target``, adjusted iteratively on samples.

    Args:
        target: as from `SamplingWeights.target_shares`.
        corpus: the shares without weights.
        shares_with: weights -> the shares in a few hundred labels sampled with them.
    """
    weights = {token: share / corpus[token] for token, share in target.items()}
    for _ in range(_ROUNDS):
        drawn = shares_with(weights)
        smallest = 0.1 / max(len(drawn), 1) ** 2
        for token, share in target.items():
            step = (share / max(drawn.get(token, 0.0), smallest)) ** 0.7  # damped: the shares are sample estimates
            weights[token] = min(max(weights[token] * min(max(step, 0.25), 4.0), 1 / _EXTREME), _EXTREME)
    return weights
