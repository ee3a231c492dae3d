"""Laws and real pairs: applying twice changes nothing, nothing is fatal, and published labels come out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pylatexenc.latexwalker import LatexWalker, LatexWalkerEndOfStream

from mumer_data import LatexSyntaxError, parse
from mumer_data.latex.normalize import normalize
from mumer_data.latex.normalize.lexer import raw_tokens
from tests.latex.labels import labels

PIECES = ["x", "1", "{", "}", "_", "^", "'", "[", "]", "&", "\\\\", "\\frac", "\\sqrt", "\\hat", "\\sum", "\\over"]
PIECES += ["\\left", "\\right", ".", "\\mbox", "\\operatorname", "\\begin{a}", "\\end{a}", "\\choose", "l", "o", "g"]
PIECES += ["\\hspace", "\\text", "$", "α", "已", " ", "\\ ", "\\", "%", "\\overset", "\\limits", "\\sb", "~"]
raw_labels = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)
presets = st.sampled_from(["crohme", "hme100k", "mathwriting", "im2latex"])


def settled(raw: str, preset: str) -> str | None:
    """The label of ``raw``, checked to be one; ``None`` where it cannot be read."""
    try:
        label = normalize(raw, preset)
    except LatexSyntaxError as error:
        assert_inside(error)
        return None
    parse(label)
    return label


def assert_inside(error: LatexSyntaxError) -> None:
    assert 0 <= error.position <= len(error.tokens)


@settings(max_examples=2000, deadline=None)
@example("{{}^{}}x", "crohme")
@example("a{{}_{}}^{2}", "crohme")
@example("{l{o}g}", "crohme")
@example("{^{}0}^0{}", "crohme")
@example("x'_x", "mathwriting")
@example("x'^'", "mathwriting")
@given(st.one_of(raw_labels, st.text(max_size=30), labels()), presets)
def test_twice_is_once(raw: str, preset: str) -> None:
    label = settled(raw, preset)
    if label:
        assert settled(label, preset) == label


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60), presets)
def test_random_bytes_are_never_fatal(data: bytes, preset: str) -> None:
    settled(data.decode("utf-8", errors="replace"), preset)
    settled(data.decode("latin-1"), preset)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([p for p in PIECES if p not in ("%", "$", "\\", "\\ ")]), max_size=12).map(" ".join))
def test_the_lexer_agrees_with_pylatexenc(raw: str) -> None:
    walker, position, found = LatexWalker(raw), 0, []
    try:
        while True:
            token = walker.get_token(position, environments=False)
            found.append(raw[token.pos : token.pos + token.len].strip())
            position = token.pos + token.len
    except LatexWalkerEndOfStream:
        pass
    assert "".join(raw_tokens(raw)) == "".join(found).replace(" ", "")


@pytest.mark.parametrize(
    "deep", ["{" * 3000 + "x" + "}" * 3000, "\\sqrt" * 3000 + "x", "x" + "^{a" * 3000 + "}" * 3000]
)
def test_depth_does_not_matter(deep: str) -> None:
    assert parse(normalize(deep))


@pytest.mark.parametrize(
    ("raw", "position", "message"),
    [
        ("x^{2", 2, "'{' never closes"),
        ("x}", 1, "'}' without '{' before it"),
        (r"\frac1", 2, r"expected an argument after '\\frac', found the end"),
        (r"{x^}", 3, r"expected an argument after '\^', found '}'"),
        (r"\begin{a}x\end{b}", 4, r"expected '{a}' after '\\end'"),
        ("", 0, "the label is empty"),
    ],
)
def test_what_cannot_be_read_says_where(raw: str, position: int, message: str) -> None:
    with pytest.raises(LatexSyntaxError, match=message) as caught:
        normalize(raw)
    assert caught.value.position == position


def test_published_crohme_labels_come_out_of_the_raw_ones(shared: Path) -> None:
    folder = shared / "data/crohme/train"
    raw = dict(line.split("\t", 1) for line in (folder / "raw_labels.tsv").read_text("utf-8").split("\n") if line)
    published = dict(line.split("\t", 1) for line in (folder / "caption.txt").read_text("utf-8").split("\n") if line)
    equal = sum(normalize(raw[name]) == label for name, label in published.items())
    assert len(published) == 8835
    assert equal / len(published) >= 0.997
    assert all(normalize(label) == label for label in published.values())
