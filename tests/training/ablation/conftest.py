"""A grid of two arms and two seeds, trained once for all tests of ablations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

import torch
from mumer_train.ablation.config import AblationSettings, load_ablation
from mumer_train.ablation.grid import run_ablation

CONFIGS = Path(__file__).parents[3] / "training" / "configs"


@pytest.fixture(scope="package", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def tiny(out: Path, **changes: Any) -> AblationSettings:
    """The grid of the page, shorter, with all tasks in its second arm."""
    chosen = load_ablation(CONFIGS / "ablation_demo.yaml").model_dump()
    everything = ["recognition", {"tree_cot": {"dialect": "slt"}}, "symbol_count", "error_find", "error_fix"]
    chosen["arms"]["all"] = {"tasks": everything, "use": {"written": 1}}
    del chosen["arms"]["+ tree_cot (compact)"]
    chosen |= {"out": out, "budget": {"steps": 4}, "errors": {"data": "written", "folds": 2, "samples": 1}}
    chosen["reader"] |= {"checkpoint_images": 1}
    return AblationSettings.model_validate(chosen | changes)


@pytest.fixture(scope="package")
def finished(tmp_path_factory: pytest.TempPathFactory) -> AblationSettings:
    settings = tiny(tmp_path_factory.mktemp("ablation"))
    run_ablation(settings)
    return settings
