"""Synthetic handwriting: a label and a writer style -> strokes, images, symbol boxes, InkML.

Not for changing finished images: see `mumer_data.augmentation`.
"""
