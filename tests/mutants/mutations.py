"""Mutations of Python source: single edits that a good test notices, found on the syntax tree, applied to the text.

Not for running tests: see `tests.mutants.run`.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "*"),
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One edit.

    Attributes:
        file: path relative to the root of the repository.
        line: from 1.
        start, end: range of the replaced characters in the file's text.
        old, new: the text there, and what replaces it.
    """

    file: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The text of the file with the edit."""
        assert text[self.start : self.end] == self.old
        return text[: self.start] + self.new + text[self.end :]


class _Source:
    """Text and syntax tree of one file, with offsets in characters (those of ``ast`` are in bytes)."""

    def __init__(self, root: Path, file: str) -> None:
        self.file = file
        self.text = (root / file).read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self._lines = [0]
        for line in self.text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """The character offset of a position of the syntax tree."""
        begin, end = self._lines[line - 1], self._lines[line]
        return begin + len(self.text[begin:end].encode()[:column].decode())

    def span(self, node: ast.expr) -> tuple[int, int]:
        """First character of a node, and the one after its last."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def edit(self, start: int, end: int, new: str) -> Mutation:
        """The mutation that replaces a range."""
        line = self.text.count("\n", 0, start) + 1
        return Mutation(self.file, line, start, end, self.text[start:end], new)

    def operator(self, left: ast.expr, right: ast.expr, old: str, new: str) -> Iterator[Mutation]:
        """The mutation of the operator between two operands, where its text stands there once."""
        start, end = self.span(left)[1], self.span(right)[0]
        matches = list(re.finditer(re.escape(old), self.text[start:end]))
        if len(matches) == 1:
            yield self.edit(start + matches[0].start(), start + matches[0].end(), new)


def mutations_of(root: Path, file: str) -> list[Mutation]:
    """Every mutation of one file, in the order of the text."""
    source = _Source(root, file)
    skipped = {id(child) for node in ast.walk(source.tree) if _is_skipped(node) for child in ast.walk(node)}
    edits = [edit for node in ast.walk(source.tree) if id(node) not in skipped for edit in _of_node(source, node)]
    return sorted(set(edits), key=lambda edit: (edit.start, edit.end, edit.new))


def choose(root: Path, packages: dict[str, list[str]], count: int, seed: int) -> list[Mutation]:
    """``count`` mutations, the same for the same seed and sources, spread evenly over the packages.

    Args:
        root: the repository.
        packages: package -> its Python files.
        count: how many.
        seed: of the choice.
    """
    pools = {}
    for package, files in sorted(packages.items()):
        pool = [edit for file in sorted(files) for edit in mutations_of(root, file)]
        random.Random(f"{seed} {package}").shuffle(pool)
        pools[package] = pool
    chosen: list[Mutation] = []
    while len(chosen) < count and any(pools.values()):
        for pool in pools.values():
            if pool and len(chosen) < count:
                chosen.append(pool.pop())
    return chosen


def _is_skipped(node: ast.AST) -> bool:
    """What no test should have to notice: annotations, imports for type checkers, texts of messages."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.Raise | ast.JoinedStr | ast.arg | ast.AnnAssign | ast.Assert)


def _of_node(source: _Source, node: ast.AST) -> Iterator[Mutation]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        yield from source.operator(node.left, node.comparators[0], *COMPARISONS[type(node.ops[0])])
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield from source.operator(node.left, node.right, *ARITHMETIC[type(node.op)])
    elif isinstance(node, ast.BoolOp):
        words = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        yield from source.operator(node.values[0], node.values[1], *words)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        start, _ = source.span(node)
        yield source.edit(start, start + len("not"), "")
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield source.edit(*source.span(node), str(not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield source.edit(*source.span(node), str(node.value + 1))
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield source.edit(*source.span(node.value), "None")
