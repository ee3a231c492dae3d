"""Row validation: from an example to its expression and image, or the reason why it is rejected.

Not for filters that compare rows: see `row_index`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from logging import getLogger

from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.filters import RowFilter
from mumer_data.images.canonicalize import canonical_png
from mumer_data.images.check import MAX_BYTES, MAX_PIXELS, check_image
from mumer_data.latex.diagnostics import RAW
from mumer_data.latex.expression import Expression
from mumer_data.latex.normalize import Normalizer
from mumer_data.latex.normalize.macros import macro_of
from mumer_data.latex.normalize.rules import NONE
from mumer_data.latex.normalize.run import MAX_LABEL
from mumer_data.records import Example, Reject

_log = getLogger(__name__)
MAX_DEPTH = 1_000  # far above any handwritten label; the length of a tree's text grows with the square of its depth


@dataclass(frozen=True, slots=True)
class RowValidator:
    """The checks that apply to every row.

    Attributes:
        preset, rules: how labels are normalised.
        strict: whether unknown commands are errors.
        filters: row filters, in the order of the pipeline.
        max_pixels, max_bytes: limits of an image.
        macros: definitions that labels use, name and body.
    """

    preset: str = "none"
    rules: tuple[tuple[str, bool], ...] = ()
    strict: bool = False
    filters: tuple[RowFilter, ...] = ()
    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES
    macros: tuple[tuple[str, str], ...] = ()

    def expression(self, example: Example) -> Expression | Reject:
        """The expression of the canonical label, parsed; or why the row is rejected."""
        if len(example.label) > MAX_LABEL:
            message = f"the label has {len(example.label):,} characters, more than {MAX_LABEL:,}"
            return Reject(example.id, example.row, "label_too_long", message)
        try:
            expression = Expression.from_tokens(
                _normalizer(self.preset, self.rules, self.macros)(example.label).split()
            )
            expression.validate(strict=self.strict)
        except LatexSyntaxError as error:
            return Reject(example.id, example.row, "latex_syntax", error.reason, error.position, example.label)
        # A short label cannot be too deep: most trees need no walk.
        if len(expression.label) > 2 * MAX_DEPTH and expression.depth > MAX_DEPTH:
            message = f"the label is nested {expression.depth:,} deep, more than {MAX_DEPTH:,}"
            return Reject(example.id, example.row, "latex_too_deep", message, None, example.label)
        for row_filter in self.filters:
            rejection = row_filter.check(example, expression)
            if rejection is not None:
                return Reject(example.id, example.row, rejection.reason, rejection.message, None, example.label)
        return expression

    def image(self, example: Example) -> bytes | Reject:
        """The encoded image, decoded once for validation; or why the row is rejected.

        The bytes are those of the source, unless programs would display them differently (EXIF rotation, more than
        8 bits, transparency, several frames): then a canonical PNG.
        """
        try:
            data = example.image.read()
            if check_image(data, max_pixels=self.max_pixels, max_bytes=self.max_bytes).odd:
                data = canonical_png(data)
        except ImageError as error:
            return Reject(example.id, example.row, error.reason, error.message, None, example.label)
        return data


def warn_of_raw_labels(messages: Iterable[str], preset: str) -> None:
    """Warn, with their number, where labels were rejected because they are raw LaTeX, and name the preset to use.

    Args:
        messages: messages of the rejects of a build.
        preset: normalisation preset of the build.
    """
    raw = sum(RAW in message for message in messages)
    if raw and preset == NONE:
        _log.warning(
            "%s labels are raw LaTeX, not tokenised: add 'normalize: {preset: crohme}' to the pipeline "
            '(or --set normalize.preset=crohme; preset="crohme" in build_dataset)',
            f"{raw:,}",
        )


@lru_cache(maxsize=16)
def _normalizer(preset: str, rules: tuple[tuple[str, bool], ...], macros: tuple[tuple[str, str], ...]) -> Normalizer:
    return Normalizer(preset, dict(rules), {name: macro_of(name, body) for name, body in macros} or None)
