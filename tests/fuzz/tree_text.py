"""Any text as a Tree-CoT text, in every dialect: a tree whose text it is, or ``TreeTextError``."""

from __future__ import annotations

from mumer_data.exceptions import MumerError, TreeTextError
from mumer_data.latex.deserialize import read_tree
from mumer_data.latex.serialize import DIALECTS, label_text, tree_text
from tests.fuzz.words import WORDS, label_of

_LIST = "right sub sup above below inside row cell nextline columns begin_cases end_cases begin_a end_a x"
RELATIONS = _LIST.split()


def text_of(data: bytes) -> str:
    """As text; or three bytes a line: depth, token, relation; or the text of a label, with some bytes changed."""
    if not data or data[0] % 3 == 0:
        return data[1:].decode("utf-8", errors="replace")
    if data[0] % 3 == 1:
        rows = zip(data[1::3], data[2::3], data[3::3], strict=False)
        lines = ["\t" * (d % 5) + f"{WORDS[t % len(WORDS)]} ({RELATIONS[r % len(RELATIONS)]})" for d, t, r in rows]
        return "\n".join(lines).replace(" (right)", "", 1)
    try:
        text = label_text(label_of(b"\x01" + data[3:]), DIALECTS[data[0] // 3 % len(DIALECTS)])
    except MumerError:
        return ""
    place = int.from_bytes(data[1:2]) % (len(text) + 1)
    return text[:place] + ["", "\t", "\n", " (sub)"][data[2] % 4 if len(data) > 2 else 0] + text[place:]


def check(data: bytes) -> None:
    text = text_of(data)
    for dialect in DIALECTS:
        try:
            tree = read_tree(text, dialect)
        except TreeTextError as error:
            assert error.line >= 1
        else:
            assert tree_text(tree, dialect) == text


def seeds() -> list[bytes]:
    labels = ["x ^ { 2 } + \\frac { a } { b }", "\\begin {cases} x & y \\\\ z \\end {cases}", "\\sqrt [ 3 ] { x }"]
    found = [label_text(label, dialect) for label in labels for dialect in DIALECTS]
    return [b"\x00" + text.encode() for text in found] + [bytes(range(1, 90)), bytes(range(2, 90))]
