"""Stored images -> augmented batches of similar size, with the targets of each head.

Randomness is derived from (seed, pass) and (seed, batch number), so a run can resume at any batch.
Not for reading files: see `image_store`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mumer_data.seeding import rng_for
from mumer_train.from_scratch.image_augmentation import Augmentation, augmented
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.supervision import IGNORED, STRIDE, cell_classes, mark_looks
from mumer_train.from_scratch.task_rows import RECOGNITION, SEPARATOR, TaskRow
from mumer_train.from_scratch.vocabulary import UNKNOWN

_WINDOW = 4096  # images that are sorted by size before they are cut into batches


@dataclass(slots=True)
class Batch:
    """One training batch; cells are of ``STRIDE`` x ``STRIDE`` pixels.

    Attributes:
        pixels: ink, 0 to 1, (batch, 1, height, width).
        cells: true for cells that belong to the image, (batch, rows, columns).
        inputs, targets: token ids, (batch, length); targets are ``IGNORED`` after the end.
        boxed: whether the boxes of the symbols are known, (batch,).
        classes: token of each cell, 0 for paper, ``IGNORED`` for padding and edges, (batch, rows, columns).
        looks: cells of the token at each position, (batch, length, rows * columns); all false if unknown.
        counts: number of occurrences of each token in the label, (batch, vocabulary).
    """

    pixels: Tensor
    cells: Tensor
    inputs: Tensor
    targets: Tensor
    boxed: Tensor
    classes: Tensor
    looks: Tensor
    counts: Tensor

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True, slots=True)
class Item:
    """An image of a store, by index; ``row`` is its training row, ``None`` for recognition of its label."""

    store: ImageStore
    index: int
    row: TaskRow | None = None

    @property
    def recognition(self) -> bool:
        """Whether the answer is the label alone."""
        return self.row is None or self.row.task == RECOGNITION


class BatchPlan:
    """Assign images to batches, pass by pass.

    A pass contains every real image once and ``ratio`` synthetic images per real one, in a shuffled order that
    continues over passes; without real images a pass contains every synthetic image once.
    """

    def __init__(
        self,
        synthetic: Sequence[ImageStore],
        real: ImageStore | None,
        *,
        ratio: float,
        pixels: int,
        seed: int,
        longest: int = 48,
        largest: int | None = None,
        rows: Sequence[TaskRow] | None = None,
    ) -> None:
        """Images with more than ``largest`` pixels are excluded; a batch has at most ``longest`` images.

        With ``rows`` a pass contains every row once; each row refers to an image of ``synthetic``.
        """
        self._synthetic = [item for store in synthetic for item in _items(store, largest)]
        if rows is not None:
            known = {(id(item.store), item.index) for item in self._synthetic}
            items = [Item(synthetic[row.store], row.index, row) for row in rows]
            self._synthetic = [item for item in items if (id(item.store), item.index) in known]
        self._real = [] if real is None else _items(real, largest)
        self._ratio, self._pixels, self._seed, self._longest = ratio, pixels, seed, longest

    def batches(self, number: int, synthetic_only: bool = False) -> list[list[Item]]:
        """The batches of one pass, in order."""
        rng = rng_for(self._seed, str(number), "pass")
        items = [] if synthetic_only else list(self._real)
        items += self._turn(number)
        shuffled = [items[int(index)] for index in rng.permutation(len(items))]
        cut = [
            batch
            for start in range(0, len(shuffled), _WINDOW)
            for batch in _by_size(shuffled[start : start + _WINDOW], self._pixels, self._longest)
        ]
        return [cut[int(index)] for index in rng.permutation(len(cut))]

    def _turn(self, number: int) -> list[Item]:
        """The synthetic images of a pass."""
        whole = len(self._synthetic)
        count = min(whole, round(self._ratio * len(self._real))) if self._real else whole
        order = rng_for(self._seed, str(number * count // whole), "synthetic").permutation(whole)
        begin = number * count % whole
        return [self._synthetic[int(index)] for index in np.concatenate((order, order))[begin : begin + count]]


def _items(store: ImageStore, largest: int | None) -> list[Item]:
    areas = store.shapes.prod(axis=1).tolist()
    return [Item(store, index) for index, area in enumerate(areas) if largest is None or area <= largest]


def _by_size(items: Sequence[Item], pixels: int, longest: int) -> Iterator[list[Item]]:
    """Batches of images of similar size that have at most ``pixels`` pixels after padding."""
    ordered = sorted(items, key=_size_order)
    batch: list[Item] = []
    height = width = 0
    for item in ordered:
        rows, columns = item.store.shapes[item.index].tolist()
        taller, wider = max(height, rows), max(width, columns)
        if batch and ((len(batch) + 1) * taller * wider > pixels or len(batch) == longest):
            yield batch
            batch, taller, wider = [], rows, columns
        batch.append(item)
        height, width = taller, wider
    if batch:
        yield batch


def _size_order(item: Item) -> tuple[int, int, int]:
    """Sort key: class of width, then height, alternately ascending and descending: neighbours have similar sizes."""
    rows, columns = item.store.shapes[item.index].tolist()
    kind = round(4 * math.log2(columns))
    return kind, rows if kind % 2 else -rows, columns


class Collator:
    """Items -> `Batch`."""

    def __init__(self, numbers: Mapping[str, int], augmentation: Augmentation, seed: int, start: int, end: int) -> None:
        self._numbers, self._augmentation, self._seed = numbers, augmentation, seed
        self._start, self._end = start, end
        self._unknown = numbers[UNKNOWN]
        self._noise = np.array([number for token, number in numbers.items() if not token.startswith("<")])

    def batch(self, items: Sequence[Item], number: int) -> Batch:
        """The batch with this number."""
        rng = rng_for(self._seed, str(number), "batch")
        images = [item.store[item.index] for item in items]
        changed = [augmented(image.pixels, image.boxes, self._augmentation, rng) for image in images]
        height = max(pixels.shape[0] for pixels, _ in changed)
        width = max(pixels.shape[1] for pixels, _ in changed)
        rows, columns = height // STRIDE, width // STRIDE
        texts = [self._text(item, image.label) for item, image in zip(items, images, strict=True)]
        inputs, targets = self._tokens(texts, rng)
        size, length = targets.shape
        pixels = np.zeros((size, 1, height, width), dtype=np.float32)
        cells = np.zeros((size, rows, columns), dtype=bool)
        classes = np.full((size, rows, columns), IGNORED, dtype=np.int64)
        looks = np.zeros((size, length, rows, columns), dtype=bool)
        counts = np.zeros((size, len(self._numbers)), dtype=np.float32)
        for index, (image, (ink, boxes), text) in enumerate(zip(images, changed, texts, strict=True)):
            pixels[index, 0, : ink.shape[0], : ink.shape[1]] = ink
            label = [self._number(token) for token in image.label.split()]
            down, right = ink.shape[0] // STRIDE, ink.shape[1] // STRIDE
            cells[index, :down, :right] = True
            if len(boxes):
                symbols = [self._numbers.get(symbol, IGNORED) for symbol in image.symbols]
                classes[index, :down, :right] = cell_classes(boxes, symbols, (down, right))
                begin = _label_begins(*text, label)
                if begin is not None:
                    mark_looks(looks[index, begin:], image.label.split(), image.symbols, boxes)
            np.add.at(counts[index], label, 1.0)
        pixels /= 255.0
        boxed = np.array([len(image.boxes) > 0 for image in images])
        return Batch(
            pixels=torch.from_numpy(pixels),
            cells=torch.from_numpy(cells),
            inputs=torch.from_numpy(inputs),
            targets=torch.from_numpy(targets),
            boxed=torch.from_numpy(boxed),
            classes=torch.from_numpy(classes),
            looks=torch.from_numpy(looks.reshape(size, length, -1)),
            counts=torch.from_numpy(counts),
        )

    def _tokens(
        self, texts: Sequence[tuple[list[int], list[int]]], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Inputs, with noise in the answers, and targets, from pairs of prefix and answer."""
        length = max(len(prefix) + len(answer) for prefix, answer in texts)
        inputs = np.zeros((len(texts), length), dtype=np.int64)
        targets = np.full((len(texts), length), IGNORED, dtype=np.int64)
        for index, (prefix, answer) in enumerate(texts):
            end = len(prefix) + len(answer)
            targets[index, len(prefix) - 1 : end] = [*answer, self._end]
            inputs[index, :end] = [*prefix, *self._noisy(answer, rng)]
        return inputs, targets

    def _text(self, item: Item, label: str) -> tuple[list[int], list[int]]:
        """Prefix of the decoder input, beginning with the token of the task, and the answer, as token ids."""
        row = item.row
        if row is None or item.recognition:
            return [self._start], [self._number(token) for token in label.split()]
        quoted = [*row.prompt, SEPARATOR] if row.prompt else []
        prefix = [self._numbers[f"<{row.task}>"], *map(self._number, quoted)]
        return prefix, [self._number(token) for token in row.answer]

    def _number(self, token: str) -> int:
        """The id of a token; ``<unk>`` for tokens that are not in the vocabulary."""
        return self._numbers.get(token, self._unknown)

    def _noisy(self, text: Sequence[int], rng: np.random.Generator) -> list[int]:
        replaced = rng.random(len(text)) < self._augmentation.token_noise
        others = rng.choice(self._noise, len(text))
        return [int(other) if lost else token for token, other, lost in zip(text, others, replaced, strict=True)]


def _label_begins(prefix: Sequence[int], answer: Sequence[int], label: Sequence[int]) -> int | None:
    """The target position at which the label begins, if the answer ends with the label; otherwise ``None``."""
    begin = len(answer) - len(label)
    return len(prefix) - 1 + begin if begin >= 0 and answer[begin:] == label else None
