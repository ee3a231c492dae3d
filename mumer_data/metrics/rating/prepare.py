"""Raw LaTeX or a label -> a normalised label for the rating: fonts are kept, maths delimiters removed.

Not a separate normaliser: it calls `mumer_data.latex.normalize`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import Normalizer
from mumer_data.typeset.raw import shown_normalizer

_FENCES = re.compile(r"^\s*(?:\$\$?|\\\[|\\\()|(?:\$\$?|\\\]|\\\))\s*$")
_END = re.compile(r"(?:\\\\|\\quad|\\,|~|\s)+$")


@lru_cache(maxsize=1)
def _normalizer() -> Normalizer:
    return shown_normalizer({"wrappers": False})  # fonts are kept: they are visible


@lru_cache(maxsize=1 << 12)
def prepared(text: str) -> tuple[str, bool]:
    """The normalised label and true, or the unchanged text and false if it cannot be parsed."""
    plain = _FENCES.sub("", _FENCES.sub("", text.strip())).strip()
    plain = _END.sub("", plain.removeprefix("&"))
    try:
        return _normalizer()(plain), True
    except LatexSyntaxError:
        return plain, False
