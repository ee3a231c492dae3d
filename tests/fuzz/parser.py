"""Any text as a label: a tree that gives the label back, or ``LatexSyntaxError``."""

from __future__ import annotations

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.parser import parse
from mumer_data.latex.serialize import label_text, tree_text
from mumer_data.latex.to_latex import to_latex
from tests.fuzz.words import label_of


def check(data: bytes) -> None:
    label = label_of(data)
    try:
        tree = parse(label)
    except LatexSyntaxError as error:
        assert 0 <= error.position <= len(error.tokens)
        assert str(error)
        try:
            label_text(label)
        except LatexSyntaxError:
            return
        raise AssertionError("the text's reading takes what the tree's refuses") from None
    assert to_latex(tree).split() == label.split()
    assert tree_text(tree) == label_text(label)


def seeds() -> list[bytes]:
    return [
        b"\x00x ^ { 2 } + \\frac { a } { b }",
        b"\x00\\begin { cases } x & y \\\\ z \\end { cases }",
        bytes(range(1, 60)),
    ]
