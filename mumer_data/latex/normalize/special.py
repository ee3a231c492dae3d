"""Commands of raw LaTeX that need more than a signature: limits of operators, fractions, roots, boxes.

Each takes the reader right behind its command. Not for commands whose arguments a table describes: see `signatures`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize.scopes import fraction_tokens
from mumer_data.latex.normalize.signatures import Argument, signatures
from mumer_data.latex.to_latex import class_of

LIMIT_NAMES = frozenset(["lim", "max", "min", "sup", "inf", "det", "gcd", "Pr", "limsup", "liminf"])
_FORMULA = Argument("m")
_SPACES = frozenset(("\\,", "\\;", "\\:", "\\!", "\\>", "\\", "~", "\\quad", "\\/", "\\nolimits"))


class CommandReader(Protocol):
    """What `reader` offers: the tokens still to be read, the next one last, and those that are done."""

    stack: list[str]
    out: list[str]

    def push(self, tokens: list[str]) -> None:
        """Read these tokens next."""

    def argument(self, command: str, argument: Argument) -> list[str]:
        """The tokens of the next argument, without its braces."""

    def error(self, reason: str) -> LatexSyntaxError:
        """An error at about the token that was read last."""


def operator(reader: CommandReader, token: str) -> None:
    """``\\mathop { X } _ { a }`` and ``\\operatorname* { X } _ { a }``: ``a`` stands below X, as it is drawn.

    Operators that have their scripts there anyway are written by their names, others with ``\\underset``.
    """
    content = reader.argument(token, _FORMULA)
    base = ["\\operatorname", "{", *content, "}"] if token == "\\operatorname*" else ["{", *content, "}"]
    name = "".join(one for one in content if not _is_face(one) and one not in _SPACES)
    limits = reader.stack[-1:] == ["\\limits"]
    following = reader.stack[-2:-1] if limits else reader.stack[-1:]
    if following not in (["_"], ["^"]):
        if limits:
            reader.stack.pop()
        reader.push(base)
    elif name in LIMIT_NAMES:
        reader.push([f"\\{name}"])
    elif len(content) == 1 and class_of(content[0]) == "operator":
        if content[0] not in ("\\sum", "\\prod", "\\coprod", "\\lim") and not limits:
            reader.push(["\\limits"])
        reader.push(content)
    else:
        _stack_limits(reader, token, base)


def _is_face(token: str) -> bool:
    return token in ("{", "}", "\\mathrm", "\\text", "\\textrm", "\\mbox", "\\hbox") or token in signatures().switches


def _stack_limits(reader: CommandReader, command: str, base: list[str]) -> None:
    """Take the scripts that follow, and put them below and above the base."""
    if reader.stack[-1:] == ["\\limits"]:
        reader.stack.pop()
    scripts: dict[str, list[str]] = {}
    while reader.stack[-1:] in (["_"], ["^"]) and reader.stack[-1] not in scripts:
        mark = reader.stack.pop()
        braced = reader.stack[-1:] == ["{"]
        script = reader.argument(mark, _FORMULA)
        if not braced and not _is_plain(script[0]):
            raise reader.error(f"put the script of '{command}' in braces")
        scripts[mark] = script
    for mark, placed in (("_", "\\underset"), ("^", "\\overset")):
        if mark in scripts:
            base = [placed, "{", *scripts[mark], "}", "{", *base, "}"]
    reader.push(base)


def _is_plain(token: str) -> bool:
    """Whether a token is an argument by itself: no command with arguments of its own."""
    return token not in signatures().commands and class_of(token) in ("symbol", "operator")


def root(reader: CommandReader, token: str) -> None:
    """``\\root 3 \\of x`` -> ``\\sqrt [ 3 ] { x }``."""
    degree: list[str] = []
    while reader.stack and reader.stack[-1] != "\\of":
        degree.append(reader.stack.pop())
    if not reader.stack:
        raise reader.error(f"'{token}' without '\\of'")
    reader.stack.pop()
    reader.push(["\\sqrt", "[", *degree, "]", "{", *reader.argument(token, _FORMULA), "}"])


def box(reader: CommandReader, token: str) -> None:
    """``\\hbox to 10pt { x }``: the width is no symbol."""
    if reader.stack[-2:] == ["o", "t"]:
        del reader.stack[-2:]
        reader.argument(token, Argument("L"))
    reader.out.append(token)


def negation(reader: CommandReader, token: str) -> None:
    """``\\not \\mid`` is a sign of its own; other signs keep the stroke before them."""
    if reader.stack[-1:] == ["\\mid"]:
        reader.stack[-1] = "\\nmid"
    else:
        reader.out.append(token)


def group(reader: CommandReader, token: str) -> None:
    """``\\bgroup`` and ``\\begingroup`` are braces."""
    reader.out.append("{" if token in ("\\bgroup", "\\begingroup") else "}")


def fraction(reader: CommandReader, token: str) -> None:
    """``\\genfrac``: two delimiters, the bar's thickness, the style, both parts."""
    kinds = [Argument(kind) for kind in "kkkkmm"]
    left, right, bar, _, above, below = (reader.argument(token, kind) for kind in kinds)
    reader.push(fraction_tokens("".join(left), "".join(right), "".join(bar), above, below))


def stacked_relation(reader: CommandReader, token: str) -> None:
    """``\\buildrel X \\over Y`` -> ``\\overset { X } { Y }``, where Y is one token or group."""
    above: list[str] = []
    depth = 0
    while reader.stack and (depth or reader.stack[-1] != "\\over"):
        depth += (reader.stack[-1] == "{") - (reader.stack[-1] == "}")
        above.append(reader.stack.pop())
    if not reader.stack:
        raise reader.error(f"'{token}' without '\\over'")
    reader.stack.pop()
    reader.push(["\\overset", "{", *above, "}", "{", *reader.argument(token, _FORMULA), "}"])


SPECIAL: dict[str, Callable[[CommandReader, str], None]] = {
    "\\genfrac": fraction,
    "\\buildrel": stacked_relation,
    "\\mathop": operator,
    "\\operatorname*": operator,
    "\\root": root,
    "\\hbox": box,
    "\\not": negation,
    **dict.fromkeys(("\\bgroup", "\\begingroup", "\\egroup", "\\endgroup"), group),
}
