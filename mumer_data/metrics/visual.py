"""Figures of visual equivalence: CDM and VisEq, see `cdm`."""

from __future__ import annotations

import numpy as np

from mumer_data.metrics import Floats, ratio
from mumer_data.metrics.pairs import Pairs


class Visual:
    """``cdm_f1`` (0-1), ``exprate_cdm`` and ``viseq`` (0-100), over the pairs whose label can be typeset."""

    def __init__(self) -> None:
        from mumer_data.metrics.cdm import signature

        self.signature = signature()

    def statistics(self, pairs: Pairs) -> Floats:
        """Counted, F1, whether F1 is 1, visually equal, prediction unrenderable, label unrenderable."""
        from mumer_data.metrics.cdm import cdm_scores

        rows = [
            (
                score.f1 is not None,
                score.f1 or 0.0,
                score.f1 == 1.0,
                bool(score.viseq),
                score.unrenderable == "prediction",
                score.unrenderable == "label",
            )
            for score in cdm_scores(list(zip(pairs.labels, pairs.predictions, strict=True)))
        ]
        return np.array(rows, np.float64).reshape(len(pairs), 6)

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """The three figures."""
        counted = sums[..., 0]
        return {
            "cdm_f1": ratio(sums[..., 1], counted),
            "exprate_cdm": ratio(sums[..., 2], counted) * 100,
            "viseq": ratio(sums[..., 3], counted) * 100,
        }

    def counts(self, statistics: Floats) -> dict[str, int]:
        """Predictions that cannot be typeset (they score 0), and labels (they are left out)."""
        names = ("cdm_unrenderable", "cdm_unrenderable_labels")
        return {name: int(statistics[:, column].sum()) for column, name in enumerate(names, 4)}
