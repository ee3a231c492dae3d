"""Error correction: image and marked prediction -> the corrections, then the label (Uni-MuMER, arXiv 2505.23566)."""

from __future__ import annotations

from mumer_data.records import Correction
from mumer_data.tasks import ErrorTask


class ErrorFix(ErrorTask):
    """Correct a marked prediction."""

    suffix = "_error_fix"
    instruction = (
        "I have an image of a handwritten mathematical expression and a predicted formula with error tags, "
        "correct the formula by modifying the parts marked with <error_start> and <error_end> and inserting content "
        "where <deleted> are present. Output the modifications in a single string with the following format: "
        "REPLACE:old -> new for errors to be replaced. INSERT:content after position for missing content. "
        "DELETE:to_delete for parts to be removed."
    )

    def prompt(self, correction: Correction) -> str:
        """The instruction and the marked formula."""
        return f"{self.instruction}\n\nMarked formula: {correction.marked}\nCorrection log: "

    def answer(self, correction: Correction) -> str:
        """The correction log, a line break, the label; the log is empty for a correct prediction."""
        return f"{correction.log}\n{correction.label}"
