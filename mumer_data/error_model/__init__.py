"""Noisy-channel error model: fitted on confusions, it samples realistic wrong predictions.

Not for aligning predictions with labels: see `mumer_data.alignment`.
"""
