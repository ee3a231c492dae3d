"""The verb `mumer ablate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def ablate(
    ablation: Annotated[Path, typer.Argument(help="YAML file, such as training/configs/ablation.yaml.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override a key of the file: key=value. Repeat for several.")
    ] = None,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Print the grid and the state of each run; do not run anything."),
    ] = False,
    arms: Annotated[
        list[str] | None,
        typer.Option("--arm", help="Run only this arm of the file. Repeat for several. Default: all arms."),
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Write the results to this JSON file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Train a small reader for each arm and seed, and compare them on the same images.

    The same command continues a killed run. Results: results.json, table.md and plots in the folder `out`.
    """
    from mumer_data.io.atomic import atomic_write
    from mumer_train.ablation.config import load_ablation
    from mumer_train.ablation.grid import plan as planned
    from mumer_train.ablation.grid import run_ablation

    chosen = load_ablation(ablation, settings or ())
    if plan:
        rows = list(planned(chosen))
        for row in rows:
            tasks = ", ".join(chosen.arms[row.run.arm].named_tasks)
            print(f"{row.state:6} {row.run.amount:,} {row.run.unit}  seed {row.run.seed}  {row.run.arm}: {tasks}")
        print(f"{len(rows)} runs, {sum(row.state == 'done' for row in rows)} done")
        return
    path = run_ablation(chosen, lambda line: print(line, flush=True) if not as_json else None, arms)
    if path is None:
        print("null" if as_json else "runs of other arms are missing: the results are written when all are finished")
        return
    text = path.read_text(encoding="utf-8")
    if results is not None:
        with atomic_write(results) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print(text if as_json else (path.parent / "table.md").read_text(encoding="utf-8"), end="")
    if not as_json:
        tests = json.loads(text)["tests"]
        print(f"\n{path}: {len(chosen.arms)} arms, {len(tests)} test set{'s' if len(tests) > 1 else ''}")
