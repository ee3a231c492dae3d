"""Losses of a formula reader: next token, symbol of each cell, attention, number of each symbol.

Not for weighting them over a run: see `run`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mumer_train.from_scratch.batches import Batch
from mumer_train.from_scratch.modeling import FormulaReader

BACKGROUND = 0  # class of a cell without a symbol: the id of the padding token
IGNORED = -100


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the parts; the token loss has weight 1."""

    symbol: float = 1.0
    attention: float = 0.3
    count: float = 0.05
    background: float = 0.3
    label_smoothing: float = 0.1


@dataclass(frozen=True, slots=True)
class Losses:
    """The parts of the loss, and the numbers of cells and of correct cells.

    Attributes:
        total: the loss to minimise.
        token, symbol, attention, count: unweighted parts; 0 without targets.
        cells, right_cells: number of cells inside a symbol's box, and of those with a correct prediction.
    """

    total: Tensor
    token: float
    symbol: float
    attention: float
    count: float
    cells: int
    right_cells: int


def losses(model: FormulaReader, batch: Batch, weights: LossWeights, with_decoder: bool = True) -> Losses:
    """All losses of a batch; without the decoder, only the losses of the encoder's heads."""
    features = model.features(batch.pixels)
    zero = features.new_zeros(())
    symbol, cells, right = _symbol_loss(model, features, batch, weights.background)
    count = _count_loss(model, features, batch)
    token = attention = zero
    if with_decoder:
        memory = model.encoder.memory(features)
        cross = model.decoder.cross_pairs(memory)
        mask = batch.cells.flatten(1)[:, None, None]
        decoded = model.decoder(batch.inputs, cross, mask, weigh=bool(batch.looks.any()))
        logits = model.decoder.head(decoded.hidden)
        token = functional.cross_entropy(
            logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED, label_smoothing=weights.label_smoothing
        )
        if decoded.attention is not None:
            inside = (decoded.attention * batch.looks).sum(-1)
            supervised = batch.looks.any(-1)
            attention = -(inside[supervised] + 1e-6).log().mean()
    total = token + weights.symbol * symbol + weights.attention * attention + weights.count * count
    return Losses(
        total,
        float(token.detach()),
        float(symbol.detach()),
        float(attention.detach()),
        float(count.detach()),
        cells,
        right,
    )


def _symbol_loss(model: FormulaReader, features: Tensor, batch: Batch, background: float) -> tuple[Tensor, int, int]:
    """Cross-entropy of the cells of images with boxes; paper has a lower weight than ink."""
    rows = batch.boxed
    if not rows.any():
        return features.new_zeros(()), 0, 0
    classes = batch.classes[rows]
    logits = _pointwise(model.symbol_head, features[rows])
    each = functional.cross_entropy(logits, classes, ignore_index=IGNORED, reduction="none")
    weight = torch.where(classes == BACKGROUND, background, 1.0) * (classes != IGNORED)
    ink = classes > BACKGROUND
    right = int((logits.detach().argmax(1) == classes)[ink].sum())
    return (each * weight).sum() / weight.sum(), int(ink.sum()), right


def _count_loss(model: FormulaReader, features: Tensor, batch: Batch) -> Tensor:
    """Smooth L1 between the count of each token in the label and the sum of its map (CAN, Li et al., 2022)."""
    maps = torch.sigmoid(_pointwise(model.count_head, features) - 6.0) * batch.cells[:, None]
    return functional.smooth_l1_loss(maps.sum((2, 3)), batch.counts, reduction="none").sum(1).mean()


def _pointwise(head: nn.Conv2d, features: Tensor) -> Tensor:
    """A 1 x 1 convolution as a matrix product, which is faster on maps with channels last."""
    return functional.linear(features.permute(0, 2, 3, 1), head.weight.flatten(1), head.bias).permute(0, 3, 1, 2)
