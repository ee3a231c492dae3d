"""Normalisation rules on the tree: each maps a row of symbols to a row.

A row is one branch; `apply_rules` traverses a tree from its leaves to its root. The order of the rules makes one
traversal sufficient: applying them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mumer_data.latex.normalize.functions import BREAK, FUNCTIONS, Row, spelled_functions
from mumer_data.latex.normalize.scopes import INFIX
from mumer_data.latex.to_latex import class_of
from mumer_data.latex.tree import RIGHT, Symbol, SymbolTree

RowRule = Callable[[Row], Row]
SCRIPT_POSITIONS = {"sub": "low", "below": "low", "sup": "high", "above": "high"}

OTHER_NAMES = "sec csc coth ln lg exp max min sup inf det dim deg gcd ker arg hom Pr mod limsup liminf"
OPERATOR_NAMES = {*FUNCTIONS, *OTHER_NAMES.split()}
MAX_PRIMES = 100  # levels of primes on primes; fixed, so that it does not depend on the recursion limit


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
    """Set the relation of the first symbol of a row to that of its branch, and correct those of the others."""
    if not row:
        return [Symbol("", relation, 0, [])]
    for i, symbol in enumerate(row):
        if i == 0:
            symbol.relation = relation
        elif symbol.relation != BREAK:
            symbol.relation = RIGHT
    return row


def _is_group(symbol: Symbol) -> bool:
    return symbol.token == "{"


def _is_blank(symbol: Symbol) -> bool:
    return not symbol.token and not symbol.children


def _scripts(symbol: Symbol) -> Row:
    """The children of a group that follow its content: its scripts."""
    own = True
    scripts = []
    for i, child in enumerate(symbol.children):
        if i and child.relation not in (RIGHT, BREAK):
            own = False
        if not own:
            scripts.append(child)
    return scripts


def groups(row: Row) -> Row:
    """Remove braces that only group symbols."""
    out: Row = []
    for i, symbol in enumerate(row):
        content = _unwrapped(symbol) if _is_group(symbol) else None
        if content is None and out and _is_group(symbol) and _joins(symbol, out[-1]):
            continue
        if content is None:
            out.append(symbol)
            continue
        if not content and out and _takes_prime(out[-1], row[i + 1 : i + 2]):
            row[i + 1].token = ""
            continue
        if content:
            content[0].relation = symbol.relation
        elif symbol.relation == BREAK and i + 1 < len(row):
            row[i + 1].relation = BREAK
        elif symbol.relation == BREAK:
            content = [Symbol("", BREAK, symbol.position, [])]
        out.extend(content)
    return out


def _takes_prime(before: Symbol, following: Row) -> bool:
    """Move a prime after an empty group into the superscript before it; true if this was done."""
    upper = [branch for branch in before.branches if branch[0] == "sup"]
    if not upper or not following or following[0].token != "'" or following[0].children:
        return False
    branches = [(relation, list(symbols)) for relation, symbols in before.branches]
    i = next(n for n, (relation, _) in enumerate(branches) if relation == "sup")
    branches[i][1].append(Symbol("\\prime", RIGHT, following[0].position, []))
    before.children[:] = [child for branch in branches for child in _joined(*branch)]
    return True


def _joins(group: Symbol, before: Symbol) -> bool:
    """Move the scripts of an empty group to the symbol before it, if that has scripts; true if this was done.

    ``x _ { 1 } { } ^ { 2 }`` is ``x _ { 1 } ^ { 2 }``; a second script at the same position is appended to the first.
    """
    scripts = _scripts(group)
    own = [relation for relation, _ in before.branches if _is_script(before, relation)]
    if group.relation == BREAK or not scripts or not own or not _is_blank(group.children[0]):
        return False
    branches = [(relation, list(symbols)) for relation, symbols in before.branches]
    for relation, symbols in Symbol("", "", 0, scripts).branches:
        i = next(
            (n for n, (name, _) in enumerate(branches) if SCRIPT_POSITIONS.get(name) == SCRIPT_POSITIONS[relation]),
            None,
        )
        if i is None:
            branches.append((relation, list(symbols)))
        else:
            branches[i][1].extend(symbols)
    before.children[:] = [child for branch in branches for child in _joined(*branch)]
    return True


def _unwrapped(group: Symbol) -> Row | None:
    """The symbols that replace a group; ``None`` if its braces are significant."""
    scripts = _scripts(group)
    content = group.children[: len(group.children) - len(scripts)]
    if any(child.relation == BREAK or child.token in ("&", *INFIX) for child in content):
        return None
    if _is_blank(content[0]):
        return None if scripts else []
    if not content[0].token:  # scripts without a base would move to the symbol before
        return None
    last = content[-1]
    carried = {SCRIPT_POSITIONS.get(child.relation) for child in last.children if _is_script(last, child.relation)}
    if scripts and (
        last.token in ("'", "\\limits") or any(SCRIPT_POSITIONS.get(s.relation) in carried for s in scripts)
    ):
        return None  # two scripts at one position would be parsed as a sequence
    last.children.extend(scripts)
    return content


def operatorname(row: Row) -> Row:
    """``\\operatorname { s i n }`` -> ``\\sin``; other names lose the wrapper and keep their letters in a group."""
    for i, symbol in enumerate(row):
        if symbol.token == "\\operatorname" and symbol.branch("inside"):
            name = "".join(child.token for child in symbol.branch("inside"))
            scripts = _scripts(symbol)
            if name in OPERATOR_NAMES and all(not child.children for child in symbol.branch("inside")):
                row[i] = Symbol(f"\\{name}", symbol.relation, symbol.position, scripts)
            else:
                symbol.token = "{"
    return row


def primes(row: Row, depth: int = 0) -> Row:
    """``f ' '`` -> ``f ^ { \\prime \\prime }``, before an existing superscript.

    Raises:
        RecursionError: primes on primes, more than `MAX_PRIMES` deep.
    """
    if depth > MAX_PRIMES:
        raise RecursionError("primes on primes")
    out: Row = []
    i = 0
    while i < len(row):
        end = i
        if out and out[-1].token:
            while end < len(row) and row[end].token == "'" and row[end].relation != BREAK:
                end += 1
        if end > i:
            _raise(row[i:end], out[-1], depth)
        else:
            out.append(row[i])
        i = max(end, i + 1)
    return out


def _raise(marks: Row, carrier: Symbol, depth: int) -> None:
    """Turn the prime marks after a symbol into superscripts of it."""
    branches = [(relation, list(symbols)) for relation, symbols in carrier.branches]
    first = next((i for i, (relation, _) in enumerate(branches) if relation == "sup"), None)
    joins = first is not None and _are_primes(
        branches[first][1]
    )  # whether further primes are appended to the first superscript
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
    carrier.children[:] = [child for relation, members in branches for child in _joined(relation, members)]


def _are_primes(row: Row) -> bool:
    return all(symbol.token == "\\prime" for symbol in row)


def _with_superscript(branches: list[tuple[str, Row]], prime: Symbol) -> set[int]:
    """Move the scripts of a prime to its carrier: ``f ' ^ { 2 }`` is ``f ^ { \\prime 2 }``; returns the branches."""
    touched = set()
    for relation, symbols in prime.branches:
        if relation == "sup":
            i = len(branches) - 1 if branches[-1][0] == "sup" else 0
            branches[i][1].extend(symbols)
        else:
            i = len(branches)
            branches.append((relation, symbols))
        touched.add(i)
    return touched


def empty_scripts(row: Row) -> Row:
    """Remove empty scripts."""
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
    """Properties of a label that need no tree: its braced text, its tokens, and whether it has bare groups."""

    text: str
    tokens: frozenset[str]
    groups: bool


_SPELLED = tuple(" ".join(name) for name in FUNCTIONS)


def _may_spell(label: Evidence) -> bool:
    letters = label.text.replace("{ ", "").replace("} ", "")
    return any(name in letters for name in _SPELLED)


# name in the table -> rule for one row, and whether the rule can change a label at all
STRUCTURE: dict[str, tuple[RowRule, Callable[[Evidence], bool]]] = {
    "operatorname": (operatorname, lambda label: "\\operatorname" in label.tokens),
    "empty_scripts": (empty_scripts, lambda label: "{ }" in label.text),
    "groups": (groups, lambda label: label.groups or "\\operatorname" in label.text or "\\over" in label.text),
    "spelled_functions": (spelled_functions, _may_spell),
    "primes": (primes, lambda label: "'" in label.tokens),
    "script_order": (script_order, lambda label: "} _ {" in label.text or "'" in label.tokens),
}
