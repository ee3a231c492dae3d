"""Handwriting of any label: what is drawn is what the label says, where the boxes say; or a named reason why not."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.handwriting.alphabets import ALPHABETS, writer_for
from mumer_data.handwriting.ink import MAX_SIDE, STRUCK, RenderedInk, draw, write
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.handwriting.writer import WriterStyle, writer_style
from mumer_data.latex.grammar import grammar_files
from tests.handwriting.labels import Part, written
from tests.latex.labels import labels

CONSTRUCTS = (Path(__file__).parent / "constructs.txt").read_text("utf-8").splitlines()
REASONS = {"", "glyph_missing", "layout_failed", "ink_empty"}


def picture(label: str, name: str = "a", seed: int = 0) -> RenderedInk:
    return Synthesizer(seed=seed).picture(name, label)


def check(made: RenderedInk) -> None:
    """The laws that every picture keeps."""
    width, height = made.image.size
    dark = np.asarray(made.image) < 128
    assert made.image.mode == "L"
    assert max(width, height) <= MAX_SIDE + 1
    assert made.boxes.shape == (len(made.names), 4)
    assert (made.boxes[:, :2] < made.boxes[:, 2:]).all()
    assert made.boxes.min() >= 0
    assert (made.boxes <= (width, height, width, height)).all()
    inside = np.zeros_like(dark)
    for left, top, right, bottom in made.boxes.tolist():
        assert dark[top:bottom, left:right].any()
        inside[top:bottom, left:right] = True
    assert STRUCK in made.writing.marks or not (dark & ~inside).any()
    assert sorted({STRUCK, *made.writing.marks}) == list(range(STRUCK, len(made.names)))
    assert not np.asarray(made.image)[[0, -1]].min() < 128, "ink touches the frame"


@settings(deadline=None, max_examples=60)
@given(written(), st.integers(0, 99))
def test_the_picture_shows_the_symbols_of_the_label_in_their_boxes(part: Part, seed: int) -> None:
    label, names = part
    made = picture(label, seed=seed)
    check(made)
    assert Counter(made.names) == Counter(names)
    again = picture(label, seed=seed)
    assert again.image.tobytes() == made.image.tobytes()
    assert (again.boxes == made.boxes).all()


@settings(deadline=None, max_examples=60)
@given(labels())
def test_any_label_is_written_or_refused_by_name(label: str) -> None:
    try:
        made = picture(label)
    except ImageError as error:
        reason = error.reason
    else:
        reason = ""
        check(made)
    assert reason in REASONS


@pytest.mark.parametrize("label", CONSTRUCTS)
def test_constructs_that_data_sets_use(label: str) -> None:
    check(picture(label))


def uses() -> dict[str, str]:
    """Every command of ``commands.toml`` -> a label that uses it."""
    known = tomllib.loads(grammar_files().commands)
    classes = known["classes"]
    found = {c: f"x {c} y" for part in known["ordinary"].values() for c in part}
    found |= {c: f"{c} {{ a }} {{ b }}" for kind in ("fraction", "overset", "underset") for c in classes[kind]}
    found |= {c: f"x {c} {{ a b }}" for kind in ("accent", "wrapper") for c in classes[kind]}
    found |= {c: f"{c} [ 3 ] {{ a }}" for c in classes["radical"]}
    found |= {c: f"{c} _ {{ a }} ^ {{ b }} x" for c in classes["operator"]}
    found |= {c: f"{{ n {c} k }}" for c in classes["infix"]}
    found |= {c: f"{c} ( x" for c in known["ordinary"]["delimiters"] if c.lower().startswith("\\big")}
    pair = "\\left ( a \\middle | x \\right )"
    special = {"\\not": "a \\not = b", "\\buildrel": "x \\buildrel a \\over = y"}
    return found | dict.fromkeys(("\\left", "\\middle", "\\right"), pair) | special


@pytest.mark.parametrize(("command", "label"), uses().items(), ids=list(uses()))
def test_every_known_command_is_written(command: str, label: str) -> None:
    check(picture(label))


@pytest.mark.parametrize(
    ("label", "reason", "message"),
    [
        pytest.param("速 度 = 3", "glyph_missing", "no alphabet has a shape for 速", id="chinese"),
        pytest.param("\\nosuch x", "layout_failed", "unknown command \\\\nosuch", id="unknown"),
        pytest.param("{ }", "ink_empty", "leaves no ink", id="empty-group"),
        pytest.param("\\quad \\,", "ink_empty", "leaves no ink", id="spaces"),
        pytest.param("\\phantom { x }", "ink_empty", "leaves no ink", id="phantom"),
        pytest.param("\\left ( x", "layout_failed", "left without", id="left-alone"),
        pytest.param("\\xlongequal [ a ] { b }", "layout_failed", "without an argument", id="optional"),
        pytest.param("x \\buildrel y", "layout_failed", "buildrel needs", id="buildrel"),
        pytest.param("x \\not \\frac { a } { b }", "layout_failed", "no Unicode character", id="not"),
        pytest.param("\x01", "layout_failed", "unknown command", id="control"),
        pytest.param("{ " * 600 + "x" + " }" * 600, "layout_failed", "too deep", id="deep"),
    ],
)
def test_what_cannot_be_written_says_why(label: str, reason: str, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        picture(label)
    assert caught.value.reason == reason


def test_raw_latex_is_read_too() -> None:
    assert picture("x^2+14").names == ["x", "2", "+", "1", "4"]
    with pytest.raises(LatexSyntaxError):
        picture("\\frac { a")


def test_a_missing_sign_is_never_a_box() -> None:
    """The printed font shows a box for what it lacks, which must not get into the ink."""
    for character in ("速", "あ", "क", "\ufffe", "😀"):
        with pytest.raises(ImageError):
            picture(character)


def test_long_labels_fit() -> None:
    made = picture(" + ".join("x" * 300))
    check(made)
    assert made.image.width > MAX_SIDE - 40


@pytest.mark.parametrize(("size", "padding"), [(1, 8), (32, -1), (32, 600)])
def test_no_room_for_ink(size: float, padding: int) -> None:
    ink = write("x", writer_for(WriterStyle(), np.random.default_rng(0)))
    with pytest.raises(ValueError, match="no room for ink"):
        draw(ink, size=size, padding=padding)


@pytest.mark.parametrize("name", list(ALPHABETS))
def test_each_alphabet_alone(name: str) -> None:
    style = WriterStyle(cursive=1.0)
    made = draw(write("a b x", writer_for(style, np.random.default_rng(0), [name])))
    check(made)
    assert made.names == ["a", "b", "x"]


def test_table_lines_are_symbols() -> None:
    made = picture("\\begin {array} { | c | } \\hline a \\\\ \\hline \\end {array}")
    assert Counter(made.names) == Counter(["|", "|", "\\hline", "\\hline", "a"])
    tall = [box for box, name in zip(made.boxes, made.names, strict=True) if name == "|"]
    (letter,) = [box for box, name in zip(made.boxes, made.names, strict=True) if name == "a"]
    assert tall[0][0] < letter[0] < letter[2] < tall[1][2]


def test_one_writer_one_hand_and_many_writers_many() -> None:
    styles = [writer_style(f"writer-{number}") for number in range(1000)]
    assert len({style.aspect for style in styles}) == 1000
    assert writer_style("writer-1") == styles[1] != writer_style("writer-1", seed=1)
    slants = np.array([style.slant for style in styles])
    assert -0.3 <= slants.min() < -0.15 < 0.15 < slants.max() <= 0.3
    shapes = {picture("2", name=f"{number}").image.tobytes() for number in range(200)}
    assert len(shapes) == 200


def test_a_writer_keeps_to_a_shape() -> None:
    """Strokes of the same symbol agree in number within one writer's expression far more than between writers."""
    calm = [
        writer_for(WriterStyle(looseness=0.0, joins=0.0, allographs=n), np.random.default_rng(n)) for n in range(20)
    ]
    counts = []
    for hand in calm:
        ink = write("7 4 7 4 7 4", hand)
        per = Counter(ink.marks)
        assert per[0] == per[2] == per[4]
        assert per[1] == per[3] == per[5]
        counts.append((per[0], per[1]))
    assert len(set(counts)) > 2


@pytest.mark.parametrize(
    "options", [{"aspect": 0.0}, {"pen": -1.0}, {"slant": float("nan")}, {"fineness": 0.0}, {"script": 0.0}]
)
def test_impossible_styles(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"more than 0|not a number"):
        WriterStyle(**options)  # type: ignore[arg-type]


def test_crohme_labels_are_written(shared: Path) -> None:
    """Every eighth label here; `benchmarks/bench_write.py` does all 8,835."""
    lines = (shared / "data/crohme/train/caption.txt").read_text("utf-8").splitlines()[::8]
    for line in lines:
        name, label = line.split("\t")
        made = picture(label, name=name)
        assert made.boxes.min() >= 0
    assert len(lines) == 1105
