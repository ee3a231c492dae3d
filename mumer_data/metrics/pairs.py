"""Pairs of label and prediction, with the inputs of most metrics: tokens, distances, n-gram matches.

Not for figures: metrics compute them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from mumer_data.deprecation import warn_renamed
from mumer_data.records import Prediction

Ints = NDArray[np.int64]
ORDER = 4  # length of the longest n-grams of BLEU
_SURROGATES = 0xD800, 0xE000  # code points that no character may have
_MAX_TOKENS = 0x110000 - 0x801  # distinct tokens that can be mapped to one character each


@dataclass(frozen=True)
class Pairs:
    """The pairs of one file, in order.

    Attributes:
        rows: the predictions, with ids, datasets and image paths.
        labels, predictions: the two texts of each pair.
    """

    rows: Sequence[Prediction]
    labels: list[str]
    predictions: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def label_tokens(self) -> list[list[str]]:
        """Tokens of each label: split on whitespace."""
        return [label.split() for label in self.labels]

    @cached_property
    def prediction_tokens(self) -> list[list[str]]:
        """Tokens of each prediction."""
        return [text.split() for text in self.predictions]

    @cached_property
    def label_lengths(self) -> Ints:
        """Tokens in each label."""
        return np.array([len(tokens) for tokens in self.label_tokens], np.int64)

    @cached_property
    def prediction_lengths(self) -> Ints:
        """Tokens in each prediction."""
        return np.array([len(tokens) for tokens in self.prediction_tokens], np.int64)

    @property
    def texts(self) -> list[str]:
        """Deprecated: use `predictions`."""
        warn_renamed("Pairs.texts", "predictions")
        return self.predictions

    @property
    def text_lengths(self) -> Ints:
        """Deprecated: use `prediction_lengths`."""
        warn_renamed("Pairs.text_lengths", "prediction_lengths")
        return self.prediction_lengths

    @cached_property
    def _differing(self) -> list[int]:
        """Positions of the pairs whose texts differ: most work is needed only for them."""
        return [i for i, (label, text) in enumerate(zip(self.labels, self.predictions, strict=True)) if label != text]

    @cached_property
    def _coded(self) -> tuple[Sequence[Sequence[Hashable]], Sequence[Sequence[Hashable]], int]:
        """Differing pairs with tokens as characters, or as numbers if there are too many; and the number of tokens.

        rapidfuzz is fastest on strings with one character per token.
        """
        sides = [[rows[i] for i in self._differing] for rows in (self.label_tokens, self.prediction_tokens)]
        tokens = set().union(*sides[0], *sides[1])
        numbers = dict(zip(tokens, range(len(tokens)), strict=True))
        if len(tokens) > _MAX_TOKENS:
            coded = [[list(map(numbers.__getitem__, row)) for row in rows] for rows in sides]
            return coded[0], coded[1], len(tokens)
        first, after = _SURROGATES
        letters = {token: chr(n if n < first else n + after - first) for token, n in numbers.items()}
        strings = [["".join(map(letters.__getitem__, row)) for row in rows] for rows in sides]
        return strings[0], strings[1], 0x110000

    @cached_property
    def token_distances(self) -> Ints:
        """Levenshtein distance of each pair, in tokens."""
        labels, texts, _ = self._coded
        distances = np.zeros(len(self), np.int64)
        distances[self._differing] = _distances(labels, texts)
        return distances

    @cached_property
    def character_distances(self) -> Ints:
        """Levenshtein distance of each pair, in characters, spaces counted."""
        distances = np.zeros(len(self), np.int64)
        sides = ([side[i] for i in self._differing] for side in (self.labels, self.predictions))
        distances[self._differing] = _distances(*sides)
        return distances

    @cached_property
    def exact(self) -> NDArray[np.bool_]:
        """Whether each prediction has the tokens of its label."""
        return np.asarray(self.token_distances == 0)

    @cached_property
    def ngram_matches(self) -> Ints:
        """Clipped n-gram matches of each prediction with its label: shape (pairs, 4), n = 1 to 4."""
        labels, texts, tokens = self._coded
        lengths = self.prediction_lengths[:, None]
        all_matches = np.maximum(lengths - np.arange(ORDER), 0)  # equal pairs match in all n-grams
        matches = np.zeros((len(self._differing), ORDER), np.int64)
        columns = [_Grams.of(rows) for rows in (labels, texts)]
        count = tokens
        for n in range(ORDER):
            if n:
                count = _Grams.lengthen(columns, tokens)
            (label_keys, label_counts), (text_keys, text_counts) = (side.counted(count) for side in columns)
            _, at_label, at_text = np.intersect1d(label_keys, text_keys, assume_unique=True, return_indices=True)
            shared = np.minimum(label_counts[at_label], text_counts[at_text])
            np.add.at(matches[:, n], text_keys[at_text] // max(count, 1), shared)
        all_matches[self._differing] = matches
        return np.asarray(all_matches)


@dataclass
class _Grams:
    """All n-grams of many rows, as integer ids."""

    tokens: Ints
    row: Ints
    grams: Ints
    last: Ints  # position of each n-gram's last token in ``tokens``

    @classmethod
    def of(cls, rows: Sequence[Sequence[Hashable]]) -> _Grams:
        lengths = [len(row) for row in rows]
        if rows and isinstance(rows[0], str):
            tokens = np.frombuffer("".join(rows).encode("utf-32-le"), "<u4").astype(np.int64)  # type: ignore[arg-type]
        else:
            tokens = np.fromiter((number for row in rows for number in row), np.int64, sum(lengths))
        row = np.repeat(np.arange(len(rows)), lengths)
        return cls(tokens, row, tokens, np.arange(len(tokens)))

    @staticmethod
    def lengthen(sides: list[_Grams], tokens: int) -> int:
        """Extend every n-gram by one token to the right, within its row; returns the number of distinct n-grams.

        ``tokens`` is the number of distinct tokens.
        """
        longer = []
        for side in sides:
            fits = side.last + 1 < len(side.tokens)
            fits[fits] = side.row[side.last[fits] + 1] == side.row[side.last[fits]]
            side.last = side.last[fits] + 1
            longer.append(side.grams[fits] * tokens + side.tokens[side.last])  # both are dense: far below 2^63
        _, dense = np.unique(np.concatenate(longer), return_inverse=True)
        sides[0].grams, sides[1].grams = dense[: len(longer[0])], dense[len(longer[0]) :]
        return int(dense.max(initial=-1)) + 1

    def counted(self, count: int) -> tuple[Ints, Ints]:
        """(row * count + n-gram, number of occurrences) of the distinct n-grams of each row."""
        keys, counts = np.unique(self.row[self.last] * count + self.grams, return_counts=True)
        return keys, counts


def _distances(one: Sequence[Sequence[Hashable]], two: Sequence[Sequence[Hashable]]) -> Ints:
    if not len(one):
        return np.zeros(0, np.int64)
    distances: Ints = cpdist(one, two, scorer=Levenshtein.distance, dtype=np.int64, workers=1)
    return distances


def pair_up(predictions: Sequence[Prediction]) -> Pairs:
    """The pairs of some predictions."""
    return Pairs(predictions, [row.label for row in predictions], [row.prediction for row in predictions])
