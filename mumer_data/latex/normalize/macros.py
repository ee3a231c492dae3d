"""Definitions that people write themselves: ``\\def``, ``\\newcommand``, ``\\let``, ``\\DeclareMathOperator``.

Not for the commands of packages: see `signatures`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mumer_data.exceptions import LatexSyntaxError, SourceError
from mumer_data.latex.normalize.lexer import raw_tokens, without_comments

_STARRED = ("\\newcommand", "\\renewcommand", "\\providecommand", "\\DeclareMathOperator")
DEFINERS = frozenset(("\\def", "\\let", *_STARRED, *(f"{name}*" for name in _STARRED)))
MAX_ARGUMENTS = 9


@dataclass(frozen=True, slots=True)
class Macro:
    """One definition: how many arguments, the default of the first if it is optional, and the body's tokens."""

    arguments: int
    body: tuple[str, ...]
    default: tuple[str, ...] | None = None

    def expand(self, arguments: list[list[str]]) -> list[str]:
        """The body with its arguments; ``#1`` is two tokens."""
        out: list[str] = []
        tokens = iter(self.body)
        for token in tokens:
            if token != "#":
                out.append(token)
                continue
            number = next(tokens, "")
            if number == "#":
                out.append("#")
            elif number.isdigit() and 1 <= int(number) <= len(arguments):
                out += arguments[int(number) - 1]
            else:
                raise LatexSyntaxError(f"a macro asks for an argument #{number} that it has not", tokens=[], position=0)
        return out


Macros = Mapping[str, Macro]


class Definitions:
    """Reads definitions off a list of tokens whose next token is the last (a stack)."""

    def __init__(self, stack: list[str]) -> None:
        self.stack = stack

    def read(self, definer: str) -> tuple[str, Macro | str]:
        """The name that is defined, and its macro, or for ``\\let`` the token that it stands for.

        Raises:
            LatexSyntaxError: the definition is not complete, or of a kind that is not supported.
        """
        definer = definer.removesuffix("*") if definer != "\\DeclareMathOperator*" else definer
        name = self._name(definer)
        if definer == "\\let":
            self._skip("=")
            return name, self._next(definer)
        if definer.startswith("\\DeclareMathOperator"):
            operator = "\\operatorname*" if definer.endswith("*") else "\\operatorname"
            return name, Macro(0, (operator, "{", *self._group(definer), "}"))
        if definer == "\\def":
            count, default = self._parameters(definer), None
        else:
            count, default = self._counts(definer)
        if not 0 <= count <= MAX_ARGUMENTS:
            raise _error(f"'{definer}' of '{name}' takes {count} arguments, more than {MAX_ARGUMENTS}")
        return name, Macro(count, tuple(self._group(definer)), default)

    def _next(self, definer: str) -> str:
        if not self.stack:
            raise _error(f"'{definer}' is not complete")
        return self.stack.pop()

    def _skip(self, token: str) -> bool:
        there = bool(self.stack) and self.stack[-1] == token
        if there:
            self.stack.pop()
        return there

    def _name(self, definer: str) -> str:
        braced = self._skip("{")
        name = self._next(definer)
        if braced and not self._skip("}"):
            raise _error(f"'{definer}' does not define one command")
        if not name.startswith("\\") or len(name) < 2:
            raise _error(f"'{definer}' defines '{name}', which is not a command")
        return name

    def _parameters(self, definer: str) -> int:
        """``#1#2`` of ``\\def``; other text between them is not supported."""
        count = 0
        while self.stack and self.stack[-1] != "{":
            if self._next(definer) != "#" or self._next(definer) != str(count + 1):
                raise _error(f"'{definer}' with text between its arguments is not supported")
            count += 1
        return count

    def _counts(self, definer: str) -> tuple[int, tuple[str, ...] | None]:
        """``[2][default]`` of ``\\newcommand``."""
        if not self.stack or self.stack[-1] != "[":
            return 0, None
        number = "".join(self._bracket(definer))
        if not number.isdecimal() or len(number) > 2:
            raise _error(f"'{definer}' has '[{number}]' where a number of arguments must stand")
        default = tuple(self._bracket(definer)) if self.stack and self.stack[-1] == "[" else None
        return int(number), default

    def _bracket(self, definer: str) -> list[str]:
        self.stack.pop()
        out: list[str] = []
        while (token := self._next(definer)) != "]":
            out.append(token)
        return out

    def _group(self, definer: str) -> list[str]:
        if not self._skip("{"):
            raise _error(f"'{definer}' has no body in braces")
        out: list[str] = []
        depth = 1
        while True:
            token = self._next(definer)
            depth += (token == "{") - (token == "}")
            if not depth:
                return out
            out.append(token)


def macro_of(name: str, body: str) -> Macro:
    """The macro of a body such as ``\\mathbf{#1}``; raises ``SourceError`` where the name is not a command."""
    if not re.fullmatch(r"\\(?:[A-Za-z]+\*?|[^A-Za-z\s])", name):
        raise SourceError(f"'{name}' is not the name of a command, such as \\R")
    numbers = [int(number) for number in re.findall(r"#([1-9])", body)]
    return Macro(max(numbers, default=0), tuple(raw_tokens(without_comments(body))))


def read_macros(path: Path) -> dict[str, Macro | str]:
    """The definitions of a file of ``\\newcommand`` and ``\\def`` lines; ``%`` begins a comment.

    Raises:
        SourceError: the file cannot be read, or holds something that is not a definition.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read ({error})") from None
    return parse_macros(text, str(path))


def parse_macros(text: str, name: str = "the macros") -> dict[str, Macro | str]:
    """The definitions of a text; see `read_macros`."""
    stack = raw_tokens(without_comments(text))[::-1]
    definitions = Definitions(stack)
    macros: dict[str, Macro | str] = {}
    while stack:
        definer = stack.pop()
        if definer not in DEFINERS:
            raise SourceError(f"{name}: '{definer}' is not a definition: write \\newcommand{{\\name}}{{...}} or \\def")
        try:
            command, macro = definitions.read(definer)
        except LatexSyntaxError as error:
            raise SourceError(f"{name}: {error.reason}") from None
        macros[command] = macro
    return macros


def _error(reason: str) -> LatexSyntaxError:
    return LatexSyntaxError(reason, tokens=[], position=0)
