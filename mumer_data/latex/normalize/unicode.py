"""Unicode mathematical characters <-> tokens of a label: ``x² ≤ 1`` <-> ``x ^ { 2 } \\leq 1``.

Characters with a Unicode decomposition (fonts, scripts, fractions, full-width forms) are decomposed; the others are in
``unicode.toml``. A character that neither covers is unchanged: Chinese, Cyrillic.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from mumer_data.latex.grammar import grammar_folder

TABLE = "unicode.toml"
_FONTS = (
    ("DOUBLE-STRUCK", "\\mathbb"),
    ("FRAKTUR", "\\mathfrak"),
    ("BLACK-LETTER", "\\mathfrak"),
    ("SCRIPT", "\\mathcal"),
    ("MONOSPACE", "\\mathtt"),
    ("SANS-SERIF", "\\mathsf"),
    ("BOLD", "\\mathbf"),
)
_ACCENTS = {
    "\u0300": "\\grave",
    "\u0301": "\\acute",
    "\u0302": "\\hat",
    "\u0303": "\\tilde",
    "\u0304": "\\bar",
    "\u0305": "\\overline",
    "\u0306": "\\breve",
    "\u0307": "\\dot",
    "\u0308": "\\ddot",
    "\u030a": "\\mathring",
    "\u030c": "\\check",
    "\u0332": "\\underline",
    "\u20d7": "\\vec",
    "\u20d6": "\\overleftarrow",
    "\u20e1": "\\overleftrightarrow",
}
_SLASH = "\u0338"
_NEGATED = {"=": "\\neq", "\\in": "\\notin", "\\exists": "\\nexists", "|": "\\nmid", "<": "\\nless", ">": "\\ngtr"}
_PRIMES = {"\u2032": "'", "\u2033": "''", "\u2034": "'''", "\u2057": "''''"}
_RAISED = {"\u00b0": ("\\circ",), "\u00ba": ("\\circ",), "\u2103": ("\\circ",), "\u2109": ("\\circ",)}
_BEHIND = {"\u2103": "C", "\u2109": "F"}
_ROOTS = {"\u221a": (), "\u221b": ("[", "3", "]"), "\u221c": ("[", "4", "]")}
_SCRIPTS = {"<super>": "^", "<sub>": "_"}


@lru_cache(maxsize=1)
def unicode_table() -> Mapping[str, str]:
    """Character -> its command, or its ASCII equivalent."""
    groups = tomllib.loads((grammar_folder() / TABLE).read_text(encoding="utf-8"))
    return {character: command for group in groups.values() for character, command in group.items()}


def without_unicode(tokens: list[str]) -> list[str]:
    """Tokens with every known character replaced by a command, a script, an accent, a fraction or a root."""
    out: list[str] = []
    script = ""  # mark of the script at the end of the output, while further characters may continue it
    i = 0
    while i < len(tokens):
        token = tokens[i]
        i += 1
        if token.isascii() or len(token) > 1:
            out.append(token)
            script = ""
            continue
        mark, inner = _script(token)
        if mark:
            script = _add_script(out, mark, inner, script)
            if token in _BEHIND:
                out.append(_BEHIND[token])
                script = ""
            continue
        script = ""
        if token in _ROOTS:
            i = _add_root(out, tokens, i, token)
        elif unicodedata.combining(token) or token in _ACCENTS:
            _add_accent(out, token)
        else:
            out += _plain(token)
    return out


def _script(character: str) -> tuple[str, list[str]]:
    """The mark and content of a character that is a script; two empty values for all others."""
    if character in _RAISED:
        return "^", list(_RAISED[character])
    kind, _, rest = unicodedata.decomposition(character).partition(" ")
    if kind not in _SCRIPTS:
        return "", []
    return _SCRIPTS[kind], [token for code in rest.split() for token in _plain(chr(int(code, 16)))]


def _add_script(out: list[str], mark: str, inner: list[str], before: str) -> str:
    if before == mark:
        out[-1:] = [*inner, "}"]
    else:
        out += [mark, "{", *inner, "}"]
    return mark


def _plain(character: str) -> list[str]:
    """The tokens of a character that is not a script."""
    if character.isascii():
        return [character]
    if character in _PRIMES:
        return list(_PRIMES[character])
    command = unicode_table().get(character)
    if command is not None:
        return [command]
    if unicodedata.category(character) in ("Cf", "Zs", "Cc"):
        return []
    return _decomposed(character)


def _decomposed(character: str) -> list[str]:
    kind, _, rest = unicodedata.decomposition(character).partition(" ")
    parts = [chr(int(code, 16)) for code in (rest if kind.startswith("<") else f"{kind} {rest}").split()]
    if kind == "<fraction>":
        over, _, under = "".join(parts).partition("\u2044")
        return ["\\frac", "{", *over, "}", "{", *under, "}"]
    if kind in ("<font>", "<wide>", "<narrow>"):
        base = _plain(parts[0])
        name = unicodedata.name(character, "")
        font = next((command for word, command in _FONTS if kind == "<font>" and word in name), "")
        return [font, "{", *base, "}"] if font else base
    if parts[1:] == [_SLASH] and not kind.startswith("<"):
        out = _plain(parts[0])
        _add_accent(out, _SLASH)
        return out
    return [character]  # an accented letter is a letter of a word


def _add_accent(out: list[str], mark: str) -> None:
    """Apply a combining mark to the last token; a mark without a command is kept as a character."""
    if not out or out[-1] in ("{", "}", "_", "^", "&", "\\\\"):
        return
    base = out.pop()
    if mark == _SLASH:
        out += [_NEGATED[base]] if base in _NEGATED else ["\\not", base]
    elif mark in _ACCENTS:
        out += [_ACCENTS[mark], "{", base, "}"]
    else:
        out.append(base + mark)


def _add_root(out: list[str], tokens: list[str], begin: int, sign: str) -> int:
    """``√`` with its argument: a number, a group, brackets, or one token; returns the position after it."""
    end = begin
    if end < len(tokens) and tokens[end].isdigit() and tokens[end].isascii():
        while end < len(tokens) and tokens[end].isdigit() and tokens[end].isascii():
            end += 1
    elif end < len(tokens) and tokens[end] in ("{", "("):
        closer, depth = {"{": "}", "(": ")"}[tokens[end]], 0
        while end < len(tokens):
            depth += (tokens[end] == tokens[begin]) - (tokens[end] == closer)
            end += 1
            if not depth:
                break
        if depth:
            end = begin
    elif end < len(tokens) and (tokens[end].isalnum() or tokens[end] in _characters()):
        end += 1  # not a command with arguments: their end is unknown here
    if end == begin:
        out.append("\\surd")
        return begin
    inner = tokens[begin:end]
    inner = inner[1:-1] if inner[0] == "{" else inner
    out += ["\\sqrt", *_ROOTS[sign], "{", *without_unicode(inner), "}"]
    return end


@lru_cache(maxsize=1)
def _characters() -> Mapping[str, str]:
    """Command -> character; the first in the table if there are several."""
    characters: dict[str, str] = {}
    for character, command in unicode_table().items():
        if command.startswith("\\"):
            characters.setdefault(command, character)
    return characters


def to_unicode(label: str) -> str:
    """A label with a character for each command that has one: ``\\alpha \\leq 1`` -> ``α ≤ 1``."""
    characters = _characters()
    return " ".join(characters.get(token, token) for token in label.split())
