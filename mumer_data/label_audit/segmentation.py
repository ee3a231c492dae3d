"""The symbols that ink is marked with (trace groups of InkML) against the symbols of its label.

What a source always marks in another way than its labels is a convention, not a conflict. Not for images without ink.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mumer_data.label_audit.ink import symbols_of
from mumer_data.label_audit.rows import AuditRow

_CONVENTION, _FEWEST = 0.1, 3  # share of the rows with a symbol that differ in it, and number of such rows
# One name for each shape: the bar of a fraction is a minus sign in the ink.
_SAME = {"\\frac": "-", "\\lt": "<", "\\gt": ">", "COMMA": ",", "'": "\\prime", "\\ne": "\\neq", "\\le": "\\leq"} | {
    "\\ge": "\\geq",
    "\\to": "\\rightarrow",
    "\\{": "{",
    "\\}": "}",
    "\\lbrace": "{",
    "\\rbrace": "}",
    "\\mid": "|",
    "\\vert": "|",
    "\\dots": "\\ldots",
}
_INVISIBLE = ("", "\\mathrm", "\\mathbf", "\\mathit", "\\rm", "\\bf", "~", "\\,")


def conflicting_segmentations(rows: Sequence[AuditRow]) -> list[str]:
    """For each row how the marked symbols and the label differ, such as ``ink: 0 .; label: 9``; else ``""``.

    Without names of the symbols only their number is compared. Rows without a segmentation, and labels with an
    environment, have none.
    """
    pairs = [_counts(row) for row in rows]
    seen: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    differing: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for pair in pairs:
        if pair is None:
            continue
        for side, (one, other) in enumerate((pair, pair[::-1])):
            seen[side].update(one.keys())
            differing[side].update((one - other).keys())
    usual = [
        {token for token, count in differ.items() if count >= _FEWEST and count > _CONVENTION * all_[token]}
        for differ, all_ in zip(differing, seen, strict=True)
    ]
    return ["" if pair is None else _difference(*pair, *usual) for pair in pairs]


def _counts(row: AuditRow) -> tuple[Counter[str], Counter[str]] | None:
    """The symbols of the ink and of the label; without names, all symbols have the name ``symbols``."""
    if not row.segmented or any(token.startswith("\\begin") for token in row.label):
        return None
    label = Counter[str]()
    for token, count in symbols_of(row.label).items():
        if token not in _INVISIBLE:
            label[_SAME.get(token, token)] += count
    if not all(row.segmented):
        return Counter({"symbols": len(row.segmented)}), Counter({"symbols": label.total()})
    return Counter(_SAME.get(token, token) for token in row.segmented), label


def _difference(ink: Counter[str], label: Counter[str], of_ink: set[str], of_label: set[str]) -> str:
    parts = []
    for name, more, usual in (("ink", ink - label, of_ink), ("label", label - ink, of_label)):
        tokens = [token for token in sorted(more.elements()) if token not in usual]
        if tokens == ["symbols"] * len(tokens) and tokens:
            tokens = [f"{len(tokens)} more symbols"]
        if tokens:
            parts.append(f"{name}: {' '.join(tokens)}")
    return "; ".join(parts)
