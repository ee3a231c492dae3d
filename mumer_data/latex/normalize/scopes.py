"""What acts to the end of its group in raw LaTeX: infix fractions and switches of the face.

``a \\over b`` becomes ``\\frac { a } { b }``, ``{ \\cal L }`` becomes ``{ \\mathcal { L } }``. A group is what braces,
``\\left`` and ``\\right``, or a cell of a table hold. Not for arguments: see `reader`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize.signatures import signatures

# Infix command -> what comes before both parts; None: the parts stay, in a group of their own.
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
    """A group that is open: where its content (of the present cell) begins in the output."""

    begin: int
    infix: str = ""
    fenced: bool = False  # opened by \\left
    option: bool = False  # opened by the bracket of a root's degree
    middle: int = 0  # where the second part begins
    switched: list[int] = field(default_factory=list)  # where commands stand whose argument ends with the scope


def without_switches(tokens: list[str]) -> list[str]:
    """The tokens with ``\\bf x`` as ``\\mathbf { x }``; the last switch of a group is the one that counts."""
    switches = signatures().switches
    out: list[str] = []
    scopes = [_Scope(0)]
    for token in tokens:
        if _closes(token, scopes[-1]) or _separates(token, scopes[-1]):
            _end_switch(out, scopes[-1])
        if token in INFIX and token != "\\above" and scopes[-1].switched:
            command = out[scopes[-1].switched[-1]]  # the face holds in the denominator too
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
        place = scope.switched.pop()
        if len(out) == place + 2:
            del out[place:]
        else:
            out.append("}")


def without_infix(tokens: list[str]) -> list[str]:
    """The tokens with infix fractions as commands with two arguments.

    Raises:
        LatexSyntaxError: a group has two of them, as TeX says too.
    """
    out: list[str] = []
    scopes = [_Scope(0)]
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if _closes(token, scopes[-1]) or _separates(token, scopes[-1]):
            _end_infix(out, scopes[-1])
        if _closes(token, scopes[-1]) and len(scopes) > 1:
            scopes.pop()
        if token in INFIX and len(out) == scopes[-1].begin and not _has_denominator(tokens, place, scopes[-1]):
            if scopes[-1].fenced:
                raise LatexSyntaxError(f"nothing beside '{token}'", tokens=tokens, position=place)
            token = ""  # a symbol of that name, with nothing before and after
        if token in INFIX:
            if scopes[-1].infix:
                raise LatexSyntaxError(
                    f"'{token}' after '{scopes[-1].infix}' in one group", tokens=tokens, position=place
                )
            scopes[-1].infix, scopes[-1].middle = token, len(out)
            place += 1
            if token == "\\above":
                place, bar = _thickness(tokens, place)
                scopes[-1].infix = "\\above" if bar else "\\atop"
            continue
        option = token == "[" and out[-1:] != [] and out[-1] in _WITH_OPTION
        place = _copy(tokens, place, token, out)
        if option or _opens(token):
            scopes.append(_Scope(len(out), fenced=token == "\\left", option=option))
        elif _separates(token, scopes[-1]):
            scopes[-1].begin = len(out)
    while scopes:
        _end_infix(out, scopes.pop())
    return out


def _copy(tokens: list[str], place: int, token: str, out: list[str]) -> int:
    """Copy a token with what belongs to it: a delimiter, or the head of an environment; the place after it."""
    out.append(tokens[place])
    place += 1
    if token == "\\left" and place < len(tokens) and tokens[place] in INFIX:
        raise LatexSyntaxError("expected a delimiter after '\\left'", tokens=tokens, position=place)
    if token in ("\\left", "\\middle") and place < len(tokens):
        out.append(tokens[place])
        place += 1
    return _environment_head(tokens, place, out) if token == "\\begin" else place


def _has_denominator(tokens: list[str], place: int, scope: _Scope) -> bool:
    return (
        place + 1 < len(tokens) and not _closes(tokens[place + 1], scope) and not _separates(tokens[place + 1], scope)
    )


def _opens(token: str) -> bool:
    return token in ("{", "\\left", "\\begin") or token.startswith("\\begin{")


def _separates(token: str, scope: _Scope) -> bool:
    """Whether a token begins another cell, row, or part of a pair of brackets that grow."""
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


def _thickness(tokens: list[str], place: int) -> tuple[int, bool]:
    """The place after the length of ``\\above``, and whether it is more than 0."""
    text = ""
    while place < len(tokens) and len(tokens[place]) == 1 and tokens[place] in "-+.,0123456789":
        text += tokens[place]
        place += 1
    return place + 2, any(digit in "123456789" for digit in text)


def _environment_head(tokens: list[str], place: int, out: list[str]) -> int:
    """Copy an environment's name and, of an array, its columns; the place after them."""
    name = tokens[place] if place < len(tokens) else ""
    out += tokens[place : place + 1]
    place += 1
    if name in ("{array}", "{tabular}", "{subarray}", "{alignat}", "{alignedat}") and tokens[place : place + 1] == [
        "{"
    ]:
        while place < len(tokens):
            out.append(tokens[place])
            place += 1
            if out[-1] == "}":
                break
    return place


def fraction_tokens(left: str, right: str, bar: str, above: list[str], below: list[str]) -> list[str]:
    """``\\genfrac``: a fraction between two delimiters (or none); a bar of length 0 is no bar."""
    parts = ["{", *above, "}", "{", *below, "}"]
    no_bar = re.fullmatch(r"0+(\.0*)?[a-z]*", bar) is not None
    if no_bar and (left, right) == ("(", ")"):
        return ["\\binom", *parts]
    inner = ["{", "{", *above, "}", "\\atop", "{", *below, "}", "}"] if no_bar else ["\\frac", *parts]
    return ["\\left", left or ".", *inner, "\\right", right or "."] if left or right else inner
