"""Throughput of a run: loss per task, tokens and images per second, data wait, FLOP/s and MFU.

Not for the training loss.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mumer_train.loading import decoder_of
from mumer_train.model import component_of

# Peak dense bf16 TFLOP/s from the manufacturers' data sheets (without sparsity).
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


def peak_tflops_of(name: str) -> float | None:
    """Peak TFLOP/s of a GPU by its name; ``None`` for an unknown GPU."""
    matches = [model for model in PEAKS if model in name]
    return PEAKS[max(matches, key=len)] if matches else None


@dataclass(frozen=True)
class FlopEstimate:
    """Estimate of the floating-point operations (FLOPs) of a forward and backward pass.

    A weight costs 2 FLOPs per token forward, 2 more if it is trained, and 2 more if an earlier weight is trained
    (Kaplan et al. 2020, arXiv 2001.08361); causal attention over n tokens costs 2 x layers x width x n^2 forward, and
    twice that backward. Not counted: attention in the vision tower, norms, and recomputation (MFU, not HFU).

    Attributes:
        language, projector, vision: FLOPs per token, per image token and per patch.
        attention: FLOPs per pair of tokens (of n^2 pairs).
    """

    language: float
    projector: float
    vision: float
    attention: float

    @classmethod
    def of(cls, model: Any) -> FlopEstimate:
        """The estimate for a model; parameters without gradient count as frozen."""
        weights: dict[str, int] = defaultdict(int)
        trained: dict[str, bool] = defaultdict(bool)
        table, head = decoder_of(model).get_input_embeddings(), model.get_output_embeddings()
        for name, values in model.named_parameters():
            part = component_of(name)
            trained[part] |= values.requires_grad
            if table is None or head is None or values is not table.weight or values is head.weight:
                weights[part] += getattr(values, "ds_numel", values.numel())  # ZeRO-3 has sharded them already
        rates, upstream = {}, False
        for part in ("vision", "projector", "language"):
            upstream = upstream or (part == "language" and trained[part])  # the token embeddings come first
            rates[part] = weights[part] * (2.0 + 2.0 * trained[part] + 2.0 * upstream)
            upstream = upstream or trained[part]
        text = model.config.get_text_config()
        kinds = getattr(text, "layer_types", None) or ["full_attention"] * text.num_hidden_layers
        full = sum(kind == "full_attention" for kind in kinds)
        heads = text.num_attention_heads
        width = heads * (getattr(text, "head_dim", None) or text.hidden_size // heads)
        passes = 3.0 if upstream else 1.0
        return cls(rates["language"], rates["projector"], rates["vision"], 2.0 * full * width * passes)

    def step(self, lengths: Sequence[int], patches: int, image_tokens: int) -> float:
        """FLOPs of a batch: ``lengths`` are the tokens of each row, the other counts are those of all images."""
        pairs = sum(length * length for length in lengths)
        return (
            self.language * sum(lengths)
            + self.attention * pairs
            + self.projector * image_tokens
            + self.vision * patches
        )


class ThroughputMeter:
    """Accumulates figures between two readings; sums stay on the device until then.

    Args:
        flops: estimate for the model.
        peak: peak TFLOP/s of one device; without it there is no MFU.
        gather: function: object of this process -> objects of all processes.
    """

    def __init__(self, flops: FlopEstimate, peak: float | None, gather: Callable[[Any], list[Any]]) -> None:
        self._flops, self._peak, self._gather = flops, peak, gather
        self._reset()

    def _reset(self) -> None:
        self._begin = time.perf_counter()
        self._waited = self._paused = self._flop_count = 0.0
        self._tokens = self._images = 0
        self._losses: dict[str, list[tuple[Any, Any]]] = defaultdict(list)

    def wait(self, seconds: float) -> None:
        """Add time spent waiting for data, in seconds."""
        self._waited += seconds

    def pause(self, seconds: float) -> None:
        """Add time that is not training (validation, checkpoints), in seconds."""
        self._paused += seconds

    def batch(self, lengths: Sequence[int], patches: int, image_tokens: int) -> None:
        """Add a batch: tokens of each row, patches and image tokens of all images."""
        self._tokens += sum(lengths)
        self._images += len(lengths)
        self._flop_count += self._flops.step(lengths, patches, image_tokens)

    def losses(self, tasks: Sequence[str], losses: Any, mask: Any) -> None:
        """Add the loss of each task of a batch: ``losses`` of the tokens in ``mask``, of shape (rows, tokens)."""
        per_token = torch.zeros(mask.shape, device=losses.device)
        per_token[mask] = losses
        sums, counts = per_token.sum(dim=1), mask.sum(dim=1)
        for task in dict.fromkeys(tasks):
            rows = [row for row, other in enumerate(tasks) if other == task]
            self._losses[task].append((sums[rows].sum(), counts[rows].sum()))

    def read(self) -> dict[str, float]:
        """The figures of all processes since the last reading; rates are totals over all devices."""
        seconds = max(time.perf_counter() - self._begin - self._paused, 1e-9)
        losses = {
            task: (sum(float(loss) for loss, _ in sums), sum(int(count) for _, count in sums))
            for task, sums in self._losses.items()
        }
        processes = self._gather((losses, self._tokens, self._images, self._flop_count, self._waited))
        totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for by_task, *_ in processes:
            for task, (loss, tokens) in by_task.items():
                totals[task] = [totals[task][0] + loss, totals[task][1] + tokens]
        tokens, images, flop_count, waited = (sum(one[column] for one in processes) for column in range(1, 5))
        tflops = flop_count / seconds / len(processes) / 1e12
        figures = {f"loss_{task}": loss / max(count, 1) for task, (loss, count) in sorted(totals.items())}
        figures |= {"tokens_per_second": tokens / seconds, "images_per_second": images / seconds}
        figures |= {"data_wait": waited / seconds / len(processes), "tflops": tflops}
        if self._peak:
            figures["mfu"] = tflops / self._peak
        self._reset()
        return figures
