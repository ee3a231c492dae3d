"""Lengths without braces in raw LaTeX: ``\\kern 3pt``, ``\\hskip -1.5em plus 1fil``, ``\\hskip \\parindent``.

Not for lengths in braces or brackets: see `reader`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

UNITS = frozenset(["pt", "em", "ex", "mu", "cm", "mm", "in", "bp", "sp", "dd", "cc", "pc"])
_LENGTH = re.compile(r"[-+]?[\d.,]*(?:[a-z]{2}|\\[A-Za-z]+)(?:(?:plus|minus)[-+]?[\d.,]*(?:fil+|[a-z]{2}))*")
_MOST = 40  # tokens of a length


def length_at_end(stack: Sequence[str]) -> int:
    """How many tokens at the end of a stack (the next token last) are a length; 0 where none begins there."""
    text = ""
    for token in reversed(stack[-_MOST:]):
        if len(token) > 1 and not (token[0] == "\\" and re.fullmatch(r"[-+]?[\d.,]*", text)):
            break
        text += token
        if len(token) > 1:
            break
    match = _LENGTH.match(text)
    unit = match and re.sub(r"^[-+\d.,]*", "", match[0])
    if match is None or not unit or (unit[0] != "\\" and unit[:2] not in UNITS):
        return 0
    whole = unit[0] == "\\" or "plus" in unit or "minus" in unit
    length = match[0] if whole else match[0][: -len(unit)] + unit[:2]
    tokens = size = 0
    while size < len(length):
        tokens += 1
        size += len(stack[-tokens])
    return tokens


def row_option_at_end(stack: Sequence[str]) -> int:
    """How many tokens at the end of a stack are a length in brackets, as after a row break; 0 where none is."""
    if not stack or stack[-1] != "[":
        return 0
    text = ""
    for size, token in enumerate(reversed(stack[-_MOST:]), 1):
        if token == "]":
            match = re.fullmatch(r"\[(?:[-+]?[\d.,]+([a-z]{2})|[-+]?[\d.,]*\\[A-Za-z]{5,})", text)
            return size if match and (match[1] is None or match[1] in UNITS) else 0
        text += token
    return 0
