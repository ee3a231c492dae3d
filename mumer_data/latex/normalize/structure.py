"""The rules that need to see what belongs to what: each takes a row of symbols and gives a row.

A row is one branch; `apply_rules` walks a tree from its leaves to its root, and the rules stand in such an order
that one walk is enough: applying them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mumer_data.latex.normalize.functions import BREAK, FUNCTIONS, Row, spelled_functions
from mumer_data.latex.normalize.scopes import INFIX
from mumer_data.latex.to_latex import class_of
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

RowRule = Callable[[Row], Row]
PLACES = {"sub": "low", "below": "low", "sup": "high", "above": "high"}

OTHER_NAMES = "sec csc coth ln lg exp max min sup inf det dim deg gcd ker arg hom Pr mod limsup liminf"
OPERATOR_NAMES = {*FUNCTIONS, *OTHER_NAMES.split()}
MAX_PRIMES = 100  # levels of primes on primes; a limit of our own, so that it is the same wherever this runs


def apply_rules(tree: SymbolTree, rules: Sequence[RowRule]) -> SymbolTree:
    """A new tree with every row rewritten, inner rows before outer ones."""
    for _, symbol in reversed(list(tree.walk())):
        if symbol.children:
            branches = [(relation, _rewritten(row, rules)) for relation, row in symbol.branches]
            symbol.children[:] = [child for branch in branches for child in _joined(*branch)]
    return SymbolTree(_joined("", _rewritten(tree.symbols, rules)))


def _rewritten(row: Row, rules: Sequence[RowRule]) -> Row:
    for rule in rules:
        row = rule(row)
    return row


def _joined(relation: str, row: Row) -> Row:
    """Give the first symbol of a row the relation of its branch, and mend those of the others."""
    if not row:
        return [Symbol("", relation, 0, [])]
    for place, symbol in enumerate(row):
        if place == 0:
            symbol.relation = relation
        elif symbol.relation != BREAK:
            symbol.relation = RIGHT
    return row


def _is_group(symbol: Symbol) -> bool:
    return symbol.token == "{"


def _is_blank(symbol: Symbol) -> bool:
    return not symbol.token and not symbol.children


def _scripts(symbol: Symbol) -> Row:
    """The children of the branches behind a group's own content."""
    own = True
    found = []
    for place, child in enumerate(symbol.children):
        if place and child.relation not in (RIGHT, BREAK):
            own = False
        if not own:
            found.append(child)
    return found


def groups(row: Row) -> Row:
    """Unwrap braces that only hold symbols together."""
    out: Row = []
    for place, symbol in enumerate(row):
        content = _unwrapped(symbol) if _is_group(symbol) else None
        if content is None and out and _is_group(symbol) and _joins(symbol, out[-1]):
            continue
        if content is None:
            out.append(symbol)
            continue
        if not content and out and _takes_prime(out[-1], row[place + 1 : place + 2]):
            row[place + 1].token = ""
            continue
        if content:
            content[0].relation = symbol.relation
        elif symbol.relation == BREAK and place + 1 < len(row):
            row[place + 1].relation = BREAK
        elif symbol.relation == BREAK:
            content = [Symbol("", BREAK, symbol.position, [])]
        out.extend(content)
    return out


def _takes_prime(before: Symbol, following: Row) -> bool:
    """Move a prime behind an empty group into the superscript before it, where it is drawn; whether this was done."""
    upper = [branch for branch in before.branches if branch[0] == "sup"]
    if not upper or not following or following[0].token != "'" or following[0].children:
        return False
    branches = [(relation, list(symbols)) for relation, symbols in before.branches]
    place = next(n for n, (relation, _) in enumerate(branches) if relation == "sup")
    branches[place][1].append(Symbol("\\prime", RIGHT, following[0].position, []))
    before.children[:] = [child for branch in branches for child in _joined(*branch)]
    return True


def _joins(group: Symbol, before: Symbol) -> bool:
    """Move the scripts of an empty group to the symbol before it, if that has scripts; whether this was done.

    ``x _ { 1 } { } ^ { 2 }`` is ``x _ { 1 } ^ { 2 }``; a script whose place is taken continues the one there.
    """
    scripts = _scripts(group)
    own = [relation for relation, _ in before.branches if _is_script(before, relation)]
    if group.relation == BREAK or not scripts or not own or not _is_blank(group.children[0]):
        return False
    branches = [(relation, list(symbols)) for relation, symbols in before.branches]
    for relation, symbols in Symbol("", "", 0, scripts).branches:
        place = next((n for n, (name, _) in enumerate(branches) if PLACES.get(name) == PLACES[relation]), None)
        if place is None:
            branches.append((relation, list(symbols)))
        else:
            branches[place][1].extend(symbols)
    before.children[:] = [child for branch in branches for child in _joined(*branch)]
    return True


def _unwrapped(group: Symbol) -> Row | None:
    """The symbols that stand for a group; ``None`` where its braces mean something."""
    scripts = _scripts(group)
    content = group.children[: len(group.children) - len(scripts)]
    if any(child.relation == BREAK or child.token in ("&", *INFIX) for child in content):
        return None
    if _is_blank(content[0]):
        return None if scripts else []
    if not content[0].token:  # scripts on nothing would move to the symbol before
        return None
    last = content[-1]
    carried = {PLACES.get(child.relation) for child in last.children if _is_script(last, child.relation)}
    if scripts and (last.token in ("'", "\\limits") or any(PLACES.get(s.relation) in carried for s in scripts)):
        return None  # two scripts in one place would be read as one after the other
    last.children.extend(scripts)
    return content


