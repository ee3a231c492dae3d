"""Raw LaTeX -> tokens: commands, single characters, environment names; white space only parts them.

Not for meaning. pylatexenc's tokeniser does the same at 7,000 labels a second, which would leave nothing of the
time that a normalisation may take (see the benchmark), so it serves as the referee in the tests.
"""

from __future__ import annotations

import re

# An environment's name is one token with its braces; a command is letters and perhaps a star, or one other character.
TOKEN = re.compile(
    r"\\(?:begin|end)(?![A-Za-z])\s*\{\s*([^{}\\$]*?)\s*\}|\\(?:[A-Za-z]+\*?|\\\*|\s|.)|\S|\\$", re.DOTALL
)


def raw_tokens(raw: str) -> list[str]:
    """The tokens of a raw label; an environment gives two, ``\\begin`` and ``{NAME}``."""
    tokens: list[str] = []
    for match in TOKEN.finditer(raw):
        token = match.group()
        name = match.group(1)
        if name is not None:
            tokens.append("\\begin" if token.startswith("\\begin") else "\\end")
            tokens.append("{" + "".join(name.split()) + "}")
        elif token.startswith("\\") and token[1:].isspace():
            tokens.append("\\")  # a control space; no token has a space in it
        else:
            tokens.append(token)
    return tokens


_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(?:\n\s*|\Z)")


def without_comments(raw: str) -> str:
    """The text without ``%`` and what follows it in its line; ``\\%`` is a symbol."""
    return _COMMENT.sub(r"\1 ", raw) if "%" in raw else raw
