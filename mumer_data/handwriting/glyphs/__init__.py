"""Glyphs made of strokes: from stroke fonts, from the lines in a printed font, from real ink.

Not for placing them: see `images.layout`.
"""
