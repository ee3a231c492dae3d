"""Symbol-count text: the frequency of each visible token of a label, and its inverse.

Not for trees. Tokens are counted as in the published data: marks and separators included, braces not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mumer_data.exceptions import TreeTextError

UNCOUNTED = ("{", "}")


def symbol_counts(label: str | Sequence[str]) -> dict[str, int]:
    """Token -> occurrences in a label or its tokens, in order of first occurrence, without braces."""
    counts = dict(Counter(label.split() if isinstance(label, str) else label))
    for brace in UNCOUNTED:
        counts.pop(brace, None)
    return counts


def counts_text(counts: dict[str, int]) -> str:
    """``TOKEN: N`` joined by ``, ``."""
    return ", ".join([f"{token}: {count}" for token, count in counts.items()])


def symbol_count_text(label: str | Sequence[str]) -> str:
    """The symbol-count text of a label or its tokens."""
    return counts_text(symbol_counts(label))


def read_counts(text: str) -> dict[str, int]:
    """The inverse of `counts_text`; raises ``TreeTextError`` where the text does not have that form."""
    counts: dict[str, int] = {}
    words = text.split(" ") if text else []
    if len(words) % 2:
        raise TreeTextError(f"expected pairs of 'TOKEN: N', found {len(words)} words", line=1)
    for index in range(0, len(words), 2):
        token, number = words[index], words[index + 1]
        last = index + 2 == len(words)
        digits = number if last else number.removesuffix(",")
        well_formed = len(token) > 1 and token.endswith(":") and digits.isdecimal() and (last or number != digits)
        if not well_formed or token[:-1] in counts or not int(digits):
            raise TreeTextError(f"pair {index // 2 + 1}: expected 'TOKEN: N', found '{token} {number}'", line=1)
        counts[token[:-1]] = int(digits)
    return counts
