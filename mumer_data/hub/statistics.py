"""Label statistics for the dataset card: label lengths and symbols.

Not the full statistics of `mumer stats`: depths and image sizes would want every label parsed and image opened.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mumer_data.hub.folder import Build, label_config
from mumer_data.shards.schema import CHATS

_FREQUENT = 20


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """Statistics of the labels of one config.

    Attributes:
        config: whose.
        count, different: labels, and how many of them are not alike.
        median, p95, most: tokens of a label, braces counted.
        symbols: how many different tokens, braces left out.
        frequent: the most frequent tokens, as Markdown.
    """

    config: str
    count: int
    different: int
    median: int
    p95: int
    most: int
    symbols: int
    frequent: str


def label_facts(build: Build) -> LabelFacts | None:
    """Reads one config's answers once; ``None`` where no config has labels."""
    config = label_config(build.configs)
    if config is None:
        return None
    lengths: Counter[int] = Counter()
    symbols: Counter[str] = Counter()
    hashes = array("q")  # eight bytes a label: sets of texts would not fit where builds do
    for text in labels(build):
        tokens = text.split()
        lengths[len(tokens)] += 1
        symbols.update(token for token in tokens if token not in ("{", "}"))
        hashes.append(hash(text))
    values = np.array(sorted(lengths))
    ends = np.cumsum([lengths[value] for value in values.tolist()])
    median, p95 = (int(values[np.searchsorted(ends, np.ceil(ends[-1] * share))]) for share in (0.5, 0.95))
    frequent = sorted(symbols.items(), key=lambda item: (-item[1], item[0]))[:_FREQUENT]
    shown = " ".join(f"`{token}`" for token, _ in frequent).replace("|", "\\|")
    return LabelFacts(
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
        yield from (text.rpartition("\n")[2] for text in texts.to_pylist()[1::2])  # two turns a row
