"""The published Tree-CoT converter as a simple program: recursive descent over a list of tokens.

The reference for speed and for identity of the output; written from the format alone, not for use in the library.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FRACTIONS = ["\\frac", "\\cfrac", "\\dfrac", "\\tfrac", "\\binom", "\\dbinom", "\\tbinom"]
OPERATORS = ["\\sum", "\\lim", "\\iint", "\\int", "\\coprod", "\\prod", "\\oint"]
OPTIONAL = ["\\sqrt", "\\xrightarrow", "\\xleftarrow"]
ACCENTS = ["\\dot", "\\ddot", "\\hat", "\\check", "\\grave", "\\acute", "\\tilde", "\\breve", "\\bar", "\\vec"]
ACCENTS += ["\\widehat", "\\widetilde", "\\overbrace", "\\underbrace", "\\overline", "\\underline"]
ACCENTS += ["\\overleftarrow", "\\overrightarrow", "\\choose"]


@dataclass
class Node:
    """One token and its children, each with a relation; a row is a chain of ``right`` and ``nextline``."""

    token: str
    children: list[tuple[str, Node | None]] = field(default_factory=list)


def take_group(tokens: list[str], left: str, right: str) -> list[str]:
    """Remove a bracketed group from the front of ``tokens`` and return its content."""
    if not tokens or tokens[0] != left:
        raise ValueError(f"expected {left}")
    depth = 0
    for index, token in enumerate(tokens):
        depth += (token == left) - (token == right)
        if depth == 0:
            inside = tokens[1:index]
            del tokens[: index + 1]
            return inside
    raise ValueError(f"{left} never closes")


def take_environment(tokens: list[str], name: str) -> list[str]:
    """Remove a body and its ``\\end {name}`` from the front of ``tokens`` and give the body."""
    depth = 1
    for index in range(len(tokens) - 1):
        if tokens[index + 1] == name:
            depth += (tokens[index] == "\\begin") - (tokens[index] == "\\end")
            if depth == 0:
                body = tokens[:index]
                del tokens[: index + 2]
                return body
    raise ValueError(f"{name} never ends")


def convert(tokens: list[str]) -> Node | None:
    """Read a row; consumes ``tokens``."""
    if not tokens:
        return None
    node = Node(tokens.pop(0))
    if node.token == "\\begin":
        name = tokens.pop(0)
        bare = name.strip("{}")
        node.children.append((f"begin_{bare}", convert(take_environment(tokens, name))))
        node.children.append((f"end_{bare}", Node("\\end")))
    elif node.token in FRACTIONS:
        node.children.append(("above", convert(take_group(tokens, "{", "}"))))
        node.children.append(("below", convert(take_group(tokens, "{", "}"))))
    elif node.token in ACCENTS:
        node.children.append(("above", convert(take_group(tokens, "{", "}"))))
    elif node.token in OPTIONAL:
        if tokens and tokens[0] == "[":
            node.children.append(("below", convert(take_group(tokens, "[", "]"))))
        node.children.append(("above", convert(take_group(tokens, "{", "}"))))
    else:
        names = ("below", "above") if node.token in OPERATORS else ("sub", "sup")
        for mark, relation in zip("_^", names, strict=True):
            if tokens and tokens[0] == mark:
                tokens.pop(0)
                node.children.append((relation, convert(take_group(tokens, "{", "}"))))
    relation = "right"
    if tokens and tokens[0] == "\\\\":
        tokens.pop(0)
        relation = "nextline"
    node.children.append((relation, convert(tokens)))
    return node


def write(node: Node, level: int = 0, relation: str = "") -> str:
    """The text of a row, from ``node`` on."""
    lines = ["\t" * level + (f"{node.token} ({relation})" if relation else node.token)]
    for name, child in node.children:
        if child is not None:
            lines.append(write(child, level if name == "right" else level + 1, name))
    return "\n".join(lines)


def published_reference(label: str) -> str:
    """label -> published text; recursion as deep as the label is long. Raises ``ValueError``, ``IndexError``."""
    root = convert(label.split())
    if root is None:
        raise ValueError("empty")
    return write(root)
