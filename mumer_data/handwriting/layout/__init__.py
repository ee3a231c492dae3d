"""Positions of the symbols of an expression: tree -> positioned strokes, by rules like TeX's.

Not for how a symbol looks (see `images.strokes`) nor for making pictures of it.
"""
