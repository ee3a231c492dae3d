"""Recognition: image -> label."""

from __future__ import annotations

from mumer_data.latex.expression import Expression
from mumer_data.tasks import Task


class Recognition(Task):
    """Transcribe the expression."""

    suffix = ""
    prompt = (
        "I have an image of a handwritten mathematical expression. "
        "Please write out the expression of the formula in the image using LaTeX format."
    )

    def answer(self, expression: Expression) -> str:
        """The label itself."""
        return expression.label
