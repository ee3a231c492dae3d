"""The HTML report: whole in one file, safe against what models write, and alive in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from mumer_data.exceptions import OutputError
from mumer_data.records import Prediction
from mumer_data.report.page import write_report
from tests.cli.test_cli import mumer
from tests.metrics.files import predictions

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAIRS = [
    ("x ^ { 2 }", "x ^ { 2 }"),
    ("\\frac { a } { b }", "\\frac { a } { 6 }"),
    ("H _ { c l }", "H c l"),
    ("a \\leq b", "a \\le b"),
    ("y", ""),
    ("x < </script><script>alert(1)</script>", "</script>"),
    (" ".join(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]), "b b c d e f g h i j k l"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium: apt install chromium")
    with sync_api.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


def opened(browser: Browser, path: Path) -> tuple[Page, list[str]]:
    """The page, and what it complains of."""
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request", lambda asked: problems.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
    )
    page.goto(path.as_uri())
    return page, problems


def data_of(path: Path) -> dict[str, list[dict[str, object]]]:
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    loaded: dict[str, list[dict[str, object]]] = json.loads(found[1])
    return loaded


def test_one_file_holds_every_error_and_nothing_ends_its_script(tmp_path: Path) -> None:
    path = write_report(predictions(*PAIRS), tmp_path / "report", name="<b>.json")
    rows = data_of(path)["rows"]
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row["text"] for row in rows] == [text for label, text in PAIRS if label != text]
    assert [row["viseq"] for row in rows[:4]] == [False, False, True, False]
    assert rows[1]["f1"] == 1
    assert [row["text"] for row in rows if row["from_tokens"]] == [""]
    text = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;.json" in text
    assert text.count("</script>") == 2
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


def test_the_same_rows_give_the_same_page(tmp_path: Path) -> None:
    one, two = (write_report(predictions(*PAIRS), tmp_path / name, name="p") for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_images_are_found_by_path_name_or_id(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    Image.new("L", (40, 20), 255).save(images / "one.png")
    rows = [
        Prediction("one", "x", "y"),
        Prediction("2", "x", "y", image="/elsewhere/one.png"),
        Prediction("3", "x", "y", image="none.png"),
    ]
    found = data_of(write_report(rows, tmp_path, name="p", images=images))["rows"]
    assert [bool(row["image"]) for row in found] == [True, True, False]
    fewer = data_of(write_report(rows, tmp_path, name="p", images=images, most_images=1))["rows"]
    assert [bool(row["image"]) for row in fewer] == [True, False, False]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_report(predictions(*PAIRS), tmp_path / "file", name="p")


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps([{"img_id": "a", "gt": "x", "pred": "y"}]), encoding="utf-8")
    done = mumer("report", path, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout.decode().strip()) == (0, str(tmp_path / "out" / "index.html"))
    assert len(data_of(tmp_path / "out" / "index.html")["rows"]) == 1


def test_filters_act_by_mouse_and_keyboard(browser: Browser, tmp_path: Path) -> None:
    page, problems = opened(browser, write_report(predictions(*PAIRS), tmp_path, name="p"))
    shown = page.locator("#gallery > li")
    page.wait_for_function("document.querySelectorAll('#gallery > li').length === 6")
    assert page.locator("#gallery svg.formula").count() == 11
    page.select_option("#kind", "forgiven")
    assert [item.get_attribute("data-id") for item in shown.all()] == ["2"]
    page.click("#clear")
    page.wait_for_function("document.querySelectorAll('#gallery > li').length === 6")
    page.select_option("#length", "11-20")
    assert [item.get_attribute("data-id") for item in shown.all()] == ["6"]
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelectorAll('#gallery > li').length === 6")
    page.locator("#gallery").click()
    page.keyboard.press("/")
    page.keyboard.type("frac")
    page.wait_for_function("document.querySelectorAll('#gallery > li').length === 1")
    page.keyboard.press("Escape")
    page.wait_for_function("document.querySelectorAll('#gallery > li').length === 6")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.keyboard.press("b")
    page.wait_for_function("document.querySelectorAll('#gallery > li details[open] pre').length === 2")
    page.locator("#gallery > li").first.locator(".box.miss").first.wait_for(state="visible")
    page.select_option("#order", "edits")
    assert shown.first.get_attribute("data-id") == "2"
    assert problems == []


def test_a_cell_of_the_heat_map_shows_its_rows(browser: Browser, tmp_path: Path) -> None:
    page, problems = opened(browser, write_report(predictions(*PAIRS), tmp_path, name="p"))
    cell = page.locator("[data-cell][title^='b read as 6']")
    cell.click()
    assert cell.get_attribute("aria-pressed") == "true"
    assert [item.get_attribute("data-id") for item in page.locator("#gallery > li").all()] == ["1"]
    cell.press("Enter")
    assert page.locator("#gallery > li").count() == 6
    assert problems == []


def test_ten_thousand_rows_are_drawn_as_they_are_reached(browser: Browser, tmp_path: Path) -> None:
    rows = predictions(*[("x", "y"), ("a b", "a c")] * 5000)
    page, problems = opened(browser, write_report(rows, tmp_path, name="p"))
    assert page.locator("#count").text_content() == "10,000 of 10,000 errors"
    assert page.locator("#gallery > li").count() <= 100
    page.locator("#more").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelectorAll('#gallery > li').length >= 50")
    page.select_option("#length", "1-5")
    page.fill("#search", "9999")
    page.wait_for_function("document.querySelector('#count').textContent === '1 of 10,000 errors'")
    assert problems == []
