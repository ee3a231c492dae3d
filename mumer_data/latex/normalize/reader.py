"""Reads raw tokens command by command: macros, arguments that are not formulas, environments and their options.

What comes out has only commands whose arguments the grammar knows. Not for rules on formulas: see `structure`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.diagnostics import known_commands
from mumer_data.latex.normalize.chemistry import chemical_latex
from mumer_data.latex.normalize.environments import ENVIRONMENTS, REFUSED, column_tokens, is_display, old_tables
from mumer_data.latex.normalize.lengths import length_at_end, row_option_at_end
from mumer_data.latex.normalize.lexer import raw_tokens
from mumer_data.latex.normalize.macros import DEFINERS, Definitions, Macro
from mumer_data.latex.normalize.rules import rule_table
from mumer_data.latex.normalize.signatures import Argument, Signature, signatures
from mumer_data.latex.normalize.special import SPECIAL

MAX_EXPANSIONS = 1_000
MAX_TOKENS = 1 << 16
_BREAKS = frozenset(("\\\\", "\\\\*", "\\cr", "\\newline", "\\tabularnewline"))
_TRACELESS = frozenset(("\\nonumber", "\\notag", "\\label", "\\tag", "\\oldstyle"))  # not even an empty box
_OPTIONS = frozenset("tbclr")
Macros = Mapping[str, Macro | str]


def read_commands(tokens: list[str], macros: Macros | None = None) -> list[str]:
    """The tokens with every command read that `signatures` describes.

    Args:
        tokens: of a raw label.
        macros: definitions by name; those in the tokens themselves come on top.

    Raises:
        LatexSyntaxError: a command is refused by name, an argument is missing, macros do not end.
    """
    return _Reader(tokens, macros or {}).run()


def needs_reading(tokens: list[str], macros: Macros | None) -> bool:
    """Whether `read_commands` could change anything; it is skipped for most labels."""
    if not _READ.isdisjoint(tokens) or (macros and not macros.keys().isdisjoint(tokens)):
        return True
    known = _known()
    return any(token[0] == "\\" and following == "{" and token not in known for token, following in pairwise(tokens))


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    """Every command of the grammar and of the rules."""
    rules = rule_table()[0]
    return known_commands().union(*(rule.tokens for rule in rules), *(rule.spellings for rule in rules))


class _Reader:
    """The tokens still to be read, the next one last, and those that are done."""

    def __init__(self, tokens: list[str], macros: Macros) -> None:
        self.tokens = tokens
        self.stack = tokens[::-1]
        self.out: list[str] = []
        self.macros = dict(macros)
        self.expansions = 0
        self.signatures = signatures().commands

    def run(self) -> list[str]:
        while self.stack:
            token = self.stack.pop()
            if token[0] != "\\" or len(token) < 2:
                self.out.append(token)
            elif token in self.macros:
                self._expand(token, self.macros[token])
            elif token in DEFINERS:
                self._define(token)
            else:
                self._command(token)
        return self.out

    def _command(self, token: str) -> None:
        special = _SPECIAL.get(token)
        signature = self.signatures.get(token) or self.signatures.get(token.removesuffix("*"))
        if special is not None:
            special(self, token)
        elif signature is None:
            if self.stack[-1:] == ["{"] and token not in _known() and token.removesuffix("*") not in _known():
                raise self.error(f"unknown command '{token}' with an argument: define it as a macro, or write it out")
            self.out.append(token)
        else:
            self._signed(token, signature)

    def _signed(self, token: str, signature: Signature) -> None:
        if signature.effect == "refused":
            raise self.error(f"'{token}' cannot be written with the commands of the grammar")
        if signature.effect in ("below", "options", "several"):
            self._of_grammar(token, signature.effect)
            return
        script = self.out[-1:] in (["_"], ["^"])
        arguments = [self.argument(token, argument) for argument in signature.arguments]
        if signature.effect == "transparent":
            formulas = [
                value for argument, value in zip(signature.arguments, arguments, strict=True) if argument.kind == "m"
            ]
            for value in reversed(formulas):
                self.push(["{", *value, "}"])
        elif signature.effect == "macro":
            body = raw_tokens(signature.body)
            self._expand(token, Macro(len(arguments), tuple(["{", *body, "}"] if script else body)), arguments)
        elif script and token not in _TRACELESS:
            self.out += ["{", "}"]  # what goes was the script: the next token is none

    def _of_grammar(self, token: str, effect: str) -> None:
        """A command of the grammar with what the grammar does not know: brackets, or a script of several symbols."""
        if effect == "several" and self.out[-1:] in (["_"], ["^"]):
            raise self.error(f"'{token}' is several symbols: a script of it needs braces")
        option: list[str] = []
        while effect != "several" and self.stack[-1:] == ["["]:
            option = self._between("[", "]", token)
        if effect == "below" and option:
            formula = self.argument(token, Argument("m"))
            self.push(["\\underset", "{", *option, "}", "{", token, "{", *formula, "}", "}"])
        else:
            self.out.append(token)

    def _define(self, token: str) -> None:
        try:
            name, macro = Definitions(self.stack).read(token)
        except LatexSyntaxError as error:
            raise self.error(error.reason) from None
        self.macros[name] = macro

    def _expand(self, name: str, macro: Macro | str, arguments: list[list[str]] | None = None) -> None:
        self.expansions += 1
        if self.expansions > MAX_EXPANSIONS:
            raise self.error(f"macros are expanded more than {MAX_EXPANSIONS:,} times, last '{name}'")
        if isinstance(macro, str):
            if macro == name:
                raise self.error(f"'{name}' stands for itself")
            self.push([macro])
            return
        if arguments is None:
            arguments = [self._macro_argument(name, macro, number) for number in range(macro.arguments)]
        try:
            body = macro.expand(arguments)
        except LatexSyntaxError as error:
            raise self.error(f"'{name}': {error.reason}") from None
        self.push(body)

    def _macro_argument(self, name: str, macro: Macro, number: int) -> list[str]:
        if number == 0 and macro.default is not None:
            has_option = self.stack[-1:] == ["["]
            return self.argument(name, Argument("k", optional=True)) if has_option else list(macro.default)
        return self.argument(name, Argument("m"))

    def push(self, tokens: list[str]) -> None:
        """Read these tokens next."""
        if len(self.stack) + len(tokens) + len(self.out) > MAX_TOKENS:
            raise self.error(f"macros make more than {MAX_TOKENS:,} tokens of it")
        self.stack += reversed(tokens)

    def argument(self, command: str, argument: Argument) -> list[str]:
        """The tokens of the next argument, without its braces; an optional one that is missing has none."""
        following = self.stack[-1] if self.stack else ""
        if argument.kind == "*":
            return [self.stack.pop()] if following == "*" and not command.endswith("*") else []
        if argument.optional:
            return self._between("[", "]", command) if following == "[" else []
        if argument.kind == "L" and following != "{":
            return self._length(command)
        if following == "{":
            return self._between("{", "}", command)
        if following in ("", "}", "]", "&", "\\\\", "_", "^", "\\begin", "\\end"):
            actual = f"'{following}'" if following else "the end of the label"
            raise self.error(f"expected an argument after '{command}', found {actual}")
        return [self.stack.pop()]

    def _between(self, opener: str, closer: str, command: str) -> list[str]:
        """The content up to the closing bracket; braces inside must be balanced."""
        self.stack.pop()
        value: list[str] = []
        depth = 0
        while self.stack:
            token = self.stack.pop()
            if token == closer and not depth:
                return value
            depth += (token == "{") - (token == "}")
            value.append(token)
        raise self.error(f"'{opener}' after '{command}' never closes")

    def _length(self, command: str) -> list[str]:
        """A length without braces: ``3pt``, ``-1.5em plus 1fil``, ``\\baselineskip``."""
        size = length_at_end(self.stack)
        unit = self.stack[-size] if size else ""
        if not size or unit in _known() or unit in ("\\begin", "\\end") or unit in signatures().switches:
            raise self.error(f"expected a length after '{command}'")
        value = self.stack[: -size - 1 : -1]
        del self.stack[-size:]
        return value

    def error(self, reason: str) -> LatexSyntaxError:
        """An error at about the token that was read last."""
        position = min(max(len(self.tokens) - len(self.stack) - 1, 0), len(self.tokens))
        return LatexSyntaxError(reason, tokens=self.tokens, position=position)

    def line_break(self, token: str) -> None:
        """A row break: a star and a length after it are no symbols."""
        del self.stack[len(self.stack) - row_option_at_end(self.stack) :]
        self.out.append("\\\\")

    def chemistry(self, token: str) -> None:
        """``\\ce`` of a macro, or one that `without_chemistry` cannot write out."""
        latex = chemical_latex("".join(self.argument(token, Argument("m"))))
        if latex is None:
            raise self.error(f"'{token}' holds chemistry that cannot be written as a formula")
        self.push(["{", *raw_tokens(latex), "}"])

    def old_table(self, token: str) -> None:
        """``\\pmatrix { a \\cr b }``: the environment of that name."""
        if not self.stack or self.stack[-1] != "{":
            raise self.error(f"'{token}' needs its rows in braces")
        name = old_tables()[token]
        rows = self.argument(token, Argument("m"))
        while rows and rows[-1] in _BREAKS:
            rows.pop()
        self.push(["\\begin", name, *rows, "\\end", name])

    def end(self, token: str) -> None:
        """The end of an environment, under the name that its beginning was given."""
        name = self.stack.pop() if self.stack and self.stack[-1].startswith("{") else ""
        plain = ENVIRONMENTS.get(name, name)
        self.out += [token, plain] if plain else [token]

    def begin(self, token: str) -> None:
        """The beginning of an environment: display wrappers go, options too, columns are expanded."""
        name = self.stack.pop() if self.stack and len(self.stack[-1]) > 1 and self.stack[-1][0] == "{" else ""
        if name in REFUSED:
            raise self.error(f"the environment '{name[1:-1]}' cannot be written with the commands of the grammar")
        end = self._end_of_environment(name)
        if end is not None and is_display(name, self.stack[end + 2 :]):
            del self.stack[end : end + 2]
            return
        starred = name.endswith("*}")
        plain = ENVIRONMENTS.get(name, name)
        self.out += [token, plain] if plain else [token]
        options = self.stack[-1:] == ["["] and (starred or plain in ("{array}", "{tabular}", "{aligned}", "{gathered}"))
        if options and self.stack[-3:-2] == ["]"] and self.stack[-2] in _OPTIONS:
            del self.stack[-3:]
        if plain in ("{array}", "{tabular}", "{subarray}") and self.stack and self.stack[-1] == "{":
            if name in ("{tabular*}", "{tabularx}"):
                self.argument(name, Argument("l"))
            columns = column_tokens(self.argument(plain, Argument("k")))
            if columns is None:
                raise self.error(f"the columns of '{plain[1:-1]}' cannot be read")
            self.out += ["{", *columns, "}"]

    def _end_of_environment(self, name: str) -> int | None:
        """Position in the stack of the name at the matching ``\\end``; its ``\\end`` comes right above it."""
        depth = 0
        for i in range(len(self.stack) - 1, 0, -1):
            if self.stack[i] == "\\begin":
                depth += 1
            elif self.stack[i] == "\\end":
                if not depth:
                    return i - 1 if self.stack[i - 1] == name else None
                depth -= 1
        return None


_SPECIAL: dict[str, Callable[[_Reader, str], None]] = {
    **SPECIAL,
    "\\ce": _Reader.chemistry,
    "\\begin": _Reader.begin,
    "\\end": _Reader.end,
    **dict.fromkeys(_BREAKS, _Reader.line_break),
    **dict.fromkeys(old_tables(), _Reader.old_table),
}


_READ = frozenset(signatures().commands) | frozenset(_SPECIAL) | DEFINERS
_READ |= frozenset(f"{name}*" for name in signatures().commands)
