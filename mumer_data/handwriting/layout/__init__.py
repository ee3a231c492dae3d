"""Where the symbols of an expression stand: a tree becomes placed strokes by rules like TeX's.

Not for how a symbol looks (see `images.strokes`) nor for making pictures of it.
"""
