"""The reader of ShareGPT records: JSONL and JSON arrays, labels out of answers, images by path."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mumer_data.exceptions import SourceError
from mumer_data.readers import reader_class
from mumer_data.readers.sharegpt import ShareGPTReader
from mumer_data.records import Example, Reject
from tests.readers import ARCHIVES, all_rows, check_plan, crohme, pack, picture, shown

Kind = Literal[".json", ".jsonl"]
KINDS = pytest.mark.parametrize("kind", [".json", ".jsonl"])


def turns(answer: str) -> list[object]:
    return [{"from": "human", "value": "<image>What?"}, {"from": "gpt", "value": answer}]


def record(image: str, answer: str, **more: object) -> dict[str, object]:
    return {"images": [image], "messages": turns(answer), **more}


def source(folder: Path, records: list[object], kind: Kind, **layout: object) -> Path:
    """A ShareGPT file in ``folder``, and the images ``images/a.png`` and ``images/b.png``."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for width, name in enumerate("ab", 1):
        (folder / "images" / f"{name}.png").write_bytes(picture(width))
    if kind == ".json":
        text = json.dumps(records, ensure_ascii=False, indent=2 if layout.get("indent") else None)
    else:
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
    path = folder / f"data{kind}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def reader(path: Path, images: Path | None = None) -> ShareGPTReader:
    options = ShareGPTReader.Options(format="sharegpt", path=str(path), images=None if images is None else str(images))
    return ShareGPTReader(options, path.parent)


def test_the_registry_knows_it() -> None:
    found: type[object] = reader_class("sharegpt")
    assert found is ShareGPTReader


@KINDS
class TestRows:
    @pytest.mark.parametrize(
        ("one", "expected"),
        [
            pytest.param(record("images/a.png", "x"), ("images/a", "x"), id="id-from-path"),
            pytest.param(record("images/a.png", "x", id="n1"), ("n1", "x"), id="own-id"),
            pytest.param(record("images/a.png", "x", id=0), ("0", "x"), id="number-as-id"),
            pytest.param(record("images/a.png", "x", id=""), ("images/a", "x"), id="empty-id"),
            pytest.param(record("images/a", "x"), ("images/a", "x"), id="path-without-suffix"),
            pytest.param(
                record("./images/a.png", "\\frac\n\ta (above)\n\\frac { a } { b }\n"),
                ("./images/a", "\\frac { a } { b }"),
                id="label-is-the-last-line",
            ),
            pytest.param(record("images/a.png", "a: 1\r\na \r\n\r\n"), ("images/a", "a"), id="crlf"),
            pytest.param(
                {
                    "images": ["images/a.png"],
                    "messages": [
                        {"role": "system", "content": "s"},
                        {"role": "user", "content": "q"},
                        {"role": "assistant", "content": "x"},
                        {"role": "user", "content": "again"},
                        {"role": "assistant", "content": "y"},
                    ],
                },
                ("images/a", "y"),
                id="roles-and-several-turns",
            ),
        ],
    )
    def test_examples(self, one: object, expected: tuple[str, str], kind: Kind, tmp_path: Path) -> None:
        (row,) = all_rows(reader(source(tmp_path, [one], kind)))
        assert isinstance(row, Example)
        assert (row.id, row.label, row.row) == (*expected, 0)
        assert row.image.read() == picture(1)
        assert row.image.path == str(tmp_path / "images" / "a.png")

    @pytest.mark.parametrize(
        ("one", "reason", "message"),
        [
            pytest.param([], "row_malformed", "is of type list, not an object", id="list"),
            pytest.param(12, "row_malformed", "is of type int, not an object", id="number"),
            pytest.param({"messages": turns("x")}, "row_malformed", "exactly one path", id="no-images"),
            pytest.param({"images": [], "messages": []}, "row_malformed", "has 0", id="zero-images"),
            pytest.param({"images": ["a", "b"]}, "row_malformed", "has 2", id="two-images"),
            pytest.param({"images": [{"path": "a"}]}, "row_malformed", "a string", id="image-not-a-path"),
            pytest.param({"images": ["a.png"]}, "row_malformed", "human turn", id="no-messages"),
            pytest.param({"images": ["a"], "messages": turns("x")[1:]}, "row_malformed", "human", id="no-human"),
            pytest.param({"images": ["a"], "messages": turns("x")[:1]}, "row_malformed", "assistant turn", id="no-gpt"),
            pytest.param({"images": ["a"], "messages": ["x"]}, "row_malformed", "a turn that", id="turn-is-text"),
            pytest.param(
                {"images": ["a"], "messages": [{"from": "human"}]},
                "row_malformed",
                "without",
                id="turn-is-empty",
            ),
            pytest.param(record("a", " \n"), "row_malformed", "turn is empty", id="no-label"),
            pytest.param(record("a", "x", id=[1]), "row_malformed", "as 'id'", id="odd-id"),
            pytest.param(record("images/z.png", "x"), "image_missing", "z.png", id="no-image"),
            pytest.param(record("nowhere/z.png", "x"), "image_missing", "not a folder", id="no-folder"),
        ],
    )
    def test_rejects(self, one: object, reason: str, message: str, kind: Kind, tmp_path: Path) -> None:
        records = [record("images/a.png", "x"), one, record("images/b.png", "y")]
        first, rejected, last = all_rows(reader(source(tmp_path, records, kind)), max_rows=1)
        assert isinstance(rejected, Reject)
        assert (rejected.reason, rejected.row) == (reason, 1)
        assert re.search(message, rejected.message)
        assert (first.label, last.label) == ("x", "y")

    def test_half_a_surrogate_pair_cannot_be_stored(self, kind: Kind, tmp_path: Path) -> None:
        path = source(tmp_path, [record("images/a.png", "LABEL")], kind)
        path.write_text(path.read_text().replace("LABEL", "\\ud835"))
        (row,) = all_rows(reader(path))
        assert isinstance(row, Reject)
        assert row.reason == "row_encoding"

    def test_a_byte_order_mark_is_dropped(self, kind: Kind, tmp_path: Path) -> None:
        path = source(tmp_path, [record("images/a.png", "x"), record("images/b.png", "y")], kind)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert [row.label for row in all_rows(reader(path), max_rows=1)] == ["x", "y"]

    def test_no_rows(self, kind: Kind, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="has no rows"):
            reader(source(tmp_path, [], kind)).plan(10, 1000)

    def test_a_file_that_changed_since_the_plan(self, kind: Kind, tmp_path: Path) -> None:
        made = reader(source(tmp_path, [record("images/a.png", "x")] * 3, kind))
        parts = made.plan(2, 1000)
        source(tmp_path, [record("images/a.png", "x")] * 2, kind)
        with pytest.raises(SourceError, match="has changed since"):
            list(made.read(parts[1]))


