"""Corrections: what is crossed out or overwritten is in the ink and in the image, but in no symbol and in no box."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from mumer_data.exceptions import PipelineError
from mumer_data.handwriting.export import annotated_image, inkml
from mumer_data.handwriting.ink import STRUCK, OnlineInk, RenderedInk, draw, write
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.handwriting.writer import WriterStyle, writer_style
from mumer_data.readers.inkml import read_inkml
from tests.cli.test_cli import mumer

LABEL = r"\frac { a + 4 } { b } - x ^ { 2 } \sin k"
NAMES = ["\\frac", "a", "+", "4", "b", "-", "x", "2", "\\sin", "k"]


def corrected(name: str, often: float, label: str = LABEL) -> OnlineInk:
    synthesizer = Synthesizer()
    hand = synthesizer.writer_model(synthesizer.writer(name), name)
    hand.style = replace(hand.style, corrections=often)
    return write(label, hand)


def without(ink: OnlineInk, mark: int) -> OnlineInk:
    kept = [place for place, owner in enumerate(ink.marks) if owner != mark]
    return replace(ink, strokes=[ink.strokes[place] for place in kept], marks=[ink.marks[place] for place in kept])


def dark(picture: RenderedInk) -> int:
    return int((np.asarray(picture.image) < 128).sum())


@pytest.mark.parametrize("name", [f"{number}" for number in range(12)])
def test_the_label_and_its_symbols_stay(name: str) -> None:
    ink = corrected(name, 1.0)
    assert (ink.label, sorted(ink.names)) == (LABEL, sorted(NAMES))
    assert sorted(set(ink.marks)) == list(range(STRUCK, len(NAMES)))
    picture = draw(ink)
    plain = draw(without(ink, STRUCK))
    sizes = [picture.boxes[:, 2:] - picture.boxes[:, :2], plain.boxes[:, 2:] - plain.boxes[:, :2]]
    assert np.abs(sizes[0] - sizes[1]).max() <= 1, "a box holds struck ink"
    assert dark(picture) > dark(plain)
    assert len(annotated_image(picture, "a.png").boxes) == len(NAMES)


def test_struck_ink_is_in_no_group_of_inkml() -> None:
    picture = draw(corrected("a", 1.0))
    read = read_inkml(inkml(picture, "a").encode())
    assert [symbol.label for symbol in read.symbols] == picture.names
    grouped = {trace for symbol in read.symbols for trace in symbol.traces}
    struck = {str(number) for number, mark in enumerate(picture.writing.marks) if mark == STRUCK}
    assert struck
    assert grouped | struck == set(read.strokes)
    assert not grouped & struck


def test_struck_ink_comes_before_its_symbol() -> None:
    ink = corrected("a", 1.0, "x")
    assert ink.marks[0] == STRUCK
    assert ink.marks[-1] == 0


def test_both_kinds_of_correction_occur() -> None:
    """Crossed out: the symbol stands right of the struck ink. Overwritten: it lies on it."""
    apart = []
    for number in range(40):
        ink = corrected(f"{number}", 1.0, "4")
        struck = [stroke for stroke, mark in zip(ink.strokes, ink.marks, strict=True) if mark == STRUCK]
        right = [stroke for stroke, mark in zip(ink.strokes, ink.marks, strict=True) if mark == 0]
        apart.append(min(stroke[:, 0].min() for stroke in right) > np.median(np.concatenate(struck)[:, 0]))
    assert 10 < sum(apart) < 38


def test_corrections_change_no_other_ink() -> None:
    """Of a writer who corrects, an expression without a correction is the same as without the habit."""
    same = [
        (STRUCK in ink.marks, all(map(np.array_equal, ink.strokes, corrected(name, 0.0, "a + b").strokes)))
        for name, ink in ((name, corrected(name, 0.3, "a + b")) for name in map(str, range(20)))
    ]
    assert {struck for struck, _ in same} == {True, False}
    assert all(unchanged for struck, unchanged in same if not struck)


def test_they_are_rare_and_can_be_switched_off() -> None:
    rates = np.array([writer_style(f"writer-{number}").corrections for number in range(1000)])
    assert 0.55 < (rates == 0).mean() < 0.8
    assert 0.001 < rates.mean() < 0.003
    name = next(str(n) for n in range(2000) if STRUCK in Synthesizer().picture(str(n), "x y 2 3 a b").writing.marks)
    often, never = Synthesizer(corrections=50.0), Synthesizer(corrections=0.0)
    assert STRUCK not in never.picture(name, "x y 2 3 a b").writing.marks
    first, second = (often.picture(name, "x y 2 3 a b").image.tobytes() for _ in range(2))
    assert first == second


def test_the_command_line_switches_them_off(tmp_path: Path) -> None:
    for out, factor in (("some", "100"), ("none", "0")):
        done = mumer(
            "write", "x 2", "--copies", "8", "--format", "inkml", "--corrections", factor, "--out", tmp_path / out
        )
        assert done.returncode == 0, done.stderr
    traces = {
        out: [file.read_text().count("<trace ") - file.read_text().count("<traceView") for file in files]
        for out, files in ((out, sorted((tmp_path / out / "inkml").iterdir())) for out in ("some", "none"))
    }
    assert not any(traces["none"])
    assert any(traces["some"])


@pytest.mark.parametrize("often", [-0.1, 1.5])
def test_impossible_probabilities(often: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        WriterStyle(corrections=often)
    from mumer_data import handwrite

    with pytest.raises(PipelineError, match="from 0 to 1"):
        handwrite("x", style={"corrections": often})


def test_letters_of_a_function_name_stay_apart() -> None:
    """The name "log" must not read as "bog", "sin" not as "sm": letters do not touch, and l is taller than o."""
    parts, taller = [], []
    for number in range(60):
        hand = Synthesizer().writer_model(f"writer-{number:05d}", str(number))
        hand.style = replace(hand.style, joins=0.0)
        ink = write(r"\log", hand)
        labels, count = ndimage.label(np.asarray(draw(ink).image) < 128, structure=np.ones((3, 3)))
        parts.append(count)
        if count == 3:
            boxes = sorted(ndimage.find_objects(labels), key=lambda box: box[1].start)
            high = [box[0].stop - box[0].start for box in boxes]
            taller.append(high[0] / high[1])
    assert np.mean(np.array(parts) >= 3) > 0.95
    assert min(taller) > 1.0
    assert np.median(taller) > 1.5


def test_letters_of_a_function_name_are_joined_only_by_a_ligature(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer who joins all strokes that are close still lifts the pen between l, o and g."""
    monkeypatch.setattr("mumer_data.handwriting.layout.placement._near", lambda end, begin: False)
    for number in range(30):
        hand = Synthesizer().writer_model(f"writer-{number:05d}", str(number))
        hand.style = replace(hand.style, joins=1.0, spacing=0.08)
        assert len(write(r"\log", hand).strokes) >= 3
