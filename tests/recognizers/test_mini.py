"""The bundled model: in the package, small, licensed, and it reads handwriting."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rapidfuzz.distance import Levenshtein

import mumer_data
from mumer_data.recognizers import RecognizerError, backend_of
from mumer_data.recognizers.onnx import BUNDLED
from mumer_data.recognizers.onnx_manifest import read_manifest

LABELS = ["x + 1", "2 a", "a ^ { 2 }", "\\frac { 1 } { 2 }", "3 + 4 = 7", "\\sqrt { x }", "x _ { 1 }", "( a + b )"]


def test_it_is_small_and_says_what_it_is() -> None:
    assert sum(file.stat().st_size for file in BUNDLED.iterdir()) < 6_000_000
    manifest = read_manifest(BUNDLED)
    assert (manifest.name, manifest.licence, manifest.weights) == ("mini", "Apache-2.0", "int8")
    card = (BUNDLED / "README.md").read_text(encoding="utf-8")
    for part in ("Apache-2.0", "ExpRate", "CROHME 2014", "No image and no label of CROHME"):
        assert part in card
    for name, figures in json.loads((BUNDLED / "results.json").read_text(encoding="utf-8")).items():
        low, high = figures["exprate_interval"]
        assert f"| {name} | {figures['n']} | {figures['exprate']:.1f} ({low:.1f} to {high:.1f}) |" in card


def test_it_reads_handwriting() -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'mumer-data[mini]'")
    labels = LABELS * 4
    images = [mumer_data.handwrite(label, seed=seed).image for seed, label in enumerate(labels)]
    read = mumer_data.recognize(images)
    edits = sum(Levenshtein.distance(a.split(), b.split()) for a, b in zip(read, labels, strict=True))
    assert edits / sum(len(label.split()) for label in labels) < 0.5
    assert sum(map(str.__eq__, read, labels)) >= 8
    assert mumer_data.recognize(images[:2]) == read[:2]


def test_kinds_of_images(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install 'mumer-data[mini]'")
    image = mumer_data.handwrite("x + 1", seed=3).image
    image.save(tmp_path / "x.png")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    one, two, three = mumer_data.recognize([image, tmp_path / "x.png", buffer.getvalue()])
    assert one == two == three
    assert mumer_data.recognize([Image.new("L", (60, 40), 255)]) == [""]


def test_the_back_end_is_found_from_the_model(tmp_path: Path) -> None:
    assert backend_of("mini") == backend_of(str(BUNDLED)) == "onnx"
    assert backend_of(str(tmp_path)) == backend_of("Qwen/Qwen2.5-VL-3B-Instruct") == "transformers"
    with pytest.raises(RecognizerError, match="recognizer"):
        mumer_data.recognize([Image.new("L", (9, 9))], recognizer="onxn")
