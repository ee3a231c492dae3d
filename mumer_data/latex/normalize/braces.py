"""Puts every script and every argument in braces, as LaTeX would read them.

One pass with a stack of its own, so depth does not matter; not for deciding which braces are superfluous.
"""

from __future__ import annotations

from functools import lru_cache

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.grammar import load_grammar

# How many arguments a class of commands takes; the others take none that must be found.
ARGUMENTS = {"FRACTION": 2, "ACCENT": 1, "RADICAL": 1, "OVERSET": 2, "UNDERSET": 2, "WRAPPER": 1}
_FREE = frozenset(("\\not",))  # written without braces before a relation in published labels
GROUP, OPTION, SINGLE = "group", "option", "single"


@lru_cache(maxsize=1)
def _arguments() -> dict[str, int]:
    """Command -> how many arguments it takes, and the marks of scripts."""
    classes = load_grammar().exact.items()
    counts = {token: ARGUMENTS[name] for token, name in classes if name in ARGUMENTS and token not in _FREE}
    return counts | {"_": 1, "^": 1}


@lru_cache(maxsize=1)
def _radicals() -> frozenset[str]:
    return frozenset(token for token, name in load_grammar().exact.items() if name == "RADICAL")


class _Braces:
    """The stack of what is open: ``GROUP``, ``OPTION``, ``SINGLE`` (an argument of one token) or arguments due."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.out: list[str] = []
        self.open: list[tuple[str | int, int]] = []
        self.groups = False

    def run(self) -> list[str]:
        for position, token in enumerate(self.tokens):
            top = self.open[-1][0] if self.open else GROUP
            if token == "[" and self._begins_option(position):
                self.out.append(token)
                self.open.append((OPTION, position))
            elif isinstance(top, int) and token != "{":
                self._single(token, position)
            else:
                self._plain(token, position, top)
        if self.open:
            self._fail_at_end()
        return self.out

    def _begins_option(self, position: int) -> bool:
        return position > 0 and self.tokens[position - 1] in _radicals() and isinstance(self.open[-1][0], int)

    def _plain(self, token: str, position: int, top: str | int) -> None:
        """A token that is not an argument by itself."""
        if token == "{":
            self.groups = self.groups or not isinstance(top, int)
            self.out.append(token)
            self.open.append((GROUP, position))
        elif token == "}":
            if top != GROUP or not self.open:
                raise self._error("'}' without '{' before it", position)
            self._close(token)
        elif token == "]" and top == OPTION:
            self.out.append(token)
            self.open.pop()
        else:
            self._symbol(token, position)

    def _single(self, token: str, position: int) -> None:
        """An argument of one token, with that token's own arguments."""
        if token in ("}", "]", "&", "\\\\", "_", "^", "\\begin", "\\end"):
            before = self.tokens[self.open[-1][1]]
            raise self._error(f"expected an argument after '{before}', found '{token}'", position)
        self.out.append("{")
        self.open.append((SINGLE, position))
        self._symbol(token, position)

    def _symbol(self, token: str, position: int) -> None:
        self.out.append(token)
        due = _arguments().get(token, 0)
        if due:
            self.open.append((due, position))
        else:
            self._finish()

    def _close(self, token: str) -> None:
        self.out.append(token)
        self.open.pop()
        if self.open and isinstance(self.open[-1][0], int):
            self._argument_done()
        else:
            self._finish()

    def _argument_done(self) -> None:
        due, position = self.open.pop()
        assert isinstance(due, int)
        if due > 1:
            self.open.append((due - 1, position))
        else:
            self._finish()

    def _finish(self) -> None:
        """A symbol is complete with all its arguments: close the braces that were added for it alone."""
        while self.open and self.open[-1][0] == SINGLE:
            self.out.append("}")
            self.open.pop()
            due, position = self.open.pop()
            assert isinstance(due, int)
            if due > 1:
                self.open.append((due - 1, position))
                return

    def _fail_at_end(self) -> None:
        kind, position = self.open[-1]
        token = self.tokens[position]
        if kind in (GROUP, OPTION):
            raise self._error(f"'{token}' never closes", position)
        raise self._error(f"expected an argument after '{token}', found the end of the label", len(self.tokens))

    def _error(self, reason: str, position: int) -> LatexSyntaxError:
        return LatexSyntaxError(reason, tokens=self.tokens, position=position)


def with_braces(tokens: list[str]) -> tuple[list[str], bool]:
    """The tokens with braces around every script and argument, and whether other braces remain.

    Raises:
        LatexSyntaxError: a brace without its partner, a script or an argument that is missing.
    """
    braces = _Braces(tokens)
    return braces.run(), braces.groups
