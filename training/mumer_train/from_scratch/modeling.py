"""The formula reader: convolutional encoder, Transformer decoder, and heads that only training uses.

Not for the losses (see `losses`) nor for searching (transformers' `generate`, or `decoding`).
"""

from __future__ import annotations

from torch import Tensor, nn
from transformers import GenerationMixin, PreTrainedModel

from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.decoder import TextDecoder
from mumer_train.from_scratch.encoder import ConvEncoder


class FormulaReader(PreTrainedModel, GenerationMixin):
    """Image of a formula -> its LaTeX, token by token.

    The input is ink, 0 (paper) to 1, shape (batch, 1, height, width) with sides that are multiples of the stride;
    ``pixel_mask``, shape (batch, rows, columns) of cells, is true where a cell belongs to the image and not to the
    padding of the batch.
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
            nn.init.zeros_(head.weight)  # or their first losses would drown the others

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
        return self.encoder(pixel_values)  # type: ignore[no-any-return]
