"""tree -> text -> tree: the examples of the format, all golden labels, and what cannot come back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mumer_data import (
    TreeTextError,
    label_text,
    parse,
    read_counts,
    read_label,
    read_tree,
    symbol_count_text,
    symbol_counts,
    tree_text,
)
from mumer_data.latex.serialize import DIALECTS

FRACTION = r"\frac { a ^ { 2 } + 1 } { b }"
FRACTION_TEXT = "\\frac\n\ta (above)\n\t\t2 (sup)\n\t+ (right)\n\t1 (right)\n\tb (below)"

# label -> compact text
COMPACT = {
    "fraction": (FRACTION, "\\frac\n\t(above) a\n\t\t(sup) 2\n\t+ 1\n\t(below) b"),
    "one row": ("a + ( b )", "a + ( b )"),
    "scripts": (r"x ^ { 2 } _ { i j } + y", "x\n\t(sup) 2\n\t(sub) i j\n+ y"),
    "group": (r"{ a } ^ { 2 } b", "{\n\t(inside) a\n\t(sup) 2\nb"),
    "empty numerator": (r"\frac { } { 2 }", "\\frac\n\t(above) _\n\t(below) 2"),
    "lines": (r"a \\ b c \\", "a\n(nextline) b c\n(nextline) _"),
    "environment": (
        r"\begin {cases} a & b ^ { 2 } c \\ d \end {cases} x",
        "\\begin {cases}\n\t(row) a\n\t(cell) b\n\t\t(sup) 2\n\tc\n\t(row) d\nx",
    ),
    "columns": (
        r"\begin {array} { l r } a \end {array}",
        "\\begin {array}\n\t(columns) l r\n\t(row) a",
    ),
}

# label -> published text, slt text; the slt text is None where both are the same
TEXTS = {
    "fraction": (FRACTION, FRACTION_TEXT, None),
    "limits": (r"\lim _ { x } f", "\\lim\n\tx (below)\nf (right)", None),
    "root": (r"\sqrt [ 3 ] { x }", "\\sqrt\n\t3 (below)\n\tx (above)", None),
    "script on a root": (
        r"\sqrt { x } ^ { 2 }",
        "\\sqrt\n\tx (above)\n^ (right)\n{ (right)\n2 (right)\n} (right)",
        "\\sqrt\n\tx (above)\n\t2 (sup)",
    ),
    "scripts against order": (
        r"x ^ { 2 } _ { i }",
        "x\n\t2 (sup)\n_ (right)\n{ (right)\ni (right)\n} (right)",
        "x\n\t2 (sup)\n\ti (sub)",
    ),
    "group": (
        r"{ a } ^ { 2 }",
        "{\na (right)\n} (right)\n\t2 (sup)",
        "{\n\ta (inside)\n\t2 (sup)",
    ),
    "empty numerator": (r"\frac { } { 2 }", "\\frac\n\t2 (below)", "\\frac\n\t_ (above)\n\t2 (below)"),
    "lines": (r"a \\ b c", "a\n\tb (nextline)\n\tc (right)", "a\nb (nextline)\nc (right)"),
    "environment": (
        r"\begin {cases} a & b \\ c \end {cases} x",
        "\\begin\n\ta (begin_cases)\n\t& (right)\n\tb (right)\n\t\tc (nextline)\n\t\\end (end_cases)\nx (right)",
        "\\begin {cases}\n\ta (row)\n\tb (cell)\n\tc (row)\nx (right)",
    ),
    "joined environment": (
        r"\begin{matrix} a & b \\ c \end{matrix}",
        "\\begin{matrix}\na (right)\n& (right)\nb (right)\n\tc (nextline)\n\t\\end{matrix} (right)",
        "\\begin{matrix}\n\ta (row)\n\tb (cell)\n\tc (row)",
    ),
    "wrapper": (
        r"\textcircled { 1 }",
        "\\textcircled\n{ (right)\n1 (right)\n} (right)",
        "\\textcircled\n\t1 (inside)",
    ),
}


@pytest.mark.parametrize(("label", "published", "slt"), TEXTS.values(), ids=TEXTS)
def test_texts_and_their_inverses(label: str, published: str, slt: str | None) -> None:
    for dialect, text in (("published", published), ("slt", slt or published)):
        assert label_text(label, dialect) == text  # type: ignore[arg-type]
        assert tree_text(parse(label), dialect) == text  # type: ignore[arg-type]
        assert read_tree(text, dialect) == parse(label)  # type: ignore[arg-type]
        assert read_label(text, dialect) == label  # type: ignore[arg-type]


@pytest.mark.parametrize("label", [r"x ^ { }", r"\sqrt [ ] { x }", r"a \\"], ids=["script", "option", "break"])
def test_what_leaves_no_trace_in_the_published_text_comes_back_from_slt(label: str) -> None:
    assert read_label(label_text(label)) != label
    assert read_label(label_text(label, "slt"), "slt") == label


@pytest.mark.parametrize(("label", "text"), COMPACT.values(), ids=COMPACT)
def test_compact_texts_and_their_inverse(label: str, text: str) -> None:
    assert label_text(label, "compact") == tree_text(parse(label), "compact") == text
    assert read_tree(text, "compact") == parse(label)
    assert read_label(text, "compact") == label


BROKEN_COMPACT = {
    "empty": ("", 1, "expected symbols"),
    "two spaces": ("a\n\t(sup) b  c", 2, "expected symbols"),
    "only a relation": ("a\n\t(sup)", 2, "expected symbols"),
    "too deep": ("a\n\t\t(sup) b", 2, "more than one level deeper"),
    "first line with a relation": ("(sup) b\nc", 1, "another compact text"),
    "branch without a relation": ("a\n\tb", 1, "another compact text"),
    "row cut in two": ("a\nb", 1, "another compact text"),
    "unknown relation": ("a\n\t(beside) b", 1, "another compact text"),
    "no such label": ("\\frac\n\t(above) a\n+ b", 1, "does not parse"),
}


@pytest.mark.parametrize(("text", "line", "message"), BROKEN_COMPACT.values(), ids=BROKEN_COMPACT)
def test_compact_texts_that_no_label_has_are_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(TreeTextError, match=message) as caught:
        read_tree(text, "compact")
    assert caught.value.line == line


BROKEN = {
    "empty": ("", 1, "a line without a token"),
    "no relation": ("a\nb", 2, r"expected 'TOKEN \(RELATION\)'"),
    "too deep": ("a\n\t\tb (sub)", 2, "more than one level deeper"),
    "starts deep": ("\ta", 1, "more than one level deeper"),
    "unknown relation": ("a\n\tb (inside)", 2, "has another published text"),
    "missing end": ("\\begin\n\ta (begin_cases)\nb (right)", 3, r"has no \\end"),
    "wrong order": ("x\n\t2 (sup)\n\ti (sub)", 3, "has another published text"),
    "stray brace": ("a\n} (right)", 1, "does not parse"),
    "no carrier": ("\\frac\n\ta (above)\n\t\t\tb (sup)", 3, "more than one level deeper"),
}


@pytest.mark.parametrize(("text", "line", "message"), BROKEN.values(), ids=BROKEN)
def test_texts_that_no_label_has_are_refused_with_their_line(text: str, line: int, message: str) -> None:
    with pytest.raises(TreeTextError, match=message) as caught:
        read_tree(text)
    assert caught.value.line == line


def test_the_golden_texts_to_the_byte(shared: Path) -> None:
    golden = [json.loads(line) for line in (shared / "golden/crohme_train.jsonl").open(encoding="utf-8")]
    assert len(golden) == 8835
    for row in golden:
        label, tree = row["label"], parse(row["label"])
        assert label_text(label) == row["tree"]
        assert tree_text(tree) == row["tree"]
        assert read_label(row["tree"]) == label
        assert read_tree(tree_text(tree, "slt"), "slt") == tree
        compact = tree_text(tree, "compact")
        assert read_tree(compact, "compact") == tree
        assert read_label(compact, "compact") == label
        assert symbol_count_text(label) == row["count"]
        assert read_counts(row["count"]) == symbol_counts(label)


def test_the_published_sizes_of_the_dialects(shared: Path) -> None:
    """Text over label, in the file that the page shows; a compact tree takes at most 1.3 times its label's tokens."""
    shown = json.loads((Path(__file__).parents[2] / "docs/data/tree_dialects.json").read_text(encoding="utf-8"))
    labels = [json.loads(line)["label"] for line in (shared / "golden/crohme_train.jsonl").open(encoding="utf-8")]
    assert len(labels) == shown["labels"]
    sizes = [_sizes(label) for label in labels]
    for dialect in DIALECTS:
        texts = [_sizes(label_text(label, dialect)) for label in labels]
        for kind in ("tokens", "tokens_with_breaks_and_tabs", "characters"):
            ratio = sum(size[kind] for size in texts) / sum(size[kind] for size in sizes)
            assert ratio == pytest.approx(shown[kind][dialect], abs=6e-4)
            assert dialect != "compact" or ratio < 1.3


def _sizes(text: str) -> dict[str, int]:
    words = len(text.split())
    return {
        "tokens": words,
        "tokens_with_breaks_and_tabs": words + text.count("\n") + text.count("\t"),
        "characters": len(text),
    }


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (FRACTION, r"\frac: 1, a: 1, ^: 1, 2: 1, +: 1, 1: 1, b: 1"),
        ("f : ( a , b )", "f: 1, :: 1, (: 1, a: 1, ,: 1, b: 1, ): 1"),
        (r"\begin {cases} a & \\ & \end {cases}", r"\begin: 1, {cases}: 2, a: 1, &: 2, \\: 1, \end: 1"),
        ("{ }", ""),
    ],
    ids=["fraction", "comma and colon", "environment", "nothing"],
)
def test_counts_and_their_inverse(label: str, text: str) -> None:
    assert symbol_count_text(label) == text
    assert read_counts(text) == symbol_counts(label)


@pytest.mark.parametrize("text", ["a", "a: x", "a: 1,", "a: 1 b: 2", "a: 1, a: 2", "a: 0", ": 1", "a:  1"])
def test_counts_that_no_label_has_are_refused(text: str) -> None:
    with pytest.raises(TreeTextError, match="TOKEN: N"):
        read_counts(text)
