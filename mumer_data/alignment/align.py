"""Token alignment of a prediction with its label: a shortest edit script, chosen deterministically.

Not for what follows from the edits: see `corrections` and `confusions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from rapidfuzz.distance import Levenshtein

from mumer_data.alignment.edit_types import EditPosition, EditType, edit_types_of
from mumer_data.alignment.gap_placement import place_gaps
from mumer_data.alignment.token_roles import TokenRole, is_structure, role_of

EditOp = Literal["replace", "insert", "delete"]
_EDIT = 1 << 24  # the cost of one edit; smaller costs only decide among scripts with equally many edits
# A symbol kept between two gaps is preferred to two replacements; a brace kept by itself is not, because braces match
# by chance. Moving a symbol past a brace is preferred to moving the brace.
_GAP, _STRUCTURE_GAP, _STRUCTURE_KEPT = 3, 4, 3
_SAME_ROLE, _OTHER_ROLE, _SYMBOL_FOR_STRUCTURE, _OTHER_DEPTH = 4, 5, 14, 2
_MAX_CELLS = 1_000_000  # of the cost table; for larger ones the script of rapidfuzz is taken
_SURROGATES = 0xD800, 0xE000  # code points that are not characters


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of the script from a prediction to its label.

    Attributes:
        op: ``replace``; ``insert`` of tokens that the prediction lacks; ``delete`` of superfluous ones.
        label_tokens: the label's tokens; empty for ``delete``.
        prediction_tokens: the prediction's tokens; empty for ``insert``.
        label_at, prediction_at: index of the first of these tokens in label and prediction, or of the gap.
        kind: ``symbol``, ``relation`` or ``structure``; of several tokens, the most severe.
    """

    op: EditOp
    label_tokens: tuple[str, ...]
    prediction_tokens: tuple[str, ...]
    label_at: int
    prediction_at: int
    kind: EditType


@dataclass(frozen=True, slots=True)
class EditScript:
    """All edits between a prediction and its label, one token each, from left to right."""

    label: tuple[str, ...]
    prediction: tuple[str, ...]
    edits: tuple[Edit, ...]

    @property
    def cost(self) -> int:
        """The Levenshtein distance in tokens."""
        return len(self.edits)

    def spans(self) -> list[Edit]:
        """The edits with neighbours merged: between two spans there is at least one correct token."""
        groups: list[list[Edit]] = []
        label_end = prediction_end = -1
        for edit in self.edits:
            if edit.label_at == label_end and edit.prediction_at == prediction_end:
                groups[-1].append(edit)
            else:
                groups.append([edit])
            label_end = edit.label_at + len(edit.label_tokens)
            prediction_end = edit.prediction_at + len(edit.prediction_tokens)
        return [group[0] if len(group) == 1 else _merged(group) for group in groups]


_SEVERITY: dict[EditType, int] = {"symbol": 0, "relation": 1, "structure": 2}


def _merged(edits: list[Edit]) -> Edit:
    label = tuple(token for edit in edits for token in edit.label_tokens)
    prediction = tuple(token for edit in edits for token in edit.prediction_tokens)
    op: EditOp = "replace" if label and prediction else "insert" if label else "delete"
    kind = max((edit.kind for edit in edits), key=_SEVERITY.__getitem__)
    return Edit(op, label, prediction, edits[0].label_at, edits[0].prediction_at, kind)


def align(label: str | Sequence[str], prediction: str | Sequence[str]) -> EditScript:
    """The edit script from a prediction to its label.

    Among scripts with equally many edits: as many symbols as possible are kept; symbols replace symbols, at the same
    depth of braces, and structure replaces structure of the same role; then bracket pairs, and commands with their
    arguments, are kept or changed together. Neither label nor prediction needs to parse.

    Args:
        label: whitespace-tokenised LaTeX, or its tokens.
        prediction: what was recognised instead, in the same form.
    """
    label_tokens = label.split() if isinstance(label, str) else list(label)
    prediction_tokens = prediction.split() if isinstance(prediction, str) else list(prediction)
    if label_tokens == prediction_tokens:
        return EditScript(tuple(label_tokens), tuple(prediction_tokens), ())
    to_prediction, to_label = _partners(label_tokens, prediction_tokens)
    place_gaps(label_tokens, prediction_tokens, to_prediction, to_label)
    edits = _edits(label_tokens, prediction_tokens, to_prediction, to_label)
    return EditScript(tuple(label_tokens), tuple(prediction_tokens), edits)


