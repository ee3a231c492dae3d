"""Any text as a raw label, under each preset: a label that parses, is settled and is typeset, or a clear error."""

from __future__ import annotations

from contextlib import suppress

from mumer_data.exceptions import LatexSyntaxError
from mumer_data.latex.normalize import normalize
from mumer_data.latex.parser import parse
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.formula import set_label
from tests.fuzz.words import label_of

LONGEST = 400  # characters of a label that is typeset: about 10 ms
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
    if len(label) <= LONGEST:
        with suppress(TypesetError):
            set_label(label)


def seeds() -> list[bytes]:
    raws = [
        b"\\frac12x'^2_a",
        b"{a\\over b}\\choose\\sqrt[3]x",
        b"$\\operatorname{sin}\\left.x\\right)$",
        b"\\mbox{a b} l o g",
        b"\\textcolor{red}{x}\\kern-1.5em\\\\[4mm]\\rule{1pt}{2pt}",
        b"\\def\\f#1{#1_{\\bf x}}\\f y{\\cal L\\atop b}",
        "\u221a2 x\u00b2\u2081 \u00bd \u211d a\u226fb x\u0304".encode(),
        b"\\begin{array}[t]{*{2}{c}}a&b\\end{array}\\pmatrix{a\\cr b}\\ce{H2O}",
    ]
    return [bytes([2 * number]) + raw for number, raw in enumerate(raws)] + [bytes(range(1, 90))]
