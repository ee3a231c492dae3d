"""The figures of the published Uni-MuMER evaluation, under their published names.

Not error rates in the usual sense: see `standard`.
"""

from __future__ import annotations

import math

import numpy as np

from mumer_data.metrics import Floats, ratio
from mumer_data.metrics.pairs import ORDER, Pairs

_WITHIN = 4  # distances 0 to 3 have figures of their own
_NUMERATORS = slice(7, 7 + ORDER)
_DENOMINATORS = slice(7 + ORDER, 7 + 2 * ORDER)
_TEXT, _LABEL = 7 + 2 * ORDER, 8 + 2 * ORDER
_K = 5  # NLTK's smoothing constant


class Published:
    """``exprate``, ``le1`` to ``le3``, ``edit_score``, ``bleu4`` (percentages) and ``cer_published`` (a ratio)."""

    signature = "tok:whitespace|bleu:nltk-method4"

    def statistics(self, pairs: Pairs) -> Floats:
        """1, within 0 to 3 edits, edit score, edits, then the sums that BLEU needs, then characters."""
        distances = pairs.token_distances
        longest = np.maximum(np.maximum(pairs.label_lengths, pairs.prediction_lengths), 1)
        grams = np.maximum(pairs.prediction_lengths[:, None] - np.arange(ORDER), 1)  # NLTK counts none as one
        return np.column_stack(
            [
                np.ones(len(pairs)),
                *(distances <= edits for edits in range(_WITHIN)),
                (1 - distances / longest) * 100,
                distances,
                pairs.ngram_matches,
                grams,
                pairs.prediction_lengths,
                pairs.label_lengths,
                [len(label) for label in pairs.labels],
            ]
        ).astype(np.float64)

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """Source: the evaluation published with Uni-MuMER (arXiv 2505.23566); BLEU as NLTK's ``corpus_bleu``."""
        count = sums[..., 0]
        within = {
            name: ratio(sums[..., 1 + edits], count) * 100
            for edits, name in enumerate(("exprate", "le1", "le2", "le3"))
        }
        return {
            **within,
            "edit_score": ratio(sums[..., 5], count),
            "bleu4": np.apply_along_axis(_bleu, -1, sums) * 100,
            "cer_published": ratio(sums[..., 6], sums[..., -1]),
        }


def _bleu(sums: Floats) -> float:
    """BLEU-4 with smoothing method 4, from sums over sentences.

    Source: B. Chen and C. Cherry, A Systematic Comparison of Smoothing Techniques for Sentence-Level BLEU, 2014, in the
    form implemented in NLTK.
    """
    matches, possible = sums[_NUMERATORS], sums[_DENOMINATORS]
    text, label = sums[_TEXT], sums[_LABEL]
    if matches[0] == 0 or text == 0:
        return 0.0
    precisions, smoothed = [], 1
    for match, total in zip(matches.tolist(), possible.tolist(), strict=True):
        if match == 0 and text > 1:
            match = 1 / (2**smoothed * _K / math.log(text))
            smoothed += 1
        precisions.append(match / total)
    brevity = 1.0 if text > label else math.exp(1 - label / text)
    return brevity * math.exp(math.fsum(math.log(value) / ORDER for value in precisions if value > 0))
