"""The reader of labels that are typeset, and the sample that comes with the library."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from pathlib import Path

import pytest

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import Reader, reader_class
from mumer_data.readers.typeset import TypesetOptions, TypesetReader
from mumer_data.records import Example, Reject
from mumer_data.typeset.image import typeset

# One string each: the tests split it at the spaces.
ONE_ARGUMENT = r"""
    \dot \ddot \hat \check \grave \acute \tilde \breve \bar \vec \widehat \widetilde \overbrace \underbrace
    \overline \underline \overleftarrow \overrightarrow
"""
OTHERS = r"""
    \frac \cfrac \dfrac \tfrac \binom \dbinom \tbinom \sum \lim \iint \int \coprod \prod \oint \sqrt
    \xrightarrow \xleftarrow \limits \left \right \{ \} | [ ] \\ & ' \prime \boxed \sin \log \alpha \leq \in
    \rightarrow \begin \end {cases} {matrix} {pmatrix} {bmatrix} {vmatrix} {aligned} {array}
    \begin{matrix} \end{matrix}
"""


def reader(labels: str | None = None, base: Path = Path()) -> TypesetReader:
    return TypesetReader(TypesetOptions(format="typeset", labels=labels), base)


def rows(source: Reader, max_rows: int = 1000) -> list[Example | Reject]:
    return [row for part in source.plan(max_rows, 1) for row in source.read(part)]


@pytest.fixture(scope="module")
def sample() -> list[Example]:
    found = rows(reader())
    assert all(isinstance(row, Example) for row in found)
    return [row for row in found if isinstance(row, Example)]


def test_registered() -> None:
    assert reader_class("typeset") is TypesetReader
    assert TypesetReader.Options is TypesetOptions


def test_sample_has_about_300_labels_all_different(sample: list[Example]) -> None:
    assert 280 <= len(sample) <= 320
    assert len({row.id for row in sample}) == len(sample)
    assert len({row.label for row in sample}) == len(sample)


def test_sample_ids_count_within_their_theme(sample: list[Example]) -> None:
    seen: Counter[str] = Counter()
    for row in sample:
        found = re.fullmatch(r"demo-([a-z]+)-(\d{3})", row.id)
        assert found, row.id
        seen[found[1]] += 1
        assert int(found[2]) == seen[found[1]], row.id


def test_sample_labels_are_tokenised(sample: list[Example]) -> None:
    token = re.compile(r"\\(begin|end)\{[a-z]+\}|\{[a-z]+\}|\\[A-Za-z]+|\\[\\{}|%]|[^\\\s]")
    for row in sample:
        tokens = row.label.split(" ")
        assert all(token.fullmatch(part) for part in tokens), row.label
        assert len(tokens) <= 80, row.id
        depth = 0
        for part, following in zip(tokens, [*tokens[1:], ""], strict=True):
            depth += (part == "{") - (part == "}")
            assert depth >= 0, row.label
            assert part not in ("_", "^") or following == "{", row.label
        assert depth == 0, row.label


def test_sample_spans_the_grammar(sample: list[Example]) -> None:
    used = {token for row in sample for token in row.label.split()}
    assert not {*ONE_ARGUMENT.split(), *OTHERS.split()} - used
    lengths = [len(row.label.split()) for row in sample]
    assert min(lengths) == 1
    assert max(lengths) > 60


def test_rows_do_not_depend_on_the_slices(sample: list[Example]) -> None:
    keys = [(row.id, row.label, row.row) for row in sample]
    for max_rows in (1, 7, 100):
        parts = reader().plan(max_rows, 1)
        assert [part.rows for part in parts[:-1]] == [max_rows] * (len(parts) - 1)
        assert all(part.size == 0 for part in parts)
        found = [row for row in rows(reader(), max_rows) if isinstance(row, Example)]
        assert [(row.id, row.label, row.row) for row in found] == keys


def test_image_is_drawn_when_it_is_read(sample: list[Example]) -> None:
    image = sample[20].image
    assert (image.name, image.path) == (f"{sample[20].id}.png", None)
    assert pickle.loads(pickle.dumps(image)).read() == image.read() == typeset(sample[20].label)


def test_files_names_the_sample() -> None:
    assert [path.name for path in reader().files()] == ["demo_labels.txt"]


def test_label_file_beside_the_pipeline(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"one\tx ^ { 2 }\r\n\ntwo\t\\foo\n")
    source = reader("mine.txt", tmp_path)
    assert source.files() == [tmp_path / "mine.txt"]
    first, second = rows(source)
    assert isinstance(first, Example)
    assert isinstance(second, Example)
    assert [(row.id, row.label, row.row) for row in (first, second)] == [
        ("one", "x ^ { 2 }", 0),
        ("two", "\\foo", 2),
    ]
    assert first.image.read().startswith(b"\x89PNG")
    with pytest.raises(ImageError, match=r"\\foo is not known"):
        second.image.read()


@pytest.mark.parametrize(
    ("line", "row_id", "message"),
    [
        pytest.param(b"no tab here", "", r"1 field\(s\): 'no tab here'", id="no-tab"),
        pytest.param(b"\tx + y", "", "not id<TAB>label", id="no-id"),
        pytest.param(b"id\t ", "id", "not id<TAB>label", id="no-label"),
        pytest.param(b"id\tx\ty", "id", r"3 field\(s\)", id="three-fields"),
        pytest.param(b"id\t\xff", "", "not UTF-8", id="not-utf-8"),
    ],
)
def test_malformed_line_is_a_reject(tmp_path: Path, line: bytes, row_id: str, message: str) -> None:
    (tmp_path / "labels.txt").write_bytes(b"a\tx\n" + line + b"\nb\ty\n")
    before, bad, after = rows(reader("labels.txt", tmp_path))
    assert isinstance(before, Example)
    assert isinstance(after, Example)
    assert isinstance(bad, Reject)
    assert (bad.id, bad.row, bad.reason) == (row_id, 1, "row_malformed")
    assert re.search(message, bad.message)


def test_no_rows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_bytes(b"\n\n")
    with pytest.raises(SourceError, match="no rows"):
        reader("labels.txt", tmp_path).plan(10, 10)


@pytest.mark.parametrize("path", ["missing.txt", "."])
def test_what_is_no_file_is_an_error(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceError):
        reader(path, tmp_path).plan(10, 10)
