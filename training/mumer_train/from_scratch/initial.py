"""Initial weights from an earlier reader: a folder written by `save_reader`, or an ONNX export.

An export has no batch norms (they are merged into the convolutions) and no heads that only training uses; int8 matrices
are rounded. Here the norms are added again, so that the model computes the same as the export and can be trained.
Not for resuming a run: that reads its checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mumer_data.exceptions import SourceError
from mumer_data.recognizers.onnx_manifest import MANIFEST, OnnxManifest, read_manifest
from mumer_train.dependencies import require
from mumer_train.from_scratch.decoding import stacked
from mumer_train.from_scratch.encoder import ResidualBlock
from mumer_train.from_scratch.image_store import Pixels
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.processor import load_reader

Weights = dict[str, Tensor]
_BY_TOKEN = ("decoder.embed.", "decoder.head.", "symbol_head.", "count_head.")  # one row per token
_HEADS = ("symbol_head.", "count_head.")
_LINEAR = (  # linear layers of a decoder layer, in the order of computation
    *("self_attention.key_value", "self_attention.query", "self_attention.output"),
    *("cross_attention.query", "cross_attention.output", "up", "down"),
)


def set_initial_weights(model: FormulaReader, tokens: Sequence[str], source: Path, images: Sequence[Pixels]) -> None:
    """Copy the weights of an earlier model; rows of embeddings are matched by their token.

    Args:
        model: model with the same sizes, except its vocabulary; changed in place.
        tokens: vocabulary of the model.
        source: folder written by `save_reader` or `export_onnx`.
        images: (height, width) each, ink 0 to 255, used to compute the statistics of batch norms for an export.

    Raises:
        SourceError: the folder does not contain a reader, or one with other sizes.
        TrainingError: the package onnx, needed to read an export, is not installed.
    """
    if not (source / MANIFEST).is_file():
        earlier, processor = load_reader(source)
        known = processor.tokenizer.convert_ids_to_tokens(list(range(earlier.config.vocab_size)))
        _fill(model, tokens, known, earlier.state_dict(), source)
        return
    manifest = read_manifest(source)
    _fill(model, tokens, manifest.tokens, _exported(model, source, manifest), source)
    _measure_norms(model, images)


def _fill(model: FormulaReader, tokens: Sequence[str], known: Sequence[str], weights: Weights, source: Path) -> None:
    """Copy the weights; tokens that the earlier reader does not have keep their random rows."""
    rows = {token: number for number, token in enumerate(known)}
    ours = [number for number, token in enumerate(tokens) if token in rows]
    theirs = [rows[tokens[number]] for number in ours]
    for name, value in model.state_dict().items():
        earlier = weights.get(name)
        if earlier is None:
            if name.startswith(_HEADS) or name.endswith("num_batches_tracked"):
                continue
            raise SourceError(f"{source} has no weights {name}: its sizes differ from those of this run")
        by_token = name.startswith(_BY_TOKEN)
        if earlier.shape[by_token:] != value.shape[by_token:]:
            raise SourceError(f"{source}: {name} has the shape {tuple(earlier.shape)}, this run {tuple(value.shape)}")
        if by_token:
            value[ours] = earlier[theirs]
        else:
            value.copy_(earlier)


def _exported(model: FormulaReader, source: Path, manifest: OnnxManifest) -> Weights:
    """The weights of an export by their names in the model; batch norms only add the bias."""
    require("onnx", extra="onnx")
    layers = range(len(model.decoder.layers))
    crossed = [f"decoder.layers.{number}.cross_attention.key_value" for number in layers]
    parts = [f"decoder.layers.{number}.{part}" for number in layers for part in _LINEAR]
    weights: Weights = {}
    _read_graph(source / manifest.encoder, weights, list(_folded(model.encoder)), ["encoder.project", *crossed])
    _read_graph(source / manifest.decoder, weights, [], [*parts, "decoder.head"])
    return weights


def _folded(encoder: nn.Module) -> Iterator[tuple[str, str]]:
    """Pairs (convolution, batch norm) of the encoder, in the order of computation."""
    yield "encoder.stem.0", "encoder.stem.1"
    for name, module in encoder.named_modules():
        if isinstance(module, ResidualBlock):
            for number in "12":
                yield f"encoder.{name}.conv{number}", f"encoder.{name}.norm{number}"


def _read_graph(path: Path, weights: Weights, folded: list[tuple[str, str]], linear: list[str]) -> None:
    """Add the weights of one graph: named ones by name, the others in the order of their use."""
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # onnx and protobuf have separate exception classes
        raise SourceError(f"{path} cannot be read ({error}); export the model again") from None
    values = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    for node in graph.node:  # equal weights are stored once
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    weights.update((name, value) for name, value in values.items() if name.endswith((".weight", ".bias")))
    pairs, names = iter(folded), iter(linear)
    for node in graph.node:
        if node.op_type == "Conv" and len(node.input) == 3:  # those without a norm have no bias
            convolution, norm = next(pairs, ("", ""))
            weights[f"{convolution}.weight"], bias = values[node.input[1]], values[node.input[2]]
            one = torch.ones_like(bias)
            weights |= {f"{norm}.weight": one, f"{norm}.bias": bias}
            weights |= {f"{norm}.running_mean": 0 * bias, f"{norm}.running_var": one - nn.BatchNorm2d(1).eps}
        elif node.op_type in ("MatMul", "MatMulInteger", "Gemm") and node.input[1] in values:
            weights[f"{next(names, '')}.weight"] = _matrix(values, node)
    if (left := next(names, None) or next(pairs, ("",))[0]) or ".weight" in weights:
        raise SourceError(
            f"{path} has {'no' if left else 'more'} weights {left}: its sizes differ from those of this run"
        )


def _matrix(values: Weights, node: Any) -> Tensor:
    """(outputs, inputs) of a linear layer, from float32 or int8 weights."""
    name = node.input[1]
    if node.op_type == "MatMulInteger":
        stem = name.removesuffix("_quantized")
        return ((values[name].float() - values[f"{stem}_zero_point"].float()) * values[f"{stem}_scale"]).T.contiguous()
    transposed = node.op_type == "Gemm" and any(one.name == "transB" and one.i for one in node.attribute)
    return values[name] if transposed else values[name].T.contiguous()


@torch.no_grad()
def _measure_norms(model: FormulaReader, images: Sequence[Pixels]) -> None:
    """Set mean and variance of each batch norm to those of its inputs, with a weight that keeps the output."""
    norms = [module for module in model.encoder.modules() if isinstance(module, nn.BatchNorm2d)]
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def note(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        flat = inputs[0].double().transpose(0, 1).flatten(1)
        sums[norm] += torch.stack((flat.sum(1), flat.square().sum(1), torch.full_like(flat[:, 0], flat.shape[1])))

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    model.eval()
    for image in images:
        model.encoder(stacked([image], model.config.stride)[0])
    for hook in hooks:
        hook.remove()
    for norm in norms:
        total, squares, count = sums[norm]
        mean = (total / count).float()
        variance = (squares / count).float().sub(mean.square()).clamp_min(1e-6)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
