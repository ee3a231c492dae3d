"""Classes of edits: a wrong symbol, a symbol in the wrong relation, or another structure.

With the trees of both sides where both parse; by tokens alone where one does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mumer_data.alignment.token_roles import TokenRole, bonds_of, is_structure, role_of
from mumer_data.latex.parser import try_parse
from mumer_data.latex.tree import RIGHT

Kind = Literal["symbol", "relation", "structure"]
Bare = tuple[int, int, bool, bool]  # place in label, place in text, consumes label, consumes text


def edit_types_of(
    label: list[str], text: list[str], to_text: list[int], to_label: list[int], edits: Sequence[Bare]
) -> list[Kind]:
    """The kind of each edit.

    ``symbol``: no structure token takes part (the brackets of an option are structure). ``relation``: a script mark
    or its braces are wrong, and what stands between them is there on the other side in another relation; or a symbol
    that is missing in one relation is too much in another. ``structure``: all else.
    """
    found: list[Kind] = []
    sides: tuple[_Side, _Side] | None = None
    missing = {label[i] for i, _, wants, has in edits if wants and not has}
    shifted = {text[j] for _, j, wants, has in edits if has and not wants and text[j] in missing}
    for i, j, wants, has in edits:
        structural = (wants and is_structure(label[i]), has and is_structure(text[j]))
        if not any(structural) and ((wants and label[i] in "[]") or (has and text[j] in "[]")):
            sides = sides or _sides(label, text, to_text, to_label)
            structural = (wants and i in sides[0].bonds.owner, has and j in sides[1].bonds.owner)
        if not any(structural):
            found.append("symbol")
            if shifted and wants != has and (label[i] if wants else text[j]) in shifted:
                sides = sides or _sides(label, text, to_text, to_label)
                found[-1] = "relation" if _moved_away(i, j, wants, edits, sides) else "symbol"
        elif all(structural) and role_of(label[i]) == role_of(text[j]) == TokenRole.MARK:
            found.append("relation")
        else:
            sides = sides or _sides(label, text, to_text, to_label)
            places = [(side, place) for side, place, is_one in zip(sides, (i, j), structural, strict=True) if is_one]
            found.append("relation" if all(side.moved(place) for side, place in places) else "structure")
    return found


class _Side:
    """One side of an alignment, with the relation and depth of each of its symbols."""

    def __init__(self, tokens: list[str], partner: list[int]) -> None:
        self.tokens, self.partner = tokens, partner
        self.bonds = bonds_of(tuple(tokens))
        self.relations = relations_of(tokens)
        self.others: dict[int, tuple[str, int]] | None = None

    def moved(self, place: int) -> bool:
        """Whether the token bounds or marks a script whose symbols stand elsewhere on the other side."""
        mark = self.bonds.owner.get(place, place)
        if role_of(self.tokens[mark]) != TokenRole.MARK:
            return False
        begin = mark + 1
        inside = range(begin + 1, self.bonds.closer.get(begin, len(self.tokens)))
        return any(self.partner[place] >= 0 and self.elsewhere(place, self.partner[place]) for place in inside)

    def elsewhere(self, place: int, other: int) -> bool:
        """Whether a symbol here and one on the other side stand in different relations; yes if nothing is known."""
        if self.relations is None or self.others is None:
            return True
        here, there = self.relations.get(place), self.others.get(other)
        return here is not None and there is not None and here != there


def _moved_away(i: int, j: int, wants: bool, edits: Sequence[Bare], sides: tuple[_Side, _Side]) -> bool:
    """Whether a symbol that is missing here is too much elsewhere, or the other way round, in another relation."""
    label, text = sides
    if label.relations is None or text.relations is None:
        return False
    if wants:
        there = [place for _, place, one, two in edits if two and not one and text.tokens[place] == label.tokens[i]]
        return any(label.elsewhere(i, place) for place in there)
    there = [place for place, _, one, two in edits if one and not two and label.tokens[place] == text.tokens[j]]
    return any(text.elsewhere(j, place) for place in there)


def _sides(label: list[str], text: list[str], to_text: list[int], to_label: list[int]) -> tuple[_Side, _Side]:
    one, other = _Side(label, to_text), _Side(text, to_label)
    one.others, other.others = other.relations, one.relations
    return one, other


def relations_of(tokens: Sequence[str]) -> dict[int, tuple[str, int]] | None:
    """Place of a symbol -> (relation of its row to what carries it, depth); ``None`` where the tokens do not parse."""
    tree = try_parse(tokens)
    if tree is None:
        return None
    found: dict[int, tuple[str, int]] = {}
    rows: list[str] = []
    for depth, symbol in tree.walk():
        del rows[depth + 1 :]
        if depth == len(rows):
            rows.append("")
        if symbol.relation not in (RIGHT, "nextline"):
            rows[depth] = symbol.relation
        if symbol.token:
            found[symbol.position] = rows[depth], depth
    return found
