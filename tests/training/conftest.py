"""What the trainer's tests share: a tiny model from scratch, a few rows of the demo; skips where torch is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline

if TYPE_CHECKING:
    from mumer_train.processor import Processor

ROWS = 32
DEMO = Path(__file__).parents[2] / "mumer_data" / "readers" / "demo_labels.txt"


@pytest.fixture(scope="session", autouse=True)
def _torch() -> None:
    for name in ("torch", "transformers", "accelerate"):
        pytest.importorskip(name, reason=f"the trainer's tests need {name}: pip install '.[train]'")
    import torch

    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 4 million parameters, not trained."""
    from mumer_train.toy.tiny import create_tiny_model

    folder = tmp_path_factory.mktemp("tiny")
    create_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def processor(tiny: Path) -> Processor:
    from mumer_train.loading import load_processor
    from mumer_train.processor import Processor

    found = load_processor(str(tiny))
    assert isinstance(found, Processor)
    return found


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 32 short labels of the demo, three tasks."""
    folder = tmp_path_factory.mktemp("shards")
    lines = [line for line in DEMO.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    # not `x ^ { 2 } _ { i }`: it looks like `x _ { i } ^ { 2 }`
    short = [line for line in lines if 2 <= len(line.split("\t")[-1].split()) <= 14 and "} _" not in line][:ROWS]
    assert len(short) == ROWS
    (folder / "labels.txt").write_text("\n".join(short) + "\n", encoding="utf-8")
    pipeline = load_pipeline("demo", [f"source.labels={folder / 'labels.txt'}", "name=few"])
    build(pipeline, folder / "out", workers=1)
    return folder / "out"
