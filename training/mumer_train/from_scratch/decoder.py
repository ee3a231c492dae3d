"""Pre-norm Transformer decoder with fused attention and a key-value cache of plain tensors.

Not for decoding strategies: see `decoding` and transformers' `generate`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.encoder import sine_positions

Pair = tuple[Tensor, Tensor]
"""Keys and values, each (batch, heads, length, head size)."""


@dataclass(slots=True)
class Decoded:
    """The result of one pass.

    Attributes:
        hidden: (batch, length, d_model).
        past: keys and values of each layer's self-attention, earlier positions included.
        attention: cross-attention of the supervised layer, mean over heads, (batch, length, cells), or ``None``.
    """

    hidden: Tensor
    past: list[Pair]
    attention: Tensor | None


class Attention(nn.Module):
    """Multi-head attention; keys and values can be passed from a cache."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def keys_values(self, x: Tensor) -> Pair:
        """Keys and values of (batch, length, width)."""
        keys, values = self.key_value(x).chunk(2, dim=-1)
        return self._split(keys), self._split(values)

    def forward(self, x: Tensor, pair: Pair, mask: Tensor | None, causal: bool = False) -> Tensor:
        """Attend from ``x``; ``mask`` is true where attention is allowed, broadcast to (batch, heads, length, keys)."""
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(x)), *pair, attn_mask=mask, is_causal=causal
        )
        attended: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return attended

    def with_weights(self, x: Tensor, pair: Pair, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """As `forward`, without a fused kernel; also returns the mean weights over heads, (batch, length, keys)."""
        query = self._split(self.query(x))
        scores = query @ pair[0].transpose(-1, -2) * query.shape[-1] ** -0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1)
        return self.output((weights @ pair[1]).transpose(1, 2).flatten(2)), weights.mean(1)


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention, feed-forward; layer norm before each."""

    def __init__(self, config: FormulaReaderConfig) -> None:
        super().__init__()
        width = config.d_model
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.self_attention = Attention(width, config.decoder_attention_heads)
        self.cross_attention = Attention(width, config.decoder_attention_heads)
        self.up = nn.Linear(width, config.decoder_ffn_dim)
        self.down = nn.Linear(config.decoder_ffn_dim, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Tensor, cross: Pair, cells: Tensor | None, past: Pair | None, mask: Tensor | None, weigh: bool
    ) -> tuple[Tensor, Pair, Tensor | None]:
        """One layer; returns its output, its keys and values, and the cross-attention's weights if ``weigh``."""
        normed = self.norm1(x)
        pair = self.self_attention.keys_values(normed)
        if past is not None:
            pair = torch.cat((past[0], pair[0]), dim=2), torch.cat((past[1], pair[1]), dim=2)
        causal = mask is None and past is None and x.shape[1] > 1
        if mask is None and past is not None and x.shape[1] > 1:
            mask = _causal(x.shape[1], pair[0].shape[2], x.device)
        x = x + self.dropout(self.self_attention(normed, pair, mask, causal))
        normed, weights = self.norm2(x), None
        if weigh:
            mixed, weights = self.cross_attention.with_weights(normed, cross, cells)
        else:
            mixed = self.cross_attention(normed, cross, cells)
        x = x + self.dropout(mixed)
        return x + self.dropout(self.down(functional.gelu(self.up(self.norm3(x))))), pair, weights


def _causal(queries: int, keys: int, device: torch.device) -> Tensor:
    """Which keys the last ``queries`` of ``keys`` positions may attend to, (queries, keys)."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


class TextDecoder(nn.Module):
    """Tokens so far, and the encoder's memory -> a vector for the next token at each position."""

    def __init__(self, config: FormulaReaderConfig) -> None:
        super().__init__()
        self.supervised = config.supervised_layer
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.d_model, config.vocab_size)

    def cross_pairs(self, memory: Tensor) -> list[Pair]:
        """Keys and values of the memory for each layer; computed once per image."""
        return [layer.cross_attention.keys_values(memory) for layer in self.layers]

    def forward(
        self,
        tokens: Tensor,
        cross: list[Pair],
        cells: Tensor | None,
        past: list[Pair] | None = None,
        mask: Tensor | None = None,
        weigh: bool = False,
    ) -> Decoded:
        """Decode.

        Args:
            tokens: (batch, length).
            cross: see `cross_pairs`.
            cells: true for cells that belong to the image, (batch, 1, 1, cells); ``None`` for all.
            past: keys and values of the earlier positions.
            mask: mask of self-attention, true where allowed; default: the causal mask.
            weigh: whether to return the supervised layer's cross-attention.
        """
        begin = 0 if past is None else past[0][0].shape[2]
        positions = torch.arange(begin, begin + tokens.shape[1], device=tokens.device)
        embedded = self.embed(tokens)
        hidden = self.dropout(embedded + sine_positions(positions, embedded.shape[-1], 10000.0))
        pairs: list[Pair] = []
        attention = None
        for number, layer in enumerate(self.layers):
            before = None if past is None else past[number]
            hidden, pair, weights = layer(
                hidden, cross[number], cells, before, mask, weigh and number == self.supervised
            )
            pairs.append(pair)
            attention = attention if weights is None else weights
        return Decoded(self.norm(hidden), pairs, attention)
