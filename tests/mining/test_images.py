"""Where the images of corrections come from: a folder, a build, or the shards that predictions name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.jobs.build import build
from mumer_data.jobs.config import Pipeline, load_source
from mumer_data.jobs.mine import mine
from mumer_data.mining.candidates import MiningOptions
from mumer_data.mining.images import ImageFinder, names_shards
from tests.conftest import caption_folder
from tests.mining import prediction_rows, write_rows

OPTIONS = MiningOptions()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 30 rows in three shards."""
    folder = tmp_path_factory.mktemp("built")
    source = {"format": "caption", "path": str(caption_folder(folder / "source", 30))}
    pipeline = Pipeline.model_validate(
        {"name": "b", "source": source, "tasks": ["recognition"], "shards": {"max_rows": 10}}
    )
    build(pipeline, folder / "out", workers=1)
    assert load_source(folder / "out").reader().files()
    return folder / "out"


def images_of(out: Path) -> dict[str, Any]:
    (file,) = (out / "m_error_find").glob("*.parquet")
    return {row["id"]: row["images"][0] for row in pq.read_table(file).to_pylist()}


def expected(built: Path, ids: list[str]) -> dict[str, bytes]:
    rows = [row for file in sorted((built / "b").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    return {row["id"]: row["images"][0]["bytes"] for row in rows if row["id"] in ids}


def test_from_a_folder_by_name_stem_or_id(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "source", 30) / "images"
    rows = prediction_rows(30)
    rows[1]["image_path"] = "./data/elsewhere/e1.png"
    rows[2]["image_path"] = "./data/elsewhere/e2.jpg"
    rows[4]["image_path"] = "../../e4.png"
    (folder / "e5.png").unlink()
    (folder / "e7.png").write_bytes(b"no image")
    found = mine([write_rows(tmp_path / "p.json", rows)], tmp_path / "out", "m", OPTIONS, images=folder, workers=1)
    assert found.counts["reasons"] == {"image_corrupt": 1, "image_missing": 1}
    images = images_of(tmp_path / "out")
    assert len(images) == found.counts["sampled"] == 18
    for example_id, image in images.items():
        assert image["bytes"] == (folder / f"{example_id}.png").read_bytes()
    loaded = datasets.load_dataset(str(tmp_path / "out"), "m_error_fix", split="train")
    assert loaded[0]["images"][0].size == (12, 8)


def test_from_a_build_by_id(tmp_path: Path, built: Path) -> None:
    file = write_rows(tmp_path / "p.json", prediction_rows(31))
    found = mine([file], tmp_path / "out", "m", OPTIONS, images=built, workers=1)
    assert found.counts["reasons"] == {}
    images = {example_id: image["bytes"] for example_id, image in images_of(tmp_path / "out").items()}
    assert images == expected(built, list(images))


@pytest.mark.parametrize("named", ["row", "file", "folder", "relative"])
def test_from_the_shards_that_predictions_name(tmp_path: Path, built: Path, named: str) -> None:
    files = sorted((built / "b").glob("*.parquet"))
    rows = prediction_rows(30)
    for number, row in enumerate(rows):
        file = files[number // 10]
        paths = {"row": f"{file}#{number % 10}", "file": str(file), "folder": str(built)}
        paths["relative"] = os.path.relpath(paths["row"], tmp_path)
        row["image_path"] = paths[named]
    rows[1]["image_path"] = f"{files[0]}#99" if named == "row" else str(tmp_path / "gone.parquet")
    found = mine([write_rows(tmp_path / "p.json", rows)], tmp_path / "out", "m", OPTIONS, workers=1)
    assert found.counts["reasons"] == {"image_missing": 1}
    images = {example_id: image["bytes"] for example_id, image in images_of(tmp_path / "out").items()}
    assert images == expected(built, list(images))
    assert len(images) == found.counts["sampled"]


def test_without_images_the_paths_stay(tmp_path: Path) -> None:
    rows = prediction_rows(3)
    rows[1]["image_path"] = "./data/e1.png"
    mine([write_rows(tmp_path / "p.json", rows)], tmp_path / "out", "m", OPTIONS, workers=1)
    assert images_of(tmp_path / "out") == {"e1": "./data/e1.png", "e2": "e2"}


def test_from_folders_below_by_the_folders_that_the_path_names(tmp_path: Path) -> None:
    one, two = (caption_folder(tmp_path / "all" / name, 30) / "images" for name in ("one", "Two"))
    (one / "e8.png").unlink()
    for number in (1, 2, 7):
        (two / f"e{number}.png").write_bytes((one / f"e{number + 20}.png").read_bytes())
    rows = prediction_rows(30)[:9]
    rows[1]["image_path"] = "./data/two/images/e1.jpg"
    rows[2]["image_path"] = "./data/one/images/e2.png"
    rows[4]["image_path"] = "e4.png"
    rows[5]["image_path"] = "elsewhere/e5.png"
    rows[7]["image_path"] = "all/Two/images/e7.png"
    found = mine(
        [write_rows(tmp_path / "p.json", rows)], tmp_path / "out", "m", OPTIONS, images=tmp_path / "all", workers=1
    )
    assert found.counts["reasons"] == {"image_ambiguous": 2}
    images = {example_id: image["bytes"] for example_id, image in images_of(tmp_path / "out").items()}
    expected = {"e1": two / "e1.png", "e2": one / "e2.png", "e7": two / "e7.png", "e8": two / "e8.png"}
    assert images == {example_id: file.read_bytes() for example_id, file in expected.items()}


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    file = write_rows(tmp_path / "p.json", prediction_rows(3))
    with pytest.raises(SourceError, match="no image file"):
        mine([file], tmp_path / "out", "m", OPTIONS, images=tmp_path / "empty", workers=1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", ["n" * 5000, "a\0b", "x.parquet#" + "1" * 5000, "x.parquet#²", "/dev/zero", "..", ""])
@pytest.mark.parametrize("given", [True, False])
def test_names_that_no_image_has(path: str, given: bool, tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "source", 1) / "images"
    finder = ImageFinder.of(folder if given else None, folder)
    assert not names_shards("n" * 5000, folder)
    with pytest.raises((ImageError, SourceError)):
        finder.find("i" * 5000, path).read()


def test_a_folder_that_is_named_by_way_of_another(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "source", 1) / "images"
    (tmp_path / "secret.png").write_bytes(b"secret")
    finder = ImageFinder.of(folder / ".." / "images", tmp_path)
    assert finder.find("e0", "").read() == (folder / "e0.png").read_bytes()
    with pytest.raises(ImageError, match="no image of"):
        finder.find(str(tmp_path / "secret"), "")
