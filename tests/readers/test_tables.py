"""Readers of lists and tables: HME100K's layout, Im2LaTeX's, and what `datasets` loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mumer_data.exceptions import SourceError
from mumer_data.readers import Reader, reader_class
from mumer_data.records import Example, Reject
from tests.conftest import png


def rows(path: Path, format_name: str, **options: Any) -> list[Example | Reject]:
    kind = reader_class(format_name)
    found: Reader = kind(kind.Options.model_validate({"format": format_name, "path": str(path), **options}), Path("."))
    return [row for part in found.plan(2, 10**9) for row in found.read(part)]


def facts(found: list[Example | Reject]) -> list[tuple[str, str]]:
    return [(row.id, row.reason if isinstance(row, Reject) else row.label) for row in found]


def images(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for shade, name in enumerate(names):
        (folder / name).write_bytes(png(shade))


def test_hme100k_is_a_caption_folder_of_other_names(tmp_path: Path) -> None:
    images(tmp_path / "train_images", "train_0.jpg", "train_1.jpg")
    (tmp_path / "train_labels.txt").write_text("train_0.jpg\tx + 1\ntrain_1.jpg\t已 知\ntrain_2.jpg\tx\n", "utf-8")
    found = rows(tmp_path, "caption", captions="train_labels.txt", images="train_images")
    assert facts(found) == [("train_0.jpg", "x + 1"), ("train_1.jpg", "已 知"), ("train_2.jpg", "image_missing")]


def test_im2latex_lists(tmp_path: Path) -> None:
    images(tmp_path / "formula_images_processed", "a.png", "b.png")
    (tmp_path / "im2latex_formulas.norm.lst").write_bytes(b"x ^ { 2 }\n\ny \xe9\n")
    (tmp_path / "im2latex_train_filter.lst").write_text("a.png 0\nb.png 2\na.png 1\na.png 9\nb.png\nc.png 0\n")
    assert facts(rows(tmp_path, "im2latex")) == [
        ("a.png", "x ^ { 2 }"),
        ("b.png", "y \ufffd"),
        ("a.png", "row_malformed"),
        ("a.png", "row_malformed"),
        ("b.png", "row_malformed"),
        ("c.png", "image_missing"),
    ]


def test_im2latex_csv(tmp_path: Path) -> None:
    images(tmp_path / "img", "a.png")
    (tmp_path / "t.csv").write_text('formula,image\n"x , ""y""",a.png\n,a.png\nz,\n')
    found = facts(rows(tmp_path, "im2latex", pairs="t.csv", images="img"))
    assert found == [("a.png", 'x , "y"'), ("a.png", "row_malformed"), ("", "row_malformed")]
    (tmp_path / "t.csv").write_text("latex,image\nx,a.png\n")
    other = tmp_path / "u.csv"
    other.write_text("latex,image\nx,a.png\n")
    with pytest.raises(SourceError, match="'formula' and 'image' are needed"):
        rows(tmp_path, "im2latex", pairs="u.csv", images="img")


@pytest.fixture
def dataset(tmp_path: Path) -> Any:
    import datasets

    images(tmp_path / "pictures", "a.png", "b.png")
    table = {"name": ["r0", "r1", "r2"], "latex": ["x", "y", None]}
    pictures = [str(tmp_path / "pictures" / "a.png"), str(tmp_path / "pictures" / "b.png"), None]
    made = datasets.Dataset.from_dict({**table, "picture": pictures})
    return made.cast_column("picture", datasets.Image())


COLUMNS = {"image": "picture", "label": "latex", "id": "name"}


@pytest.mark.parametrize("saved", ["to disk", "parquet"])
@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_by_column(dataset: Any, tmp_path: Path, saved: str, streaming: bool) -> None:
    folder = tmp_path / "saved"
    if saved == "to disk":
        dataset.save_to_disk(folder)
    else:
        folder.mkdir()
        dataset.to_parquet(folder / "train-0.parquet")
    found = rows(folder, "hub", **COLUMNS, streaming=streaming)
    assert facts(found) == [("r0", "x"), ("r1", "y"), ("r2", "row_malformed")]
    first = found[0]
    assert isinstance(first, Example)
    assert first.image.read() == png(0)
    unnamed = rows(folder, "hub", image="picture", label="latex", streaming=streaming)
    assert [row.id for row in unnamed] == ["0", "1", "2"]


def test_a_stream_of_many_files_is_cut_within_them(dataset: Any, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(3):
        dataset.to_parquet(tmp_path / "many" / f"train-{number}.parquet")
    kind = reader_class("hub")
    options = {"format": "hub", "path": str(tmp_path / "many"), "streaming": True, "writer": "name", **COLUMNS}
    reader = kind(kind.Options.model_validate(options), tmp_path)
    parts = reader.plan(2, 1 << 30)
    assert [(part.start, part.rows) for part in parts] == [(0, 2), (2, 1), (3, 2), (5, 1), (6, 2), (8, 1)]
    found = [row for part in parts for row in reader.read(part)]
    assert facts(found) == [("r0", "x"), ("r1", "y"), ("r2", "row_malformed")] * 3
    assert [row.row for row in found] == list(range(9))
    assert [row.writer for row in found if isinstance(row, Example)] == ["r0", "r1"] * 3


def test_datasets_that_do_not_fit_are_named(dataset: Any, tmp_path: Path) -> None:
    dataset.save_to_disk(tmp_path / "saved")
    with pytest.raises(SourceError, match="has no column 'image'; it has name, latex, picture"):
        rows(tmp_path / "saved", "hub")
    with pytest.raises(SourceError, match="datasets cannot load"):
        rows(tmp_path / "nowhere", "hub")
