"""Symbol layout trees as CROHME label graphs (``.lg``), to be evaluated by LgEval.

An object's name is its path from the root (``O3Sup1``: the first in the superscript of the third), so that LgEval
matches objects at the same position, as the CROHME 2019 task without strokes does. Not for strokes.

Source: H. Mouchère et al., Advancing the State of the Art for Handwritten Math Recognition, 2016; M. Mahdavi et al.,
ICDAR 2019 CROHME + TFD, 2019.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mumer_data.exceptions import LatexSyntaxError, OutputError
from mumer_data.latex.parser import parse
from mumer_data.latex.to_latex import class_of
from mumer_data.latex.tree import Symbol, SymbolTree
from mumer_data.metrics.pairs import Pairs

# Relation -> its name in a label graph; all others are Inside.
_RELATIONS = {"right": "Right", "nextline": "Below", "sub": "Sub", "sup": "Sup", "above": "Above", "below": "Below"}
_NAMES = {",": "COMMA", '"': "DQUOTE", "\\frac": "-", "\\dfrac": "-", "\\tfrac": "-", "\\cfrac": "-"}
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@dataclass(frozen=True, slots=True)
class LabelGraph:
    """Objects as (path, symbol), relations as (parent's path, child's path, name)."""

    objects: list[tuple[str, str]]
    relations: list[tuple[str, str, str]]

    def text(self, name: str) -> str:
        """The file's text."""
        lines = [f"# IUD, {name}", f"# Objects({len(self.objects)}):"]
        lines += [f"O, {path}, {symbol}, 1.0, {path}" for path, symbol in self.objects]
        lines += [f"# Relations({len(self.relations)}):"]
        lines += [f"R, {parent}, {child}, {name}, 1.0" for parent, child, name in self.relations]
        return "\n".join(lines) + "\n"


def label_graph(tree: SymbolTree) -> LabelGraph:
    """The graph of a tree: braces are removed, the scripts of ``\\limits`` belong to the operator before it."""
    graph = LabelGraph([], [])
    pending: list[tuple[Sequence[Symbol], str, str]] = [(tree.symbols, "", "")]
    while pending:
        symbols, parent, relation = pending.pop(0)
        pending += _baseline(graph, _without_groups(symbols), parent, relation)
    return graph


def _baseline(
    graph: LabelGraph, symbols: Iterator[Symbol], parent: str, relation: str
) -> list[tuple[Sequence[Symbol], str, str]]:
    """Add one baseline to the graph; returns the baselines of its branches."""
    branches: list[tuple[Sequence[Symbol], str, str]] = []
    base, index = f"{parent}{relation or 'O'}", 0
    for symbol in symbols:
        if symbol.token in ("\\limits", "\\nolimits"):
            renamed = {"sub": "Below", "sup": "Above"} if symbol.token == "\\limits" else {}
        else:
            index += 1
            path, renamed = f"{base}{index}", {}
            graph.objects.append((path, _NAMES.get(symbol.token, symbol.token.replace(" ", ""))))
            if parent:
                graph.relations.append((parent, path, relation or "Right"))
            parent, relation = path, ""
        branches += _branches(symbol, parent, renamed)
    return branches


def _branches(symbol: Symbol, owner: str, renamed: dict[str, str]) -> list[tuple[Sequence[Symbol], str, str]]:
    branches: list[tuple[Sequence[Symbol], str, str]] = []
    for relation, symbols in symbol.branches:
        name = renamed.get(relation) or _RELATIONS.get(relation, "Inside")
        if class_of(symbol.token) == "radical" and symbol.token == "\\sqrt":
            name = "Inside" if relation == "above" else "Above"  # the radicand, the degree
        count = sum(1 for _, _, other in branches if other.startswith(name))
        branches.append((symbols, owner, f"{name}{count + 1}" if count else name))
    return branches


def _without_groups(symbols: Sequence[Symbol]) -> Iterator[Symbol]:
    """A baseline without the braces of groups and without empty symbols."""
    for symbol in symbols:
        if symbol.token == "{" and all(relation == "inside" for relation, _ in symbol.branches):
            yield from _without_groups(symbol.branch("inside"))
        elif symbol.token or symbol.children:
            yield symbol


def write_label_graphs(pairs: Pairs, folder: Path) -> int:
    """Write ``labels/ID.lg`` and ``predictions/ID.lg`` for every pair; a prediction without a tree has no objects.

    Returns the number of pairs.

    Raises:
        OutputError: the folder cannot be written, or two rows would share a file.
    """
    names = [_file_name(row.id, row.sample) for row in pairs.rows]
    if len(set(names)) < len(names):
        repeated = next(name for i, name in enumerate(names) if name in names[:i])
        raise OutputError(f"two rows would be written to {repeated}.lg: give every row an id of its own")
    try:
        for side, texts in (("labels", pairs.labels), ("predictions", pairs.predictions)):
            (folder / side).mkdir(parents=True, exist_ok=True)
            for name, text in zip(names, texts, strict=True):
                (folder / side / f"{name}.lg").write_text(_graph(text).text(name), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror})") from error
    return len(names)


def _file_name(example_id: str, sample: int) -> str:
    name = "".join(letter if letter in _SAFE else "_" for letter in example_id)
    return f"{name}_{sample}" if sample else name


def _graph(text: str) -> LabelGraph:
    try:
        return label_graph(parse(text))
    except LatexSyntaxError:
        return LabelGraph([], [])
