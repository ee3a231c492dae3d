"""Fits a grammar to a corpus: sizes, symbol weights and the repetition of letters.

Not for reading the corpus: its labels come in.
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

_PILOT = 800  # labels that are drawn to see what the grammar does
_MAX_LOYALTY = 0.9


@dataclass(frozen=True)
class GrammarSource:
    """A fitted grammar as a source of labels.

    Attributes:
        grammar: ready to draw.
        preset: of the normaliser; what it would change is dropped.
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


@lru_cache(maxsize=1 << 16)  # short labels are drawn again and again
def canonical(label: str, preset: str) -> str:
    """The label as the normaliser leaves it; raises `Dropped` where it cannot be read."""
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
        used, unbalanced: different labels that were counted, and passed over for brackets that do not pair up.
        corpus, wanted: share of each symbol there, and the one that was asked for.
    """

    source: GrammarSource
    sizing: Sizing
    used: int
    unbalanced: int
    corpus: Shares
    wanted: Shares


def fit(
    labels: Iterable[str], *, preset: str = "crohme", emphasis: SamplingWeights | None = None, seed: int = 0
) -> Fitted:
    """Fit a grammar to the different labels of a corpus, each counted once.

    Args:
        labels: canonical labels that the parser accepts.
        preset: normaliser of the labels that will be drawn.
        emphasis: symbols to sample more often.
        seed: of the draws that set the weights.

    Raises:
        GenerationError: no label can be counted, or none of the confused symbols is there.
    """
    known = sorted(set(labels))
    trees = [parse(label) for label in known]
    cells = [(label.count(" ") + 1, tree.depth) for label, tree in zip(known, trees, strict=True)]
    sizing = Sizing.of(Counter(cells)) if known else Sizing(())
    grammar = Grammar()
    for tree, cell in zip(trees, cells, strict=True):
        grammar.count(tree, sizing.size_of(*cell))
    if not grammar.trees:
        raise GenerationError(f"the corpus has no label to learn from ({len(known)} with brackets that do not pair up)")
    sizes = [sizing.size_of(*cell) for cell in cells]
    grammar.settle()
    grammar.loyalty = _loyalty(grammar, known, sizes, seed)
    corpus = shares_of(known)
    wanted = corpus
    if emphasis:
        wanted = emphasis.wanted(corpus)
        pilot = _Pilot(grammar, sizes, seed)
        grammar.settle(weights_for(wanted, corpus, pilot.shares))
    return Fitted(GrammarSource(grammar, preset), sizing, grammar.trees, grammar.unbalanced, corpus, wanted)


@dataclass
class _Pilot:
    """A few labels of every size, to see what comes."""

    grammar: Grammar
    sizes: list[str]
    seed: int
    rounds: int = field(default=0)

    def shares(self, weights: dict[str, float]) -> Shares:
        self.grammar.settle(weights)
        self.rounds += 1
        return shares_of(self.labels())

    def labels(self) -> Iterator[str]:
        for number in range(_PILOT):
            rng = rng_for(self.seed, f"{self.rounds} {number}", "generate pilot")
            try:
                yield to_latex(self.grammar.draw(rng, self.sizes[int(rng.integers(len(self.sizes)))]))
            except TooLargeError:
                continue


def _loyalty(grammar: Grammar, labels: list[str], sizes: list[str], seed: int) -> float:
    """The chance of taking a letter again with which letters repeat as often as in the corpus, by interpolation."""
    aim = _repetition(labels)
    found = []
    for loyalty in (0.0, 0.5):
        grammar.loyalty = loyalty
        found.append(_repetition(_Pilot(grammar, sizes, seed).labels()))
    low, high = found
    return 0.0 if high <= low else min(max(0.5 * (aim - low) / (high - low), 0.0), _MAX_LOYALTY)


def _repetition(labels: Iterable[str]) -> float:
    """Share of the letters after the first one of a label that the label has had already."""
    again = rest = 0
    for label in labels:
        letters = [token for token in label.split() if is_letter(token)]
        again += len(letters) - len(set(letters))
        rest += max(len(letters) - 1, 0)
    return again / max(rest, 1)
