"""Prediction -> label: the fewest token edits, and always the same ones among scripts of equal length.

Not for what the edits mean for training: see `samples` and `confusions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from rapidfuzz.distance import Levenshtein

from mumer_data.alignment.edit_types import Kind, edit_types_of
from mumer_data.alignment.gap_placement import place_gaps
from mumer_data.alignment.token_roles import TokenRole, is_structure, role_of

Op = Literal["replace", "insert", "delete"]
_EDIT = 1 << 24  # the cost of one edit; what is below it only decides among scripts with equally many edits
# A symbol that stays between two gaps is better than two replacements; a brace that stays by itself is not, for a
# brace is soon found again anywhere. Moving a symbol past a brace is better than moving the brace.
_GAP, _STRUCTURE_GAP, _STRUCTURE_KEPT = 3, 4, 3
_ALIKE, _UNLIKE, _MIXED, _ELSEWHERE = 4, 5, 14, 2
_MAX_CELLS = 1_000_000  # of the table: beyond, rapidfuzz's own choice is taken
_SURROGATES = 0xD800, 0xE000  # code points that no character may have


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that brings a prediction nearer to its label.

    Attributes:
        op: ``replace``; ``insert`` of what the prediction lacks; ``delete`` of what it has too much.
        label_tokens: what should stand there; empty for ``delete``.
        prediction_tokens: what the prediction has; empty for ``insert``.
        label_at, text_at: place of the first of these tokens in label and prediction, or of the gap.
        kind: ``symbol``, ``relation`` or ``structure``; of several tokens, the gravest.
    """

    op: Op
    label_tokens: tuple[str, ...]
    prediction_tokens: tuple[str, ...]
    label_at: int
    text_at: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class EditScript:
    """All edits between a prediction and its label, one token each, from left to right."""

    label: tuple[str, ...]
    text: tuple[str, ...]
    edits: tuple[Edit, ...]

    @property
    def cost(self) -> int:
        """The Levenshtein distance in tokens."""
        return len(self.edits)

    def runs(self) -> list[Edit]:
        """The edits with neighbours joined: between two runs stands at least one right token."""
        found: list[list[Edit]] = []
        label_end = text_end = -1
        for edit in self.edits:
            if edit.label_at == label_end and edit.text_at == text_end:
                found[-1].append(edit)
            else:
                found.append([edit])
            label_end = edit.label_at + len(edit.label_tokens)
            text_end = edit.text_at + len(edit.prediction_tokens)
        return [run[0] if len(run) == 1 else _joined(run) for run in found]


_GRAVITY: dict[Kind, int] = {"symbol": 0, "relation": 1, "structure": 2}


def _joined(run: list[Edit]) -> Edit:
    label = tuple(token for edit in run for token in edit.label_tokens)
    text = tuple(token for edit in run for token in edit.prediction_tokens)
    op: Op = "replace" if label and text else "insert" if label else "delete"
    kind = max((edit.kind for edit in run), key=_GRAVITY.__getitem__)
    return Edit(op, label, text, run[0].label_at, run[0].text_at, kind)


def align(label: str | Sequence[str], text: str | Sequence[str]) -> EditScript:
    """The edit script from a prediction to its label.

    Among scripts with equally many edits: as many symbols as can be stay; symbols replace symbols, at the same depth
    of braces, and structure replaces like structure; then brackets, and commands with their arguments, are kept or
    changed together. Neither text needs to parse.

    Args:
        label: whitespace-tokenised LaTeX, or its tokens.
        text: what was read instead, in the same form.
    """
    wanted = label.split() if isinstance(label, str) else list(label)
    given = text.split() if isinstance(text, str) else list(text)
    if wanted == given:
        return EditScript(tuple(wanted), tuple(given), ())
    to_text, to_label = _partners(wanted, given)
    place_gaps(wanted, given, to_text, to_label)
    return EditScript(tuple(wanted), tuple(given), _edits(wanted, given, to_text, to_label))


def _edits(label: list[str], text: list[str], to_text: list[int], to_label: list[int]) -> tuple[Edit, ...]:
    """The edits of an alignment, from left to right."""
    bare: list[tuple[int, int, bool, bool]] = []  # place in label, place in text, consumes label, consumes text
    i = j = 0
    while i < len(label) or j < len(text):
        if i < len(label) and to_text[i] < 0:
            bare.append((i, j, True, False))
            i += 1
        elif j < len(text) and to_label[j] < 0:
            bare.append((i, j, False, True))
            j += 1
        else:
            if label[i] != text[j]:
                bare.append((i, j, True, True))
            i, j = i + 1, j + 1
    kinds = edit_types_of(label, text, to_text, to_label, bare)
    return tuple(
        Edit(
            "replace" if wants and has else "insert" if wants else "delete",
            (label[i],) if wants else (),
            (text[j],) if has else (),
            i,
            j,
            kind,
        )
        for (i, j, wants, has), kind in zip(bare, kinds, strict=True)
    )


def _partners(label: list[str], text: list[str]) -> tuple[list[int], list[int]]:
    """For each token the place of the one that it is aligned with on the other side, or -1."""
    begin, short = 0, min(len(label), len(text))
    while begin < short and label[begin] == text[begin]:
        begin += 1
    end = 0
    while end < short - begin and label[-1 - end] == text[-1 - end]:
        end += 1
    to_text, to_label = [-1] * len(label), [-1] * len(text)
    to_text[:begin] = to_label[:begin] = range(begin)
    if end:
        to_text[-end:] = range(len(text) - end, len(text))
        to_label[-end:] = range(len(label) - end, len(label))
    for i, j in _core(label[begin : len(label) - end], text[begin : len(text) - end]):
        to_text[begin + i], to_label[begin + j] = begin + j, begin + i
    return to_text, to_label


