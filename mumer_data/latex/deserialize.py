"""Tree-CoT text -> tree -> label: the inverses of all dialects, for checking the output of a model.

Not lenient: a text that `serialize` does not produce for any label is an error that names the line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mumer_data.exceptions import LatexSyntaxError, TreeTextError
from mumer_data.latex.dialect_compact import BLANK, compact_rows
from mumer_data.latex.parser import parse
from mumer_data.latex.serialize import Dialect, tree_text
from mumer_data.latex.to_latex import braces_of, class_of, to_latex
from mumer_data.latex.tree import RIGHT, SymbolTree

Row = tuple[int, str, str]

# Arguments that a class always has; the published text omits empty ones.
REQUIRED = {"fraction": ("above", "below"), "accent": ("above",), "radical": ("above",)}


def read_tree(text: str, dialect: Dialect = "published") -> SymbolTree:
    """The tree that a Tree-CoT text describes.

    ``slt`` and ``compact`` are lossless. In ``published`` an empty script, an empty ``[ ]`` and a line break at the
    end of a row leave no trace, so they cannot be restored.

    Raises:
        TreeTextError: `tree_text` produces this text for no label; names the line.
    """
    tree = _parsed(_described(text, dialect))
    expected = tree_text(tree, dialect)
    if expected != text:
        pairs = zip(expected.split("\n"), text.split("\n"), strict=False)
        line = next((i for i, (ours, theirs) in enumerate(pairs, 1) if ours != theirs), text.count("\n") + 1)
        raise TreeTextError(f"the label {to_latex(tree)!r} has another {dialect} text from here on", line=line)
    return tree


def _described(text: str, dialect: Dialect) -> str:
    """The label that the lines of a text describe; it may not parse."""
    if dialect == "compact":
        return to_latex(SymbolTree.from_rows(compact_rows(text)))
    rows = read_rows(text)
    return _published_label(rows) if dialect == "published" else _slt_label(rows)


def read_label(text: str, dialect: Dialect = "published") -> str:
    """The label that a Tree-CoT text describes; see `read_tree`."""
    return to_latex(read_tree(text, dialect))


def read_rows(text: str) -> list[Row]:
    """The lines of a text as (depth, token, relation); raises ``TreeTextError``."""
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):
        token = line.lstrip("\t")
        depth, relation = len(line) - len(token), ""
        if number > 1:
            token, _, relation = token.rpartition(" ")
            if not (relation.startswith("(") and relation.endswith(")")) or len(relation) < 3:
                raise TreeTextError("expected 'TOKEN (RELATION)'", line=number)
            relation = relation[1:-1]
        if not token:
            raise TreeTextError("a line without a token", line=number)
        if depth > (rows[-1][0] + 1 if rows else 0):
            raise TreeTextError("more than one level deeper than the line before", line=number)
        rows.append((depth, token, relation))
    return rows


def _parsed(label: str) -> SymbolTree:
    try:
        return parse(label)
    except LatexSyntaxError as error:
        raise TreeTextError(f"it describes {label!r}, which does not parse: {error.reason}", line=1) from None


def _slt_label(rows: list[Row]) -> str:
    return to_latex(SymbolTree.from_rows([(d, "" if token == BLANK else token, r) for d, token, r in rows]))


@dataclass(slots=True)
class _Level:
    """One open row of the published text: its last symbol, and the tokens that close the row."""

    token: str = ""
    missing: list[str] = field(default_factory=list)
    closer: list[str] = field(default_factory=list)
    environment: str = ""


def _published_label(rows: list[Row]) -> str:
    tokens: list[str] = []
    levels = [_Level()]
    for number, (depth, token, relation) in enumerate(rows, 1):
        keep = depth + 1 if relation in (RIGHT, "") else depth
        if keep > len(levels) or keep < (0 if not relation else 1):
            raise TreeTextError(f"'{token} ({relation})' has nothing to hang on", line=number)
        while len(levels) > keep:
            tokens += _closed(levels.pop(), number)
        if relation in (RIGHT, ""):
            tokens += _completed(levels[-1], number)
        else:
            levels.append(_opened(levels[-1], relation, tokens, number))
        level = levels[-1]
        level.token, level.environment = token, ""
        level.missing = list(REQUIRED.get(class_of(token), ()))
        if relation.startswith("end_"):
            level.token, level.closer = "", [f"{{{relation[4:]}}}"]
        tokens.append(token)
    while levels:
        tokens += _closed(levels.pop(), len(rows))
    return " ".join(tokens)


def _completed(level: _Level, number: int) -> list[str]:
    """The empty arguments that the row's last symbol still requires."""
    if level.token == "\\begin":
        raise TreeTextError(f"the \\begin {level.environment} before has no \\end", line=number)
    empty = ["{", "}"] * len(level.missing)
    level.missing = []
    return empty


def _closed(level: _Level, number: int) -> list[str]:
    return _completed(level, number) + level.closer


def _opened(parent: _Level, relation: str, tokens: list[str], number: int) -> _Level:
    """Write the tokens that open the branch ``relation`` of the parent's last symbol."""
    if relation == "nextline":
        tokens += [*_completed(parent, number), "\\\\"]
        return _Level()
    if parent.token == "\\begin":
        return _environment(parent, relation, tokens, number)
    if relation in parent.missing:
        while parent.missing[0] != relation:  # an empty argument before this one
            parent.missing.pop(0)
            tokens += ["{", "}"]
        parent.missing.pop(0)
    opener, closer = braces_of(parent.token, relation)
    tokens += opener
    return _Level(closer=closer)


def _environment(parent: _Level, relation: str, tokens: list[str], number: int) -> _Level:
    edge, _, name = relation.partition("_")
    if edge not in ("begin", "end") or not name:
        raise TreeTextError(f"\\begin cannot carry '{relation}'", line=number)
    if not parent.environment:
        parent.environment = f"{{{name}}}"
        tokens.append(parent.environment)
    if edge == "end":
        parent.token = ""
    return _Level()
