"""The blocks of a page: what it tells people to run, and what it says they will see.

Fences: ``bash`` (commands), ``console`` (``$ command`` and its output), ``python``, and ``text`` that begins with
``mumer`` (a synopsis).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "training").rglob("*.md"))]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_COMMENT = re.compile(r"\s{2,}# .*$|^#.*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, its text, and the line of the page it begins on."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``output`` is what the page shows of it, ``None`` where it shows nothing."""

    text: str
    output: str | None


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(found[1], found[2], text.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(text)]


def commands_of(block: Block) -> Iterator[Command]:
    """The commands of a ``bash`` or ``console`` block, continued lines joined and comments taken off."""
    text = block.text.replace("\\\n", " ")
    if block.language == "bash":
        lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
        yield from (Command(line, None) for line in lines if line)
        return
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield Command(_COMMENT.sub("", command), output.rstrip() or None)


def looks_like(shown: str, real: str) -> bool:
    """Whether output is what the page shows; ``...`` stands for anything."""
    pattern = re.escape(shown.strip()).replace(r"\.\.\.", ".*")
    pattern = re.sub(r"\b[0-9a-f]{40}\b", "[0-9a-f]{40}", pattern)  # a commit
    trimmed = "\n".join(line.rstrip() for line in real.strip().splitlines())
    return re.fullmatch(pattern, trimmed, re.S) is not None


def is_synopsis(block: Block) -> bool:
    """Whether a block says how verbs are called, with placeholders."""
    return block.language == "text" and block.text.startswith("mumer ")


def promised(block: Block) -> Iterator[tuple[ast.expr, object]]:
    """The expressions of a ``python`` block whose value stands behind them, or on the next line, as a comment."""
    lines = block.text.splitlines()
    for node in ast.parse(block.text).body:
        if not isinstance(node, ast.Expr) or node.end_lineno is None:
            continue
        beside = lines[node.end_lineno - 1].partition("  # ")[2]
        below = lines[node.end_lineno] if node.end_lineno < len(lines) else ""
        comment = beside or (below.removeprefix("# ") if below.startswith("# ") else "")
        try:
            yield node.value, ast.literal_eval(comment)
        except (SyntaxError, ValueError):
            continue
