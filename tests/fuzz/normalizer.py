"""Any text as a raw label, under each preset: a label that parses and is settled, or ``LatexSyntaxError``."""

from __future__ import annotations

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse
from tests.fuzz.words import label_of

PRESETS = ("crohme", "hme100k", "mathwriting", "im2latex")


def check(data: bytes) -> None:
    preset = PRESETS[data[0] // 2 % 4 if data else 0]
    try:
        label = normalize(label_of(data, ""), preset)
    except LatexSyntaxError as error:
        assert 0 <= error.position <= len(error.tokens)
        return
    parse(label)
    assert normalize(label, preset) == label


def seeds() -> list[bytes]:
    raws = [
        b"\\frac12x'^2_a",
        b"{a\\over b}\\choose\\sqrt[3]x",
        b"$\\operatorname{sin}\\left.x\\right)$",
        b"\\mbox{a b} l o g",
    ]
    return [bytes([2 * number]) + raw for number, raw in enumerate(raws)] + [bytes(range(1, 90))]
