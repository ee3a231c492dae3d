"""Fits a grammar to a corpus: sizes, symbol weights and the repetition of letters.

Not for reading the corpus: labels are passed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from mumer_data.exceptions import GenerationError, LatexSyntaxError
from mumer_data.generate.atoms import is_letter
from mumer_data.generate.collect import Candidate, Dropped
from mumer_data.generate.grammar import Grammar, TooLargeError
from mumer_data.generate.quotas import Sizing
from mumer_data.generate.weights import SamplingWeights, Shares, shares_of, weights_for
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse
from mumer_data.latex.to_latex import to_latex
from mumer_data.seeding import rng_for

_PILOT = 800  # labels drawn to estimate symbol shares
_MAX_REPETITION = 0.9


@dataclass(frozen=True)
class GrammarSource:
    """A fitted grammar as a source of labels.

    Attributes:
        grammar: ready to draw.
        preset: of the normaliser; labels that it cannot read are dropped.
    """

    grammar: Grammar
    preset: str
    stage: str = "generate grammar"
    chunk: int = 4_000

    def draw(self, rng: np.random.Generator, size: str) -> Candidate:
        """See `collect.Source`."""
        try:
            tree = self.grammar.draw(rng, size)
        except TooLargeError:
            raise Dropped("too_large") from None
        raw = to_latex(tree)
        label = canonical(raw, self.preset)
        return Candidate(label, (tree if label == raw else parse(label)).depth, "grammar")


@lru_cache(maxsize=1 << 16)  # short labels are drawn many times
def canonical(label: str, preset: str) -> str:
    """The normalised label; raises `Dropped` if it cannot be parsed."""
    try:
        return normalize(label, preset)
    except LatexSyntaxError:
        raise Dropped("unreadable") from None


@dataclass(frozen=True)
class Fitted:
    """A grammar fitted to a corpus.

    Attributes:
        source: draws labels like those of the corpus.
        sizing: its lengths and depths.
        used, unbalanced: distinct labels that were counted, and skipped because of unbalanced brackets.
        corpus, target: share of each symbol in the corpus, and the requested one.
    """

    source: GrammarSource
    sizing: Sizing
    used: int
    unbalanced: int
    corpus: Shares
    target: Shares


def fit(
    labels: Iterable[str], *, preset: str = "crohme", emphasis: SamplingWeights | None = None, seed: int = 0
) -> Fitted:
    """Fit a grammar to the distinct labels of a corpus, each counted once.

    Args:
        labels: canonical labels that the parser accepts.
        preset: normaliser of the sampled labels.
        emphasis: symbols to sample more often.
        seed: random seed of the pilot samples that calibrate the weights.

    Raises:
        GenerationError: no label can be counted, or none of the confused symbols occurs.
    """
    known = sorted(set(labels))
    trees = [parse(label) for label in known]
    cells = [(label.count(" ") + 1, tree.depth) for label, tree in zip(known, trees, strict=True)]
    sizing = Sizing.of(Counter(cells)) if known else Sizing(())
    grammar = Grammar()
    for tree, cell in zip(trees, cells, strict=True):
        grammar.count(tree, sizing.size_of(*cell))
    if not grammar.trees:
        raise GenerationError(f"the corpus has no label to learn from ({len(known)} with unbalanced brackets)")
    sizes = [sizing.size_of(*cell) for cell in cells]
    grammar.build_tables()
    grammar.repetition = _repetition(grammar, known, sizes, seed)
    corpus = shares_of(known)
    target = corpus
    if emphasis:
        target = emphasis.target_shares(corpus)
        pilot = _Pilot(grammar, sizes, seed)
        grammar.build_tables(weights_for(target, corpus, pilot.shares))
    return Fitted(GrammarSource(grammar, preset), sizing, grammar.trees, grammar.unbalanced, corpus, target)


@dataclass
class _Pilot:
    """Pilot samples, to estimate the shares of symbols."""

    grammar: Grammar
    sizes: list[str]
    seed: int
    rounds: int = field(default=0)

    def shares(self, weights: dict[str, float]) -> Shares:
        self.grammar.build_tables(weights)
        self.rounds += 1
        return shares_of(self.labels())

    def labels(self) -> Iterator[str]:
        for number in range(_PILOT):
            rng = rng_for(self.seed, f"{self.rounds} {number}", "generate pilot")
            try:
                yield to_latex(self.grammar.draw(rng, self.sizes[int(rng.integers(len(self.sizes)))]))
            except TooLargeError:
                continue


def _repetition(grammar: Grammar, labels: list[str], sizes: list[str], seed: int) -> float:
    """The probability of repeating a letter that reproduces the repetition of the corpus, by interpolation."""
    aim = _repeated_share(labels)
    shares = []
    for repetition in (0.0, 0.5):
        grammar.repetition = repetition
        shares.append(_repeated_share(_Pilot(grammar, sizes, seed).labels()))
    low, high = shares
    return 0.0 if high <= low else min(max(0.5 * (aim - low) / (high - low), 0.0), _MAX_REPETITION)


def _repeated_share(labels: Iterable[str]) -> float:
    """Share of the letters after the first one of a label that occurred earlier in it."""
    repeated = rest = 0
    for label in labels:
        letters = [token for token in label.split() if is_letter(token)]
        repeated += len(letters) - len(set(letters))
        rest += max(len(letters) - 1, 0)
    return repeated / max(rest, 1)
