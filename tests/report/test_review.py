"""The review page in a real browser: decisions by keyboard, kept over a reload, exported as corrections."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mumer_data.label_audit.rank import rank
from mumer_data.latex.parser import try_parse
from mumer_data.readers.corrections import read_corrections
from mumer_data.report.review.write import write_review
from tests.conftest import png
from tests.label_audit.test_rank import label, rows, with_label
from tests.report.test_page import browser as browser  # the fixture
from tests.report.test_page import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def page_of(folder: Path, name: str = "set </script>") -> Path:
    """The page of the ten most doubtful rows; the label of e41 is that of e77."""
    audited = rows()
    audited[41] = with_label(audited[41], label(77))
    images: dict[str, Callable[[], bytes]] = {"e41": lambda: png(3)}
    write_review(rank(audited)[:10], images, folder / "index.html", name=name)
    return folder / "index.html"


def test_the_page_is_one_file_that_no_label_can_break(tmp_path: Path) -> None:
    text = page_of(tmp_path).read_text(encoding="utf-8")
    assert text.count("</script>") == 5
    assert "data:image/png;base64," in text
    assert page_of(tmp_path).read_text(encoding="utf-8") == text


def test_decisions_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    page, problems = opened(browser, page_of(tmp_path))
    assert page.inner_text("#id") == "e41"
    assert page.locator("#label svg").count() == page.locator("#proposal svg").count() == 1
    page.fill("#who", "me")
    page.locator("h1").click()
    page.keyboard.press("t")
    second = page.inner_text("#id")
    page.keyboard.press("e")
    page.fill("#text", "\\frac { a } {")
    assert page.inner_text("#problem") == "the label is not complete"
    assert page.locator("#accept").is_disabled()
    page.fill("#text", "\\frac { a  }   { b }")
    assert page.inner_text("#problem") == "parses"
    # The three keys after Enter come before the page is drawn again, as from a fast typist.
    page.evaluate(
        """() => {
          for (const key of ["Enter", "d", "u", "k"])
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }"""
    )
    assert page.inner_text("#done") == "5 decided"
    page.reload()
    assert page.inner_text("#done") == "5 decided"
    assert page.inner_text("#place") == "6 of 10"
    (tmp_path / "c.tsv").write_text(page.evaluate("exported()"), encoding="utf-8")
    decisions = list(read_corrections(tmp_path / "c.tsv").values())
    assert [one.verdict for one in decisions] == ["take", "edit", "drop", "unsure", "keep"]
    assert (decisions[0].old, decisions[0].new, decisions[0].who) == (label(77), label(41), "me")
    assert (decisions[1].id, decisions[1].new) == (second, "\\frac { a } { b }")
    assert decisions[2].new == ""
    assert decisions[4].new == decisions[4].old
    with page.expect_download() as download:
        page.click("#export")
    assert download.value.suggested_filename == "corrections.tsv"
    assert not problems


@pytest.mark.parametrize("seed", [0, 1])
def test_the_checker_of_the_page_agrees_with_the_parser(browser: Browser, tmp_path: Path, seed: int) -> None:
    import numpy as np

    rng = np.random.default_rng(seed)
    base = [label(number).split() for number in range(20)]
    base += [
        ["\\sqrt", "[", "3", "]", "{", "x", "}"],
        ["\\begin{matrix}", "a", "&", "b", "\\\\", "c", "&", "d", "\\end{matrix}"],
        [
            "\\left(",
            "x",
            "\\right)",
            "\\hat",
            "{",
            "y",
            "}",
            "\\sum",
            "\\limits",
            "_",
            "{",
            "i",
            "}",
            "^",
            "{",
            "n",
            "}",
        ],
        ["x^2"],
        ["\\frac{1}{2}"],
    ]
    texts = []
    for _ in range(400):
        tokens = list(base[int(rng.integers(len(base)))])
        for _ in range(int(rng.integers(0, 3))):
            place = int(rng.integers(len(tokens)))
            if rng.random() < 0.5 and len(tokens) > 1:
                del tokens[place]
            else:
                tokens.insert(place, ["{", "}", "_", "^", "\\frac", "&", "]", "[", "x"][int(rng.integers(9))])
        texts.append(" ".join(tokens))
    page, _ = opened(browser, page_of(tmp_path))
    verdicts = page.evaluate("(texts) => texts.map((text) => check(text) === '')", texts)
    expected = [try_parse(text.split()) is not None for text in texts]
    wrong = [text for text, one, other in zip(texts, verdicts, expected, strict=True) if one != other]
    assert not wrong, json.dumps(wrong[:5])
    assert 40 < sum(expected) < 360
