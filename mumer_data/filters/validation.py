"""From an example to a label and an image that can be trained on, or the reason why not.

Not for gates that must know all rows: see `build_row_index`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.filters import RowFilter
from mumer_data.images.canonicalize import canonical_png
from mumer_data.images.check import MAX_BYTES, MAX_PIXELS, check_image
from mumer_data.latex.expression import Expression
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.run import MAX_LABEL
from mumer_data.records import Example, Reject

MAX_DEPTH = 1_000  # far above any label that a person wrote; a tree's text grows with the square of its depth


@dataclass(frozen=True, slots=True)
class RowValidator:
    """The checks that every row goes through.

    Attributes:
        preset, rules: how labels are normalised.
        strict: whether unknown commands are errors.
        gates: in the order of the pipeline.
        max_pixels, max_bytes: limits of an image.
    """

    preset: str = "none"
    rules: tuple[tuple[str, bool], ...] = ()
    strict: bool = False
    gates: tuple[RowFilter, ...] = ()
    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES

    def expression(self, example: Example) -> Expression | Reject:
        """The expression of the canonical label, parsed; or why the row is rejected."""
        if len(example.label) > MAX_LABEL:
            message = f"the label has {len(example.label):,} characters, more than {MAX_LABEL:,}"
            return Reject(example.id, example.row, "label_too_long", message)
        try:
            expression = Expression.from_tokens(_normalizer(self.preset, self.rules)(example.label).split())
            expression.validate(strict=self.strict)
        except LatexSyntaxError as error:
            return Reject(example.id, example.row, "latex_syntax", error.reason, error.position, example.label)
        # No label of a few characters is deep: most need no walk.
        if len(expression.label) > 2 * MAX_DEPTH and expression.depth > MAX_DEPTH:
            message = f"the label is nested {expression.depth:,} deep, more than {MAX_DEPTH:,}"
            return Reject(example.id, example.row, "latex_too_deep", message, None, example.label)
        for gate in self.gates:
            refusal = gate.check(example, expression)
            if refusal is not None:
                return Reject(example.id, example.row, refusal.reason, refusal.message, None, example.label)
        return expression

    def image(self, example: Example) -> bytes | Reject:
        """The encoded image, decoded once to be sure of it.

        As it lies in the source, unless programs would show it differently (turned by EXIF, more than 8 bits,
        transparent, several pictures): then a PNG of what is to be seen.
        """
        try:
            data = example.image.read()
            if check_image(data, max_pixels=self.max_pixels, max_bytes=self.max_bytes).odd:
                data = canonical_png(data)
        except ImageError as error:
            return Reject(example.id, example.row, error.reason, error.message, None, example.label)
        return data


@lru_cache(maxsize=16)
def _normalizer(preset: str, rules: tuple[tuple[str, bool], ...]) -> Normalizer:
    return Normalizer(preset, dict(rules))
