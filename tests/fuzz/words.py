"""Bytes -> a label: as text, or each byte as one token, so that a fuzzer soon meets the grammar's corners."""

from __future__ import annotations

WORDS = [
    *"x a 1 + = ( ) , . | < > ' ! / : ; * { } _ ^ [ ] & $ % ~ #".split(),
    *"\\frac \\sqrt \\hat \\sum \\int \\lim \\over \\choose \\left \\right \\limits \\overset \\underset \\binom".split(),
    *"\\\\ \\ \\prime \\operatorname \\mbox \\text \\hspace \\mathrm \\overline \\dbinom \\xleftarrow \\textcircled".split(),
    *"\\begin \\end {cases} {array} {matrix} {a} \\begin{cases} \\end{cases} \\begin{matrix} \\end{matrix}".split(),
    *"l o g s i n \\log \\sb \\sp \\not \\big \\nolimits \\substack \\mathbb \\quad \\displaystyle é 中 α \\alpha".split(),
]


def label_of(data: bytes, between: str = " ") -> str:
    """Even first byte: the rest as UTF-8 text; odd: each further byte is one of `WORDS`."""
    if not data:
        return ""
    if data[0] % 2 == 0:
        return data[1:].decode("utf-8", errors="replace")
    return between.join(WORDS[byte % len(WORDS)] for byte in data[1:])
