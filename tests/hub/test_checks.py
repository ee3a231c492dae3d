"""What is found before a push: broken builds, other people's licences, paths, test sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from PIL import Image

from mumer_data.exceptions import OutputError
from mumer_data.hub.checks import Finding, blocking_errors, check_build
from mumer_data.hub.folder import open_build
from mumer_data.hub.leakage import TestSet, leak_findings
from mumer_data.hub.licences import terms_of
from mumer_data.hub.redact_paths import LOCAL_PATH, redact_paths
from mumer_data.io.atomic import file_sha256
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline, load_source
from tests.conftest import caption_folder

SHARD = "mine/train-00001-of-00003.parquet"


def checked(folder: Path, licence: str = "") -> list[Finding]:
    return check_build(open_build(folder), licence)


def change(folder: Path, act: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    act(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def rewrite(folder: Path, file: str, act: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the rows of a shard, and what the manifest says of it."""
    path = folder / file
    table = pq.read_table(path)
    rows = table.to_pylist()
    act(rows)
    pq.write_table(table.from_pylist(rows, table.schema), path)

    def told(manifest: dict[str, Any]) -> None:
        for config in manifest["configs"].values():
            for shard in config["shards"]:
                if shard["file"] == file:
                    shard |= {"size": path.stat().st_size, "sha256": file_sha256(path)}

    change(folder, told)


def test_a_build_in_order_wants_only_a_licence(built: Path) -> None:
    assert [(finding.level, finding.check) for finding in checked(built)] == [("warning", "licence")]
    assert checked(built, "cc-by-4.0") == []
    assert [finding.level for finding in check_build(open_build(built), private=True)] == ["note"]


def test_folders_that_are_no_finished_build(my_build: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(OutputError, match="it is not a build"):
        open_build(tmp_path / "empty")
    (my_build / "_work").mkdir()
    with FileLock(my_build / "_work" / "lock"), pytest.raises(OutputError, match="a run is writing to"):
        open_build(my_build)
    (my_build / "_work" / "plan.json").write_text("{}")
    with pytest.raises(OutputError, match="unfinished run: go on with --resume"):
        open_build(my_build)
    (my_build / "manifest.json").unlink()
    with pytest.raises(OutputError, match="unfinished run: go on with --resume"):
        open_build(my_build)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda m: m["configs"]["mine"].pop("task"), "'task'.* is missing"),
        (lambda m: m["configs"]["mine"]["shards"].clear(), "has no shards"),
        (lambda m: m["configs"]["mine"]["shards"].pop(), "this is not a build of this library"),
        (lambda m: m["configs"]["mine"]["shards"][0].update(file="../../etc/passwd"), "not a build of this library"),
        (lambda m: [s.update(rows=0) for c in m["configs"].values() for s in c["shards"]], "holds no rows"),
    ],
)
def test_manifests_of_something_else(my_build: Path, act: Callable[[dict[str, Any]], object], message: str) -> None:
    change(my_build, act)
    with pytest.raises(OutputError, match=message):
        open_build(my_build)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, the manifest says"),
        (lambda path: path.write_bytes(b"x" + path.read_bytes()[1:]), "its sha256 differs"),
    ],
    ids=["missing", "cut", "changed"],
)
def test_a_broken_shard_stops_a_push(my_build: Path, act: Callable[[Path], object], message: str) -> None:
    act(my_build / SHARD)
    (finding,) = checked(my_build)
    assert finding.level == "error"
    assert SHARD in finding.message
    assert message in finding.message
    assert "build it again" in blocking_errors([finding])


def test_rows_that_the_manifest_does_not_count(my_build: Path) -> None:
    change(my_build, lambda manifest: manifest["configs"]["mine"]["shards"][0].update(rows=19))
    (finding,) = checked(my_build)
    assert "has 20 rows, the manifest says 19" in finding.message


def test_a_shard_of_nobody(my_build: Path) -> None:
    (my_build / "mine" / "train-00009-of-00010.parquet").write_bytes(b"?")
    assert ("warning", "files") in [(finding.level, finding.check) for finding in checked(my_build)]


def test_images_that_are_paths_stop_a_push(tmp_path: Path) -> None:
    source = [f"source.path={caption_folder(tmp_path / 'mine', 3)}", "source.format=caption", "images=path"]
    build(load_pipeline("demo", ["name=mine", *source]), tmp_path / "out", workers=1)
    findings = checked(tmp_path / "out")
    assert "the images of mine are paths on this machine: build with 'images: embed'" in blocking_errors(findings)
    places = [finding.message for finding in findings if finding.check == "paths"]
    assert any("3 values of 'images' in mine hold a path of a machine" in place for place in places)


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (lambda rows: rows[3]["images"][0].update(path="/home/ann/crohme/a.png"), "1 values of 'images' in mine"),
        (lambda rows: rows[3]["images"][0].update(path="scans/a.png"), "1 values of 'images' in mine"),
        (lambda rows: rows[3].update(id="C:\\Users\\ann\\a"), "1 values of 'id' in mine"),
        (lambda rows: rows[3]["messages"][0].update(value="<image>Read /data/scans/7.png"), "1 values of 'messages'"),
    ],
    ids=["path", "folder", "id", "message"],
)
def test_paths_in_rows_are_named(my_build: Path, act: Callable[[list[dict[str, Any]]], object], what: str) -> None:
    rewrite(my_build, SHARD, act)
    (finding,) = [finding for finding in checked(my_build) if finding.check == "paths"]
    assert finding.level == "warning"
    assert what in finding.message


