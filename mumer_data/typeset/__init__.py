"""Symbol layout tree -> MathML -> positioned glyphs, each linked to its token; by ziamath, without TeX.

Not for handwriting: see `handwriting`.
"""