def _edits(label: list[str], prediction: list[str], to_prediction: list[int], to_label: list[int]) -> tuple[Edit, ...]:
    """The edits of an alignment, from left to right."""
    positions: list[EditPosition] = []
    i = j = 0
    while i < len(label) or j < len(prediction):
        if i < len(label) and to_prediction[i] < 0:
            positions.append(EditPosition(i, j, True, False))
            i += 1
        elif j < len(prediction) and to_label[j] < 0:
            positions.append(EditPosition(i, j, False, True))
            j += 1
        else:
            if label[i] != prediction[j]:
                positions.append(EditPosition(i, j, True, True))
            i, j = i + 1, j + 1
    kinds = edit_types_of(label, prediction, to_prediction, to_label, positions)
    return tuple(
        Edit(
            "replace" if in_label and in_prediction else "insert" if in_label else "delete",
            (label[i],) if in_label else (),
            (prediction[j],) if in_prediction else (),
            i,
            j,
            kind,
        )
        for (i, j, in_label, in_prediction), kind in zip(positions, kinds, strict=True)
    )


def _partners(label: list[str], prediction: list[str]) -> tuple[list[int], list[int]]:
    """For each token the index of the token that it is aligned with on the other side, or -1."""
    begin, short = 0, min(len(label), len(prediction))
    while begin < short and label[begin] == prediction[begin]:
        begin += 1
    end = 0
    while end < short - begin and label[-1 - end] == prediction[-1 - end]:
        end += 1
    to_prediction, to_label = [-1] * len(label), [-1] * len(prediction)
    to_prediction[:begin] = to_label[:begin] = range(begin)
    if end:
        to_prediction[-end:] = range(len(prediction) - end, len(prediction))
        to_label[-end:] = range(len(label) - end, len(label))
    for i, j in _core(label[begin : len(label) - end], prediction[begin : len(prediction) - end]):
        to_prediction[begin + i], to_label[begin + j] = begin + j, begin + i
    return to_prediction, to_label


def _core(label: list[str], prediction: list[str]) -> list[tuple[int, int]]:
    """The aligned indices of two token lists without a common first or last token."""
    if not label or not prediction:
        return []
    if len(label) == len(prediction) == 1:
        return [(0, 0)]
    label_string, prediction_string = _as_strings(label, prediction)
    distance = Levenshtein.distance(label_string, prediction_string)
    slack = (distance - abs(len(prediction) - len(label))) // 2
    low, high = min(0, len(prediction) - len(label)) - slack, max(0, len(prediction) - len(label)) + slack
    if (high - low + 1) * len(label) > _MAX_CELLS:
        return _by_rapidfuzz(label_string, prediction_string)
    return _trace(label, prediction, _table(label, prediction, low, high), low)


def _as_strings(label: list[str], prediction: list[str]) -> tuple[str, str]:
    """Both sides as strings, one character per token: the fastest input of rapidfuzz."""
    characters: dict[str, str] = {}
    for token in (*label, *prediction):
        if token not in characters:
            number = len(characters)
            characters[token] = chr(number if number < _SURROGATES[0] else number + _SURROGATES[1] - _SURROGATES[0])
    return "".join([characters[token] for token in label]), "".join([characters[token] for token in prediction])


def _by_rapidfuzz(label: str, prediction: str) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for block in Levenshtein.opcodes(label, prediction):
        if block.tag in ("equal", "replace"):
            pairs += zip(range(block.src_start, block.src_end), range(block.dest_start, block.dest_end), strict=True)
    return pairs


