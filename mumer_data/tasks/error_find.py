"""Error detection: image and prediction -> the prediction with its errors marked (Uni-MuMER, arXiv 2505.23566)."""

from __future__ import annotations

from mumer_data.records import Correction
from mumer_data.tasks import ErrorTask


class ErrorFind(ErrorTask):
    """Mark the errors of a prediction."""

    suffix = "_error_find"
    instruction = (
        "I have an image of a handwritten mathematical expression and its OCR recognition result. "
        "Please help me to detect possible errors in the recognition result and mark the places where errors occur "
        "with <error_start> <error_end> and <deleted>."
    )

    def prompt(self, correction: Correction) -> str:
        """The instruction and the prediction."""
        return f"{self.instruction}\n\nerroneous formula: {correction.prediction}\nMarked formula: "

    def answer(self, correction: Correction) -> str:
        """The marked formula."""
        return correction.marked
