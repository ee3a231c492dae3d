"""Ablations: a grid of small readers, trained on different tasks or data, compared on the same images.

Not for training one reader: see `mumer_train.from_scratch`.
"""
