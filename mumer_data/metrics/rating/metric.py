"""The predicted human rating as a metric of a file: its mean, 0-10; see `mumer_data.metrics.rating`."""

from __future__ import annotations

import numpy as np

from mumer_data.metrics import Floats, ratio
from mumer_data.metrics.pairs import Pairs


class MeanRating:
    """``rating``: the mean predicted rating over all pairs."""

    signature = "rating:weights-2|norm:own"

    def statistics(self, pairs: Pairs) -> Floats:
        """1, rating, whether it was predicted from tokens because a side does not parse."""
        from mumer_data.metrics.rating import explain_row

        rows = [(1, one.value, one.basis == "text") for one in map(explain_row, pairs.rows)]
        return np.array(rows, np.float64).reshape(len(pairs), 3)

    def scores(self, sums: Floats) -> dict[str, Floats]:
        """The one figure."""
        return {"rating": ratio(sums[..., 1], sums[..., 0])}

    def counts(self, statistics: Floats) -> dict[str, int]:
        """Pairs rated from their tokens only."""
        return {"rating_from_text": int(statistics[:, 2].sum())}
