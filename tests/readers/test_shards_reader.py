"""Shards read back: what a build wrote is what the reader gives, whatever the slices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.readers.shards import ShardsReader
from mumer_data.records import Example, Reject
from tests.conftest import caption_folder, png
from tests.readers.test_inkml import CROHME
from tests.readers.test_predictions import not_utf_8


def reader(path: Path, **options: Any) -> ShardsReader:
    return ShardsReader(ShardsReader.Options(format="shards", path=str(path), **options), Path("."))


def built(where: Path, source: dict[str, Any], **keys: Any) -> Path:
    file = where / "p.yaml"
    file.write_text(
        yaml.safe_dump({"name": "t", "source": source, "shards": {"max_rows": 7}, **keys}), encoding="utf-8"
    )
    build(load_pipeline(file), where / "out", workers=1)
    return where / "out"


def facts(found: ShardsReader, max_rows: int) -> list[tuple[int, str, str, bytes]]:
    parts = found.plan(max_rows, 1 << 30)
    rows = [row for part in parts for row in found.read(part)]
    return [(row.row, row.id, row.label, row.image.read()) for row in rows if isinstance(row, Example)]


@pytest.mark.parametrize("chat", ["sharegpt", "openai"])
@pytest.mark.parametrize("images", ["embed", "path"])
def test_a_build_comes_back(tmp_path: Path, chat: str, images: str) -> None:
    folder = caption_folder(tmp_path / "in", 20)
    out = built(tmp_path, {"format": "caption", "path": str(folder)}, chat=chat, images=images)
    expected = [
        (row, f"e{row}", f"x _ {{ {' '.join(str(row))} }} + \\frac {{ a }} {{ b }}", png(row)) for row in range(20)
    ]
    for config in (None, "t_tree", "t_can"):
        assert facts(reader(out, config=config), 1000) == expected
        assert facts(reader(out, config=config), 3) == expected
    assert facts(reader(out / "t"), 4) == expected


def test_metadata_pass_through_two_builds(tmp_path: Path) -> None:
    (tmp_path / "ink").mkdir()
    (tmp_path / "ink" / "a.inkml").write_bytes(CROHME)
    source = {"format": "inkml", "path": str(tmp_path / "ink")}
    out = built(tmp_path, source, normalize={"preset": "crohme"}, metadata=True)
    (tmp_path / "again").mkdir()
    again = built(tmp_path / "again", {"format": "shards", "path": str(out)}, metadata=True)
    for folder in (out, again):
        (row,) = pq.read_table(folder / "t").to_pylist()
        said = json.loads(row["metadata"])
        assert said["annotations"]["writer"] == "w7"
        assert said["symbols"] == [
            {"label": "x", "traces": ["0"], "box": [10.0, -22.0, 12.5, 24.0]},
            {"label": "2", "traces": ["1"], "box": [30.0, 5.0, 31.0, 6.0]},
        ]


def test_broken_rows_are_rejects(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "x: 1\nx"}]
    image = {"bytes": png(0), "path": "a.png"}
    rows = [
        {"messages": turns, "images": [image]},
        {"messages": turns[:1], "images": [image]},
        {"messages": turns, "images": [image, image]},
        {"messages": turns, "images": [{"bytes": None, "path": None}]},
        {"messages": [], "images": []},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = list(reader(tmp_path).read(reader(tmp_path).plan(100, 1 << 30)[0]))
    assert [row.reason if isinstance(row, Reject) else row.label for row in found] == [
        "x",
        "row_malformed",
        "image_missing",
        "image_missing",
        "row_malformed",
    ]
    assert found[0].id == "a"


def test_unusable_folders(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        reader(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="configs there: none"):
        reader(tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"no")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        reader(tmp_path).plan(1, 1)
    pq.write_table(pa.table({"id": ["x"]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="has no column 'images'; it has id"):
        reader(tmp_path).plan(1, 1)


def outcomes(folder: Path) -> list[str]:
    found = reader(folder)
    rows = [row for part in found.plan(9, 1 << 30) for row in found.read(part)]
    return [row.reason if isinstance(row, Reject) else row.label for row in rows]


def test_hostile_shards(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "x"}]
    paths = [{"id": "a", "messages": turns, "images": [path]} for path in ("/dev/zero", "/none.png", "a\0b")]
    pq.write_table(pa.Table.from_pylist(paths), tmp_path / "a.parquet")
    for row in reader(tmp_path).read(reader(tmp_path).plan(100, 1 << 30)[0]):
        assert isinstance(row, Example)
        with pytest.raises(ImageError, match=r"is not a file|cannot be read"):
            row.image.read()
    strange: list[dict[str, list[Any]]] = [
        {"messages": [1], "images": [["a"]]},
        {"messages": [[1]], "images": [1]},
        {"messages": ["x"], "images": ["y"]},
    ]
    for number, columns in enumerate(strange):
        (tmp_path / str(number)).mkdir()
        pq.write_table(pa.table(columns), tmp_path / str(number) / "a.parquet")
        assert outcomes(tmp_path / str(number)) == ["row_malformed"]
    image = {"bytes": png(0), "path": "a"}
    texts = {"id": not_utf_8([b"x", b"\xff"]), "messages": [turns] * 2, "images": [[image]] * 2}
    pq.write_table(pa.table(texts), tmp_path / "2" / "b.parquet")
    assert outcomes(tmp_path / "2") == ["row_malformed", "x", "row_encoding"]


@pytest.mark.parametrize("manifest", ["{", "[]", '{"configs": {}}', '{"configs": {"../t": 1}}', '{"configs": [1]}'])
def test_a_manifest_that_names_no_config(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(SourceError, match="names no configs"):
        reader(tmp_path)
