"""label -> tree: what belongs to what, where it stands, and what is said of labels that cannot be read."""

from __future__ import annotations

import pickle

import pytest

from mumer_data import LatexSyntaxError, SymbolTree, parse, to_latex

# label -> (depth, token, relation) of every symbol
TREES = {
    "scripts in order": (r"x _ { i } ^ { 2 }", [(0, "x", ""), (1, "i", "sub"), (1, "2", "sup")]),
    "scripts against order": (r"x ^ { 2 } _ { i }", [(0, "x", ""), (1, "2", "sup"), (1, "i", "sub")]),
    "scripts on a bracket": (r"( a ) ^ { 2 }", [(0, "(", ""), (0, "a", "right"), (0, ")", "right"), (1, "2", "sup")]),
    "scripts on a command": (r"\hat { x } ^ { 2 }", [(0, "\\hat", ""), (1, "x", "above"), (1, "2", "sup")]),
    "scripts on a group": (r"{ a b } ^ { 2 }", [(0, "{", ""), (1, "a", "inside"), (1, "b", "right"), (1, "2", "sup")]),
    "scripts on nothing": (r"^ { 2 } x", [(0, "", ""), (1, "2", "sup"), (0, "x", "right")]),
    "limits of an operator": (
        r"\sum _ { n = 1 } ^ { N }",
        [(0, "\\sum", ""), (1, "n", "below"), (1, "=", "right"), (1, "1", "right"), (1, "N", "above")],
    ),
    "limits is a symbol": (r"\int \limits _ { 0 }", [(0, "\\int", ""), (0, "\\limits", "right"), (1, "0", "sub")]),
    "fraction": (r"\frac { a } { b }", [(0, "\\frac", ""), (1, "a", "above"), (1, "b", "below")]),
    "empty numerator": (r"\frac { } { b }", [(0, "\\frac", ""), (1, "", "above"), (1, "b", "below")]),
    "root with index": (r"\sqrt [ 3 ] { x }", [(0, "\\sqrt", ""), (1, "3", "below"), (1, "x", "above")]),
    "brackets without a root": (r"[ 3 ]", [(0, "[", ""), (0, "3", "right"), (0, "]", "right")]),
    "brackets within an index": (
        r"\sqrt [ [ 3 ] ] { x }",
        [(0, "\\sqrt", ""), (1, "[", "below"), (1, "3", "right"), (1, "]", "right"), (1, "x", "above")],
    ),
    "wrapper": (r"\textcircled { 1 } a", [(0, "\\textcircled", ""), (1, "1", "inside"), (0, "a", "right")]),
    "overset": (r"\overset { ! } { = }", [(0, "\\overset", ""), (1, "!", "above"), (1, "=", "inside")]),
    "infix choose": (r"n \choose k", [(0, "n", ""), (0, "\\choose", "right"), (0, "k", "right")]),
    "matrix": (
        r"\begin {cases} a & b \\ c \end {cases} x",
        [(0, "\\begin {cases}", ""), (1, "a", "row"), (1, "b", "cell"), (1, "c", "row"), (0, "x", "right")],
    ),
    "joined matrix with a script": (
        r"\begin{matrix} a \\ & b \end{matrix} ^ { T }",
        [(0, "\\begin{matrix}", ""), (1, "a", "row"), (1, "", "row"), (1, "b", "cell"), (1, "T", "sup")],
    ),
    "array with columns": (
        r"\begin {array} { l r } a \end {array}",
        [(0, "\\begin {array}", ""), (1, "l", "columns"), (1, "r", "right"), (1, "a", "row")],
    ),
    "lines": (r"a \\ b", [(0, "a", ""), (0, "b", "nextline")]),
    "bare line breaks": (r"\\ a \\", [(0, "", ""), (0, "a", "nextline"), (0, "", "nextline")]),
    "ampersand outside": (r"a & b", [(0, "a", ""), (0, "&", "right"), (0, "b", "right")]),
    "Chinese": ("已 知 x", [(0, "已", ""), (0, "知", "right"), (0, "x", "right")]),
    "unknown command": (r"\weird x", [(0, "\\weird", ""), (0, "x", "right")]),
    "joined delimiters": (
        r"\left\{ a \right\} \bigl( \right.",
        [(0, t, "right" if i else "") for i, t in enumerate(["\\left\\{", "a", "\\right\\}", "\\bigl(", "\\right."])],
    ),
    "lone backslash": ("a \\ b", [(0, "a", ""), (0, "\\", "right"), (0, "b", "right")]),
    "command with its length": (r"\hspace{1cm} x", [(0, "\\hspace{1cm}", ""), (0, "x", "right")]),
}

