"""Types of edits: a wrong symbol, a symbol in the wrong relation, or a wrong structure.

Uses the trees of both sides where both parse, else the tokens alone; not for finding the edits: see `align`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from mumer_data.alignment.token_roles import TokenRole, is_structure, links_of, role_of
from mumer_data.latex.parser import try_parse
from mumer_data.latex.tree import RIGHT

EditType = Literal["symbol", "relation", "structure"]


class EditPosition(NamedTuple):
    """Where an edit of one token is: indices in label and prediction, and which of the two it consumes."""

    label: int
    prediction: int
    in_label: bool
    in_prediction: bool


def edit_types_of(
    label: list[str],
    prediction: list[str],
    to_prediction: list[int],
    to_label: list[int],
    edits: Sequence[EditPosition],
) -> list[EditType]:
    """The type of each edit.

    ``symbol``: no structure token is involved (the brackets of an optional argument are structure). ``relation``: a
    script mark or its braces are wrong, and a symbol between them is aligned with one in another relation; or a symbol
    that is missing in one relation is superfluous in another. ``structure``: everything else.
    """
    edit_types: list[EditType] = []
    sides: tuple[_Side, _Side] | None = None
    missing = {label[i] for i, _, in_label, in_prediction in edits if in_label and not in_prediction}
    extra = {prediction[j] for _, j, in_label, in_prediction in edits if in_prediction and not in_label}
    shifted = extra & missing
    for i, j, in_label, in_prediction in edits:
        structural = (in_label and is_structure(label[i]), in_prediction and is_structure(prediction[j]))
        if not any(structural) and ((in_label and label[i] in "[]") or (in_prediction and prediction[j] in "[]")):
            sides = sides or _sides(label, prediction, to_prediction, to_label)
            structural = (in_label and i in sides[0].links.owner, in_prediction and j in sides[1].links.owner)
        if not any(structural):
            edit_types.append("symbol")
            if in_label != in_prediction and (label[i] if in_label else prediction[j]) in shifted:
                sides = sides or _sides(label, prediction, to_prediction, to_label)
                edit_types[-1] = "relation" if _moved_away(i, j, in_label, edits, sides) else "symbol"
        elif all(structural) and role_of(label[i]) == role_of(prediction[j]) == TokenRole.MARK:
            edit_types.append("relation")
        else:
            sides = sides or _sides(label, prediction, to_prediction, to_label)
            moved = [side.moved(index) for side, index, is_one in zip(sides, (i, j), structural, strict=True) if is_one]
            edit_types.append("relation" if all(moved) else "structure")
    return edit_types


class _Side:
    """One side of an alignment, with the relation and depth of each of its symbols."""

    def __init__(self, tokens: list[str], partner: list[int]) -> None:
        self.tokens, self.partner = tokens, partner
        self.links = links_of(tuple(tokens))
        self.relations = relations_of(tokens)
        self.others: dict[int, tuple[str, int]] | None = None

    def moved(self, index: int) -> bool:
        """Whether the token is part of a script of which a symbol is in another relation on the other side."""
        mark = self.links.owner.get(index, index)
        if role_of(self.tokens[mark]) != TokenRole.MARK:
            return False
        begin = mark + 1
        inside = range(begin + 1, self.links.closer.get(begin, len(self.tokens)))
        return any(self.partner[index] >= 0 and self.relation_differs(index, self.partner[index]) for index in inside)

    def relation_differs(self, index: int, other: int) -> bool:
        """Whether a symbol and one of the other side are in different relations; true if either side does not parse."""
        if self.relations is None or self.others is None:
            return True
        relation, other_relation = self.relations.get(index), self.others.get(other)
        return relation is not None and other_relation is not None and relation != other_relation


def _moved_away(i: int, j: int, in_label: bool, edits: Sequence[EditPosition], sides: tuple[_Side, _Side]) -> bool:
    """Whether a symbol that is missing in one relation is superfluous in another, or the other way round."""
    label, prediction = sides
    if label.relations is None or prediction.relations is None:
        return False
    if in_label:
        token = label.tokens[i]
        extra = [edit.prediction for edit in edits if not edit.in_label and prediction.tokens[edit.prediction] == token]
        return any(label.relation_differs(i, index) for index in extra)
    token = prediction.tokens[j]
    missing = [edit.label for edit in edits if not edit.in_prediction and label.tokens[edit.label] == token]
    return any(prediction.relation_differs(j, index) for index in missing)


def _sides(
    label: list[str], prediction: list[str], to_prediction: list[int], to_label: list[int]
) -> tuple[_Side, _Side]:
    label_side, prediction_side = _Side(label, to_prediction), _Side(prediction, to_label)
    label_side.others, prediction_side.others = prediction_side.relations, label_side.relations
    return label_side, prediction_side


def relations_of(tokens: Sequence[str]) -> dict[int, tuple[str, int]] | None:
    """Index of a symbol -> (relation of its row to its parent, depth); ``None`` where the tokens do not parse."""
    tree = try_parse(tokens)
    if tree is None:
        return None
    relations: dict[int, tuple[str, int]] = {}
    rows: list[str] = []
    for depth, symbol in tree.walk():
        del rows[depth + 1 :]
        if depth == len(rows):
            rows.append("")
        if symbol.relation not in (RIGHT, "nextline"):
            rows[depth] = symbol.relation
        if symbol.token:
            relations[symbol.position] = rows[depth], depth
    return relations
