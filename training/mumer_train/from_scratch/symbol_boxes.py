"""Boxes of the symbols of labelled real images, found with a reader: where it attends while it reads the label.

The supervised layer of the decoder attends to the cells of the symbol that it writes next. Each connected component of
the ink goes to the symbol that attends to it most; the box of a symbol is that of its components. An image gets boxes
only if every symbol has a component of its own and is attended to clearly. Not for glyph banks: see `segment_image`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from mumer_data.recognizers.onnx_manifest import MANIFEST, read_manifest
from mumer_train.from_scratch.configuration import FormulaReaderConfig
from mumer_train.from_scratch.decoding import batches_by_size, stacked
from mumer_train.from_scratch.image_store import Boxes, ImageStore, Pixels, StoredImage, write_store
from mumer_train.from_scratch.initial import set_initial_weights
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.processor import load_reader
from mumer_train.from_scratch.supervision import STRIDE, visible_tokens

_INK = 64  # of 255; fainter pixels are the edges of strokes
_SMALLEST = 3  # pixels of a component
_CLEAR = 0.5  # lowest share of a symbol's attention, among the symbols that attend to its main component
_BATCH = 16
_NORM_IMAGES = 8  # batch norms only need some values: they compute the same with any
_NO_BOXES = np.zeros((0, 4), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Component:
    """A connected component of ink: its box in pixels, and its share of each cell, (rows * columns,), of sum 1."""

    box: tuple[float, float, float, float]
    cells: NDArray[np.float64]


def components(pixels: Pixels) -> list[Component]:
    """The components of an image, (height, width) of ink 0 to 255, without specks."""
    numbers, count = ndimage.label(pixels > _INK, structure=np.ones((3, 3)))
    shape = pixels.shape[0] // STRIDE, pixels.shape[1] // STRIDE
    found = []
    for number, (down, right) in enumerate(ndimage.find_objects(numbers, count), 1):
        y, x = np.nonzero(numbers[down, right] == number)
        if len(y) < _SMALLEST:
            continue
        flat = (y + down.start) // STRIDE * shape[1] + (x + right.start) // STRIDE
        cells = np.bincount(flat, minlength=shape[0] * shape[1]) / len(y)
        found.append(Component((right.start, down.start, right.stop, down.stop), cells))
    return found


def assigned_boxes(attention: NDArray[np.float64], parts: Sequence[Component]) -> Boxes | None:
    """The box of each symbol, or ``None`` if one has no component of its own or is not attended to clearly.

    Args:
        attention: weights of each symbol, (symbols, cells), each row of sum 1.
        parts: components of the ink.

    Returns:
        (symbols, 4): left, top, right, bottom in pixels.
    """
    if not 0 < len(attention) <= len(parts):
        return None
    mass = attention @ np.stack([part.cells for part in parts], axis=1) + 1e-9
    shares = mass / mass.sum(axis=0)
    owners = shares.argmax(axis=0)
    symbols, main = linear_sum_assignment(-np.log(shares))
    if (shares[symbols, main] < _CLEAR).any():
        return None
    owners[main] = symbols
    boxes = np.array([part.box for part in parts], dtype=np.float32)
    return np.stack(
        [
            np.concatenate((boxes[owners == symbol, :2].min(axis=0), boxes[owners == symbol, 2:].max(axis=0)))
            for symbol in range(len(attention))
        ]
    )


def with_boxes(model: FormulaReader, numbers: dict[str, int], images: Sequence[StoredImage]) -> Iterator[StoredImage]:
    """The images, with boxes where they were found; ``numbers`` are the ids of the tokens of the model."""
    for image, attention in zip(images, _attention(model, numbers, images), strict=True):
        tokens = image.label.split()
        visible = visible_tokens(tokens)
        boxes = None if attention is None else assigned_boxes(attention[visible], components(image.pixels))
        if boxes is None:
            yield replace(image, boxes=_NO_BOXES, symbols=())
        else:
            yield replace(image, boxes=boxes, symbols=[tokens[index] for index in visible])


@torch.inference_mode()
def _attention(
    model: FormulaReader, numbers: dict[str, int], images: Sequence[StoredImage]
) -> list[NDArray[np.float64] | None]:
    """Attention of each token of each label, (tokens, cells of the image); ``None`` if a token is not in the model."""
    start, pad = int(model.config.decoder_start_token_id), int(model.config.pad_token_id)
    known = [index for index, image in enumerate(images) if all(token in numbers for token in image.label.split())]
    found: list[NDArray[np.float64] | None] = [None] * len(images)
    if not known:
        return found
    pixels, cells = stacked([images[index].pixels for index in known], STRIDE)
    labels = [[numbers[token] for token in images[index].label.split()] for index in known]
    inputs = torch.full((len(known), max(map(len, labels))), pad)
    for row, label in enumerate(labels):
        inputs[row, : len(label)] = torch.tensor([start, *label[:-1]])
    memory = model.memory(pixels)
    mask = cells.flatten(1)[:, None, None]
    weights = model.decoder(inputs, model.decoder.cross_pairs(memory), mask, weigh=True).attention
    for row, index in enumerate(known):
        inside = weights[row, : len(labels[row])][:, cells[row].flatten()].double().numpy()
        found[index] = inside / inside.sum(axis=1, keepdims=True)
    return found


def open_reader(source: Path, images: Sequence[Pixels]) -> tuple[FormulaReader, dict[str, int]]:
    """A reader in eval mode and the ids of its tokens, from the folder of a run or of an export.

    Args:
        source: folder written by `save_reader` or `export_onnx`; exports must have the default sizes.
        images: see `set_initial_weights`.

    Raises:
        SourceError: the folder contains no reader.
    """
    if (source / MANIFEST).is_file():
        tokens = read_manifest(source).tokens
        model = FormulaReader(FormulaReaderConfig(vocab_size=len(tokens)))
        set_initial_weights(model, tokens, source, images)
    else:
        model, processor = load_reader(source)
        tokens = processor.tokenizer.convert_ids_to_tokens(list(range(model.config.vocab_size)))
    return model.eval(), {token: number for number, token in enumerate(tokens)}


def write_boxes(reader: Path, source: Path, out: Path) -> dict[str, int]:
    """Copy a folder of fitted images, with the boxes that a reader finds.

    Args:
        reader: folder of a run's ``best/`` or of an export.
        source: folder of fitted images; boxes that it has are replaced.
        out: new folder.

    Returns:
        Numbers of ``images`` and of those with ``boxes``.

    Raises:
        SourceError: the source is not a folder of fitted images, or there is no reader.
        OutputError: the output exists or cannot be written.
    """
    store = ImageStore(source)
    model, numbers = open_reader(reader, [store[index].pixels for index in range(min(len(store), _NORM_IMAGES))])
    located: dict[int, StoredImage] = {}
    for part in batches_by_size(store.shapes.tolist(), _BATCH):
        located.update(zip(part, with_boxes(model, numbers, [store[index] for index in part]), strict=True))
    images = [located[index] for index in range(len(store))]
    return {"images": write_store(out, images), "boxes": sum(len(image.boxes) > 0 for image in images)}
