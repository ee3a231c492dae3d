"""A formula reader -> ONNX: an encoder, a decoder step with cache, and a manifest for `mumer_data.recognizers.onnx`.

Not for running it: `mumer_data.recognizers.onnx` does that without torch.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import torch
import yaml
from torch import Tensor, nn

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write
from mumer_data.recognizers.onnx_manifest import MANIFEST
from mumer_train.dependencies import require
from mumer_train.from_scratch.decoder import Pair
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.processor import FormulaReaderProcessor, load_reader

Weights = Literal["float32", "int8"]
ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
FORMAT = "encoder-decoder-1"
_OPSET = 18
log = logging.getLogger(__name__)


class _Encoder(nn.Module):
    """Image -> keys and values of every layer's cross-attention, stacked: (2 * layers, batch, heads, cells, size)."""

    def __init__(self, model: FormulaReader) -> None:
        super().__init__()
        self.encoder, self.decoder = model.encoder, model.decoder

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Ink 0 to 1, (batch, 1, height, width)."""
        memory = self.encoder.memory(self.encoder(pixel_values))
        return torch.stack([part for pair in self.decoder.cross_pairs(memory) for part in pair])


class _DecoderStep(nn.Module):
    """One token after those in the cache -> log probabilities of the next, and the longer cache."""

    def __init__(self, model: FormulaReader) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(self, token: Tensor, cross: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """``token`` (batch, 1); ``cross`` of the encoder; ``past`` (2 * layers, batch, heads, length, size)."""
        decoded = self.decoder(token, _pairs(cross), None, _pairs(past))
        logs = self.decoder.head(decoded.hidden[:, -1]).log_softmax(-1)
        return logs, torch.stack([part for pair in decoded.past for part in pair])


def _pairs(stacked: Tensor) -> list[Pair]:
    return [(stacked[index], stacked[index + 1]) for index in range(0, stacked.shape[0], 2)]


def export_onnx(source: Path, out: Path, *, name: str, licence: str, weights: Weights = "int8") -> dict[str, int]:
    """Export the formula reader of a folder.

    Args:
        source: written by `save_reader`.
        out: folder for the files; those of an earlier export are replaced.
        name, licence: name and licence of the model, for the manifest.
        weights: ``int8`` quantises the matrix products dynamically; convolutions stay in float32.

    Returns:
        File name -> size in bytes.

    Raises:
        SourceError: the folder does not hold a formula reader.
        OutputError: the folder cannot be written.
        TrainingError: onnx or onnxruntime is not installed.
    """
    require("onnx", "onnxruntime", extra="onnx")
    model, processor = load_reader(source)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with atomic_write(out / ENCODER) as encoder, atomic_write(out / DECODER) as decoder:
            _export_encoder(model, encoder)
            _export_decoder(model, decoder)
            if weights == "int8":
                _quantise(encoder)
                _quantise(decoder)
        with atomic_write(out / MANIFEST) as file:
            text = yaml.safe_dump(
                _manifest(model, processor, name, licence, weights), sort_keys=False, allow_unicode=True
            )
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    return {file: (out / file).stat().st_size for file in (ENCODER, DECODER, MANIFEST)}


def _export_encoder(model: FormulaReader, path: Path) -> None:
    names = {"pixel_values": {0: "batch", 2: "height", 3: "width"}, "cross": {1: "batch", 3: "cells"}}
    pixels = torch.zeros(2, 1, 5 * model.config.stride, 9 * model.config.stride)
    _onnx(_Encoder(model), (pixels,), path, ["pixel_values"], ["cross"], names)


def _export_decoder(model: FormulaReader, path: Path) -> None:
    config = model.config
    size = config.d_model // config.decoder_attention_heads
    cache = (2 * config.decoder_layers, 2, config.decoder_attention_heads)
    example = torch.ones(2, 1, dtype=torch.long), torch.zeros(*cache, 45, size), torch.zeros(*cache, 3, size)
    names = {
        "token": {0: "batch"},
        "cross": {1: "batch", 3: "cells"},
        "past": {1: "batch", 3: "length"},
        "log_probabilities": {0: "batch"},
        "cache": {1: "batch", 3: "longer"},
    }
    outputs = ["log_probabilities", "cache"]
    _onnx(_DecoderStep(model), example, path, ["token", "cross", "past"], outputs, names)


def _onnx(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> None:
    with torch.no_grad():
        torch.onnx.export(
            module.eval(),
            example,
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )


def _quantise(path: Path) -> None:
    """Convert the weights of matrix products to int8, in place."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(path, path, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QInt8)


def _manifest(
    model: FormulaReader, processor: FormulaReaderProcessor, name: str, licence: str, weights: Weights
) -> dict[str, object]:
    """The manifest of the export; read by `mumer_data.recognizers.onnx`."""
    config, images, tokenizer = model.config, processor.image_processor, processor.tokenizer
    fit = {key: getattr(images, key) for key in ("symbol", "pen", "padding", "multiple", "max_pixels")}
    return {
        "format": FORMAT,
        "name": name,
        "licence": licence,
        "weights": weights,
        "encoder": ENCODER,
        "decoder": DECODER,
        "fit": fit,
        "cache": {
            "layers": config.decoder_layers,
            "heads": config.decoder_attention_heads,
            "size": config.d_model // config.decoder_attention_heads,
        },
        "start": int(config.decoder_start_token_id),
        "end": int(config.eos_token_id),
        "max_length": 200,
        "hidden": sorted(tokenizer.all_special_ids),
        "tokens": tokenizer.convert_ids_to_tokens(list(range(config.vocab_size))),
    }
