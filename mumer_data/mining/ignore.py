"""Removes marks that an image cannot show from labels and predictions: limits, sizes of delimiters, fonts.

Not for other normalisation: see `mumer_data.latex.normalize`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mumer_data.exceptions import SourceError
from mumer_data.latex.answers import AnswerNormalizer
from mumer_data.records import Prediction
from mumer_data.registry import did_you_mean

_LIMITS = frozenset({"\\limits", "\\nolimits", "\\displaylimits"})
_SIZES = frozenset({"\\left", "\\right", "\\middle"})
_SIZED = re.compile(r"\\(?:left|right|middle|[Bb]igg?[lrm]?)(\\?[^A-Za-z\s]|\\[A-Za-z]+)")
_BIG = re.compile(r"\\[Bb]igg?[lrm]?")
_FONTS = frozenset({"\\mathrm", "\\mathbf", "\\mathit", "\\mathsf", "\\mathtt", "\\mathnormal", "\\boldsymbol", "\\bm"})
_FONTS |= {"\\text", "\\textrm", "\\textbf", "\\textit", "\\rm", "\\bf", "\\it"}
IGNORABLE = ("limits", "delimiters", "fonts")
_ALIASES = {"\\limits": "limits", "\\left": "delimiters", "left": "delimiters", "\\right": "delimiters"}


def ignored(names: Iterable[str]) -> tuple[str, ...]:
    """The requested names of `IGNORABLE`, each once; a mark such as ``\\limits`` or ``\\left`` names its group.

    Raises:
        SourceError: a name is unknown.
    """
    chosen = [_ALIASES.get(name, name) for name in names]
    for name in chosen:
        if name not in IGNORABLE:
            raise SourceError(did_you_mean("mark to ignore", name, IGNORABLE))
    return tuple(name for name in IGNORABLE if name in chosen)


def compared_tokens(
    row: Prediction, normalizer: AnswerNormalizer | None, names: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Tokens of label and prediction, normalised, without the marks of some groups of `IGNORABLE`."""
    label, text = normalizer.pair(row.label, row.prediction) if normalizer else (row.label, row.prediction)
    return without_marks(label.split(), names), without_marks(text.split(), names)


def without_marks(tokens: Sequence[str], names: Sequence[str]) -> list[str]:
    """The tokens without the marks of some groups of `IGNORABLE`."""
    kept = list(tokens)
    if "limits" in names:
        kept = [token for token in kept if token not in _LIMITS]
    if "delimiters" in names:
        kept = _without_sizes(kept)
    if "fonts" in names:
        kept = _without_fonts(kept)
    return kept


def _without_sizes(tokens: list[str]) -> list[str]:
    kept: list[str] = []
    after_size = False
    for token in tokens:
        sized = _SIZED.fullmatch(token)
        if token in _SIZES or _BIG.fullmatch(token):
            after_size = True
            continue
        delimiter = sized[1] if sized else token
        if delimiter != "." or not (sized or after_size):  # \left . is an empty delimiter
            kept.append(delimiter)
        after_size = False
    return kept


def _without_fonts(tokens: list[str]) -> list[str]:
    """Remove font commands, and the braces of their arguments."""
    kept: list[str] = []
    dropped_braces: list[bool] = []  # for each open brace, whether it is dropped
    after_font = False
    for token in tokens:
        if token in _FONTS:
            after_font = True
            continue
        if token == "{":
            dropped_braces.append(after_font)
        dropped = (token == "{" and after_font) or (token == "}" and bool(dropped_braces) and dropped_braces.pop())
        if not dropped:
            kept.append(token)
        after_font = False
    return kept
