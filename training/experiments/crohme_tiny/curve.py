"""Learning curves as one picture: `python curve.py OUT.png GROUND.json NAME=RUN_FOLDER ...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure


def history(run: Path) -> list[dict[str, float]]:
    """What a run has logged: of the last checkpoint while it lasts, of run.json once it is done."""
    if (run / "run.json").exists():
        return list(json.loads((run / "run.json").read_text())["history"])
    last = max(run.glob("checkpoint-*/trainer_state.json"), key=lambda path: int(path.parent.name.rpartition("-")[2]))
    return list(json.loads(last.read_text())["log_history"])


def main(out: str, ground: str, *runs: str) -> None:
    """Three plots: patch accuracy of `mumer pretrain-vision`, loss and ExpRate of `mumer train`."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    seeing, losses, rates = figure.subplots(1, 3)
    lessons = json.loads(Path(ground).read_text())["history"]
    steps = [entry["step"] for entry in lessons]
    seeing.plot(steps, [100 * entry["right"] for entry in lessons], label="squares named right, %")
    read = [(entry["step"], entry["reading"]) for entry in lessons if entry["reading"] > 0][1:]  # half rest
    if read:
        beside = seeing.twinx()
        beside.plot(*zip(*read, strict=True), color="tab:red", label="loss of reading (right scale)")
        beside.legend(loc="center right", frameon=False)
    seeing.set(title="mumer pretrain-vision (synthetic)", xlabel="step, 12 pictures each")
    seeing.legend(loc="upper left", frameon=False)
    for run in runs:
        name, _, folder = run.partition("=")
        logs = history(Path(folder))
        points = [(entry["step"], entry["loss_crohme_train"]) for entry in logs if "loss_crohme_train" in entry]
        losses.plot(*zip(*points, strict=True), label=name)
        looks = [(entry["step"], entry["eval_exprate"]) for entry in logs if "eval_exprate" in entry]
        rates.plot(*zip(*looks, strict=True), marker="o", label=name)
    losses.set(title="loss on CROHME's training rows", xlabel="step, 16 rows each", yscale="log")
    rates.set(title="ExpRate of the held-out part, %", xlabel="step", ylim=(0, None))
    for axes in (losses, rates):
        axes.legend(frameon=False)
    for axes in (seeing, losses, rates):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
