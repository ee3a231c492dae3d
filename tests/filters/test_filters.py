"""Gates in a pipeline: each keeps out what it says, for the reason that it says, on any number of workers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from PIL import Image, ImageDraw, ImageOps

from mumer_data.exceptions import PipelineError, SourceError
from mumer_data.filters.split import unit_interval_hash
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline


def drawing(number: int) -> Image.Image:
    """Ink that differs from that of other numbers."""
    image = Image.new("L", (120, 60), 255)
    draw = ImageDraw.Draw(image)
    for step in range(6):
        x, y = (number * 37 + step * 53) % 100, (number * 29 + step * step * 17) % 50
        draw.line((x, y, (x + 31 * step + number * 7) % 120, (y + 23 + number * 3) % 60), fill=0, width=3)
    return image


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def folder_of(where: Path, rows: list[tuple[str, str, bytes]]) -> Path:
    (where / "images").mkdir(parents=True)
    for number, (_, _, data) in enumerate(rows):
        (where / "images" / f"{rows[number][0]}.png").write_bytes(data)
    (where / "caption.txt").write_text("".join(f"{name}\t{label}\n" for name, label, _ in rows), encoding="utf-8")
    return where


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five expressions; copies of the first as a scaled, an inverted, a compressed and an equal image."""
    first = drawing(0)
    rows = [(f"e{number}", f"x _ {{ {number} }}", encoded(drawing(number))) for number in range(5)]
    rows += [
        ("same", "y", encoded(first)),
        ("scaled", "x _ { 0 }", encoded(first.resize((180, 90), Image.Resampling.LANCZOS))),
        ("inverted", "x _ { 0 }", encoded(ImageOps.invert(first))),
        ("padded", "z", encoded(ImageOps.expand(first, 15, 255))),
        ("label", "x _ { 1 }", encoded(drawing(8))),
    ]
    return folder_of(tmp_path / "source", rows)


def rejects(source: Path, out: Path, gates: list[Any], workers: int = 1, **keys: Any) -> dict[str, str]:
    """id -> reason, of a build with these gates."""
    text = {
        "name": "t",
        "source": {"format": "caption", "path": str(source)},
        "tasks": ["recognition"],
        "filters": gates,
        "shards": {"max_rows": 3},
        **keys,
    }
    file = source.parent / "t.yaml"
    file.write_text(yaml.safe_dump(text), encoding="utf-8")
    manifest = build(load_pipeline(file), out, workers=workers).manifest
    found = pd.read_parquet(out / "rejects.parquet")
    assert manifest["counts"]["rejected"] == len(found)
    assert manifest["counts"]["read"] == len((source / "caption.txt").read_text("utf-8").splitlines())
    return dict(zip(found.id, found.reason, strict=True))


CASES: dict[str, tuple[list[Any], dict[str, str]]] = {
    "none": ([], {}),
    "exact": (["duplicates"], {"same": "duplicate_image"}),
    "near": (
        [{"duplicates": {"image": "near"}}],
        dict.fromkeys(["same", "scaled", "inverted", "padded"], "duplicate_image"),
    ),
    "near and label": (
        [{"duplicates": {"image": "near", "label": "same"}}],
        dict.fromkeys(["scaled", "inverted"], "duplicate"),
    ),
    "label": (
        [{"duplicates": {"image": "ignore", "label": "same"}}],
        dict.fromkeys(["scaled", "inverted", "label"], "duplicate_label"),
    ),
    "short": ([{"length": {"min": 2}}], {"same": "too_short", "padded": "too_short"}),
    "long": (
        [{"length": {"max": 4}}],
        {f"e{n}": "too_long" for n in range(5)} | dict.fromkeys(("scaled", "inverted", "label"), "too_long"),
    ),
    "flat": ([{"depth": {"min": 1}}], {"same": "too_flat", "padded": "too_flat"}),
    "denied": ([{"symbols": {"deny": ["z", "1"]}}], dict.fromkeys(["e1", "padded", "label"], "symbol_denied")),
    "in order": (
        [{"symbols": {"deny": ["0"]}}, {"duplicates": {"image": "near"}}],
        # The first of the copies is gone before they are compared, so the second stays.
        {**dict.fromkeys(["e0", "scaled", "inverted"], "symbol_denied"), "padded": "duplicate_image"},
    ),
}


