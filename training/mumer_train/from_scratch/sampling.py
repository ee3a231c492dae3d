"""Sampled answers of a formula reader, and log probabilities of answers, several per image.

Not for greedy decoding: see `decoding`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mumer_train.from_scratch.decoder import Pair
from mumer_train.from_scratch.decoding import stacked
from mumer_train.from_scratch.image_store import Pixels
from mumer_train.from_scratch.modeling import FormulaReader

_COMPACT = 0.6  # share of unfinished answers below which finished ones are removed: copying the memory costs more
Answer = list[int]
"""Tokens of an answer, without the start token; the last one is the end token unless it was cut off."""


@torch.no_grad()
def sample(
    model: FormulaReader,
    images: Sequence[Pixels],
    samples: int,
    generator: torch.Generator,
    temperature: float = 1.0,
    longest: int = 200,
    top_p: float = 1.0,
) -> list[list[Answer]]:
    """Sample answers from the model's distribution, ``samples`` per image.

    Args:
        model: in eval mode.
        images: each (height, width), ink 0 to 255.
        samples: answers per image.
        generator: random generator; the answers depend on its state.
        temperature: the logits are divided by it.
        longest: maximum number of tokens per answer, including the end token.
        top_p: nucleus sampling: probability mass of the most likely tokens that are sampled from.
    """
    end = int(model.config.eos_token_id)
    cross, mask = _memory(model, images, samples)
    answers: list[Answer] = [[] for _ in range(len(images) * samples)]
    rows = torch.arange(len(answers))
    token = torch.full((len(answers), 1), int(model.config.decoder_start_token_id))
    past: list[Pair] | None = None
    going = torch.ones(len(answers), dtype=torch.bool)
    for _ in range(longest):
        decoded = model.decoder(token, cross, mask, past)
        chances = (model.decoder.head(decoded.hidden[:, -1]) / temperature).softmax(-1)
        token = torch.multinomial(_nucleus(chances, top_p), 1, generator=generator)
        for row, number, unfinished in zip(rows.tolist(), token[:, 0].tolist(), going.tolist(), strict=True):
            if unfinished:
                answers[row].append(number)
        going &= token[:, 0] != end
        left = int(going.sum())
        if not left:
            break
        past = decoded.past
        if left <= _COMPACT * len(going):
            past = [(keys[going], values[going]) for keys, values in past]
            cross = [(keys[going], values[going]) for keys, values in cross]
            rows, mask, token, going = rows[going], mask[going], token[going], going[going]
    return [answers[begin : begin + samples] for begin in range(0, len(answers), samples)]


def _nucleus(chances: Tensor, mass: float) -> Tensor:
    """Probabilities, (rows, tokens), with 0 for the tokens outside of the nucleus."""
    if mass >= 1:
        return chances
    ordered, order = chances.sort(-1, descending=True)
    outside = ordered.cumsum(-1) - ordered >= mass
    return chances.masked_fill(outside.gather(-1, order.argsort(-1)), 0.0)


def log_probabilities(
    model: FormulaReader, images: Sequence[Pixels], answers: Sequence[Sequence[Answer]], temperature: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Log probability of every token of the answers; each image has the same number of answers.

    Returns:
        Log probabilities, (images * answers, length), 0 after the end; and the mask of the tokens.
    """
    flat = [answer for group in answers for answer in group]
    length = max(map(len, flat))
    targets = torch.zeros(len(flat), length, dtype=torch.long)
    known = torch.zeros(len(flat), length, dtype=torch.bool)
    for row, answer in enumerate(flat):
        targets[row, : len(answer)] = torch.tensor(answer, dtype=torch.long)
        known[row, : len(answer)] = True
    start = torch.full_like(targets[:, :1], int(model.config.decoder_start_token_id))
    cross, mask = _memory(model, images, len(answers[0]))
    decoded = model.decoder(torch.cat((start, targets[:, :-1]), dim=1), cross, mask)
    logs = (model.decoder.head(decoded.hidden) / temperature).log_softmax(-1)
    return logs.gather(-1, targets[..., None])[..., 0].masked_fill(~known, 0.0), known


def _memory(model: FormulaReader, images: Sequence[Pixels], times: int) -> tuple[list[Pair], Tensor]:
    """Keys and values of each image and the mask of its cells, each repeated ``times`` times."""
    pixels, cells = stacked(images, model.config.stride)
    cross = model.decoder.cross_pairs(model.memory(pixels))
    mask = cells.flatten(1)[:, None, None].repeat_interleave(times, 0)
    return [(keys.repeat_interleave(times, 0), values.repeat_interleave(times, 0)) for keys, values in cross], mask
