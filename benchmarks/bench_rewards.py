"""Rewards of wrong answers, one core: completions per second, the slowest 1%, and hostile completions.

Usage: python benchmarks/bench_rewards.py PREDICTIONS [PREDICTIONS ...] [--answers 2000] [--hostile 10000]

Correct answers are cheap and left out. Each answer is a real wrong prediction, mostly with further symbols replaced, so
that all differ. Only the references are prepared before, as in a group of samples of one prompt.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from functools import _lru_cache_wrapper
from pathlib import Path

import numpy as np
from figures import Data, Figure, at_least, at_most, show

from mumer_data.metrics.rating.prepare import prepared
from mumer_data.metrics.rating.symbols import nodes_of
from mumer_data.readers.predictions import load_predictions
from mumer_data.rewards import REWARDS, pictures
from mumer_data.rewards.compared import compared
from mumer_data.rewards.hostile import hostile_completions
from mumer_data.seeding import rng_for

Pair = tuple[str, str]  # completion, reference
RATES = {
    **dict.fromkeys(("parses", "exact", "edit_similarity", "concise"), 20_000),
    **dict.fromkeys(("tree_similarity", "structure"), 2_000),
    **dict.fromkeys(("visual", "cdm", "rating"), 300),
}
"""Reward -> completions per second that it must reach."""
_SYMBOLS = "0123456789abcdefgijkmnpqrstuvwxyzABCEFGHLMNPRSTVXYZ"
SLOW, LONGEST = 0.050, 1.0  # seconds: the 99th percentile of wrong answers; any hostile completion
_CACHES: tuple[_lru_cache_wrapper[object], ...] = (compared, pictures._scores, prepared, nodes_of)


def wrong_answers(files: Sequence[Path], count: int) -> list[Pair]:
    """``count`` different wrong answers with their references: the real ones first, then copies of them with some
    symbols exchanged."""
    real = [
        (row.prediction, row.label) for file in files for row in load_predictions(file) if row.prediction != row.label
    ]
    pairs = dict.fromkeys(real)
    for number in range(20 * count):
        if len(pairs) >= count:
            break
        text, label = real[number % len(real)]
        pairs[exchanged(text, rng_for(0, str(number), "bench")), label] = None
    return list(pairs)[:count]


def exchanged(text: str, rng: np.random.Generator) -> str:
    """A prediction with one to three letters or digits exchanged for others."""
    tokens = text.split()
    positions = [position for position, token in enumerate(tokens) if token.isalnum()]
    for position in rng.choice(positions, size=min(len(positions), int(rng.integers(1, 4)))) if positions else ():
        tokens[position] = _SYMBOLS[int(rng.integers(len(_SYMBOLS)))]
    return " ".join(tokens)


def each(name: str, pairs: Sequence[Pair]) -> np.ndarray:
    """Processor seconds of each completion, scored alone."""
    reward: Callable[..., list[float | None]] = REWARDS.load(name)
    seconds = []
    for text, label in pairs:
        begin = time.thread_time()
        reward([text], [label])
        seconds.append(time.thread_time() - begin)
    return np.array(seconds)


def fresh(name: str, pairs: Sequence[Pair]) -> None:
    """Prepare the references, and clear all caches of answers."""
    labels = [label for _, label in pairs]
    REWARDS.load(name)(labels[:200], labels[:200])
    REWARDS.load(name)(["x"] * len(labels), labels)
    for cache in _CACHES:
        cache.cache_clear()
    gc.collect()


def speed(name: str, pairs: Sequence[Pair], batch: int = 256) -> list[Figure]:
    """Completions per second in batches, as a trainer scores them, and the 99th percentile of single ones."""
    reward: Callable[..., list[float | None]] = REWARDS.load(name)
    chunks = [pairs[begin : begin + batch] for begin in range(0, len(pairs), batch)]
    seconds = 0.0
    for chunk in chunks:
        fresh(name, chunk)
        texts, labels = [text for text, _ in chunk], [label for _, label in chunk]
        begin = time.thread_time()
        reward(texts, labels)
        seconds += time.thread_time() - begin
    fresh(name, pairs)
    slow = float(np.percentile(each(name, pairs), 99))
    rate = at_least(f"`{name}` of wrong answers", len(pairs) / seconds, "/s", RATES[name])
    return [rate, at_most(f"`{name}`, 99th percentile", slow * 1000, "ms", SLOW * 1000)]


def hostile(labels: Sequence[str], count: int) -> list[Figure]:
    """The slowest of many hostile completions, over all rewards."""
    pairs = list(hostile_completions(labels, count))
    per_reward = []
    for name in REWARDS:
        fresh(name, pairs[:200])
        per_reward.append(each(name, pairs))
        for cache in _CACHES:
            cache.cache_clear()
    seconds = np.array(per_reward)
    name = list(REWARDS)[int(seconds.max(axis=1).argmax())]
    return [
        at_most(f"{count:,} hostile completions, the slowest", float(seconds.max()), "s", LONGEST, note=f"`{name}`"),
        at_most("hostile completions, 99th percentile", float(np.percentile(seconds, 99)) * 1000, "ms", SLOW * 1000),
    ]


def measured(files: Sequence[Path], answers: int, completions: int) -> list[Figure]:
    """All figures."""
    pairs = wrong_answers(files, answers)
    rates = [figure for name in RATES for figure in speed(name, pairs)]
    return rates + hostile(list(dict.fromkeys(label for _, label in pairs)), completions)


def measure(data: Data) -> list[Figure]:
    """Predictions of both models."""
    files = [data.predictions(model) for model in ("3b", "7b")]
    return measured(files, data.size(2_000, 200), data.size(10_000, 200))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions", type=Path, nargs="+")
    parser.add_argument("--answers", type=int, default=2_000)
    parser.add_argument("--hostile", type=int, default=10_000)
    options = parser.parse_args()
    show(measured(options.predictions, options.answers, options.hostile))


if __name__ == "__main__":
    main()
