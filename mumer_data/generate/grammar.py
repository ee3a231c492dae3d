"""A probabilistic grammar over symbol layout trees, fitted to a corpus.

Not for selecting samples: see `collect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mumer_data.generate.atoms import (
    BREAK,
    OPENS,
    SHUTS,
    Atom,
    Shape,
    UnbalancedError,
    atoms_of,
    is_letter,
    kind_of,
    tokens_of,
)
from mumer_data.generate.backoff import Backoff, Context, uniforms
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

MAX_SYMBOLS = 400  # larger trees are discarded
END = Atom("", (), "end")


class TooLargeError(ValueError):
    """A tree of more than `MAX_SYMBOLS`; a signal to draw another."""


@dataclass(slots=True)
class _Row:
    """State of a partly generated row, as far as the next atom depends on it.

    Attributes:
        carrier, relation: parent symbol and relation of the row; both empty for the outermost row.
        before: first symbol of the branch before this one on the same carrier.
        level: depth of the row, at most 3.
        size: class of trees that is counted separately, e.g. by length.
    """

    carrier: str
    relation: str
    before: str
    level: int
    size: str
    last: Atom | None = None
    kind: str = "start"
    last_but_one: str = "<"
    opened: list[str] = field(default_factory=list)
    relations: int = 0
    length: int = 0

    def chain(self) -> list[Context]:
        """The contexts of the next atom, long to short."""
        opened = self.opened[-1] if self.opened else ""
        position = (self.relation, opened)
        last = self.last
        token, shape = (last.token, last.shape) if last else ("", ())
        earlier = self.last_but_one if last else self.before
        kind = self.kind
        sized = (*position, token, kind, self.relations, self.size)
        return [
            (0, *sized, self.carrier, shape, earlier, min(self.length, 2)),
            (1, *sized, self.carrier, shape),
            (2, *sized),
            (3, *position, token, kind),
            (4, *position, kind),
            (5, opened, kind),
        ]

    def shapes(self, token: str) -> list[Context]:
        """The contexts of the branches of an atom, long to short."""
        last = self.last.token if self.last else ""
        position = (token, self.relation, self.level)
        return [(0, *position, self.size, last), (1, *position, self.size), (2, *position), (3, token)]

    def add(self, atom: Atom) -> None:
        """Append an atom."""
        self.kind = kind_of(atom)
        if atom.role == OPENS:
            self.opened.append(atom.token)
        elif atom.role == SHUTS:
            self.opened.pop()
        if atom.token == BREAK:
            self.relations = 0
        elif not self.opened and self.kind == "relation":
            self.relations = min(self.relations + 1, 2)
        self.last_but_one = self.last.token if self.last else "<"
        self.last = atom
        self.length += 1


class Grammar:
    """Counts of atoms and of their branches, given their contexts.

    Attributes:
        trees, unbalanced: trees that were counted, and skipped because of unbalanced brackets.
        repetition: probability of replacing a new letter by one already in the tree, since formulas repeat letters.
    """

    def __init__(self, repetition: float = 0.0) -> None:
        self.trees = self.unbalanced = 0
        self.repetition = repetition
        self._atoms: Backoff[Atom] = Backoff()
        self._shapes: Backoff[Shape] = Backoff()

    def count(self, tree: SymbolTree, size: str = "") -> bool:
        """Count one tree; false if it is skipped."""
        try:
            rows = list(_rows(tree, size))
        except UnbalancedError:
            self.unbalanced += 1
            return False
        for row, atoms in rows:
            for atom, _ in atoms:
                self._atoms.count(row.chain(), Atom(atom.token, (), atom.role))
                self._shapes.count(row.shapes(atom.token), atom.shape)
                row.add(atom)
            self._atoms.count(row.chain(), END)
        self.trees += 1
        return True

    def build_tables(self, weights: dict[str, float] | None = None) -> None:
        """Build the sampling tables; the counts of each token are multiplied by ``weights``."""
        known = weights or {}
        self._atoms.build_tables((lambda atom: known.get(atom.token, 1.0)) if known else None)
        self._shapes.build_tables()

    def draw(self, rng: np.random.Generator, size: str = "") -> SymbolTree:
        """A tree; raises `TooLargeError`."""
        numbers = uniforms(rng)
        letters: list[Atom] = []
        root = Symbol("", "", 0, [])
        pending: list[tuple[Symbol, str, int]] = [(root, "", 0)]
        total = 0
        while pending:
            carrier, relation, level = pending.pop()
            row = _Row(carrier.token, relation, _first_of_last_branch(carrier), min(level, 3), size)
            written = self._write(row, carrier.children, numbers, letters)
            total += row.length
            if total > MAX_SYMBOLS:
                raise TooLargeError(total)
            pending += [(symbol, name, level + 1) for symbol, shape in reversed(written) for name in reversed(shape)]
        return SymbolTree(root.children)

    def _write(
        self, row: _Row, into: list[Symbol], numbers: Iterator[float], letters: list[Atom]
    ) -> list[tuple[Symbol, Shape]]:
        """Generate one row; returns the symbols whose branches are still to be generated."""
        carriers = []
        relation = row.relation
        while row.length <= MAX_SYMBOLS:
            chain = row.chain()
            atom = self._atoms.draw(chain, numbers)
            if atom.role == "" and is_letter(atom.token):
                atom = self._repeat_letter(atom, chain, numbers, letters)
            if atom == END:
                break
            shape = self._shapes.draw(row.shapes(atom.token), numbers)
            row.add(Atom(atom.token, shape, atom.role))
            if atom.token == BREAK:
                relation = "nextline"
                continue
            for token in tokens_of(atom):
                into.append(Symbol(token, relation, 0, []))
                relation = RIGHT
            if shape:
                carriers.append((into[-1], shape))
        return carriers

    def _repeat_letter(self, letter: Atom, chain: list[Context], numbers: Iterator[float], letters: list[Atom]) -> Atom:
        """The letter, or one already in the tree that was seen in this context."""
        if letters and letter not in letters and next(numbers) < self.repetition:
            used = letters[int(next(numbers) * len(letters))]
            if any(self._atoms.seen(context, used) for context in chain[:4]):
                letter = used
        letters.append(letter)
        return letter


def _rows(tree: SymbolTree, size: str) -> Iterator[tuple[_Row, list[tuple[Atom, Symbol | None]]]]:
    """Every row of a tree with its atoms, outer ones first."""
    pending = [(_Row("", "", "", 0, size), tree.symbols)]
    while pending:
        row, symbols = pending.pop()
        atoms = atoms_of(symbols)
        yield row, atoms
        for _, symbol in atoms:
            before = ""
            for relation, branch in symbol.branches if symbol else []:
                assert symbol is not None
                pending.append((_Row(symbol.token, relation, before, min(row.level + 1, 3), size), branch))
                before = branch[0].token


def _first_of_last_branch(carrier: Symbol) -> str:
    return next((s.token for s in reversed(carrier.children) if s.relation not in (RIGHT, "nextline")), "")
