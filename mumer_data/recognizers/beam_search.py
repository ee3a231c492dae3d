"""Beam search over the tokens of a label, where wanted only over labels that the grammar accepts.

Not for running a model: the caller gives the log probabilities of the next token.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mumer_data.latex.prefix import LabelPrefix

Floats = NDArray[np.float32]
# (tokens to append, numbers of the hypotheses that they extend) -> log probabilities, (hypotheses, vocabulary)
NextToken = Callable[[Sequence[int], Sequence[int]], Floats]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Tokens that the search has read.

    Attributes:
        tokens: numbers, the end token last unless the text was cut off.
        score: sum of the natural log probabilities.
        prefix: state of the grammar; ``None`` without a grammar.
    """

    tokens: tuple[int, ...] = ()
    score: float = 0.0
    prefix: LabelPrefix | None = None


@dataclass(frozen=True, slots=True)
class BeamSearch:
    """A search for the label with the highest score / (number of tokens ** length_penalty).

    Attributes:
        start, end: numbers of the first and of the last token.
        tokens: the text of each number.
        special: numbers of the tokens that are not part of a label.
        num_beams: hypotheses kept at each step.
        length_penalty: as in transformers: 0 compares sums of log probabilities, 1 means per token.
        constrained: only labels that the grammar accepts; a text that is cut off is an exception.
        max_tokens: longest text, the end token included.
    """

    start: int
    end: int
    tokens: Sequence[str]
    special: Container[int]
    num_beams: int
    length_penalty: float
    constrained: bool
    max_tokens: int

    def best(self, next_token: NextToken) -> Hypothesis:
        """The best complete hypothesis; where none is complete within ``max_tokens``, the best beginning."""
        beams = [Hypothesis(prefix=LabelPrefix() if self.constrained else None)]
        appended, sources = [self.start], [0]
        finished: list[Hypothesis] = []
        for _ in range(self.max_tokens):
            extended = self._extensions(beams, next_token(appended, sources))
            finished += [one for _, one in extended if one.tokens[-1] == self.end]
            going = [(source, one) for source, one in extended if one.tokens[-1] != self.end][: self.num_beams]
            if not going or self._decided(finished, [one for _, one in going]):
                break
            sources, beams = [source for source, _ in going], [one for _, one in going]
            appended = [one.tokens[-1] for one in beams]
        return max(finished or beams, key=self.value)

    def value(self, hypothesis: Hypothesis) -> float:
        """What hypotheses are compared by."""
        return hypothesis.score / float(max(len(hypothesis.tokens), 1) ** self.length_penalty)

    def _decided(self, finished: Sequence[Hypothesis], going: Sequence[Hypothesis]) -> bool:
        """Whether there are enough complete hypotheses and none that goes on has a higher value now."""
        if len(finished) < self.num_beams:
            return False
        return max(map(self.value, going)) <= max(map(self.value, finished))

    def _extensions(self, beams: Sequence[Hypothesis], logs: Floats) -> list[tuple[int, Hypothesis]]:
        """(number of the beam, beam and one token) in falling order of score, at most twice ``num_beams``."""
        totals = logs.astype(np.float64) + np.array([[one.score] for one in beams])
        limit, extended = 2 * self.num_beams, []
        for number in np.argsort(-totals, axis=None, kind="stable").tolist():
            source, token = divmod(number, logs.shape[1])
            allowed, prefix = self._following(beams[source], token)
            if allowed:
                tokens = (*beams[source].tokens, token)
                extended.append((source, Hypothesis(tokens, float(totals[source, token]), prefix)))
                if len(extended) == limit:
                    break
        return extended

    def _following(self, beam: Hypothesis, token: int) -> tuple[bool, LabelPrefix | None]:
        """Whether a token is allowed after a beam, and the state of the grammar after it."""
        if beam.prefix is None:
            return True, None
        if token == self.end:
            return beam.prefix.complete, beam.prefix
        prefix = None if token in self.special else beam.prefix.extended(self.tokens[token])
        return prefix is not None, prefix
