"""Symbol layout tree -> MathML -> glyphs at their places, each known to belong to a token; by ziamath, without TeX.

Not for handwriting, and not for pictures of pages: `images` makes those.
"""
