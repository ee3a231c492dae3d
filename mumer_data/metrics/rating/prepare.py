"""Raw LaTeX or a label -> a normalised label for the rating, which keeps fonts; what stands around it goes.

Not a normaliser of its own: `mumer_data.latex.normalize` does the work.
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
    return shown_normalizer({"wrappers": False})  # fonts are kept: readers see them


@lru_cache(maxsize=1 << 12)
def prepared(text: str) -> tuple[str, bool]:
    """The normalised label, and whether LaTeX could be read; else the text as it is."""
    plain = _FENCES.sub("", _FENCES.sub("", text.strip())).strip()
    plain = _END.sub("", plain.removeprefix("&"))
    try:
        return _normalizer()(plain), True
    except LatexSyntaxError:
        return plain, False
