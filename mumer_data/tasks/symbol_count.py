"""Symbol counting: image -> the frequency of each symbol, then the label (Uni-MuMER, arXiv 2505.23566)."""

from __future__ import annotations

from mumer_data.latex.counts import symbol_count_text
from mumer_data.latex.expression import Expression
from mumer_data.tasks import Task


class SymbolCount(Task):
    """Count the symbols, then write the expression."""

    suffix = "_can"
    prompt = (
        "I have an image of a handwritten mathematical expression. "
        "Please identify and count each distinct visible mathematical symbol in the image, "
        "and then provide its corresponding LaTeX format."
    )

    def answer(self, expression: Expression) -> str:
        """The counts, a line break, the label."""
        return f"{symbol_count_text(expression.tokens)}\n{expression.label}"
