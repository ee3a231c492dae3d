"""The referee of normalisation: which MathML is the same picture, which formulas packages hold, what the verdict is."""

from __future__ import annotations

import io
import re
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from bench_normalize_render import (
    BROKEN,
    CHANGED,
    REFUSED,
    SAME,
    UNRENDERABLE,
    Verdict,
    difference,
    kinds,
    referee_folder,
    rendered,
    spread,
    verdicts,
    word_taken,
)
from figures import AbsentError
from formulas import command_probes, formulas
from mathml_picture import UnrenderableError, picture

X, Y, PRIME = "<mi>x</mi>", "<mi>y</mi>", "<mo>′</mo>"
SAME_PICTURES = [
    (f"<mrow>{X}<mrow>{Y}</mrow></mrow>", f"{X}{Y}"),
    ("<mn>12</mn>", "<mn>1</mn><mn>2</mn>"),
    (f"{X}<mspace width='1em'/>{Y}", f"<mstyle mathcolor='red'>{X}</mstyle>{Y}"),
    ("<mi mathvariant='bold'>x</mi>", X),
    ("<mi>ℝ</mi>", "<mi mathvariant='double-struck'>R</mi>"),
    (f"<msup><msub>{X}{Y}</msub><mn>2</mn></msup>", f"<msubsup>{X}{Y}<mn>2</mn></msubsup>"),
    (f"<msup><mrow>{X}{Y}</mrow><mn>2</mn></msup>", f"{X}<msup>{Y}<mn>2</mn></msup>"),
    (f"{X}<msup><mi></mi><mn>2</mn></msup>", f"<msup>{X}<mn>2</mn></msup>"),
    (f"<munder><mo>lim</mo>{X}</munder>", f"<msub><mi>lim</mi>{X}</msub>"),
    (f"<munderover><mo>∑</mo>{X}{Y}</munderover>", f"<msubsup><mo>∑</mo>{X}{Y}</msubsup>"),
    (f"<msup>{X}<mo>″</mo></msup>", f"<msup><msup>{X}{PRIME}</msup>{PRIME}</msup>"),
    (f"<mtable><mtr><mtd>{X}</mtd></mtr></mtable>", X),
    (f"<munderover>{X}{Y}{Y}</munderover>", f"<mover><munder>{X}{Y}</munder>{Y}</mover>"),
    ("<mi>x</mi><mo>̇</mo>", f"<mover>{X}<mo>˙</mo></mover>"),
]
OTHER_PICTURES = [
    (f"<msup>{X}{Y}</msup>", f"<msub>{X}{Y}</msub>"),
    (f"<msup>{X}<mn>12</mn></msup>", f"<msup>{X}<mn>1</mn></msup><mn>2</mn>"),
    (f"<msup><msup>{X}{Y}</msup>{Y}</msup>", f"<msup>{X}<mrow>{Y}{Y}</mrow></msup>"),
    (f"<mfrac>{X}{Y}</mfrac>", f"<mfrac linethickness='0'>{X}{Y}</mfrac>"),
    (f"<munder>{X}{Y}</munder>", f"<msub>{X}{Y}</msub>"),
    ("<mi mathvariant='script'>x</mi>", X),
    (f"<msqrt>{X}</msqrt>{Y}", f"<msqrt>{X}{Y}</msqrt>"),
    (f"<mtable><mtr><mtd>{X}</mtd><mtd>{Y}</mtd></mtr></mtable>",
     f"<mtable><mtr><mtd>{X}</mtd></mtr><mtr><mtd>{Y}</mtd></mtr></mtable>"),
    (f"<mtable columnlines='solid'><mtr><mtd>{X}</mtd></mtr></mtable>", X),
    (f"<menclose notation='box'>{X}</menclose>", X),
    (f"{X}<mspace linebreak='newline'/>{Y}", f"{X}{Y}"),
    (f"<mphantom>{X}</mphantom>{Y}", f"{X}{Y}"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME_PICTURES)
def test_the_same_picture(one: str, other: str) -> None:
    assert picture(f"<math>{one}</math>") == picture(f"<math>{other}</math>")


@pytest.mark.parametrize(("one", "other"), OTHER_PICTURES)
def test_another_picture(one: str, other: str) -> None:
    before, after = picture(f"<math>{one}</math>"), picture(f"<math>{other}</math>")
    assert before != after
    assert difference(before, after)


def test_an_error_is_no_picture() -> None:
    with pytest.raises(UnrenderableError, match="Undefined"):
        picture("<math><merror><mtext>Undefined</mtext></merror></math>")


def test_a_function_taken_out_of_a_word() -> None:
    word = "<math><mtext>distance</mtext></math>"
    assert word_taken(word, "<math><mi>d</mi><mi>i</mi><mi>s</mi><mi>tan</mi><mi>c</mi><mi>e</mi></math>")
    assert not word_taken("<math><mtext>tan</mtext></math>", "<math><mi>tan</mi></math>")


def test_formulas_of_packages(tmp_path: Path) -> None:
    files = {
        "p-1/tests/test_a.py": "A = r'\\frac{a}{b}'\nB = 'no formula'\nC = '$x^{2}$'\nD = 'a.^b'\n",
        "p-1/p/code.py": '"""Sum :math:`\\\\sum_i x_i` of all."""\nE = r"\\alpha\\beta"\n',
        "p-1/docs/index.md": "Prose with $\\sqrt{2}$ and\n$$\n\\pi r^2\n$$\n",
    }
    with tarfile.open(tmp_path / "p-1.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    script = tmp_path / "node_modules/q/test/spec.js"
    script.parent.mkdir(parents=True)
    script.write_text("expect('\\\\binom{n}{k}'); const t = String.raw`\\vec x`;", encoding="utf-8")
    found = formulas(tmp_path)
    expected = {r"\frac{a}{b}": "p", "x^{2}": "p", r"\sum_i x_i": "p", r"\sqrt{2}": "p", r"\pi r^2": "p"}
    assert found == expected | {r"\binom{n}{k}": "q", r"\vec x": "q"}


def test_a_probe_for_each_command(tmp_path: Path) -> None:
    source = tmp_path / "node_modules/katex/src/macros.ts"
    source.parent.mkdir(parents=True)
    source.write_text('defineMacro("\\\\ket", "x"); defineMacro("\\\\def", "y");', encoding="utf-8")
    probes = command_probes(tmp_path)
    assert r"f_\ket{x} y" in probes
    assert not any("\\def" in probe for probe in probes)


@pytest.mark.parametrize(
    ("count", "kept"),
    [(2, ["a", "d"]), (4, ["a", "b", "d", "e"]), (6, list("abcdef")), (50, list("abcdef")), (0, [])],
)
def test_a_few_formulas_are_drawn_from_all(count: int, kept: list[str]) -> None:
    assert list(spread(dict.fromkeys("abcdef", "t"), count)) == kept


def test_a_few_probes_are_not_all_of_one_command_or_shape(tmp_path: Path) -> None:
    source = tmp_path / "node_modules/katex/src/macros.ts"
    source.parent.mkdir(parents=True)
    names = [f"{first}{second}" for first in "AZaz" for second in "bcdef"]
    source.write_text("".join(f'm("\\\\{name}");' for name in names), encoding="utf-8")
    few = spread(dict.fromkeys(command_probes(tmp_path), "t"), 12)
    assert len({name for name in names for probe in few if f"\\{name}" in probe}) == 12
    assert len({re.sub(r"\\[A-Za-z]+", "@", probe) for probe in few}) > 1


def test_failures_by_the_command_that_fails_most() -> None:
    results = [
        Verdict("t", r"\alpha \x", CHANGED, "a"),
        Verdict("t", r"\alpha + \beta", SAME, "b"),
        Verdict("t", r"\y", BROKEN, "c"),
    ]
    assert {kind: len(group) for kind, group in kinds(results).items()} == {r"changed: \x": 1, r"broken: \y": 1}


def test_verdicts_of_mathjax() -> None:
    try:
        folder = referee_folder()
    except AbsentError as error:
        pytest.skip(str(error))
    raw = {r"{a \over b}^2": "t", r"\sideset{}{'}\sum": "t", r"\frac": "t"}
    assert [verdict.outcome for verdict in verdicts(raw, "crohme", folder)] == [SAME, REFUSED, UNRENDERABLE]
    with pytest.raises(RuntimeError, match="renders none"):
        rendered([r"\frac"], folder)
    before, after = (picture(answer["mathml"]) for answer in rendered([r"{a \atop b} c", r"a \atop b c"], folder))
    assert before != after