# label -> (position, what the message says)
ERRORS = {
    "empty": ("", 0, "the label is empty"),
    "brace never closes": (r"\frac { a { b }", 1, r"'\{' never closes: '\}' is missing"),
    "bracket never closes": (r"\sqrt [ 3 { x }", 1, r"'\[' never closes: '\]' is missing"),
    "environment never closes": (r"x \begin {cases} a", 1, r"'\\begin' never closes: '\\end \{cases\}' is missing"),
    "joined never closes": (r"\begin{matrix} a", 0, r"'\\begin\{matrix\}' never closes"),
    "fraction without arguments": (r"\frac", 1, r"expected '\{' after '\\frac', found the end of the label"),
    "fraction with one argument": (r"\frac { a } b", 4, r"expected '\{' after '\}', found 'b'"),
    "root without argument": (r"\sqrt x", 1, r"expected '\{' or '\[' after '\\sqrt', found 'x'"),
    "script without brace": (r"x ^ 2", 2, r"expected '\{' after '\^', found '2'"),
    "script without anything": (r"x _", 2, r"expected '\{' after '_', found the end"),
    "brace without start": (r"x }", 1, r"'\}' without '\{' before it"),
    "end without begin": (r"a \end {cases}", 1, r"'\\end' without '\\begin' before it"),
    "joined end without begin": (r"a \end{matrix}", 1, r"'\\end\{matrix\}' closes nothing"),
    "other name": (r"\begin {a} x \end {b}", 4, r"expected '\{a\}' after '\\end', found '\{b\}'"),
    "other joined name": (r"\begin{a} x \end{b}", 2, r"'\\end\{b\}' closes nothing that is open here"),
    "no name": (r"\begin x", 1, "an environment name such as '{cases}'"),
    "crossed": (r"\begin {a} { \end {a} }", 3, r"'\\end' cannot stand after '\{'"),
    "not tokenised": ("x + (y-y^{calc})", 2, "holds more than one symbol: the label is not tokenised"),
    "fraction in one token": (r"\frac{1}{2}", 0, "holds more than one symbol"),
}


@pytest.mark.parametrize(("label", "rows"), TREES.values(), ids=TREES)
def test_what_belongs_to_what(label: str, rows: list[tuple[int, str, str]]) -> None:
    tree = parse(label)
    assert tree.rows() == rows
    assert to_latex(tree) == label
    assert SymbolTree.from_rows(rows) == tree


@pytest.mark.parametrize(("label", "position", "message"), ERRORS.values(), ids=ERRORS)
def test_malformed_labels_say_what_and_where(label: str, position: int, message: str) -> None:
    with pytest.raises(LatexSyntaxError, match=message) as caught:
        parse(label)
    error = caught.value
    assert error.position == position
    line, caret = error.context().split("\n")
    assert caret.index("^") == 4 + len(" ".join([*label.split()[:position], ""]))
    assert line.strip() == label
    assert pickle.loads(pickle.dumps(error)).context() == error.context()


def test_every_position_is_the_index_of_the_token() -> None:
    label = r"\frac { a _ { 1 } } { \begin {cases} b & { c } \\ d \end {cases} } + x"
    tokens = label.split()
    for _, symbol in parse(label).walk():
        assert tokens[symbol.position] == symbol.token.split(" ")[0]


def test_the_caret_of_a_long_label_stays_in_view() -> None:
    with pytest.raises(LatexSyntaxError) as caught:
        parse("x + " * 200 + "} " + "y " * 50)
    line, caret = caught.value.context().split("\n")
    assert line[caret.index("^")] == "}"
    assert len(line) < 120


@pytest.mark.parametrize(("label", "known"), [(r"\alpha x", True), (r"\weird x", False), (r"\left ( \right )", True)])
def test_strict_mode_reports_unknown_commands(label: str, known: bool) -> None:
    assert parse(label)
    if known:
        assert parse(label, strict=True)
    else:
        with pytest.raises(LatexSyntaxError, match=r"unknown command \\weird"):
            parse(label, strict=True)


def test_branches_and_depth() -> None:
    tree = parse(r"\begin {cases} a & b b \\ c ^ { 2 } \end {cases}")
    environment = tree.symbols[0]
    shape = [(relation, [symbol.token for symbol in symbols]) for relation, symbols in environment.branches]
    assert shape == [("row", ["a"]), ("cell", ["b", "b"]), ("row", ["c"])]
    assert [symbol.token for symbol in environment.branch("cell")] == ["b", "b"]
    assert environment.branch("sup") == []
    assert tree.depth == 2


def test_trees_compare_by_content_and_pickle() -> None:
    tree = parse(r"\sqrt { x } ^ { 2 } + { }")
    copy = pickle.loads(pickle.dumps(tree))
    assert copy == tree
    assert hash(copy) == hash(tree)
    assert [s.position for _, s in copy.walk()] == [s.position for _, s in tree.walk()]
    assert tree != parse(r"\sqrt { x } ^ { 3 } + { }")
    assert repr(tree) == r"SymbolTree('\\sqrt { x } ^ { 2 } + { }')"


def test_rows_that_jump_a_level_are_refused() -> None:
    with pytest.raises(ValueError, match="row 1 is 1 levels too deep"):
        SymbolTree.from_rows([(0, "a", ""), (2, "b", "sub")])
