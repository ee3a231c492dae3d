"""Verbs that write data for reinforcement learning: `prompts`, `pairs`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mumer_data.cli.options import AsJson, Normalize

app = typer.Typer()
Files = Annotated[
    list[Path],
    typer.Argument(help="Labelled prediction files with several samples per image, or of several models."),
]
Out = Annotated[Path, typer.Option(help="Output folder for train.parquet and record.json; must not exist.")]
Images = Annotated[
    Path | None,
    typer.Option(help="Folder or build with the images. Default: the image paths of the predictions."),
]
TaskName = Annotated[str, typer.Option(help="Task whose prompt is used: recognition, tree_cot or symbol_count.")]


@app.command()
def prompts(
    files: Files,
    out: Out,
    images: Images = None,
    format: Annotated[str, typer.Option(help="Trainer whose column names are used: trl or verl.")] = "trl",
    task: TaskName = "recognition",
    min_pass_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Exclude images with a smaller share of correct samples (too hard).")
    ] = 0.0,
    max_pass_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Exclude images with a larger share of correct samples (too easy).")
    ] = 1.0,
    normalize: Normalize = None,
    as_json: AsJson = False,
) -> None:
    """Write prompts for GRPO: prompt, image, label and pass rate of each image, hardest first."""
    from mumer_data.jobs.prompts import PromptOptions, write_prompts
    from mumer_data.readers.predictions import prediction_files

    options = PromptOptions(task, format, min_pass_rate, max_pass_rate, normalize)  # type: ignore[arg-type]
    record = write_prompts(prediction_files(files), out, images, options)
    _print(out, record, f"mean pass rate {record['mean_pass_rate']:.3f}", as_json)


@app.command()
def pairs(
    files: Files,
    out: Out,
    images: Images = None,
    format: Annotated[str, typer.Option(help="Trainer whose column names are used: trl or llamafactory.")] = "trl",
    task: TaskName = "recognition",
    per_image: Annotated[int, typer.Option(min=1, help="Maximum number of wrong predictions per image.")] = 1,
    max_pairs: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of pairs; the hardest are kept. Default: all.")
    ] = None,
    normalize: Normalize = None,
    as_json: AsJson = False,
) -> None:
    """Write preferences for DPO: chosen is the label, rejected a wrong prediction; most similar pairs first."""
    from mumer_data.jobs.pairs import PairOptions, write_pairs
    from mumer_data.readers.predictions import prediction_files

    options = PairOptions(task, format, per_image, max_pairs, normalize)  # type: ignore[arg-type]
    record = write_pairs(prediction_files(files), out, images, options)
    _print(out, record, f"mean likeness {record['mean_likeness']:.3f}", as_json)


def _print(out: Path, record: dict[str, Any], figure: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"out": str(out), **record}, ensure_ascii=False))
        return
    counts = record["counts"]
    print(f"{out}: {counts['rows']:,} rows from {counts['images']:,} images, {figure}")
    for reason, count in sorted(counts["reasons"].items()):
        print(f"  left out {count:,}: {reason}")
