"""The formula reader: convolutional encoder, Transformer decoder, and heads that only training uses.

Not for the losses (see `losses`) nor for the fast greedy search (see `decoding`).
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import GenerationMixin, PreTrainedModel
from transformers.cache_utils import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.decoder import Decoded, Pair, TextDecoder
from mumer_train.from_scratch.encoder import ConvEncoder

IGNORED = -100
_CACHE = "cache" if "cache" in {field.name for field in fields(Seq2SeqLMOutput)} else "past_key_values"


class _MemoryEncoder:
    """The encoder for `generate`, called once per image: images -> the decoder's memory."""

    main_input_name = "pixel_values"

    def __init__(self, model: FormulaReader) -> None:
        self._model = model

    def forward(self, pixel_values: Tensor, **_: Any) -> BaseModelOutput:
        """The memory as ``last_hidden_state``."""
        return BaseModelOutput(last_hidden_state=self._model.memory(pixel_values))

    __call__ = forward


class FormulaReader(PreTrainedModel, GenerationMixin):
    """Image of a formula -> its LaTeX, token by token.

    The input is ink, 0 (paper) to 1, shape (batch, 1, height, width) with sides that are multiples of the stride;
    ``cell_mask``, shape (batch, rows, columns) of cells, is true for cells of the image and false for
    the padding of the batch.
    """

    config_class = FormulaReaderConfig
    base_model_prefix = "reader"
    main_input_name = "pixel_values"
    _supports_sdpa = True
    _is_stateful = False

    def __init__(self, config: FormulaReaderConfig) -> None:
        super().__init__(config)
        self.encoder = ConvEncoder(config)
        self.decoder = TextDecoder(config)
        self.symbol_head = nn.Conv2d(self.encoder.channels, config.vocab_size, 1)
        self.count_head = nn.Conv2d(self.encoder.channels, config.vocab_size, 1)
        self.post_init()
        for head in (self.symbol_head, self.count_head):
            nn.init.zeros_(head.weight)  # otherwise their first losses would dominate

    def _init_weights(self, module: nn.Module) -> None:
        """Fan-in initialisation: transformers' default of 0.02 is too small for layers this narrow."""
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.5)
        elif isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def features(self, pixel_values: Tensor) -> Tensor:
        """The encoder's map, (batch, channels, rows, columns)."""
        features: Tensor = self.encoder(pixel_values)
        return features

    def memory(self, pixel_values: Tensor) -> Tensor:
        """The memory of the decoder, (batch, rows * columns, d_model)."""
        return self.encoder.memory(self.features(pixel_values))

    def get_encoder(self, modality: str | None = None) -> Any:
        """See `GenerationMixin`."""
        return _MemoryEncoder(self)

    def get_input_embeddings(self) -> nn.Module:
        """The token embeddings."""
        return self.decoder.embed

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings of the tokens."""
        self.decoder.embed = value

    def get_output_embeddings(self) -> nn.Module:
        """The output layer over the tokens."""
        return self.decoder.head

    def forward(
        self,
        pixel_values: Tensor | None = None,
        cell_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: Any = None,
        cache: EncoderDecoderCache | None = None,
        past_key_values: EncoderDecoderCache | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        **_: Any,
    ) -> Seq2SeqLMOutput:
        """Logits of the tokens after ``decoder_input_ids``, or after ``labels`` shifted by one.

        Args:
            pixel_values, cell_mask: see the class.
            decoder_input_ids: (batch, length); with a cache, only the tokens after the cached ones.
            encoder_outputs: memory of the images, instead of ``pixel_values``.
            cache, past_key_values: cache of `generate`, by its current and its former name.
            labels: (batch, length), -100 for positions without loss; with labels the loss is returned.
            use_cache: whether to return a cache.
        """
        memory = self.memory(pixel_values) if encoder_outputs is None else encoder_outputs[0]
        if decoder_input_ids is None:
            if labels is None:
                raise ValueError("give decoder_input_ids or labels")
            decoder_input_ids = self._shifted(labels)
        cells = None if cell_mask is None else cell_mask.flatten(1)[:, None, None].bool()
        kept = past_key_values if cache is None else cache
        if kept is None and use_cache:
            kept = EncoderDecoderCache(DynamicCache(), DynamicCache())
        decoded = self._decode(decoder_input_ids, memory, cells, kept)
        logits = self.decoder.head(decoded.hidden)
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        return Seq2SeqLMOutput(loss=loss, logits=logits, encoder_last_hidden_state=memory, **{_CACHE: kept})

    def _shifted(self, labels: Tensor) -> Tensor:
        start = torch.full_like(labels[:, :1], int(self.config.decoder_start_token_id))
        before = labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, int(self.config.pad_token_id))
        return torch.cat((start, before), dim=1)

    def _decode(
        self, tokens: Tensor, memory: Tensor, cells: Tensor | None, cache: EncoderDecoderCache | None
    ) -> Decoded:
        """Decode; read and extend transformers' cache if there is one."""
        if cache is None:
            return self.decoder(tokens, self.decoder.cross_pairs(memory), cells)  # type: ignore[no-any-return]
        own, other = cache.self_attention_cache, cache.cross_attention_cache
        if other.get_seq_length() == 0:
            for number, (keys, values) in enumerate(self.decoder.cross_pairs(memory)):
                other.update(keys, values, number)
                cache.is_updated[number] = True
        length = own.get_seq_length()
        past = _pairs(own) if length else None
        decoded: Decoded = self.decoder(tokens, _pairs(other), cells, past)
        for number, (keys, values) in enumerate(decoded.past):
            own.update(keys[:, :, length:], values[:, :, length:], number)
        return decoded


def _pairs(cache: Any) -> list[Pair]:
    return [(layer.keys, layer.values) for layer in cache.layers]
