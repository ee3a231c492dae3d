"""The sites of a label where an error can happen, each with the features that its probability is estimated from.

Not for the probabilities: see `rates` and `channel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mumer_data.alignment.edit_types import relations_of
from mumer_data.alignment.token_roles import TokenRole, is_structure, role_of
from mumer_data.error_model.events import Action, closers_of, is_balanced, scripts_of

_BEGIN = "<start>"


class Site(NamedTuple):
    """Where an action can happen: an index of the label, and keys from the most specific to the most general."""

    at: int
    keys: tuple[str, ...]


def sites_of(tokens: Sequence[str], action: Action) -> Iterator[Site]:
    """Every site of an action with its keys, e.g. symbol and relation; symbol; role and relation; role; anything."""
    if action == "add":
        for at in range(len(tokens) + 1):
            before = tokens[at - 1] if at else _BEGIN
            yield Site(at, (before, role_of(before).name if at else _BEGIN, ""))
    elif action in ("flatten", "switch"):
        for at, end in sorted(scripts_of(tokens).items()):
            base = role_of(tokens[at - 1]).name if at else _BEGIN
            content = tokens[at + 2] if at + 3 == end else "..."
            yield Site(at, (f"{tokens[at]} {content} on {base}", f"{tokens[at]} on {base}", tokens[at], ""))
    elif action == "shift":
        for at, owner in sorted(closers_of(tokens).items()):
            after = role_of(tokens[at + 1]).name if at + 1 < len(tokens) else ""
            yield Site(at, (f"{tokens[owner]} before {after}", tokens[owner], role_of(tokens[owner]).name, ""))
    else:
        yield from _symbol_sites(tokens, action)


def _symbol_sites(tokens: Sequence[str], action: Action) -> Iterator[Site]:
    """The sites of actions that begin at a symbol or, for stretches, at a script or a command with arguments."""
    relations = relations_of(tokens) or {}
    scripts = scripts_of(tokens) if action in ("omit", "rewrite") else {}
    for at, token in enumerate(tokens):
        symbol = not is_structure(token)
        if action == "raise" and not (at and _can_have_script(tokens[at - 1])):
            continue
        if symbol or at in scripts or (action in ("omit", "rewrite") and role_of(token) == TokenRole.CARRIER):
            relation = relations[at][0] if at in relations else "?"
            role = role_of(token).name
            yield Site(at, (f"{token} {relation}", token, f"{role} {relation}", role, ""))


def _can_have_script(token: str) -> bool:
    """Whether a token can be the base of a script."""
    return role_of(token) in (TokenRole.LETTER, TokenRole.DIGIT, TokenRole.COMMAND) or token in (")", "]", "}", "|")


def shift_at(tokens: Sequence[str], at: int, size: int) -> int:
    """The possible shift of a closing brace, in tokens, nearest to ``size`` in its direction; 0 for none."""
    wider = size > 0
    best = 0
    for length in range(1, min(2 * abs(size) + 8, len(tokens) - at if wider else at)):
        past = tokens[at + 1 : at + 1 + length] if wider else tokens[at - length : at]
        following = tokens[at + 1 + length] if wider and at + 1 + length < len(tokens) else ""
        head = tokens[at - length - 1] if not wider else ""
        if "}" in past[:1] or not is_balanced(past) or following == "{":
            continue
        if not wider and (head in ("{", "[") or past[0] in ("{", "_", "^")):  # keep a symbol and its scripts
            continue
        if not best or abs(length - abs(size)) < abs(best - abs(size)):
            best = length
    return best if wider else -best


def stretch_at(tokens: Sequence[str], at: int, length: int) -> tuple[str, ...]:
    """The balanced stretch that begins at an index and is nearest to a length; empty where there is none.

    At a script mark the shortest stretch is the whole script.
    """
    best: tuple[str, ...] = ()
    for end in range(at + 1, min(len(tokens), at + 2 * length + 8) + 1):
        stretch = tuple(tokens[at:end])
        if tokens[end - 1] == "}" and stretch.count("}") > stretch.count("{"):
            break
        following = tokens[end] if end < len(tokens) else ""
        if following == "{" or not is_balanced(stretch):  # an argument is missing
            continue
        if not best or abs(len(stretch) - length) < abs(len(best) - length):
            best = stretch
    return best
