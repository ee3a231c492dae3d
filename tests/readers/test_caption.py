"""The reader of `caption.txt`: every line a row, whatever the container and however it is sliced."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import reader_class
from mumer_data.readers.caption import CaptionReader
from mumer_data.readers.lines import MAX_LINE
from mumer_data.records import Example, Reject, Slice
from tests.readers import ARCHIVES, all_rows, check_plan, crohme, pack, picture, shown

MIXED = (
    b"\xef\xbb\xbfa\tx ^ { 2 }\r\n\nno tab\nb.png\t\\frac { 1 } { 2 }\n \t \n"
    b"bad\xff\ty\ngone\tz\n\tw\nd\t \nsub/c\tq\tr"
)
MIXED_ROWS = [
    (0, "a", "x ^ { 2 }", ""),
    (2, "", "", "row_malformed"),
    (3, "b.png", "\\frac { 1 } { 2 }", ""),
    (5, "", "", "row_encoding"),
    (6, "gone", "z", "image_missing"),
    (7, "", "", "row_malformed"),
    (8, "d", "", "row_malformed"),
    (9, "sub/c", "q\tr", ""),
]


def source(folder: Path, captions: bytes, *, name: str = "caption.txt", images: str = "images") -> Path:
    """A folder of captions and of the images that `MIXED` has."""
    (folder / images / "sub").mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(captions)
    for width, image in enumerate(("a.png", "b.png", "sub/c.JPG"), 1):
        (folder / images / image).write_bytes(picture(width))
    return folder


def reader(path: Path, *, captions: str = "caption.txt", images: str = "images") -> CaptionReader:
    options = CaptionReader.Options(format="caption", path=str(path), captions=captions, images=images)
    return CaptionReader(options, path.parent)


def test_the_registry_knows_it() -> None:
    found: type[object] = reader_class("caption")
    assert found is CaptionReader


@pytest.mark.parametrize("top", ["", "train", "data/train"], ids=["at-the-top", "in-a-folder", "two-deep"])
@pytest.mark.parametrize("kind", ["", *ARCHIVES], ids=lambda kind: kind or "folder")
def test_rows_and_bytes_are_the_same_in_every_container(kind: str, top: str, tmp_path: Path) -> None:
    folder = source(tmp_path / "source", MIXED)
    path = pack(folder, tmp_path / f"packed{kind}", top=top) if kind else folder
    rows = all_rows(reader(path), max_rows=2)
    assert shown(rows) == MIXED_ROWS
    images = [row.image for row in rows if isinstance(row, Example)]
    assert [image.name for image in images] == ["a.png", "b.png", "c.JPG"]
    assert [image.read() for image in images] == [picture(1), picture(2), picture(3)]
    assert reader(path).plan(2, 1 << 20) == reader(folder).plan(2, 1 << 20)


@given(
    lines=st.lists(st.sampled_from([b"a\tx", b"b\ty\r", b"", b"  ", b"no tab", b"gone\tz", b"\xff\tq"]), max_size=30),
    ended=st.booleans(),
    max_rows=st.integers(1, 8),
    max_bytes=st.integers(0, 400),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_comes_out_once_however_it_is_sliced(
    lines: list[bytes], ended: bool, max_rows: int, max_bytes: int, tmp_path: Path
) -> None:
    folder = source(tmp_path, b"\n".join(lines) + (b"\n" if ended else b""))
    wanted = [number for number, line in enumerate(lines) if line.strip()]
    made = reader(folder)
    if not wanted:
        with pytest.raises(SourceError, match="no rows"):
            made.plan(max_rows, max_bytes)
        return
    parts = made.plan(max_rows, max_bytes)
    check_plan(parts, len(wanted), max_rows, max_bytes)
    rows = [row for part in parts for row in made.read(part)]
    assert [row.row for row in rows] == wanted
    assert shown(rows) == shown(all_rows(made))
    assert sum(part.size for part in parts) == sum(len(row.image.read()) for row in rows if isinstance(row, Example))


def test_slices_can_be_read_in_any_order_by_a_copy(tmp_path: Path) -> None:
    made = reader(source(tmp_path / "source", MIXED))
    parts = made.plan(3, 1 << 20)
    copy = pickle.loads(pickle.dumps(made))
    backwards = [list(copy.read(part)) for part in reversed(parts)]
    assert shown([row for rows in reversed(backwards) for row in rows]) == MIXED_ROWS
    first, second = copy.read(parts[0]), copy.read(parts[1])
    assert [next(first).row, next(second).row, next(first).row] == [0, 5, 2]


def images_of(made: CaptionReader, part: Slice) -> list[bytes]:
    return [row.image.read() for row in made.read(part) if isinstance(row, Example)]


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz"])
def test_forked_workers_share_an_archive_that_is_open_already(kind: str, tmp_path: Path) -> None:
    folder = source(tmp_path / "source", b"a\tx\nb\ty\nsub/c\tz\n" * 100)
    made = reader(pack(folder, tmp_path / f"packed{kind}"))
    parts = made.plan(10, 1 << 20)
    expected = [images_of(made, part) for part in parts]
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        assert list(pool.map(partial(images_of, made), parts)) == expected


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        pytest.param(b"no tab", "row_malformed", "line 2 of .* has no tab; write the id", id="no-tab"),
        pytest.param(b"\tx", "row_malformed", "line 2 of .* lacks the id", id="no-id"),
        pytest.param(b"a\t", "row_malformed", "line 2 of .* lacks the label", id="no-label"),
        pytest.param(b"a\tx\xe9", "row_encoding", "line 2 of .* is not UTF-8 .* byte 3", id="latin-1"),
        pytest.param(b"z\tx", "image_missing", "no image 'z' in .*images", id="no-image"),
        pytest.param(b"../z\tx", "image_missing", "leads out", id="id-that-climbs-out"),
        pytest.param(b"x" * (MAX_LINE + 1), "row_malformed", "line 2 of .* over 16,777,216", id="endless-line"),
    ],
)
def test_the_message_of_a_reject_says_where_and_what(line: bytes, reason: str, message: str, tmp_path: Path) -> None:
    _, rejected, last = all_rows(reader(source(tmp_path, b"a\tx\n" + line + b"\nb\ty\n")))
    assert isinstance(rejected, Reject)
    assert rejected.reason == reason
    assert rejected.row == 1
    assert re.search(message, rejected.message)
    assert last.row == 2


def test_a_line_of_just_the_allowed_length_is_read(tmp_path: Path) -> None:
    long = b"a\t" + b"x" * (MAX_LINE - 2)
    rows = all_rows(reader(source(tmp_path, long + b"\n" + long + b"x\nb\ty")), max_rows=1)
    assert [(row.row, len(row.label), isinstance(row, Example)) for row in rows] == [
        (0, MAX_LINE - 2, True),
        (1, 0, False),
        (2, 1, True),
    ]


def test_labels_keep_what_unicode_calls_line_ends(tmp_path: Path) -> None:
    rows = all_rows(reader(source(tmp_path, "a\tx\u2028y\x0bz\x85\nb\tw\rv\n".encode())))
    assert [row.label for row in rows] == ["x\u2028y\x0bz\x85", "w\rv"]


def test_other_names_of_the_label_file_and_folder(tmp_path: Path) -> None:
    folder = source(tmp_path / "hme", b"a.png\tx\n", name="train_labels.txt", images="train_images")
    packed = pack(folder, tmp_path / "hme.zip", top="HME100K")
    for path in (folder, packed):
        (row,) = all_rows(reader(path, captions="train_labels.txt", images="train_images"))
        assert isinstance(row, Example)
        assert (row.id, row.image.name) == ("a.png", "a.png")


def test_images_beside_the_label_file(tmp_path: Path) -> None:
    folder = source(tmp_path / "flat", b"a\tx\n", images=".")
    for path in (folder, pack(folder, tmp_path / "flat.tar")):
        assert shown(all_rows(reader(path, images="."))) == [(0, "a", "x", "")]


def test_images_in_an_archive_beside_the_label_file(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", b"a\tx\n")
    pack(folder / "images", folder / "images.zip")
    made = reader(folder, images="images.zip")
    assert shown(all_rows(made)) == [(0, "a", "x", "")]
    assert made.files() == [folder / "caption.txt", folder / "images.zip"]


def test_files_are_the_label_file_or_the_archive(tmp_path: Path) -> None:
    folder = source(tmp_path / "source", b"a\tx\n")
    packed = pack(folder, tmp_path / "source.tar.gz")
    assert reader(folder).files() == [folder / "caption.txt"]
    assert reader(packed).files() == [packed]


class TestSourcesThatCannotBeUsed:
    def test_no_such_path(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="does not exist"):
            reader(tmp_path / "gone")

    @pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\n"], ids=["empty", "blank", "bom"])
    def test_no_rows(self, content: bytes, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"caption.txt in .* has no rows"):
            reader(source(tmp_path, content)).plan(10, 1000)

    @pytest.mark.parametrize("kind", ["", ".zip", ".tar"], ids=lambda kind: kind or "folder")
    @pytest.mark.parametrize("missing", ["captions", "images"])
    def test_a_part_of_the_layout_is_missing(self, kind: str, missing: str, tmp_path: Path) -> None:
        folder = source(tmp_path / "source", b"a\tx\n")
        path = pack(folder, tmp_path / f"packed{kind}") if kind else folder
        with pytest.raises(SourceError, match="other"):
            reader(path, **{missing: "other"}).plan(10, 1000)

    def test_two_label_files_at_one_depth(self, tmp_path: Path) -> None:
        for name in ("train", "test"):
            source(tmp_path / "both" / name, b"a\tx\n")
        packed = pack(tmp_path / "both", tmp_path / "both.zip")
        with pytest.raises(SourceError, match=r"test/caption.txt and train/caption.txt; set the option captions"):
            reader(packed).plan(10, 1000)
        assert shown(all_rows(reader(packed, captions="train/caption.txt"))) == [(0, "a", "x", "")]

    def test_the_label_file_itself_as_path(self, tmp_path: Path) -> None:
        folder = source(tmp_path, b"a\tx\n")
        with pytest.raises(SourceError, match=r"caption.txt is neither a folder nor .*; name the folder"):
            reader(folder / "caption.txt").plan(10, 1000)

    def test_a_file_that_shrank_since_the_plan(self, tmp_path: Path) -> None:
        folder = source(tmp_path, b"a\tx\nb\ty\n")
        made = reader(folder)
        (part,) = made.plan(10, 1000)
        (folder / "caption.txt").write_bytes(b"a\tx\n")
        with pytest.raises(SourceError, match="has changed since"):
            list(made.read(part))

    def test_an_image_deleted_after_its_row_was_read(self, tmp_path: Path) -> None:
        folder = source(tmp_path, b"a\tx\n")
        (row,) = all_rows(reader(folder))
        (folder / "images" / "a.png").unlink()
        assert isinstance(row, Example)
        with pytest.raises(ImageError) as caught:
            row.image.read()
        assert caught.value.reason == "image_missing"


@pytest.mark.parametrize(
    ("name", "rows", "first"),
    [
        ("2014", 986, ("514_em_341", "\\tan \\alpha _ { i }")),
        ("2013", 671, ("120_em_292", "(y-y^{calc})")),
        ("train", 8835, ("formulaire004-equation047", None)),
    ],
)
def test_crohme(name: str, rows: int, first: tuple[str, str | None]) -> None:
    made = reader(crohme(name))
    parts = made.plan(100, 1 << 20)
    check_plan(parts, rows, 100, 1 << 20)
    found = [row for part in parts for row in made.read(part)]
    examples = [row for row in found if isinstance(row, Example)]
    assert [row.row for row in examples] == list(range(rows))
    assert len({row.id for row in examples}) == rows
    assert examples[0].id == first[0]
    assert first[1] in (None, examples[0].label)
    assert sum(part.size for part in parts) == sum(len(row.image.read()) for row in examples)


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_crohme_from_an_archive(kind: str, tmp_path: Path) -> None:
    folder = crohme("2014")
    packed = pack(folder, tmp_path / f"crohme{kind}", top="2014")
    unpacked, archived = all_rows(reader(folder)), all_rows(reader(packed), max_rows=100)
    assert shown(archived) == shown(unpacked)
    for one, two in zip(unpacked, archived, strict=True):
        assert isinstance(one, Example)
        assert isinstance(two, Example)
        assert one.image.read() == two.image.read()
