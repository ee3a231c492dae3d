"""Typesetting a label: what is drawn, that it is always the same, and what is refused."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib import resources

import pytest
from PIL import Image, ImageChops

from mumer_data.exceptions import ImageError
from mumer_data.typeset.image import MAX_DEPTH, MAX_SIDE, typeset

SAMPLE = (resources.files("mumer_data.readers") / "demo_labels.txt").read_text("utf-8")
LABELS = [line.split("\t")[1] for line in SAMPLE.splitlines()]


def opened(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


def ink_box(picture: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.invert(picture).getbbox()


def ink_size(label: str) -> tuple[int, int]:
    box = ink_box(opened(typeset(label)))
    assert box is not None
    return box[2] - box[0], box[3] - box[1]


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {label: typeset(label) for label in LABELS}


def test_every_label_of_the_sample_is_drawn_inside_its_margins(pictures: dict[str, bytes]) -> None:
    for label, png in pictures.items():
        picture = opened(png)
        assert (picture.format, picture.mode, picture.info) == ("PNG", "L", {}), label
        width, height = picture.size
        assert ink_box(picture) == (8, 8, width - 8, height - 8), label
        assert 20 <= height <= 250, label
        assert width <= 1200, label


def test_the_bytes_do_not_depend_on_what_was_drawn_before(pictures: dict[str, bytes]) -> None:
    for label in LABELS[::-9]:
        assert typeset(label) == pictures[label], label


def test_the_bytes_are_the_same_in_another_process() -> None:
    code = "import sys, mumer_data.typeset.image as t; sys.stdout.buffer.write(t.typeset(sys.argv[1]))"
    label = r"\begin {cases} x ^ { 2 } & x \geq 0 \\ \frac { 1 } { 2 } & x < 0 \end {cases}"
    command = [sys.executable, "-c", code, label]
    assert subprocess.run(command, capture_output=True, check=True).stdout == typeset(label)


def test_threads_do_not_disturb_each_other(pictures: dict[str, bytes]) -> None:
    some = LABELS[::20]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(typeset, some)) == [pictures[label] for label in some]


def test_no_two_labels_of_the_sample_look_alike(pictures: dict[str, bytes]) -> None:
    by_hash: dict[bytes, list[str]] = {}
    for label, png in pictures.items():
        by_hash.setdefault(sha256(png).digest(), []).append(label)
    alike = [labels for labels in by_hash.values() if len(labels) > 1]
    assert alike == [["x _ { i } ^ { 2 }", "x ^ { 2 } _ { i }"]]


@pytest.mark.parametrize(
    ("label", "same"),
    [
        pytest.param(r"\begin {matrix} a & b \end {matrix}", r"\begin{matrix} a & b \end{matrix}", id="joined"),
        pytest.param(r"\lim _ { x \to 0 } f", r"\lim \limits _ { x \to 0 } f", id="limits-of-lim"),
        pytest.param(r"a \not = b", r"a \neq b", id="not-equal"),
        pytest.param("5 %", r"5 \%", id="percent-is-no-comment"),
        pytest.param(r"\mathbb { R }", r"\mathbb{R}", id="letters-of-a-font"),
    ],
)
def test_two_ways_to_write_one_picture(label: str, same: str) -> None:
    assert typeset(label) == typeset(same)


@pytest.mark.parametrize(
    ("label", "other"),
    [
        pytest.param(r"\hat { M }", r"\widehat { M }", id="hat"),
        pytest.param(r"\int _ { 0 } ^ { 1 }", r"\int \limits _ { 0 } ^ { 1 }", id="limits-of-int"),
        pytest.param("f '", "f ' '", id="primes"),
        pytest.param(r"\frac { 1 } { 2 }", r"\tfrac { 1 } { 2 }", id="tfrac"),
        pytest.param(r"\phi", r"\varphi", id="phi"),
        pytest.param(r"\xrightarrow { a }", r"\xrightarrow [ b ] { a }", id="option-of-an-arrow"),
    ],
)
def test_two_labels_that_must_not_look_alike(label: str, other: str) -> None:
    assert typeset(label) != typeset(other)


@pytest.mark.parametrize(
    ("label", "taller"),
    [
        pytest.param(r"a = b", r"a = b \\ c = d", id="lines"),
        pytest.param(r"\sum a", r"\left ( \sum _ { i } ^ { n } a \right )", id="brackets-around-limits"),
        pytest.param(r"( x )", r"\left ( \frac { x } { y } \right )", id="left-right"),
        pytest.param(r"x", r"\underbrace { x } _ { n }", id="underbrace"),
        pytest.param(r"x", r"\boxed { x }", id="boxed"),
        pytest.param(r"n", r"\binom { n } { k }", id="binomial"),
    ],
)
def test_what_must_be_taller(label: str, taller: str) -> None:
    assert ink_size(label)[1] < ink_size(taller)[1]


@pytest.mark.parametrize(
    "label",
    [
        r"\frac { } { b }",
        r"a \\ \\ b",
        r"\\ a",
        r"a \\",
        r"\begin {pmatrix} a \\ b \end {pmatrix} ^ { 2 }",
        r"\text { i f } x > 0",
        "{ } ^ { 2 } x",
    ],
)
def test_odd_but_drawn(label: str) -> None:
    assert ink_box(opened(typeset(label))) is not None


@pytest.mark.parametrize(
    ("label", "why"),
    [
        pytest.param("", "it is empty", id="empty"),
        pytest.param("{ }", "leaves no ink", id="empty-group"),
        pytest.param(r"\, \quad", "leaves no ink", id="spaces"),
        pytest.param("x _ { 1", "do not balance", id="open-brace"),
        pytest.param("} x {", "do not balance", id="braces-the-wrong-way-round"),
        pytest.param(r"\left ( x", "do not balance", id="left-alone"),
        pytest.param(r"\begin {cases} x", "do not balance", id="begin-alone"),
        pytest.param(r"\nosuchcommand x", r"the command \\nosuchcommand is not known", id="unknown-command"),
        pytest.param("\ud800", "cannot read it", id="surrogate"),
        pytest.param("速 度 = 3", "the font has no glyph for 度 速", id="no-glyph"),
        pytest.param(r"\text { 速 }", "the font has no glyph for 速", id="no-glyph-in-text"),
        pytest.param("a & b", "cannot read it", id="ampersand-outside"),
        pytest.param("x ^ { 2 } ^ { 3 }", "cannot read it .*DoubleSuperscripts", id="two-superscripts"),
        pytest.param(r"\frac { 1 }", "cannot lay it out", id="argument-missing"),
        pytest.param(r"\newcommand { \x } { \x \x } \x", "defines commands", id="definition"),
        pytest.param(r"\hat", "cannot read it", id="nothing-follows"),
        pytest.param(r"a \not b", r"this use of \\not", id="not-letter"),
        pytest.param(r"\text { }", "empty text", id="empty-text"),
        pytest.param(r"\begin {array} { c | c } a & b \\ c & d \end {array}", "lines in tables", id="table-lines"),
        pytest.param("{ " * 11 + "x" + " }" * 11, f"11 deep, more than {MAX_DEPTH}", id="deep"),
    ],
)
def test_refused(label: str, why: str) -> None:
    with pytest.raises(ImageError, match=why) as caught:
        typeset(label)
    assert caught.value.reason == "typeset_failed"
    assert f'"{label}"' in caught.value.message


def test_a_refusal_leaves_no_trace() -> None:
    before = typeset("f ' ( x )")
    for label in (r"\text { 速 }", r"\text { }", r"\frac { 1 }"):
        with pytest.raises(ImageError):
            typeset(label)
    assert typeset("f ' ( x )") == before


@pytest.mark.parametrize("label", ["-", "x", r"\frac { a } { b }", r"\sum _ { i = 1 } ^ { n } i", "1 | 2"])
@pytest.mark.parametrize("height", [17, 32, 64, 333])
def test_height_is_met_to_the_pixel(label: str, height: int) -> None:
    picture = opened(typeset(label, height=height, margin=5))
    assert picture.height == height
    box = ink_box(picture)
    assert box is not None
    assert min(box[0], box[1], picture.width - box[2], picture.height - box[3]) >= 5


def test_size_and_margin() -> None:
    small, large = (opened(typeset("x + y", size=size, margin=0)) for size in (30, 60))
    assert large.height == pytest.approx(2 * small.height, abs=2)
    assert opened(typeset("x + y", size=30, margin=7)).size == (small.width + 14, small.height + 14)


@pytest.mark.parametrize("label", [" + ".join("x" * 300), r" \\ ".join("y" * 100)])
@pytest.mark.parametrize("height", [None, 1000])
def test_nothing_is_larger_than_the_limit(label: str, height: int | None) -> None:
    picture = opened(typeset(label, height=height))
    assert max(picture.size) <= MAX_SIDE


@pytest.mark.parametrize("options", [{"height": 16}, {"height": 2001}, {"margin": -1}, {"margin": 1000}])
def test_no_room_for_ink(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="no room for ink"):
        typeset("x", height=options.get("height"), margin=options.get("margin", 8))
