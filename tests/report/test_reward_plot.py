"""Plots of logs of runs by rewards or preferences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from mumer_data.exceptions import SourceError
from mumer_data.report.reward_plot import plot_rewards, read_reward_log, running_mean


def write(path: Path, rows: list[dict[str, float | None]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_runs_are_drawn_together(tmp_path: Path) -> None:
    first = write(tmp_path / "a" / "log.jsonl", [{"step": step, "reward": step / 9} for step in range(1, 10)])
    second = write(tmp_path / "b" / "log.jsonl", [{"step": 1, "margin": 0.0}, {"step": 2, "margin": None}])
    with Image.open(plot_rewards([first, second], tmp_path / "plot.png")) as drawn:
        assert drawn.size == (840, 480)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not the log of a run"),
        ("[]\n", "is not the log of a run"),
        ("{", "cannot be read as the log of a run"),
        ('{"step": 1, "loss": 1.0, "kl": null}\n', "has no figure 'kl': it has loss, kl"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "log.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        plot_rewards([tmp_path / "log.jsonl"], tmp_path / "plot.png", ["kl"])
    assert not (tmp_path / "plot.png").exists()


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"OUTPUT/log\.jsonl"):
        read_reward_log(tmp_path / "nowhere.jsonl")


def test_the_running_mean_looks_back() -> None:
    assert running_mean([1.0, 3.0, 5.0, 5.0], 2) == [1.0, 2.0, 4.0, 5.0]
