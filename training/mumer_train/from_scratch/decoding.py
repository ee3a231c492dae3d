"""Greedy decoding and sampling with a cache; for such small models faster than transformers' `generate`.

Not for beam search: use `FormulaReader.generate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from mumer_train.from_scratch.image_store import Pixels
from mumer_train.from_scratch.modeling import FormulaReader

LONGEST = 200
"""Maximum number of tokens of an answer."""


def stacked(images: Sequence[Pixels], stride: int) -> tuple[Tensor, Tensor]:
    """Images, each (height, width) of ink 0 to 255, -> padded ``pixel_values`` and the mask of their cells."""
    height, width = max(one.shape[0] for one in images), max(one.shape[1] for one in images)
    pixels = torch.zeros(len(images), 1, height, width)
    cells = torch.zeros(len(images), height // stride, width // stride, dtype=torch.bool)
    for index, image in enumerate(images):
        rows, columns = image.shape
        pixels[index, 0, :rows, :columns] = torch.from_numpy(image.astype("float32") / 255.0)
        cells[index, : rows // stride, : columns // stride] = True
    return pixels, cells


def batches_by_size(shapes: Sequence[tuple[int, ...]], batch: int) -> Iterator[list[int]]:
    """Indices of images in batches of similar width, from their shapes (height, width)."""
    order = sorted(range(len(shapes)), key=lambda index: shapes[index][::-1])
    for begin in range(0, len(order), batch):
        yield order[begin : begin + batch]


@torch.inference_mode()
def greedy(
    model: FormulaReader,
    pixels: Tensor,
    cells: Tensor,
    longest: int = LONGEST,
    start: int | None = None,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[tuple[list[int], float]]:
    """Decode with the most likely token at each step: (tokens without start and end, log probability) per image.

    Args:
        model: in eval mode.
        pixels, cells: see `FormulaReader`.
        longest: maximum number of tokens.
        start: the first token; default: the start token of the configuration.
        temperature: above 0, tokens are sampled with ``generator``.
    """
    end = int(model.config.eos_token_id)
    memory = model.encoder.memory(model.features(pixels))
    cross = model.decoder.cross_pairs(memory)
    mask = cells.flatten(1)[:, None, None]
    rows = torch.arange(len(pixels))
    texts: list[list[int]] = [[] for _ in range(len(pixels))]
    scores = [0.0] * len(pixels)
    first = model.config.decoder_start_token_id if start is None else start
    token = torch.full((len(pixels), 1), int(first))
    past = None
    for _ in range(longest):
        decoded = model.decoder(token, cross, mask, past)
        logs = model.decoder.head(decoded.hidden[:, -1]).log_softmax(-1)
        if temperature > 0:
            token = (logs / temperature).softmax(-1).multinomial(1, generator=generator)[:, 0]
            best = logs.gather(1, token[:, None])[:, 0]
        else:
            best, token = logs.max(-1)
        for row, number, score in zip(rows.tolist(), token.tolist(), best.tolist(), strict=True):
            scores[row] += score
            if number != end:
                texts[row].append(number)
        going = token != end
        if not going.any():
            break
        past = decoded.past
        if not going.all():
            rows, mask, token = rows[going], mask[going], token[going]
            past = [(keys[going], values[going]) for keys, values in past]
            cross = [(keys[going], values[going]) for keys, values in cross]
        token = token[:, None]
    return list(zip(texts, scores, strict=True))


def read_images(
    model: FormulaReader,
    images: Sequence[Pixels],
    batch: int = 32,
    longest: int = LONGEST,
    temperature: float = 0.0,
    seed: int = 0,
) -> list[tuple[list[int], float]]:
    """`greedy` for images of any size, in batches of similar size; results in the order of the images."""
    generator = torch.Generator().manual_seed(seed)
    results: list[tuple[list[int], float]] = [([], 0.0)] * len(images)
    for part in batches_by_size([image.shape for image in images], batch):
        pixels, cells = stacked([images[index] for index in part], model.config.stride)
        answers = greedy(model, pixels, cells, longest, temperature=temperature, generator=generator)
        for index, result in zip(part, answers, strict=True):
            results[index] = result
    return results
