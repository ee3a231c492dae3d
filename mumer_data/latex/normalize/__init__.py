"""Raw LaTeX -> the canonical label: tokens separated by spaces, every script and argument in braces, one spelling.

The rules are a table, `rules.toml`; this package only knows how to carry them out.
"""

from __future__ import annotations

from mumer_data.latex.normalize.run import Normalizer, normalize

__all__ = ["Normalizer", "normalize"]
