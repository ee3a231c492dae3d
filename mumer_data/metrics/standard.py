"""Error rates and BLEU as other fields define them: edits per unit of the label, and sacreBLEU.

Source: M. Post, A Call for Clarity in Reporting BLEU Scores, 2018.
"""

from __future__ import annotations

import numpy as np

from mumer_data.metrics import Floats, ratio
from mumer_data.metrics.pairs import ORDER, Pairs


class Standard:
    """``cer`` (character edits per character, spaces counted), ``token_error_rate``, ``sacrebleu`` (0-100)."""

    def __init__(self) -> None:
        import sacrebleu

        self.signature = f"tok:whitespace|cer:characters|bleu:sacrebleu-{sacrebleu.__version__}-tok:none-smooth:exp"

    def statistics(self, pairs: Pairs) -> Floats:
        """Edits and lengths in characters, in tokens; then matching and possible n-grams."""
        return np.column_stack(
            [
                pairs.character_distances,
                [len(label) for label in pairs.labels],
                pairs.token_distances,
                pairs.label_lengths,
                pairs.prediction_lengths,
                pairs.ngram_matches,
                np.maximum(pairs.prediction_lengths[:, None] - np.arange(ORDER), 0),
            ]
        ).astype(np.float64)

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """The three figures."""
        return {
            "cer": ratio(sums[..., 0], sums[..., 1]),
            "token_error_rate": ratio(sums[..., 2], sums[..., 3]),
            "sacrebleu": np.apply_along_axis(_sacrebleu, -1, sums),
        }


def _sacrebleu(sums: Floats) -> float:
    from sacrebleu.metrics.bleu import BLEU

    correct, total = sums[5 : 5 + ORDER].astype(int).tolist(), sums[5 + ORDER :].astype(int).tolist()
    return float(BLEU.compute_bleu(correct, total, int(sums[4]), int(sums[3]), smooth_method="exp").score)
