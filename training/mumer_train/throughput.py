"""Figures of a run as it goes: loss by task, tokens and images a second, time spent waiting, use of the hardware.

Not for the loss that is trained on.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mumer_train.model import part_of

# Dense bf16 operations a second, in 10^12, from the makers' data sheets (without sparsity).
PEAKS = {
    "B200": 2250.0,
    "H100": 989.0,
    "H200": 989.0,
    "H800": 989.0,
    "L40S": 362.0,
    "A100": 312.0,
    "A800": 312.0,
    "RTX 4090": 165.0,
    "A40": 150.0,
    "H20": 148.0,
    "A10": 125.0,
}


def peak_of(name: str) -> float | None:
    """Peak of a GPU by its name, in TFLOP/s; ``None`` where it is not known."""
    found = [model for model in PEAKS if model in name]
    return PEAKS[max(found, key=len)] if found else None


@dataclass(frozen=True)
class Cost:
    """Floating-point operations of a forward and backward pass, estimated.

    A weight costs two a token forward, two where it is trained, and two where something before it is (Kaplan et al.
    2020, arXiv 2001.08361); causal attention of a row of n tokens costs 2 x layers x width x n^2 forward, and twice
    that backward. Left out: attention in the vision tower, norms, and what checkpointing computes twice (MFU, not HFU).

    Attributes:
        language, projector, vision: operations a token, vector and patch.
        attention: operations a pair of tokens, of n^2.
    """

    language: float
    projector: float
    vision: float
    attention: float

    @classmethod
    def of(cls, model: Any) -> Cost:
        """Of a model; its frozen parts are those without gradient."""
        weights: dict[str, int] = defaultdict(int)
        trained: dict[str, bool] = defaultdict(bool)
        table, head = model.get_input_embeddings(), model.get_output_embeddings()
        for name, values in model.named_parameters():
            part = part_of(name)
            trained[part] |= values.requires_grad
            if table is None or head is None or values is not table.weight or values is head.weight:
                weights[part] += getattr(values, "ds_numel", values.numel())  # ZeRO-3 has parted them already
        rates, before = {}, False
        for part in ("vision", "projector", "language"):
            before = before or (part == "language" and trained[part])  # its table of tokens comes first
            rates[part] = weights[part] * (2.0 + 2.0 * trained[part] + 2.0 * before)
            before = before or trained[part]
        text = model.config.get_text_config()
        kinds = getattr(text, "layer_types", None) or ["full_attention"] * text.num_hidden_layers
        full = sum(kind == "full_attention" for kind in kinds)
        heads = text.num_attention_heads
        width = heads * (getattr(text, "head_dim", None) or text.hidden_size // heads)
        passes = 3.0 if before else 1.0
        return cls(rates["language"], rates["projector"], rates["vision"], 2.0 * full * width * passes)

    def step(self, lengths: Sequence[int], patches: int, vectors: int) -> float:
        """Operations of a batch of rows of so many tokens each, with so many patches and vectors of images in all."""
        pairs = sum(length * length for length in lengths)
        return self.language * sum(lengths) + self.attention * pairs + self.projector * vectors + self.vision * patches


class Meter:
    """What happened since it was last read; sums stay on the device until then.

    Args:
        cost: of the model.
        peak: of one device, in TFLOP/s; no MFU without it.
        gather: one object of each process -> those of all.
    """

    def __init__(self, cost: Cost, peak: float | None, gather: Callable[[Any], list[Any]]) -> None:
        self._cost, self._peak, self._gather = cost, peak, gather
        self._reset()

    def _reset(self) -> None:
        self._begin = time.perf_counter()
        self._waited = self._paused = self._operations = 0.0
        self._tokens = self._images = 0
        self._losses: dict[str, list[tuple[Any, Any]]] = defaultdict(list)

    def wait(self, seconds: float) -> None:
        """Time that went by waiting for data."""
        self._waited += seconds

    def pause(self, seconds: float) -> None:
        """Time that is not training: a look, a checkpoint."""
        self._paused += seconds

    def batch(self, lengths: Sequence[int], patches: int, vectors: int) -> None:
        """A batch was seen: tokens of each row, patches and vectors of all images."""
        self._tokens += sum(lengths)
        self._images += len(lengths)
        self._operations += self._cost.step(lengths, patches, vectors)

    def losses(self, tasks: Sequence[str], costs: Any, seen: Any) -> None:
        """Note the loss of each task of a batch: ``costs`` of the tokens that are ``seen``, of shape (rows, tokens)."""
        spread = torch.zeros(seen.shape, device=costs.device)
        spread[seen] = costs
        sums, counts = spread.sum(dim=1), seen.sum(dim=1)
        for task in dict.fromkeys(tasks):
            rows = [row for row, other in enumerate(tasks) if other == task]
            self._losses[task].append((sums[rows].sum(), counts[rows].sum()))

    def read(self) -> dict[str, float]:
        """The figures of all processes since the last reading; speeds are those of all devices together."""
        seconds = max(time.perf_counter() - self._begin - self._paused, 1e-9)
        losses = {
            task: (sum(float(loss) for loss, _ in notes), sum(int(n) for _, n in notes))
            for task, notes in self._losses.items()
        }
        mine = (losses, self._tokens, self._images, self._operations, self._waited)
        everyone = self._gather(mine)
        totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for found, *_ in everyone:
            for task, (loss, tokens) in found.items():
                totals[task] = [totals[task][0] + loss, totals[task][1] + tokens]
        tokens, images, operations, waited = (sum(one[place] for one in everyone) for place in range(1, 5))
        speed = operations / seconds / len(everyone) / 1e12
        figures = {f"loss_{task}": loss / max(count, 1) for task, (loss, count) in sorted(totals.items())}
        figures |= {"tokens_per_second": tokens / seconds, "images_per_second": images / seconds}
        figures |= {"data_wait": waited / seconds / len(everyone), "tflops": speed}
        if self._peak:
            figures["mfu"] = speed / self._peak
        self._reset()
        return figures
