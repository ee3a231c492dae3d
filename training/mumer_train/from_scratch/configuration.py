"""Sizes of a formula reader.

Not for how it is trained: see `settings`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from transformers import PretrainedConfig


class FormulaReaderConfig(PretrainedConfig):
    """Sizes of the encoder and the decoder.

    Args:
        vocab_size: number of tokens.
        stages: (channels, residual blocks) of each stage of the encoder; the stem halves the image, and each of the
            first `log2(stride) - 1` stages after the first halves it again.
        stride: pixels of one cell of the encoder's map, a power of two.
        d_model, decoder_layers, decoder_attention_heads, decoder_ffn_dim: sizes of the decoder.
        dropout: dropout probability in the decoder.
        supervised_layer: decoder layer whose cross-attention can be supervised in training; the last layer if
            there are fewer.
        max_positions: maximum length of a text, in tokens.
    """

    model_type = "formula_reader"
    attribute_map: ClassVar[dict[str, str]] = {"hidden_size": "d_model", "num_hidden_layers": "decoder_layers"}

    def __init__(
        self,
        vocab_size: int = 200,
        stages: tuple[tuple[int, int], ...] = ((16, 1), (32, 1), (80, 1), (128, 2)),
        stride: int = 8,
        d_model: int = 160,
        decoder_layers: int = 3,
        decoder_attention_heads: int = 5,
        decoder_ffn_dim: int = 640,
        dropout: float = 0.1,
        supervised_layer: int = 1,
        max_positions: int = 512,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.stages = [list(stage) for stage in stages]
        self.stride = stride
        self.d_model = d_model
        self.decoder_layers = decoder_layers
        self.decoder_attention_heads = decoder_attention_heads
        self.decoder_ffn_dim = decoder_ffn_dim
        self.dropout = dropout
        self.supervised_layer = min(supervised_layer, decoder_layers - 1)
        self.max_positions = max_positions
        defaults = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
        super().__init__(**{"is_encoder_decoder": True, "tie_word_embeddings": False, **defaults, **kwargs})


def is_reader(folder: str) -> bool:
    """Whether a local folder holds a formula reader."""
    try:
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == FormulaReaderConfig.model_type
