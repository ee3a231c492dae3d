"""Augmentation in builds: rows, names, metadata and manifest; the same bytes on any number of workers."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from mumer_data import Pipeline, build
from mumer_data.augmentation.metadata import boxes_in, variant_metadata
from mumer_data.augmentation.options import Augmentation
from mumer_data.augmentation.run import augment
from mumer_data.cli import app
from mumer_data.exceptions import PipelineError
from mumer_data.io.png import encode_png
from mumer_data.jobs.rows import UsableRow, variants
from mumer_data.latex.expression import Expression
from tests.augmentation.pictures import LABELS, picture
from tests.shards.folders import bytes_of

ROWS = 9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A caption folder of handwriting, white on black as CROHME's, with one label that does not parse."""
    (tmp_path / "in" / "images").mkdir(parents=True)
    lines = []
    for row in range(ROWS):
        place = row % len(LABELS)
        picture(place, writer=row).image.point([255 - level for level in range(256)]).save(
            tmp_path / "in" / "images" / f"e{row}.png"
        )
        lines.append(f"e{row}\t{LABELS[place] if row != 4 else '{'}\n")
    (tmp_path / "in" / "caption.txt").write_text("".join(lines), encoding="utf-8")
    return tmp_path / "in"


def recipe(folder: Path, **options: Any) -> Pipeline:
    return Pipeline.model_validate({"name": "t", "source": {"format": "caption", "path": str(folder)}, **options})


def read(out: Path, config: str = "t") -> list[dict[str, Any]]:
    return [row for path in sorted((out / config).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def good_ids() -> list[str]:
    return [f"e{row}" for row in range(ROWS) if row != 4]


def test_every_row_has_its_variants_beside_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = build(recipe(folder, augment={"preset": "camera", "copies": 2}), out, workers=1).manifest
    rows = read(out)
    assert [row["id"] for row in rows] == [f"{name}{end}" for name in good_ids() for end in ("", "-aug1", "-aug2")]
    assert manifest["counts"] == {"read": 9, "accepted": 8, "rejected": 1, "reasons": {"latex_syntax": 1}}
    assert {config["rows"] for config in manifest["configs"].values()} == {24}
    for place in range(0, len(rows), 3):
        own, *others = rows[place : place + 3]
        assert own["images"][0]["bytes"] == (folder / "images" / f"{own['id']}.png").read_bytes()
        assert [row["messages"] for row in others] == [own["messages"]] * 2
        for row in others:
            image = row["images"][0]
            assert image["path"] == f"{row['id']}.jpg"
            assert Image.open(io.BytesIO(image["bytes"])).format == "JPEG"
        assert others[0]["images"][0]["bytes"] != others[1]["images"][0]["bytes"]


def test_originals_may_stay_out_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    build(recipe(folder, augment={"preset": "online", "keep_original": False}), tmp_path / "few", workers=1)
    build(recipe(folder, augment="online"), tmp_path / "all", workers=1)
    few, both = read(tmp_path / "few", "t_tree"), read(tmp_path / "all", "t_tree")
    assert [row["id"] for row in few] == [f"{name}-aug1" for name in good_ids()]
    assert few == both[1::2]


def test_the_number_of_workers_and_of_shards_changes_no_variant(folder: Path, tmp_path: Path) -> None:
    pipeline = recipe(folder, augment={"preset": "camera", "copies": 2}, shards={"max_rows": 6})
    for out, workers in (("one", 1), ("two", 2)):
        manifest = build(pipeline, tmp_path / out, workers=workers).manifest
        assert [shard["rows"] for shard in manifest["configs"]["t"]["shards"]] == [6, 6, 3, 6, 3]
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    build(recipe(folder, augment={"preset": "camera", "copies": 2}), tmp_path / "whole", workers=1)
    assert read(tmp_path / "whole") == read(tmp_path / "one")
    build(recipe(folder, augment={"preset": "camera", "copies": 2}, seed=1), tmp_path / "other", workers=1)
    assert read(tmp_path / "other")[1] != read(tmp_path / "one")[1]


def test_the_manifest_says_what_was_done(folder: Path, tmp_path: Path) -> None:
    augment = {"preset": "scan", "steps": [{"jpeg": {"quality": 50}}]}
    build(recipe(folder, augment=augment), tmp_path / "out", workers=1)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    facts = manifest["augment"]
    assert (facts["preset"], facts["copies"], facts["keep_original"]) == ("scan", 1, True)
    steps = {name: options for step in facts["steps"] for name, options in step.items()}
    assert steps["jpeg"] == {"p": 1.0, "quality": [50.0, 50.0]}
    assert steps["paper"]["level"] == [0.9, 1.0]
    assert {"numpy", "pillow", "scipy"} <= set(manifest["versions"])
    build(recipe(folder), tmp_path / "plain", workers=1)
    assert "augment" not in json.loads((tmp_path / "plain" / "manifest.json").read_text())


def test_an_id_that_a_variant_may_have_is_rejected(folder: Path, tmp_path: Path) -> None:
    captions = folder / "caption.txt"
    captions.write_text(captions.read_text().replace("e2\t", "e1-aug1\t").replace("e3\t", "e1-aug3\t"))
    (folder / "images" / "e2.png").rename(folder / "images" / "e1-aug1.png")
    (folder / "images" / "e3.png").rename(folder / "images" / "e1-aug3.png")
    build(recipe(folder, augment={"preset": "online", "copies": 2}), tmp_path / "out", workers=1)
    rejects = pq.read_table(tmp_path / "out" / "rejects.parquet").to_pylist()
    assert [(row["id"], row["reason"]) for row in rejects] == [("e1-aug1", "id_taken"), ("e4", "latex_syntax")]
    ids = [row["id"] for row in read(tmp_path / "out")]
    assert len(set(ids)) == len(ids) == 21


def test_boxes_in_metadata_move_along() -> None:
    drawn = picture(0)
    symbols = [{"label": name, "box": box} for name, box in zip(drawn.names, drawn.boxes.tolist(), strict=True)]
    metadata = json.dumps({"annotations": {"writer": "w"}, "symbols": symbols})
    pipeline = Pipeline.model_validate({"name": "t", "source": {"format": "typeset"}, "augment": "camera"})
    original, variant = variants(
        UsableRow("x", Expression(LABELS[0]), encode_png(drawn.image), "x.png", metadata), pipeline
    )
    assert original.metadata == metadata
    found = json.loads(variant.metadata)
    assert (found["annotations"], found["original"]) == ({"writer": "w"}, "x")
    assert [symbol["label"] for symbol in found["symbols"]] == drawn.names
    steps = Augmentation(preset="camera").step_list()
    wanted = augment(drawn.image, steps, seed=0, id="x-aug1", boxes=drawn.boxes)
    assert variant.data == wanted.data
    assert np.abs(np.array([symbol["box"] for symbol in found["symbols"]]) - wanted.boxes).max() < 0.01


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "no JSON",
        "[1]",
        "{}",
        '{"symbols": 3}',
        '{"symbols": [{"label": "x"}, 3, {"box": [1, 2]}, {"box": [3, 0, 1, 1]}, {"box": "abcd"}]}',
        '{"symbols": [{"label": "x", "traces": ["0"], "box": [1, 2, 3, 4]}]}',
    ],
)
def test_metadata_without_boxes_in_pixels_stay_as_they_are(metadata: str) -> None:
    assert boxes_in(metadata) is None
    found = json.loads(variant_metadata(metadata, np.empty((0, 4)), "x"))
    assert found.pop("original") == "x"
    if metadata.startswith("{"):
        assert found == json.loads(metadata)
    else:
        assert found == ({"source": [1] if metadata == "[1]" else metadata} if metadata else {})


