"""Tree-CoT: image -> symbol layout tree first, then the label (Uni-MuMER, arXiv 2505.23566)."""

from __future__ import annotations

from mumer_data.latex.expression import Expression
from mumer_data.latex.serialize import Dialect, expression_text
from mumer_data.tasks import Task


class TreeCot(Task):
    """Write the tree, then the expression.

    Attributes:
        dialect: ``published`` equals the published data; ``slt`` keeps the complete structure; ``compact`` is
            the same with many symbols on a line.
    """

    suffix = "_tree"
    prompt = (
        "I have an image of a handwritten mathematical expression. "
        "Please generate the abstract syntax tree (AST) of the formula in the image, "
        "and then provide its corresponding LaTeX format."
    )

    dialect: Dialect = "published"

    def answer(self, expression: Expression) -> str:
        """The tree's text, a line break, the label."""
        return f"{expression_text(expression, self.dialect)}\n{expression.label}"
