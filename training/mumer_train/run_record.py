"""The record of a run: ``run.json`` and ``loss.png``.

Not for weights or checkpoints: `trainer`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mumer_data.io.atomic import atomic_write, write_json
from mumer_train.config import TrainConfig

_PACKAGES = (
    "mumer-data",
    "torch",
    "transformers",
    "accelerate",
    "datasets",
    "trl",
    "liger-kernel",
    "flash-attn",
    "deepspeed",
)


def write_run_record(config: TrainConfig, history: Sequence[dict[str, Any]], facts: dict[str, Any]) -> None:
    """Write configuration, data manifests, package versions and every logged figure."""
    record = {
        "config": json.loads(config.model_dump_json()),
        "versions": package_versions(),
        "data": [_manifest(part.path) for part in config.data],
        **facts,
        "history": history,
    }
    write_json(config.output / "run.json", record)
    _plot(config.output / "loss.png", history)


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that influence a result."""
    return {name: number for name in _PACKAGES if (number := _version(name))}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _manifest(path: Path) -> dict[str, Any]:
    """The manifest of the build that shards belong to: in their folder or in its parent."""
    for folder in (path, path.parent):
        if (folder / "manifest.json").is_file():
            return {"path": str(path), "manifest": json.loads((folder / "manifest.json").read_text(encoding="utf-8"))}
    return {"path": str(path), "manifest": None}


def _plot(path: Path, history: Sequence[dict[str, Any]]) -> None:
    from matplotlib.figure import Figure

    logs = [entry for entry in history if "loss" in entry]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    names = sorted({name for entry in logs for name in entry if name == "loss" or name.startswith("loss_")})
    for name in names:
        points = [(entry["step"], entry[name]) for entry in logs if name in entry]
        axes.plot(*zip(*points, strict=True), label=name, linewidth=2 if name == "loss" else 1)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    if names:
        axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
