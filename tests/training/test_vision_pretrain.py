"""Pretraining of the vision tower: cells contain the ink of their symbols, and a few steps lower the loss."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

pytest.importorskip("torch")

from mumer_train.muon import MuonAdamW
from mumer_train.toy.tiny import Sizes, create_tiny_model
from mumer_train.toy.vision_pretrain import VisionPretrainOptions, pretrain_vision
from mumer_train.toy.vision_pretrain_data import patch_labelled_image

from mumer_data.handwriting.glyphs.centerline import CenterlineGlyphs
from mumer_data.handwriting.glyphs.hershey import Hershey
from mumer_data.handwriting.ink import write
from mumer_data.handwriting.writer import Writer, writer_style
from mumer_data.images.fit import Fit

FIT = Fit(symbol=20, pen=1.6, padding=2, multiple=20)


@pytest.mark.parametrize(
    "label", ["x", "\\frac { a } { b } + 1", "\\sqrt { x ^ { 2 } + y }", "1 + 2 + 3 + 4 + 5 + 6 + 7"]
)
def test_cells_contain_the_ink_of_their_symbols(label: str) -> None:
    hand = Writer([Hershey(), CenterlineGlyphs()], writer_style("ann"), np.random.default_rng(1))
    row = patch_labelled_image(write(label, hand), FIT, 20)
    grey = np.asarray(Image.open(io.BytesIO(row["image"])))
    columns = grey.shape[1] // 20
    inked = {
        y * columns + x
        for y in range(grey.shape[0] // 20)
        for x in range(columns)
        if (grey[20 * y : 20 * y + 20, 20 * x : 20 * x + 20] < 128).sum() > 4
    }
    labelled = set(row["cells"])
    # A stroke along an edge is drawn into both squares but lies in one of them.
    assert len(inked & labelled) >= 0.85 * len(inked)
    shares: dict[int, float] = {}
    for cell, share in zip(row["cells"], row["shares"], strict=True):
        shares[cell] = shares.get(cell, 0.0) + share
    assert list(shares.values()) == pytest.approx([1.0] * len(shares))
    assert set(row["names"]) <= set(label.split()) - {"{", "}", "^"}


def test_pretraining_lowers_the_loss(tmp_path: Path) -> None:
    captions = tmp_path / "data" / "caption.txt"
    (captions.parent / "images").mkdir(parents=True)
    captions.write_text("a\tx + 1\nb\ty ^ { 2 }\n")
    for name in "ab":
        Image.new("L", (20, 20), 255).save(captions.parent / "images" / f"{name}.png")
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(
        f"name: p\nsource: {{format: caption, path: {captions.parent}}}\n"
        "fit: {symbol: 20, pen: 1.6, padding: 2, multiple: 20}\n"
    )
    create_tiny_model(tmp_path / "tiny", Sizes(width=48, layers=2, vision_width=32, patch=10, window=0))
    model = pretrain_vision(
        str(tmp_path / "tiny"),
        str(pipeline),
        tmp_path / "out",
        VisionPretrainOptions(images=60, epochs=12, vision_only_ratio=0.8, batch_size=6),
    )
    history = json.loads((tmp_path / "out" / "ground.json").read_text())["history"]
    assert [entry["step"] for entry in history] == [50, 100, 120]
    assert history[1]["seeing"] < history[0]["seeing"]
    assert history[0]["reading"] == 0 < history[-1]["reading"]
    assert pq.read_metadata(tmp_path / "out" / "pictures.parquet").num_rows == 60
    from transformers import AutoModelForImageTextToText

    AutoModelForImageTextToText.from_pretrained(model)


def test_muon_resumes_from_its_state() -> None:
    import torch

    def model() -> torch.nn.Module:
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2))

    def steps(net: torch.nn.Module, optimizer: MuonAdamW, first: int, last: int) -> None:
        for number in range(first, last):
            torch.manual_seed(number)
            net(torch.randn(3, 4)).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()

    whole = model()
    steps(whole, MuonAdamW(whole.named_parameters(), 1e-2), 0, 6)
    begun = model()
    optimizer = MuonAdamW(begun.named_parameters(), 1e-2)
    steps(begun, optimizer, 0, 3)
    resumed = model()
    resumed.load_state_dict(begun.state_dict())
    other = MuonAdamW(resumed.named_parameters(), 1e-2)
    other.load_state_dict(optimizer.state_dict())
    steps(resumed, other, 3, 6)
    for one, two in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, two)
