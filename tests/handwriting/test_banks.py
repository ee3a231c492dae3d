"""Several banks in one run: shares of writers, one writer one bank, and the bank that comes with the library."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import PipelineError
from mumer_data.handwriting.alphabets import BankShare, bank_shares
from mumer_data.handwriting.glyphs.bank import GlyphBank
from mumer_data.handwriting.synthesizer import Synthesizer
from tests.cli.test_cli import mumer

(BUNDLED,) = bank_shares(["fonts"])
MOST = 600_000  # bytes that the bundled bank may add to the wheel


@pytest.mark.parametrize(
    ("options", "shares"),
    [
        pytest.param(["a"], [1.0], id="alone"),
        pytest.param(["a=0.5"], [0.5], id="half"),
        pytest.param(["a=0.5", "b"], [0.5, 0.5], id="rest"),
        pytest.param(["a=0.4", "b", "c"], [0.4, 0.3, 0.3], id="divided-rest"),
        pytest.param([], [], id="none"),
    ],
)
def test_shares(options: list[str], shares: list[float]) -> None:
    found = bank_shares(options)
    assert [bank.path.name for bank in found] == [option.split("=")[0] for option in options]
    assert [bank.share for bank in found] == pytest.approx(shares)


@pytest.mark.parametrize("options", [["a=2"], ["a=x"], ["=0.5"], ["a=-0.1"], ["a=0.6", "b=0.6"]])
def test_shares_that_cannot_be(options: list[str]) -> None:
    with pytest.raises(PipelineError, match=r"share from 0 to 1|more than 1 together"):
        bank_shares(options)


def test_a_file_whose_name_has_an_equals_sign(tmp_path: Path) -> None:
    file = tmp_path / "a=0.5"
    file.touch()
    assert bank_shares([str(file)]) == (BankShare(file, 1.0),)


def test_each_writer_keeps_to_a_bank_and_the_shares_hold() -> None:
    mixed = Synthesizer(seed=3, banks=(BankShare(Path("a"), 0.5), BankShare(Path("b"), 0.2)))
    writers = [f"writer-{number:05d}" for number in range(1000)]
    chosen = [mixed.bank(writer) for writer in writers]
    assert chosen == [mixed.bank(writer) for writer in writers]
    assert chosen.count(Path("a")) == pytest.approx(500, abs=60)
    assert chosen.count(Path("b")) == pytest.approx(200, abs=50)
    assert Synthesizer().bank("writer-00000") is None


def test_a_writer_without_a_bank_draws_as_if_there_were_none() -> None:
    mixed = Synthesizer(banks=(BankShare(BUNDLED.path, 0.5),))
    same = [
        mixed.picture(n, "x + 2").image.tobytes() == Synthesizer().picture(n, "x + 2").image.tobytes()
        for n in "abcdefgh"
    ]
    assert same == [mixed.bank(mixed.writer(name)) is None for name in "abcdefgh"]
    assert len(set(same)) == 2


def test_the_bundled_bank_is_small_and_names_its_sources() -> None:
    licence = (BUNDLED.path.parent / "LICENSE.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "PERMISSION & CONDITIONS" in licence
    hands = set(pq.read_table(BUNDLED.path, columns=["source"])["source"].to_pylist())
    assert hands == set(re.findall(r"^(hand-\d\d):", licence, re.MULTILINE))
    assert BUNDLED.path.stat().st_size <= MOST
    for letter in "axgR27":
        shapes = GlyphBank(BUNDLED.path).glyphs(letter, letter, "")
        assert len({glyph.source for glyph in shapes}) > 6
        assert not any(glyph.real for glyph in shapes)


def test_the_command_line_mixes_banks(tmp_path: Path) -> None:
    for out, options in (("drawn", []), ("mixed", ["--glyphs", "fonts=0.5"]), ("fonts", ["--glyphs", "fonts"])):
        done = mumer("write", "x + 2 a", "--copies", "12", "--format", "png", "--out", tmp_path / out, *options)
        assert done.returncode == 0, done.stderr
    images = {
        out: [file.read_bytes() for file in sorted((tmp_path / out / "images").iterdir())]
        for out in ("drawn", "mixed", "fonts")
    }
    whose = [
        [one == other for one, other in zip(images["mixed"], images[out], strict=True)] for out in ("drawn", "fonts")
    ]
    assert all(drawn != fonts for drawn, fonts in zip(*whose, strict=True))
    assert any(whose[0])
    assert any(whose[1])
    wrong = mumer("write", "x", "--out", tmp_path / "no", "--glyphs", "fonts=3")
    assert wrong.returncode != 0
    assert b"share from 0 to 1" in wrong.stderr
