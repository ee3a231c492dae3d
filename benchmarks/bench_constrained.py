"""Cost of constrained decoding: generation of a tiny model with and without the grammar, in one process.

Usage: python benchmarks/bench_constrained.py [--batch 16] [--tokens 64]; the model is untrained, so answers are long.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from figures import Data, Figure, show
from mumer_train.constrained import Constraint, label_grammar
from mumer_train.data import prompt_text
from mumer_train.loading import load_processor
from mumer_train.toy.tiny import create_tiny_model
from PIL import Image


def compared(batch: int, tokens: int, rounds: int) -> list[Figure]:
    """Milliseconds per step with and without the grammar, and microseconds of the mask per token; one thread."""
    torch.set_num_threads(1)
    from transformers import AutoModelForImageTextToText, LogitsProcessorList

    with tempfile.TemporaryDirectory() as folder:
        create_tiny_model(Path(folder))
        processor = load_processor(folder)
        model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    begin = time.process_time()
    constraint = Constraint(processor.tokenizer, label_grammar())
    ready, vocabulary = time.process_time() - begin, len(processor.tokenizer)
    image = Image.new("RGB", (112, 56), "white")
    inputs = processor([prompt_text(processor, "x")] * batch, [image] * batch)
    times: dict[str, list[float]] = {"free": [], "constrained": []}
    for _ in range(rounds):
        for name in times:
            masks = [constraint.processor()] if name == "constrained" else []
            torch.manual_seed(0)
            begin = time.process_time()
            with torch.no_grad():
                tokens_out = model.generate(
                    **inputs,
                    do_sample=True,
                    min_new_tokens=tokens if name == "free" else None,
                    max_new_tokens=tokens,
                    logits_processor=LogitsProcessorList(masks),
                )
            steps = tokens_out.shape[1] - inputs["input_ids"].shape[1]
            times[name].append((time.process_time() - begin) / steps)
    free, constrained = (min(times[name]) for name in ("free", "constrained"))
    step = f"one step of {batch} answers, constrained"
    mask = (constrained - free) / batch * 1e6
    return [
        Figure(step, constrained * 1000, "ms", "free", free * 1000, smaller_is_better=True, note="one thread"),
        Figure("mask, per token", mask, "us", note=f"vocabulary of {vocabulary:,}"),
        Figure("grammar and vocabulary compiled, once", ready, "s"),
    ]


def measure(data: Data) -> list[Figure]:
    """A model from scratch; needs no data."""
    return compared(data.size(16, 2), data.size(64, 8), data.size(4, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    show(compared(options.batch, options.tokens, 4))


if __name__ == "__main__":
    main()
