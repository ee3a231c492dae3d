"""Commands that apply to the end of their group in raw LaTeX: infix fractions and font switches.

``a \\over b`` becomes ``\\frac { a } { b }``, ``{ \\cal L }`` becomes ``{ \\mathcal { L } }``. A group is the content
of braces, of ``\\left`` and ``\\right``, or of a table cell. Not for arguments: see `reader`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize.signatures import signatures

# Infix command -> prefix command of both parts; None: the parts stay in a separate group.
INFIX = {
    "\\over": "\\frac",
    "\\above": "\\frac",
    "\\choose": "\\binom",
    "\\atop": None,
    "\\brace": None,
    "\\brack": None,
}
_FENCES = {"\\brace": ("\\{", "\\}"), "\\brack": ("[", "]")}
_WITH_COLUMNS = ("{array}", "{tabular}", "{subarray}", "{alignat}", "{alignedat}")
_SEPARATORS = ("&", "\\\\")
_WITH_OPTION = ("\\sqrt", "\\xrightarrow", "\\xleftarrow")


@dataclass(slots=True)
class _Scope:
    """An open group; ``begin``: the output position where its content (of the current cell) begins."""

    begin: int
    infix: str = ""
    fenced: bool = False  # opened by \\left
    option: bool = False  # opened by the bracket of a root's degree
    middle: int = 0  # where the second part begins
    switched: list[int] = field(default_factory=list)  # positions of commands whose argument ends with the scope


def without_switches(tokens: list[str]) -> list[str]:
    """The tokens with ``\\bf x`` as ``\\mathbf { x }``; the last switch of a group applies."""
    switches = signatures().switches
    out: list[str] = []
    scopes = [_Scope(0)]
    for token in tokens:
        if _closes(token, scopes[-1]) or _separates(token, scopes[-1]):
            _end_switch(out, scopes[-1])
        if token in INFIX and token != "\\above" and scopes[-1].switched:
            command = out[scopes[-1].switched[-1]]  # the font applies to the denominator too
            _end_switch(out, scopes[-1])
            scopes[-1].switched.append(len(out) + 1)
            out += [token, command, "{"]
            continue
        if _closes(token, scopes[-1]) and len(scopes) > 1:
            scopes.pop()
        if token in switches:
            if out and out[-1] in ("_", "^"):
                out.append(switches[token])  # x_\rm A: the switch takes the next token
                continue
            _end_switch(out, scopes[-1])
            scopes[-1].switched.append(len(out))
            out += [switches[token], "{"]
            continue
        option = token == "[" and out[-1:] != [] and out[-1] in _WITH_OPTION
        out.append(token)
        if option or _opens(token):
            scopes.append(_Scope(len(out), fenced=token == "\\left", option=option))
    while scopes:
        _end_switch(out, scopes.pop())
    return out


def _end_switch(out: list[str], scope: _Scope) -> None:
    if scope.switched:
        position = scope.switched.pop()
        if len(out) == position + 2:
            del out[position:]
        else:
            out.append("}")


def without_infix(tokens: list[str]) -> list[str]:
    """The tokens with infix fractions as commands with two arguments.

    Raises:
        LatexSyntaxError: a group has two of them, which is an error in TeX too.
    """
    out: list[str] = []
    scopes = [_Scope(0)]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if _closes(token, scopes[-1]) or _separates(token, scopes[-1]):
            _end_infix(out, scopes[-1])
        if _closes(token, scopes[-1]) and len(scopes) > 1:
            scopes.pop()
        if token in INFIX and len(out) == scopes[-1].begin and not _has_denominator(tokens, position, scopes[-1]):
            if scopes[-1].fenced:
                raise LatexSyntaxError(f"nothing beside '{token}'", tokens=tokens, position=position)
            token = ""  # a symbol of that name, with nothing before and after
        if token in INFIX:
            if scopes[-1].infix:
                raise LatexSyntaxError(
                    f"'{token}' after '{scopes[-1].infix}' in one group", tokens=tokens, position=position
                )
            scopes[-1].infix, scopes[-1].middle = token, len(out)
            position += 1
            if token == "\\above":
                position, bar = _thickness(tokens, position)
                scopes[-1].infix = "\\above" if bar else "\\atop"
            continue
        option = token == "[" and out[-1:] != [] and out[-1] in _WITH_OPTION
        position = _copy(tokens, position, token, out)
        if option or _opens(token):
            scopes.append(_Scope(len(out), fenced=token == "\\left", option=option))
        elif _separates(token, scopes[-1]):
            scopes[-1].begin = len(out)
    while scopes:
        _end_infix(out, scopes.pop())
    return out


def _copy(tokens: list[str], position: int, token: str, out: list[str]) -> int:
    """Copy a token with its delimiter or the head of its environment; returns the position after it."""
    out.append(tokens[position])
    position += 1
    if token == "\\left" and position < len(tokens) and tokens[position] in INFIX:
        raise LatexSyntaxError("expected a delimiter after '\\left'", tokens=tokens, position=position)
    if token in ("\\left", "\\middle") and position < len(tokens):
        out.append(tokens[position])
        position += 1
    return _environment_head(tokens, position, out) if token == "\\begin" else position


def _has_denominator(tokens: list[str], position: int, scope: _Scope) -> bool:
    return (
        position + 1 < len(tokens)
        and not _closes(tokens[position + 1], scope)
        and not _separates(tokens[position + 1], scope)
    )


def _opens(token: str) -> bool:
    return token in ("{", "\\left", "\\begin") or token.startswith("\\begin{")


def _separates(token: str, scope: _Scope) -> bool:
    """Whether a token begins another cell, row, or part between ``\\left`` and ``\\right``."""
    return token in _SEPARATORS or (token == "\\middle" and scope.fenced)


def _closes(token: str, scope: _Scope) -> bool:
    """Whether a token ends a scope; ``\\right`` without ``\\left`` does not."""
    return (
        token in ("}", "\\end")
        or token.startswith("\\end{")
        or (token == "\\right" and scope.fenced)
        or (token == "]" and scope.option)
    )


def _end_infix(out: list[str], scope: _Scope) -> None:
    if not scope.infix:
        return
    above, below = out[scope.begin : scope.middle], out[scope.middle :]
    command = INFIX[scope.infix]
    if command is not None:
        parts = [command, "{", *above, "}", "{", *below, "}"]
    else:
        opener, closer = _FENCES.get(scope.infix, ("", ""))
        parts = ["{", *above, "\\atop", *below, "}"]
        parts = [opener, *parts, closer] if opener else parts
    out[scope.begin :] = parts
    scope.infix = ""


def _thickness(tokens: list[str], position: int) -> tuple[int, bool]:
    """The position after the length of ``\\above``, and whether the length is positive."""
    text = ""
    while position < len(tokens) and len(tokens[position]) == 1 and tokens[position] in "-+.,0123456789":
        text += tokens[position]
        position += 1
    return position + 2, any(digit in "123456789" for digit in text)


def _environment_head(tokens: list[str], position: int, out: list[str]) -> int:
    """Copy an environment's name and the columns of an array; returns the position after them."""
    name = tokens[position] if position < len(tokens) else ""
    out += tokens[position : position + 1]
    position += 1
    if name in _WITH_COLUMNS and tokens[position : position + 1] == ["{"]:
        while position < len(tokens):
            out.append(tokens[position])
            position += 1
            if out[-1] == "}":
                break
    return position


def fraction_tokens(left: str, right: str, bar: str, above: list[str], below: list[str]) -> list[str]:
    """``\\genfrac``: a fraction between two delimiters (or none); a bar of length 0 is not drawn."""
    parts = ["{", *above, "}", "{", *below, "}"]
    no_bar = re.fullmatch(r"0+(\.0*)?[a-z]*", bar) is not None
    if no_bar and (left, right) == ("(", ")"):
        return ["\\binom", *parts]
    inner = ["{", "{", *above, "}", "\\atop", "{", *below, "}", "}"] if no_bar else ["\\frac", *parts]
    return ["\\left", left or ".", *inner, "\\right", right or "."] if left or right else inner
