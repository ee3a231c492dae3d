"""What constrained decoding costs: a tiny model's generation with and without the grammar, in one process.

Usage: python benchmarks/bench_constrained.py [--batch 16] [--tokens 64]; a model from scratch, so answers are long.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
from mumer_train.constrained import Constraint, label_grammar
from mumer_train.data import prompt_text
from mumer_train.processor import load_processor
from mumer_train.tiny import make_tiny
from PIL import Image


def main() -> None:
    """Print milliseconds a step, and microseconds a token that the mask takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    from transformers import AutoModelForImageTextToText, LogitsProcessorList

    with tempfile.TemporaryDirectory() as folder:
        make_tiny(Path(folder))
        processor = load_processor(folder)
        model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    begin = time.perf_counter()
    constraint = Constraint(processor.tokenizer, label_grammar())
    print(f"grammar and vocabulary of {len(processor.tokenizer):,} made ready in {time.perf_counter() - begin:.2f} s")
    image = Image.new("RGB", (112, 56), "white")
    inputs = processor([prompt_text(processor, "x")] * options.batch, [image] * options.batch)
    times: dict[str, list[float]] = {"free": [], "constrained": []}
    for _ in range(4):
        for name in times:
            masks = [constraint.processor()] if name == "constrained" else []
            torch.manual_seed(0)
            begin = time.perf_counter()
            with torch.no_grad():
                made = model.generate(
                    **inputs,
                    do_sample=True,
                    min_new_tokens=options.tokens if name == "free" else None,
                    max_new_tokens=options.tokens,
                    logits_processor=LogitsProcessorList(masks),
                )
            steps = made.shape[1] - inputs["input_ids"].shape[1]
            times[name].append((time.perf_counter() - begin) / steps)
    free, constrained = (min(times[name]) for name in ("free", "constrained"))
    print(f"batch {options.batch}: {free * 1000:.1f} ms a step free, {constrained * 1000:.1f} ms constrained")
    print(f"ratio {constrained / free:.2f}; {(constrained - free) / options.batch * 1e6:.0f} us a token")


if __name__ == "__main__":
    main()