def _gap(token: str) -> int:
    """The cost of a token that the other side lacks."""
    return _EDIT + (_STRUCTURE_GAP if is_structure(token) else _GAP)


def _keeping(token: str) -> int:
    """The cost of a token that is kept."""
    return _STRUCTURE_KEPT if is_structure(token) else 0


def _replacing(label_role: TokenRole, role: TokenRole) -> int:
    """The cost of a token of one role in index of another token."""
    if (label_role >= TokenRole.MARK) != (role >= TokenRole.MARK):
        return _EDIT + _SYMBOL_FOR_STRUCTURE
    if label_role == role and role != TokenRole.BRACE:
        return _EDIT + _SAME_ROLE
    return _EDIT + (_SYMBOL_FOR_STRUCTURE if role >= TokenRole.MARK else _OTHER_ROLE)


_REPLACING = tuple(tuple(_replacing(label_role, role) for role in TokenRole) for label_role in TokenRole)


def _depths(tokens: list[str]) -> list[int]:
    """How many braces are open at each token, counted from the first one."""
    depths, depth = [], 0
    for token in tokens:
        depth -= token == "}"
        depths.append(depth)
        depth += token == "{"
    return depths


def _table(label: list[str], prediction: list[str], low: int, high: int) -> list[list[int]]:
    """The costs of prefix pairs whose lengths differ by ``low`` to ``high``: no shortest script leaves that band.

    Row i, column j - i - low + 1 holds the cost of i label tokens against j of the prediction; each row has an infinite
    cost at either end.
    Source: E. Ukkonen, Algorithms for Approximate String Matching, 1985.
    """
    infinite = 1 << 60
    width, size = high - low + 1, len(prediction)
    gaps, roles = [_gap(token) for token in prediction], [role_of(token) for token in prediction]
    label_depths, prediction_depths = _depths(label), _depths(prediction)
    gap_prefix = [0, *accumulate(gaps)]
    row = [infinite, *(gap_prefix[low + c] if 0 <= low + c <= size else infinite for c in range(width)), infinite]
    rows = [row]
    for i, label_token in enumerate(label, 1):
        depth, kept, gap = label_depths[i - 1], _keeping(label_token), _gap(label_token)
        costs = _REPLACING[role_of(label_token)]
        before, first, last = row, max(1, i + low), min(size, i + high)  # of the prediction, counted from 1
        begin = first - i - low + 1
        row = [infinite] * begin
        if i + low <= 0:  # no token of the prediction is consumed yet
            row[-1] = before[begin] + gap
        left = row[-1]
        columns = slice(first - 1, last)
        # One zip and no calls: these lines run for every cell, half the time of an alignment.
        for token, role, token_depth, token_gap, corner, above in zip(
            prediction[columns],
            roles[columns],
            prediction_depths[columns],
            gaps[columns],
            before[begin:],
            before[begin + 1 :],
            strict=False,
        ):
            best = corner + (kept if token == label_token else costs[role])
            if token_depth != depth:
                best += _OTHER_DEPTH
            if above + gap < best:
                best = above + gap
            if left + token_gap < best:
                best = left + token_gap
            left = best
            row.append(best)
        row += [infinite] * (width + 2 - len(row))
        rows.append(row)
    return rows


def _trace(label: list[str], prediction: list[str], rows: list[list[int]], low: int) -> list[tuple[int, int]]:
    """Trace back through the table, diagonally where that is optimal, so that gaps are as far left as possible."""
    pairs: list[tuple[int, int]] = []
    label_depths, prediction_depths = _depths(label), _depths(prediction)
    i, j = len(label), len(prediction)
    while i and j:
        c = j - i - low + 1
        label_token, token = label[i - 1], prediction[j - 1]
        step = _keeping(token) if label_token == token else _REPLACING[role_of(label_token)][role_of(token)]
        step += _OTHER_DEPTH * (label_depths[i - 1] != prediction_depths[j - 1])
        if rows[i][c] == rows[i - 1][c] + step:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif rows[i][c] == rows[i - 1][c + 1] + _gap(label_token):
            i -= 1
        else:
            j -= 1
    return pairs
