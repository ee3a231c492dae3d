"""Plot of the logs of runs by rewards or preferences: mean reward, or margin, per update.

Not for writing a log: the trainer does it, one JSON object with ``step`` per line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mumer_data.exceptions import SourceError
from mumer_data.io.atomic import atomic_write

_WINDOW = 20  # updates in the running mean, at most: rewards of single updates are noisy
_MIN_WINDOWS = 8  # windows that a run is divided into, at least


def read_reward_log(path: Path) -> list[dict[str, Any]]:
    """The entries of a log, in order.

    Raises:
        SourceError: the file cannot be read or is not such a log.
    """
    try:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as the log of a run ({error}): name OUTPUT/log.jsonl") from None
    if not entries or not all(isinstance(entry, dict) and "step" in entry for entry in entries):
        raise SourceError(f"{path} is not the log of a run by rewards or preferences: name OUTPUT/log.jsonl")
    return entries


def plot_rewards(logs: Sequence[Path], out: Path, names: Sequence[str] | None = None) -> Path:
    """Draw one or more runs as a PNG: each figure, and as a thick line its running mean.

    The mean covers an eighth of the run, at most 20 updates.

    Args:
        logs: ``log.jsonl`` of each run.
        out: the file to write.
        names: figures of the log, such as ``reward/exact``; default: ``reward``, or ``margin`` of preferences.

    Returns:
        ``out``.

    Raises:
        SourceError: a log cannot be read, or has no such figure.
        OutputError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for number, (label, points) in enumerate(_curves(logs, names)):
        steps, values = zip(*points, strict=True)
        axes.plot(steps, values, color=f"C{number}", linewidth=0.6, alpha=0.4)
        axes.plot(
            steps,
            running_mean(values, min(_WINDOW, -(-len(values) // _MIN_WINDOWS))),
            color=f"C{number}",
            linewidth=2,
            label=label,
        )
    axes.set(xlabel="update")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_write(out) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    return out


def running_mean(values: Sequence[float], window: int) -> list[float]:
    """For each value the mean of it and the values before it, at most ``window`` values in total."""
    return [sum(part) / len(part) for end in range(1, len(values) + 1) if (part := values[max(0, end - window) : end])]


def _curves(logs: Sequence[Path], names: Sequence[str] | None) -> list[tuple[str, list[tuple[int, float]]]]:
    curves = []
    for path in logs:
        entries = read_reward_log(path)
        known = dict.fromkeys(name for entry in entries for name in entry if name != "step")
        for name in names or [next((one for one in ("reward", "margin", "loss") if one in known), "reward")]:
            points = [(entry["step"], entry[name]) for entry in entries if entry.get(name) is not None]
            if not points:
                raise SourceError(f"{path} has no figure '{name}': it has {', '.join(known)}")
            label = name if len(logs) == 1 else f"{path.parent.name or path}: {name}"
            curves.append((label, points))
    return curves