@pytest.mark.parametrize(
    "text",
    [r"f : X \to \mathbb { R }", r"f:\mathbb R\to\mathbb R", "a / b", "http://x.org/home/a", r"x \\ y", "/ data /"],
)
def test_latex_is_no_path(text: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    assert pc.match_substring_regex(pa.array([text]), LOCAL_PATH).to_pylist() == [False]


def test_places_are_cut_off() -> None:
    raw = {
        "source": {"path": "/home/ann/data/crohme/train/", "label": "x / y", "columns": ["/", "~/a/b", "D:\\x\\y"]},
        "where": "${DATA}/mine",
        "url": "https://example.org/a/b",
        "seed": 3,
    }
    assert redact_paths(raw) == {
        "source": {"path": "train", "label": "x / y", "columns": ["/", "b", "y"]},
        "where": "mine",
        "url": "https://example.org/a/b",
        "seed": 3,
    }


def renamed(build_folder: Path, **source: str) -> Path:
    change(build_folder, lambda manifest: manifest["pipeline"]["source"].update(source))
    return build_folder


@pytest.mark.parametrize(
    ("source", "licence", "commercial"),
    [
        ({"path": "/data/CROHME/train"}, "cc-by-nc-sa-3.0", False),
        ({"path": "data/mathwriting-2024.tgz"}, "cc-by-nc-sa-4.0", False),
        ({"path": "data/HME100K"}, "", None),
        ({"path": "data/comne"}, "", None),
    ],
)
def test_known_data_sets_bring_their_terms(
    my_build: Path, source: dict[str, str], licence: str, commercial: bool | None
) -> None:
    (one,) = terms_of(open_build(renamed(my_build, **source)))
    assert (one.licence, one.commercial) == (licence, commercial)


def test_a_licence_is_declared_in_the_pipeline_or_by_hand(my_build: Path) -> None:
    change(my_build, lambda manifest: manifest["pipeline"].update(licence="cc-by-nc-4.0"))
    (finding,) = checked(my_build)
    assert "whose licence is cc-by-nc-4.0: no commercial use" in finding.message
    assert load_source(my_build).licence == "cc-by-nc-4.0", "what is made from the build inherits it"
    renamed(my_build, path="data/crohme/train")
    (finding,) = checked(my_build, "mit")
    assert "declared is mit, but it looks like CROHME" in finding.message


CROHME = ["200923-1254-84", "formulaire001-equation002", "MfrDB0104", "TrainData2_22_sub_3", "RIT_2014_3", "65_user4"]


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (CROHME, ("CROHME", "cc-by-nc-sa-3.0", "83% of its ids look like it")),
        (["6f0a4fbd31f0855a", "6f0a4fbd31f0855b"], ("MathWriting", "cc-by-nc-sa-4.0", "100% of its ids look like it")),
        (["demo-start-001"], ("the sample embedded in mumer-data", "apache-2.0", "100% of its ids look like it")),
        (["a", "b", "c", "200923-1254-84"], ("the source of this build", "", "neither declared nor recognised")),
    ],
    ids=["crohme", "mathwriting", "demo", "mine"],
)
def test_data_sets_are_known_by_their_ids(my_build: Path, ids: list[str], found: tuple[str, str, str]) -> None:
    for number in range(3):

        def rename(rows: list[dict[str, Any]]) -> None:
            for place, row in enumerate(rows):
                row["id"] = ids[place % len(ids)]

        rewrite(my_build, f"mine/train-{number:05d}-of-00003.parquet", rename)
    (one,) = terms_of(open_build(my_build))
    assert (one.title, one.licence, one.evidence) == (found[0], found[1], one.evidence)
    assert one.evidence.split("%")[-1] == found[2].split("%")[-1]


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ({"path": "data/crohme/2014"}, "'crohme/2014' looks like a test set of CROHME"),
        ({"path": "data/crohme2019/train"}, ""),
        ({"path": "data/mine", "folder": "test"}, "'test' looks like a test or validation set"),
        ({"path": "data/mine_valid"}, "'mine_valid' looks like a test or validation set"),
    ],
)
def test_test_sets_published_as_training_data(my_build: Path, source: dict[str, str], word: str) -> None:
    messages = [f.message for f in checked(renamed(my_build, **source), "mit") if f.check == "test set"]
    assert [word in message for message in messages] == ([True] if word else [])


def test_rows_of_a_test_set_are_found(built: Path, tmp_path: Path) -> None:
    other = caption_folder(tmp_path / "test", 3)
    for number in range(1, 3):
        noise = np.random.default_rng(number).integers(0, 256, (40, 40), np.uint8)
        Image.fromarray(noise).save(other / "images" / f"e{number}.png")

    def finding() -> Finding:
        pipeline = load_pipeline("demo", ["source.format=caption", f"source.path={other}"])
        (found,) = leak_findings(open_build(built), [TestSet("test", pipeline.reader(), pipeline.row_validator())], 1)
        return found

    assert finding().level == "warning"
    assert "1 of the 3 images of test are in this build, such as 'e0'" in finding().message
    with (other / "caption.txt").open() as file:
        kept = file.readlines()[1:]
    (other / "caption.txt").write_text("".join(kept))
    message = "none of the 2 images of test is in this build; 2 labels are the same"
    assert finding() == Finding("note", "leakage", message)
