"""The estimate of work against what torch counts; the figures of several processes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mumer_train.data import ChatDataset, Collator, Encoder
from mumer_train.model import component_of
from mumer_train.processor import Processor
from mumer_train.shards import load_rows
from mumer_train.throughput import FlopEstimate, ThroughputMeter, peak_tflops_of
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForImageTextToText


@pytest.mark.parametrize("frozen", [[], ["vision", "projector"], ["language"]], ids=["all", "language", "vision"])
def test_the_estimate_is_near_what_torch_counts(
    tiny: Path, processor: Processor, shards: Path, frozen: list[str]
) -> None:
    model = AutoModelForImageTextToText.from_pretrained(tiny, attn_implementation="eager")
    for name, weights in model.named_parameters():
        weights.requires_grad_(component_of(name) not in frozen)
    turns = ChatDataset(load_rows(shards, ["few_tree"]))
    batches = [Collator(Encoder(processor))([turns[row]]) for row in range(8)]
    # Attention in the vision tower is not counted; in an image of few patches it is a small share.
    batch = min(batches, key=lambda one: one["stats"].patches)
    stats = batch.pop("stats")
    with FlopCounterMode(display=False) as counter:
        model(**batch).loss.backward()
    guess = FlopEstimate.of(model).step(stats.lengths, stats.patches, stats.image_tokens)
    assert guess == pytest.approx(counter.get_total_flops(), rel=0.15)


@pytest.mark.parametrize(
    ("name", "peak"),
    [("NVIDIA H200", 989.0), ("NVIDIA A100-SXM4-80GB", 312.0), ("NVIDIA A10", 125.0), ("Some other", None)],
)
def test_known_peaks(name: str, peak: float | None) -> None:
    assert peak_tflops_of(name) == peak


def test_losses_of_a_task_are_those_of_all_its_tokens_in_all_processes() -> None:
    other = ({"b": (6.0, 2)}, 10, 1, 3e12, 0.0)
    meter = ThroughputMeter(FlopEstimate(1e12, 0, 0, 0), 100.0, lambda mine: [mine, other])
    seen = torch.tensor([[True, True, False], [False, False, True]])
    meter.losses(["a", "b"], torch.tensor([1.0, 2.0, 3.0]), seen)
    meter.batch([4, 2], 0, 0)
    figures = meter.read()
    assert (figures["loss_a"], figures["loss_b"]) == (1.5, 3.0)
    assert figures["tokens_per_second"] == pytest.approx(16 / 3 * figures["images_per_second"])
    assert figures["mfu"] == pytest.approx(figures["tflops"] / 100)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("model.visual.blocks.0.attn.qkv.weight", "vision"),
        ("model.visual.merger.mlp.0.weight", "projector"),
        ("model.visual.deepstack_merger_list.1.norm.weight", "projector"),
        ("model.language_model.layers.0.mlp.up_proj.weight", "language"),
        ("model.vision_tower.encoder.layers.0.fc.weight", "vision"),
        ("lm_head.weight", "language"),
    ],
)
def test_parts(name: str, part: str) -> None:
    assert component_of(name) == part
