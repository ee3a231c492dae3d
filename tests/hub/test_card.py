"""The card of a build: what `datasets` reads in its header, what a person reads below."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard
from PIL import Image

from mumer_data.hub.card import card_text, written_by_hand
from mumer_data.hub.folder import Build, open_build
from mumer_data.hub.licences import terms_of
from mumer_data.hub.picture import sample_sheet
from mumer_data.hub.publication import publication
from mumer_data.hub.statistics import label_statistics
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline, pipeline_of
from mumer_data.jobs.mine import mine
from mumer_data.mining.candidates import MiningOptions
from mumer_data.tasks import TASKS, task_class
from tests.conftest import caption_folder


def header_of(text: str) -> dict[str, Any]:
    """The card's header, as the Hub's own class reads it."""
    return dict(yaml.safe_load(DatasetCard(text).data.to_yaml()))


def card_of(found: Build, licence: str = "") -> str:
    return card_text(found, terms_of(found, licence), "ann/mine", picture="samples.png")


@pytest.fixture(scope="module")
def mined(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corrections of made-up predictions of the images of a build."""
    folder = tmp_path_factory.mktemp("mined")
    rows = [
        {
            "img_id": f"e{row}",
            "gt": rf"x _ {{ {row % 10} }} + \frac {{ a }} {{ b }}",
            "pred": rf"x _ {{ {row % 10} }} + a / b",
        }
        for row in range(8)
    ]
    (folder / "pred.json").write_text(json.dumps(rows))
    mine([folder / "pred.json"], folder / "out", "wrong", MiningOptions(), images=built, workers=1)
    return folder / "out"


def test_the_header_names_every_config_with_its_files_and_rows(built: Path) -> None:
    data = header_of(card_of(open_build(built), "cc-by-4.0"))
    assert data["license"] == "cc-by-4.0"
    assert data["size_categories"] == "n<1K"
    assert data["task_categories"] == ["image-to-text"]
    assert data["configs"] == [
        {"config_name": name, "data_files": [{"split": "train", "path": f"{name}/train-*-of-00003.parquet"}]}
        for name in ("mine", "mine_tree", "mine_can")
    ]
    infos = {info["config_name"]: info for info in data["dataset_info"]}
    assert infos["mine"]["splits"][0]["num_examples"] == 60
    assert infos["mine"]["download_size"] == sum(path.stat().st_size for path in (built / "mine").glob("*.parquet"))
    assert infos["mine"]["features"][2] == {"name": "images", "list": "image"}


def test_the_page_has_prompts_figures_provenance_and_citations(built: Path) -> None:
    found = open_build(built)
    text = card_of(found)
    for task in TASKS:
        assert f"<image>{task_class(task).prompt}" in text
    assert "| `mine_tree` | `train` | tree_cot | 60 | 3 |" in text
    assert 'datasets.load_dataset("ann/mine", "mine", split="train")' in text
    assert '"hf_hub_url": "ann/mine"' in text
    assert f"| grammar | `{found.manifest['versions']['grammar']}` |" in text
    assert found.manifest["inputs"]["files"][0]["sha256"] in text
    assert "@misc{li2025unimumer" in text
    assert str(built.parent) not in text
    assert "not known" in text


def test_the_card_of_mined_samples(mined: Path) -> None:
    text = card_of(open_build(mined))
    assert header_of(text)["task_categories"] == ["image-to-text", "image-text-to-text"]
    assert "erroneous formula: {prediction}\nMarked formula: \n```" in text
    assert "8 images" in text
    assert "| labels of `wrong_error_fix` | |" in text
    paths = [upload.path for upload in publication(open_build(mined), [], "ann/mine")]
    assert {"mining.json", "confusions.parquet", "confusions.png"} <= set(paths)
    assert paths[-4:] == ["samples.png", "dataset_info.json", "manifest.json", "README.md"]


def test_the_same_build_gives_the_same_card(built: Path) -> None:
    assert card_of(open_build(built)) == card_of(open_build(built))


def test_a_change_by_hand_is_seen(built: Path) -> None:
    text = card_of(open_build(built))
    assert not written_by_hand(text)
    assert not written_by_hand(text.rstrip("\n"))
    assert written_by_hand(text.replace("# mine", "# My data"))
    assert written_by_hand("# mine\n")
    assert written_by_hand("")


def test_names_cannot_break_a_table(my_build: Path) -> None:
    manifest = json.loads((my_build / "manifest.json").read_text())
    manifest["inputs"]["files"][0]["file"] = "a|b`\n# c"
    (my_build / "manifest.json").write_text(json.dumps(manifest))
    assert "| `a\\|b' # c` |" in card_of(open_build(my_build))


def test_figures_of_the_labels(built: Path) -> None:
    facts = label_statistics(open_build(built))
    assert facts is not None
    assert (facts.config, facts.count, facts.distinct) == ("mine", 60, 60)
    assert facts.median == facts.p95 == facts.longest == 14
    assert facts.symbols == 10 + len({"x", "_", "+", "\\frac", "a", "b"})
    assert facts.frequent.startswith("`+` `\\frac` `_` `a` `b` `x`")


def test_the_sheet_shows_samples_of_all_shards(built: Path) -> None:
    data = sample_sheet(open_build(built))
    assert data is not None
    with Image.open(io.BytesIO(data)) as sheet:
        assert sheet.format == "PNG"
        sheet.load()
        shades = {sheet.getpixel((20 + 280, 20 + 75)), sheet.getpixel((600 + 280, 3 * 236 + 20 + 75))}
    shown = [0, 59]  # the first and the last row: images of one shade each, by their number
    assert shades == set(shown)


def test_a_build_without_images_to_show_has_no_sheet(tmp_path: Path, my_build: Path) -> None:
    for path in (my_build / "mine").glob("*.parquet"):
        table = pq.read_table(path)
        rows = table.to_pylist()
        for row in rows:
            row["images"][0]["bytes"] = b"rot"
        pq.write_table(table.from_pylist(rows, table.schema), path)
    assert sample_sheet(open_build(my_build)) is None
    paths = [upload.path for upload in publication(open_build(my_build), [], "ann/mine")]
    assert "samples.png" not in paths


def test_chats_of_the_other_kind(tmp_path: Path) -> None:
    source = ["name=mine", "source.format=caption", f"source.path={caption_folder(tmp_path / 'mine', 3)}"]
    build(load_pipeline("demo", [*source, "chat=openai", "tasks=[recognition]"]), tmp_path / "out", workers=1)
    text = card_of(open_build(tmp_path / "out"))
    assert '"role_tag": "role"' in text
    assert header_of(text)["dataset_info"]["config_name"] == "mine"
    facts = label_statistics(open_build(tmp_path / "out"))
    assert facts is not None
    assert facts.count == 3


def test_corrected_labels_are_named(tmp_path: Path) -> None:
    folder = caption_folder(tmp_path / "data", 8)
    first = (folder / "caption.txt").read_text(encoding="utf-8").splitlines()[0].split("\t")[1]
    (tmp_path / "c.tsv").write_text(f"e0\t{first}\tx\tedit\t\t\n", encoding="utf-8")
    source = {"format": "caption", "path": str(folder)}
    pipeline = pipeline_of({"name": "mine", "source": source, "corrections": str(tmp_path / "c.tsv")})
    build(pipeline, tmp_path / "out", workers=1)
    card = card_of(open_build(tmp_path / "out"))
    assert "`c.tsv` changed 1 labels and dropped 0 rows." in card