@pytest.mark.parametrize(("gates", "expected"), CASES.values(), ids=CASES)
def test_gates(source: Path, tmp_path: Path, gates: list[Any], expected: dict[str, str]) -> None:
    assert rejects(source, tmp_path / "out", gates) == expected


def test_workers_do_not_matter(source: Path, tmp_path: Path) -> None:
    gates = [{"duplicates": {"image": "near"}}]
    assert rejects(source, tmp_path / "one", gates) == rejects(source, tmp_path / "two", gates, workers=2)
    one, two = ((tmp_path / name / "rejects.parquet").read_bytes() for name in ("one", "two"))
    assert one == two


def test_leakage_by_image_and_by_label(source: Path, tmp_path: Path) -> None:
    test = folder_of(
        tmp_path / "test",
        [("t0", "q", encoded(ImageOps.expand(drawing(3), 9, 255))), ("t1", "x _ { 2 }", encoded(drawing(11)))],
    )
    other = {"format": "caption", "path": str(test)}
    by_image = rejects(source, tmp_path / "a", [{"leakage": {"source": other, "image": "near"}}])
    assert by_image == {"e3": "leaked_image"}
    by_label = rejects(source, tmp_path / "b", [{"leakage": {"source": other, "image": "ignore", "label": "same"}}])
    assert by_label == {"e2": "leaked_label"}


def test_vocabulary(source: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("x\n_\n0\n1\n\n2\ny\n", encoding="utf-8")
    gate = {"symbols": {"vocabulary": "words.txt"}}
    assert rejects(source, tmp_path / "out", [gate]) == dict.fromkeys(["e3", "e4", "padded"], "symbol_unknown")
    with pytest.raises(SourceError, match="does not exist"):
        rejects(source, tmp_path / "out2", [{"symbols": {"vocabulary": "nowhere.txt"}}])
    (tmp_path / "words.txt").write_text("x y\n", encoding="utf-8")
    with pytest.raises(SourceError, match="one token per line"):
        rejects(source, tmp_path / "out3", [gate])


def test_parts_are_disjoint_and_whole(source: Path, tmp_path: Path) -> None:
    parts = {"train": 0.5, "valid": 0.3, "test": 0.2}
    out = {
        keep: rejects(source, tmp_path / keep, [{"split": {"by": "id", "parts": parts, "keep": keep}}])
        for keep in parts
    }
    names = [line.split("\t")[0] for line in (source / "caption.txt").read_text("utf-8").splitlines()]
    kept = [[name for name in names if name not in found] for found in out.values()]
    assert sorted(name for part in kept for name in part) == sorted(names)
    assert set().union(*(found.values() for found in out.values())) == {"other_part"}
    unnamed = rejects(
        source, tmp_path / "w", [{"split": {"parts": {"all": 1.0}, "keep": "all"}}], tasks=["recognition"]
    )
    assert set(unnamed.values()) == {"writer_unknown"}


def test_places_are_spread_evenly() -> None:
    places = [unit_interval_hash(f"writer{number}", 0) for number in range(4000)]
    assert all(0 <= place < 1 for place in places)
    assert 0.17 < sum(place < 0.2 for place in places) / 4000 < 0.23


def test_ids_must_be_unique(source: Path, tmp_path: Path) -> None:
    with (source / "caption.txt").open("a", encoding="utf-8") as captions:
        captions.write("e1\tq\ne4\tr\n")
    assert rejects(source, tmp_path / "out", []) == {"e1": "duplicate_id", "e4": "duplicate_id"}
    found = pd.read_parquet(tmp_path / "out" / "rejects.parquet")
    assert found.message.tolist() == ["row 1 has the id 'e1' already", "row 4 has the id 'e4' already"]
    assert found.label.tolist() == ["q", "r"]


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("lenght", "unknown filter 'lenght': did you mean 'length'"),
        ({"length": {"mx": 3}}, "mx"),
        ({"duplicates": {"distance": 40}}, "less than or equal to 31"),
        ({"split": {"parts": {"a": 0.5}, "keep": "a"}}, "sum up to 1"),
        ({"split": {"parts": {"a": 1.0}, "keep": "b"}}, "keep names no part"),
        ({"leakage": {"source": {"format": "captoin"}}}, "source.format must be one of"),
    ],
)
def test_wrong_gates_are_named(source: Path, tmp_path: Path, gate: Any, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        rejects(source, tmp_path / "out", [gate])
