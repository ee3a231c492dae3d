"""Bytes -> a label: as text, or each byte as one token, so that a fuzzer soon meets the grammar's corners."""

from __future__ import annotations

_LIST = r"""
x a 1 + = ( ) , . | < > ' ! / : ; * { } _ ^ [ ] & $ % ~ # l o g s i n é 中 α
\frac \sqrt \hat \sum \int \lim \over \choose \left \right \limits \overset \underset \binom \\ \ \prime
\operatorname \mbox \text \hspace \mathrm \overline \dbinom \xleftarrow \textcircled \log \sb \sp \not \big
\nolimits \substack \mathbb \quad \displaystyle \alpha
\begin \end {cases} {array} {matrix} {a} \begin{cases} \end{cases} \begin{matrix} \end{matrix}
"""
WORDS = _LIST.split()


def label_of(data: bytes, between: str = " ") -> str:
    """Even first byte: the rest as UTF-8 text; odd: each further byte is one of `WORDS`."""
    if not data:
        return ""
    if data[0] % 2 == 0:
        return data[1:].decode("utf-8", errors="replace")
    return between.join(WORDS[byte % len(WORDS)] for byte in data[1:])