def _core(label: list[str], text: list[str]) -> list[tuple[int, int]]:
    """The aligned places of two token lists that neither begin nor end alike."""
    if not label or not text:
        return []
    if len(label) == len(text) == 1:
        return [(0, 0)]
    one, other = _letters(label, text)
    distance = Levenshtein.distance(one, other)
    slack = (distance - abs(len(text) - len(label))) // 2
    low, high = min(0, len(text) - len(label)) - slack, max(0, len(text) - len(label)) + slack
    if (high - low + 1) * len(label) > _MAX_CELLS:
        return _by_rapidfuzz(one, other)
    return _trace(label, text, _table(label, text, low, high), low)


def _letters(label: list[str], text: list[str]) -> tuple[str, str]:
    """Both sides as strings, one character a token: the fastest input that rapidfuzz knows."""
    numbers: dict[str, str] = {}
    for token in (*label, *text):
        if token not in numbers:
            number = len(numbers)
            numbers[token] = chr(number if number < _SURROGATES[0] else number + _SURROGATES[1] - _SURROGATES[0])
    return "".join([numbers[token] for token in label]), "".join([numbers[token] for token in text])


def _by_rapidfuzz(label: str, text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for block in Levenshtein.opcodes(label, text):
        if block.tag in ("equal", "replace"):
            found += zip(range(block.src_start, block.src_end), range(block.dest_start, block.dest_end), strict=True)
    return found


def _gap(token: str) -> int:
    """The cost of a token that the other side lacks."""
    return _EDIT + (_STRUCTURE_GAP if is_structure(token) else _GAP)


def _keeping(token: str) -> int:
    """The cost of a token that stays."""
    return _STRUCTURE_KEPT if is_structure(token) else 0


def _replacing(one: TokenRole, other: TokenRole) -> int:
    """The cost of a token of one role in place of another token."""
    if (one >= TokenRole.MARK) != (other >= TokenRole.MARK):
        return _EDIT + _MIXED
    if one == other and one != TokenRole.BRACE:
        return _EDIT + _ALIKE
    return _EDIT + (_MIXED if one >= TokenRole.MARK else _UNLIKE)


_REPLACING = tuple(tuple(_replacing(one, other) for other in TokenRole) for one in TokenRole)


def _depths(tokens: list[str]) -> list[int]:
    """How many braces are open at each token, counted from the first one."""
    found, depth = [], 0
    for token in tokens:
        depth -= token == "}"
        found.append(depth)
        depth += token == "{"
    return found


def _table(label: list[str], text: list[str], low: int, high: int) -> list[list[int]]:
    """The costs of all prefixes whose places differ by ``low`` to ``high``: no shortest script leaves that band.

    Row i, column j - i - low + 1 holds the cost of i label tokens against j of the text; a wall on either side.
    Source: E. Ukkonen, Algorithms for Approximate String Matching, 1985.
    """
    wall = 1 << 60
    width, size = high - low + 1, len(text)
    gaps, roles = [_gap(given) for given in text], [role_of(given) for given in text]
    label_depths, text_depths = _depths(label), _depths(text)
    begun = [0, *accumulate(gaps)]
    row = [wall, *(begun[low + c] if 0 <= low + c <= size else wall for c in range(width)), wall]
    rows = [row]
    for i, wanted in enumerate(label, 1):
        depth, kept, gap = label_depths[i - 1], _keeping(wanted), _gap(wanted)
        costs = _REPLACING[role_of(wanted)]
        before, first, last = row, max(1, i + low), min(size, i + high)  # of the text, counted from 1
        begin = first - i - low + 1
        row = [wall] * begin
        if i + low <= 0:  # where nothing of the text is used yet
            row[-1] = before[begin] + gap
        left = row[-1]
        columns = slice(first - 1, last)
        # One zip and no calls: these lines are run for every cell, half the time of an alignment.
        for given, role, at, extra, corner, above in zip(
            text[columns],
            roles[columns],
            text_depths[columns],
            gaps[columns],
            before[begin:],
            before[begin + 1 :],
            strict=False,
        ):
            best = corner + (kept if given == wanted else costs[role])
            if at != depth:
                best += _ELSEWHERE
            if above + gap < best:
                best = above + gap
            if left + extra < best:
                best = left + extra
            left = best
            row.append(best)
        row += [wall] * (width + 2 - len(row))
        rows.append(row)
    return rows


def _trace(label: list[str], text: list[str], rows: list[list[int]], low: int) -> list[tuple[int, int]]:
    """Back through the table: across where that is among the best, so gaps come as far left as they can."""
    found: list[tuple[int, int]] = []
    label_depths, text_depths = _depths(label), _depths(text)
    i, j = len(label), len(text)
    while i and j:
        c = j - i - low + 1
        wanted, given = label[i - 1], text[j - 1]
        step = _keeping(wanted) if wanted == given else _REPLACING[role_of(wanted)][role_of(given)]
        step += _ELSEWHERE * (label_depths[i - 1] != text_depths[j - 1])
        if rows[i][c] == rows[i - 1][c] + step:
            i, j = i - 1, j - 1
            found.append((i, j))
        elif rows[i][c] == rows[i - 1][c + 1] + _gap(wanted):
            i -= 1
        else:
            j -= 1
    return found
