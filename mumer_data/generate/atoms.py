"""A row of symbols as the atoms that a grammar counts; a sized delimiter is one atom, and brackets are marked.

Not for counting: see `grammar`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from mumer_data.latex.to_latex import class_of
from mumer_data.latex.tree import Symbol

Shape = tuple[str, ...]
BREAK = "\\\\"
CLOSERS = {"(": (")", "]"), "[": ("]", ")"), "\\{": ("\\}",), "\\lfloor": ("\\rfloor",), "\\lceil": ("\\rceil",)}
CLOSERS |= {"\\langle": ("\\rangle",), "\\lbrace": ("\\rbrace",), "\\lbrack": ("\\rbrack",)}
BARS = frozenset({"|", "\\|", "\\vert", "\\Vert", "\\mid"})
_LIMITS = frozenset({"\\limits", "\\nolimits"})
INTEGRALS = frozenset({"\\int", "\\iint", "\\oint", "\\iiint", "\\int \\limits", "\\oint \\limits"})
_GREEK = frozenset(
    f"\\{name}"
    for name in (
        *("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota"),
        *("kappa", "lambda", "mu", "nu", "xi", "rho", "varrho", "sigma", "tau", "upsilon", "phi", "varphi", "chi"),
        *("psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Phi", "Psi", "Omega"),
    )
)
_KINDS = {
    "relation": (
        r"= < > \leq \geq \le \ge \neq \ne \leqslant \geqslant \equiv \sim \approx \cong \propto \in \notin \subset "
        r"\subseteq \rightarrow \to \Rightarrow \Leftrightarrow \leftrightarrow \perp \parallel \therefore \because"
    ),
    "sign": r"+ - \pm \mp",
    "times": r"\times \div \cdot / * \ast \cap \cup \wedge \vee \circ \oplus \otimes",
    "comma": ", ; :",
    "point": ".",
    "dots": r"\ldots \cdots \dots \vdots \ddots",
    "function": (
        r"\sin \cos \tan \cot \sec \csc \arcsin \arccos \arctan \sinh \cosh \tanh \log \ln \lg \exp \max \min "
        r"\sup \inf \det \dim \gcd"
    ),
}
_KIND_OF = {token: name for name, tokens in _KINDS.items() for token in tokens.split()}
_CLOSING = {closer for closers in CLOSERS.values() for closer in closers}
OPENS, SHUTS, PLAIN = "(", ")", ""


class UnbalancedError(ValueError):
    """A row with unbalanced brackets; a signal to skip the label."""


class Atom(NamedTuple):
    """One element of a row.

    Attributes:
        token: as in the label; a sized delimiter with its size, ``\\left (``; ``BREAK`` for a new line.
        shape: the relations of its branches, in order.
        role: ``(`` for an opening bracket that must be closed in its row, ``)`` for its closing bracket, else empty.
    """

    token: str
    shape: Shape = ()
    role: str = PLAIN


def atoms_of(row: list[Symbol]) -> list[tuple[Atom, Symbol | None]]:
    """The atoms of a row, each with the symbol that carries its branches.

    Paired bars count as brackets too; so do an integral and its ``d``.

    Raises:
        UnbalancedError: an opening or closing bracket has no counterpart in its line.
    """
    atoms: list[tuple[Atom, Symbol | None]] = []
    size = ""
    for symbol in row:
        if symbol.relation == "nextline":
            atoms.append((Atom(BREAK), None))
        if symbol.token in ("\\left", "\\right") and not symbol.children:
            if size:
                raise UnbalancedError(size)
            size = symbol.token
            continue
        token = f"{size} {symbol.token}" if size else symbol.token
        size = ""
        if token in _LIMITS and atoms and not atoms[-1][0].shape and symbol.relation != "nextline":
            token = f"{atoms.pop()[0].token} {token}"
        atoms.append((Atom(token, tuple(relation for relation, _ in symbol.branches)), symbol))
    if size:
        raise UnbalancedError(size)
    return _with_roles(atoms)


def tokens_of(atom: Atom) -> list[str]:
    """The tokens of the symbols of an atom; the last symbol carries the branches."""
    return [atom.token] if atom.token.startswith("\\begin") else atom.token.split(" ")


def is_letter(token: str) -> bool:
    """Whether a token is a Latin or Greek letter."""
    return (len(token) == 1 and token.isalpha()) or token in _GREEK


@lru_cache(maxsize=1 << 16)
def kind_of(atom: Atom) -> str:
    """The class of an atom, used to predict the next atom when no longer context was seen."""
    token = atom.token
    if atom.role:
        return atom.role
    if is_letter(token):
        return "letter"
    if token.isdecimal():
        return "digit"
    return _KIND_OF.get(token) or class_of(token)


def _with_roles(atoms: list[tuple[Atom, Symbol | None]]) -> list[tuple[Atom, Symbol | None]]:
    roles = [PLAIN] * len(atoms)
    opened: list[int] = []
    for i, (atom, _) in enumerate(atoms):
        token = atom.token
        if token == BREAK:
            _close_line(atoms, opened)
        elif token in CLOSERS or token.startswith("\\left ") or token in INTEGRALS:
            opened.append(i)
        elif token in BARS:
            if opened and atoms[opened[-1]][0].token == token:
                roles[opened.pop()], roles[i] = OPENS, SHUTS
            else:
                opened.append(i)
        elif token == "d":
            if opened and atoms[opened[-1]][0].token in INTEGRALS:
                roles[opened.pop()], roles[i] = OPENS, SHUTS
        elif token in _CLOSING or token.startswith("\\right "):
            while opened and _may_stay_open(atoms[opened[-1]][0]):
                opened.pop()
            if not opened or not _pair(atoms[opened[-1]][0].token, token):
                raise UnbalancedError(token)
            roles[opened.pop()], roles[i] = OPENS, SHUTS
    _close_line(atoms, opened)
    return [(atom._replace(role=role), symbol) for (atom, symbol), role in zip(atoms, roles, strict=True)]


def _close_line(atoms: list[tuple[Atom, Symbol | None]], opened: list[int]) -> None:
    for i in opened:
        if not _may_stay_open(atoms[i][0]):
            raise UnbalancedError(atoms[i][0].token)
    opened.clear()


def _may_stay_open(atom: Atom) -> bool:
    return atom.token in BARS or atom.token in INTEGRALS


def _pair(opener: str, closer: str) -> bool:
    if opener.startswith("\\left "):
        return closer.startswith("\\right ")
    return closer in CLOSERS.get(opener, ())
