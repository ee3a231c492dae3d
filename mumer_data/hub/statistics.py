"""Label statistics for the dataset card: label lengths and symbols.

Not the full statistics of `mumer stats`: depths and image sizes require parsing every label and opening every image.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mumer_data.hub.folder import Build, label_config
from mumer_data.shards.schema import CHATS

_MAX_FREQUENT = 20


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """Statistics of the labels of one config.

    Attributes:
        config: name of the config.
        count, distinct: number of labels, and of distinct labels.
        median, p95, longest: tokens of a label, braces counted.
        symbols: number of distinct tokens without braces.
        frequent: the most frequent tokens, as Markdown.
    """

    config: str
    count: int
    distinct: int
    median: int
    p95: int
    longest: int
    symbols: int
    frequent: str


def label_statistics(build: Build) -> LabelStatistics | None:
    """Read the answers of one config once; ``None`` if no config has labels."""
    config = label_config(build.configs)
    if config is None:
        return None
    lengths: Counter[int] = Counter()
    symbols: Counter[str] = Counter()
    hashes = array("q")  # eight bytes per label: a set of strings would not fit into memory
    for text in labels(build):
        tokens = text.split()
        lengths[len(tokens)] += 1
        symbols.update(token for token in tokens if token not in ("{", "}"))
        hashes.append(hash(text))
    values = np.array(sorted(lengths))
    ends = np.cumsum([lengths[value] for value in values.tolist()])
    median, p95 = (int(values[np.searchsorted(ends, np.ceil(ends[-1] * share))]) for share in (0.5, 0.95))
    frequent = sorted(symbols.items(), key=lambda item: (-item[1], item[0]))[:_MAX_FREQUENT]
    shown = " ".join(f"`{token}`" for token, _ in frequent).replace("|", "\\|")
    return LabelStatistics(
        config.name, int(ends[-1]), len(np.unique(np.array(hashes))), median, p95, int(values[-1]), len(symbols), shown
    )


def labels(build: Build) -> Iterator[str]:
    """The labels of the config that is shortest to read: the last line of each answer."""
    config = label_config(build.configs)
    if config is None:
        return
    names = build.leaves(config)
    content = next(chat.content for chat in CHATS.values() if f"messages.list.element.{chat.content}" in names)
    for texts in build.texts(config, f"messages.list.element.{content}"):
        yield from (text.rpartition("\n")[2] for text in texts.to_pylist()[1::2])  # two turns per row
