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

MAX_SYMBOLS = 400  # a tree beyond this is given up
END = Atom("", (), "end")


class TooLargeError(ValueError):
    """A tree that grew beyond `MAX_SYMBOLS`; a signal to draw another."""


@dataclass(slots=True)
class _Row:
    """What has been written of a row so far, as far as it bears on what follows.

    Attributes:
        carrier, relation: what the row hangs from; both empty for the outermost row.
        before: first symbol of the branch before this one on the same carrier.
        level: depth of the row, at most 3.
        size: a class of trees that is counted apart, e.g. how long they are.
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
        place = (self.relation, opened)
        last = self.last
        token, shape = (last.token, last.shape) if last else ("", ())
        earlier = self.last_but_one if last else self.before
        kind = self.kind
        sized = (*place, token, kind, self.relations, self.size)
        return [
            (0, *sized, self.carrier, shape, earlier, min(self.length, 2)),
            (1, *sized, self.carrier, shape),
            (2, *sized),
            (3, *place, token, kind),
            (4, *place, kind),
            (5, opened, kind),
        ]

    def shapes(self, token: str) -> list[Context]:
        """The contexts of the branches of an atom, long to short."""
        last = self.last.token if self.last else ""
        here = (token, self.relation, self.level)
        return [(0, *here, self.size, last), (1, *here, self.size), (2, *here), (3, token)]

    def add(self, atom: Atom) -> None:
        """Note what was written."""
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
    """Counts of what stands after what, and of what carries what.

    Attributes:
        trees, unbalanced: how many trees were counted, and passed over for brackets that do not pair up.
        loyalty: how often a letter that is new to a tree is drawn again, since formulas repeat their letters.
    """

    def __init__(self, loyalty: float = 0.0) -> None:
        self.trees = self.unbalanced = 0
        self.loyalty = loyalty
        self._atoms: Backoff[Atom] = Backoff()
        self._shapes: Backoff[Shape] = Backoff()

    def count(self, tree: SymbolTree, size: str = "") -> bool:
        """Count one tree; false where it is passed over."""
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

    def settle(self, weights: dict[str, float] | None = None) -> None:
        """Make ready to draw, every token as many times as likely as ``weights`` says."""
        known = weights or {}
        self._atoms.settle((lambda atom: known.get(atom.token, 1.0)) if known else None)
        self._shapes.settle()

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
        """Write one row; gives the symbols that carry branches, which are still to be written."""
        carriers = []
        relation = row.relation
        while row.length <= MAX_SYMBOLS:
            chain = row.chain()
            bare = self._atoms.draw(chain, numbers)
            if bare.role == "" and is_letter(bare.token):
                bare = self._loyal(bare, chain, numbers, letters)
            if bare == END:
                break
            shape = self._shapes.draw(row.shapes(bare.token), numbers)
            row.add(Atom(bare.token, shape, bare.role))
            if bare.token == BREAK:
                relation = "nextline"
                continue
            for token in tokens_of(bare):
                into.append(Symbol(token, relation, 0, []))
                relation = RIGHT
            if shape:
                carriers.append((into[-1], shape))
        return carriers

    def _loyal(self, letter: Atom, chain: list[Context], numbers: Iterator[float], letters: list[Atom]) -> Atom:
        """The letter, or one that the tree has already and that is known to stand in such a place."""
        if letters and letter not in letters and next(numbers) < self.loyalty:
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