def test_metadata_are_a_column_only_where_asked_for(folder: Path, tmp_path: Path) -> None:
    for name, wanted in (("with", True), ("without", False)):
        build(recipe(folder, augment="online", metadata=wanted, tasks=["recognition"]), tmp_path / name, workers=1)
    assert "metadata" not in read(tmp_path / "without")[0]
    assert [row["metadata"] for row in read(tmp_path / "with")][:2] == ["", '{"original": "e0"}']


def test_corrupt_makes_no_variants(folder: Path, tmp_path: Path) -> None:
    from mumer_data.jobs.corrupt import corrupt

    with pytest.raises(PipelineError, match="corrupt does not augment images"):
        corrupt(recipe(folder, augment="online"), None, tmp_path / "out", "t")  # type: ignore[arg-type]


def test_from_the_command_line(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"name: t\nsource: {{format: caption, path: {folder}}}\n", encoding="utf-8")
    arguments = ["build", str(path), "--out", str(tmp_path / "out"), "--workers", "1", "--json"]
    done = CliRunner().invoke(app, [*arguments, "--set", "augment={preset: scan, copies: 3}"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["configs"] == {"t": 32, "t_tree": 32, "t_can": 32}
    failed = CliRunner().invoke(app, [*arguments[:3], str(tmp_path / "no"), "--set", "augment=scann"])
    assert failed.exit_code != 0
    assert isinstance(failed.exception, PipelineError)
    assert not (tmp_path / "no").exists()