def operatorname(row: Row) -> Row:
    """``\\operatorname { s i n }`` -> ``\\sin``; other names lose the wrapper and keep their letters in a group."""
    for place, symbol in enumerate(row):
        if symbol.token == "\\operatorname" and symbol.branch("inside"):
            name = "".join(child.token for child in symbol.branch("inside"))
            scripts = _scripts(symbol)
            if name in OPERATOR_NAMES and all(not child.children for child in symbol.branch("inside")):
                row[place] = Symbol(f"\\{name}", symbol.relation, symbol.position, scripts)
            else:
                symbol.token = "{"
    return row


def primes(row: Row, depth: int = 0) -> Row:
    """``f ' '`` -> ``f ^ { \\prime \\prime }``, before a superscript that is there already.

    Raises:
        RecursionError: primes on primes, more than `MAX_PRIMES` deep.
    """
    if depth > MAX_PRIMES:
        raise RecursionError("primes on primes")
    out: Row = []
    place = 0
    while place < len(row):
        end = place
        if out and out[-1].token:
            while end < len(row) and row[end].token == "'" and row[end].relation != BREAK:
                end += 1
        if end > place:
            _raise(row[place:end], out[-1], depth)
        else:
            out.append(row[place])
        place = max(end, place + 1)
    return out


def _raise(marks: Row, carrier: Symbol, depth: int) -> None:
    """Make the marks behind a symbol superscripts of it."""
    branches = [(relation, list(symbols)) for relation, symbols in carrier.branches]
    first = next((place for place, (relation, _) in enumerate(branches) if relation == "sup"), None)
    joins = first is not None and _are_primes(branches[first][1])  # whether another prime goes to the first superscript
    for mark in marks:
        prime = Symbol("\\prime", "sup", mark.position, [])
        if first is not None and joins:
            branches[first][1].append(prime)
        else:
            branches.append(("sup", [prime]))
            joins = joins or first is None
            first = len(branches) - 1 if first is None else first
        if mark.children:
            for touched in _with_superscript(branches, mark):
                branches[touched] = branches[touched][0], primes(branches[touched][1], depth + 1)
            joins = _are_primes(branches[first][1])
    carrier.children[:] = [child for relation, found in branches for child in _joined(relation, found)]


def _are_primes(row: Row) -> bool:
    return all(symbol.token == "\\prime" for symbol in row)


def _with_superscript(branches: list[tuple[str, Row]], prime: Symbol) -> set[int]:
    """The scripts of the prime itself go to its carrier: ``f ' ^ { 2 }`` is ``f ^ { \\prime 2 }``; says to where."""
    touched = set()
    for relation, symbols in prime.branches:
        if relation == "sup":
            place = len(branches) - 1 if branches[-1][0] == "sup" else 0
            branches[place][1].extend(symbols)
        else:
            place = len(branches)
            branches.append((relation, symbols))
        touched.add(place)
    return touched


def empty_scripts(row: Row) -> Row:
    """Drop scripts with nothing in them, and scripts on nothing at all."""
    for symbol in row:
        kept = [
            (relation, symbols)
            for relation, symbols in symbol.branches
            if not (_is_script(symbol, relation) and len(symbols) == 1 and _is_blank(symbols[0]))
        ]
        if len(kept) < len(symbol.branches):
            symbol.children[:] = [child for branch in kept for child in _joined(*branch)]
    return row


def script_order(row: Row) -> Row:
    """Subscript before superscript."""
    for symbol in row:
        branches = symbol.branches
        lower = [branch for branch in branches if _is_script(symbol, branch[0]) and branch[0] in ("sub", "below")]
        upper = [branch for branch in branches if _is_script(symbol, branch[0]) and branch[0] in ("sup", "above")]
        if lower and upper:
            others = [branch for branch in branches if not _is_script(symbol, branch[0])]
            ordered = [*others, *lower, *upper]
            symbol.children[:] = [child for branch in ordered for child in _joined(*branch)]
    return row


def _is_script(symbol: Symbol, relation: str) -> bool:
    return relation in ("sub", "sup") or (relation in ("below", "above") and class_of(symbol.token) == "operator")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What can be seen of a label without a tree: its braced text, its tokens, and whether it has bare groups."""

    text: str
    tokens: frozenset[str]
    groups: bool


_SPELLED = tuple(" ".join(name) for name in FUNCTIONS)


def _may_spell(label: Evidence) -> bool:
    letters = label.text.replace("{ ", "").replace("} ", "")
    return any(name in letters for name in _SPELLED)


# name in the table -> what it does to one row, and whether it could do anything to a label at all
STRUCTURE: dict[str, tuple[RowRule, Callable[[Evidence], bool]]] = {
    "operatorname": (operatorname, lambda label: "\\operatorname" in label.tokens),
    "empty_scripts": (empty_scripts, lambda label: "{ }" in label.text),
    "groups": (groups, lambda label: label.groups or "\\operatorname" in label.text or "\\over" in label.text),
    "spelled_functions": (spelled_functions, _may_spell),
    "primes": (primes, lambda label: "'" in label.tokens),
    "script_order": (script_order, lambda label: "} _ {" in label.text or "'" in label.tokens),
}