@given(
    picks=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=20),
    indent=st.booleans(),
    kind=st.sampled_from([".json", ".jsonl"]),
    max_rows=st.integers(1, 6),
    max_bytes=st.integers(0, 400),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_comes_out_once_however_it_is_sliced(
    picks: list[str], indent: bool, kind: Kind, max_rows: int, max_bytes: int, tmp_path: Path
) -> None:
    choices: dict[str, object] = {
        "a": record("images/a.png", "é \\u ∑ 𝑥"),
        "b": record("images/b.png", 'tree ], [ "\n}'),
        "c": record("images/c.png", "missing"),
        "d": 12,
        "e": None,
        "f": {"images": ["ü"]},
    }
    made = reader(source(tmp_path, [choices[pick] for pick in picks], kind, indent=indent))
    parts = made.plan(max_rows, max_bytes)
    check_plan(parts, len(picks), max_rows, max_bytes)
    rows = [row for part in parts for row in made.read(part)]
    assert [row.row for row in rows] == list(range(len(picks)))
    assert shown(rows) == shown(all_rows(made))
    assert [isinstance(row, Example) for row in rows] == [pick in "ab" for pick in picks]


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        pytest.param(b'{"images": [', "row_malformed", "line 2 of .* is not JSON", id="cut-short"),
        pytest.param(b"plain text", "row_malformed", "line 2 of .* is not JSON", id="text"),
        pytest.param(b"[" * 100_000, "row_malformed", "line 2 of .* is not JSON", id="nested-too-deep"),
        pytest.param(b"1" * 5000, "row_malformed", "line 2 of .* is not JSON", id="number-too-long"),
        pytest.param(b'{"images": ["\xff"]}', "row_encoding", "line 2 of .* is not UTF-8", id="not-utf-8"),
    ],
)
def test_a_broken_line_is_one_reject(line: bytes, reason: str, message: str, tmp_path: Path) -> None:
    path = source(tmp_path, [record("images/a.png", "x")], ".jsonl")
    path.write_bytes(path.read_bytes() + line + b"\n\n" + path.read_bytes())
    first, rejected, last = all_rows(reader(path))
    assert isinstance(rejected, Reject)
    assert (rejected.reason, rejected.row) == (reason, 1)
    assert re.search(message, rejected.message)
    assert (first.row, last.row) == (0, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(b"", r"line 1, column 1: expected '\['", id="empty"),
        pytest.param(b'{"images": []}', r"column 1: expected '\[';.*per line must end in \.jsonl", id="object"),
        pytest.param(b"[\n {},\n {]\n]", "line 3, column 3: Expecting property name", id="broken-record"),
        pytest.param(b"[{} {}]", "line 1, column 5: expected ','", id="no-comma"),
        pytest.param(b"[{},\n]", "line 2, column 1: Expecting value", id="comma-at-the-end"),
        pytest.param(b"[{},\n{}", "line 2, column 3: expected ','", id="cut-after-a-record"),
        pytest.param(b'[{},\n{"a', "line 2, column 2: Unterminated string", id="cut-in-a-record"),
        pytest.param(b"[{}]\n[]", "line 2, column 1: text after the end", id="two-arrays"),
        pytest.param(b'[{"a": "\xff"}]', "not UTF-8", id="not-utf-8"),
        pytest.param(b"[" * 100_000, "recursion", id="nested-too-deep"),
    ],
)
def test_a_broken_array_is_refused_with_line_and_column(text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_bytes(text)
    with pytest.raises(SourceError, match=message):
        reader(path).plan(10, 1000)


@KINDS
class TestImages:
    def test_absolute_and_climbing_paths_from_a_folder(self, kind: Kind, tmp_path: Path) -> None:
        source(tmp_path / "other", [], kind)
        paths = [str(tmp_path / "other" / "images" / "b.png"), "../other/images/a.png"]
        rows = all_rows(reader(source(tmp_path / "here", [record(path, "x") for path in paths], kind)))
        assert [row.image.read() for row in rows if isinstance(row, Example)] == [picture(2), picture(1)]

    @pytest.mark.parametrize("archive", ARCHIVES)
    def test_an_archive_of_images(self, archive: str, kind: Kind, tmp_path: Path) -> None:
        absolute = str(tmp_path / "images" / "b.png")
        records: list[object] = [record(path, "x") for path in ("images/a.png", absolute, "../images/a.png", "z.png")]
        path = source(tmp_path, records, kind)
        packed = pack(tmp_path / "images", tmp_path.with_suffix(archive), top="images")
        made = reader(path, packed)
        rows = all_rows(made)
        assert [getattr(row, "reason", "") for row in rows] == ["", "", "image_missing", "image_missing"]
        assert [row.image.read() for row in rows if isinstance(row, Example)] == [picture(1), picture(2)]
        assert [row.image.path for row in rows if isinstance(row, Example)] == [None, absolute]
        assert made.files() == [path, packed]

    def test_a_path_does_not_reach_into_an_archive_by_itself(self, kind: Kind, tmp_path: Path) -> None:
        path = source(tmp_path, [record("packed.zip/a.png", "x")], kind)
        pack(tmp_path / "images", tmp_path / "packed.zip")
        (row,) = all_rows(reader(path))
        assert isinstance(row, Reject)
        assert row.reason == "image_missing"

    def test_a_folder_elsewhere(self, kind: Kind, tmp_path: Path) -> None:
        path = source(tmp_path, [record("a.png", "x")], kind)
        made = reader(path, tmp_path / "images")
        assert shown(all_rows(made)) == [(0, "a", "x", "")]
        assert made.files() == [path]


class TestSourcesThatCannotBeUsed:
    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="does not exist"):
            reader(tmp_path / "gone.json")

    def test_another_kind_of_file(self, tmp_path: Path) -> None:
        (tmp_path / "data.txt").write_text("[]")
        with pytest.raises(SourceError, match=r"neither .json nor .jsonl"):
            reader(tmp_path / "data.txt").plan(10, 1000)

    def test_a_broken_archive_of_images(self, tmp_path: Path) -> None:
        (tmp_path / "images.zip").write_bytes(b"PK")
        path = source(tmp_path, [record("a.png", "x")], ".jsonl")
        with pytest.raises(SourceError, match="cannot be read as an archive"):
            reader(path, tmp_path / "images.zip").plan(10, 1000)


@KINDS
def test_crohme_as_sharegpt_is_crohme(kind: Kind, tmp_path: Path) -> None:
    folder = crohme("2014")
    lines = [line.split("\t") for line in (folder / "caption.txt").read_text().splitlines()]
    records: list[object] = [record(f"{image}.png", f"tree\n{label}") for image, label in lines]
    made = reader(source(tmp_path, records, kind), folder / "images")
    parts = made.plan(100, 1 << 20)
    check_plan(parts, 986, 100, 1 << 20)
    rows = [row for part in parts for row in made.read(part)]
    assert [[row.id, row.label] for row in rows if isinstance(row, Example)] == lines
