"""Verbs that learn from a model's mistakes: `confusions`, `mine`, `corrupt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import (
    AsJson,
    DatasetName,
    Normalize,
    PredictionFiles,
    Resume,
    RunFolder,
    Seed,
    Settings,
    Workers,
)

app = typer.Typer()

Images = Annotated[
    Path | None,
    typer.Option(
        help="Folder of images, or a build. Default: the shards named in the predictions, else only image paths."
    ),
]
KeepCorrect = Annotated[
    float, typer.Option(min=0, max=1, help="Fraction of correct predictions to keep as samples with nothing to fix.")
]
MaxPerImage = Annotated[int | None, typer.Option(min=1, help="Maximum number of samples per image.")]
MaxPerConfusion = Annotated[int | None, typer.Option(min=1, help="Maximum number of samples per confusion.")]
LabelDoubts = Annotated[
    str,
    typer.Option(
        "--doubts",
        help="Wrong predictions whose label is probably wrong: keep them as samples, set them apart in "
        "doubts.parquet, or drop them. Default: auto, apart if there are several predictions or files to compare.",
        metavar="auto|keep|apart|drop",
    ),
]
Split = Annotated[str, typer.Option(help="Name of the split; shard files begin with it.")]
ChatFormat = Annotated[str, typer.Option(help="Chat format: sharegpt or openai.", metavar="sharegpt|openai")]
MaxRows = Annotated[int, typer.Option(min=1, help="Maximum number of predictions per shard.")]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        help="Ignore tokens that are not visible in an image: limits, delimiters (\\left, \\big) or fonts. "
        "Repeat for several.",
        metavar="limits|delimiters|fonts",
    ),
]


@app.command()
def confusions(
    files: PredictionFiles,
    png: Annotated[Path | None, typer.Option(help="Write a heat map to this PNG file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all confusions to this Parquet file.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows per table.")] = 20,
    normalize: Normalize = None,
    ignore: Ignore = None,
    as_json: AsJson = False,
) -> None:
    """Count which symbols a model confuses, adds, omits or misplaces."""
    from mumer_data.mining.counting import count_confusions
    from mumer_data.mining.ignore import ignored
    from mumer_data.report.confusions import confusions_json, plot_confusions, print_confusions, write_confusions

    counts = count_confusions(files, normalize, ignored(ignore or ()))
    if png is not None:
        plot_confusions(png, counts)
    if out is not None:
        write_confusions(out, counts)
    if as_json:
        print(json.dumps(confusions_json(counts), ensure_ascii=False))
    else:
        print_confusions(counts, top)


@app.command()
def mine(
    files: PredictionFiles,
    out: RunFolder,
    name: DatasetName = None,
    images: Images = None,
    keep_correct: KeepCorrect = 0.0,
    max_per_image: MaxPerImage = None,
    max_per_confusion: MaxPerConfusion = None,
    normalize: Normalize = None,
    doubts: LabelDoubts = "auto",
    ignore: Ignore = None,
    split: Split = "train",
    chat: ChatFormat = "sharegpt",
    max_rows: MaxRows = 5_000,
    seed: Seed = 0,
    workers: Workers = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Convert wrong predictions to error_find and error_fix samples."""
    from functools import partial

    from mumer_data.jobs.mine import mine as run_mine
    from mumer_data.jobs.mine import mining_name
    from mumer_data.mining.candidates import MiningOptions
    from mumer_data.mining.doubts import DOUBTS
    from mumer_data.mining.ignore import ignored
    from mumer_data.report.console import build_progress
    from mumer_data.report.mining import print_mining
    from mumer_data.shards.schema import CHATS

    if chat not in CHATS:
        raise typer.BadParameter(f"'{chat}' is not a chat format: choose {' or '.join(CHATS)}", param_hint="--chat")
    if doubts not in DOUBTS:
        raise typer.BadParameter(f"'{doubts}' is unknown: choose {', '.join(DOUBTS)}", param_hint="--doubts")
    limits = {"keep_correct": keep_correct, "max_per_image": max_per_image, "max_per_confusion": max_per_confusion}
    choices = {"normalize": normalize, "doubts": doubts, "ignore": ignored(ignore or ()), "seed": seed}
    options = MiningOptions.model_validate(limits | choices)
    run = partial(run_mine, images=images, split=split, chat=chat, max_rows=max_rows)
    with build_progress("mining") as progress:
        result = run(files, out, mining_name(name, out), options, workers=workers, resume=resume, progress=progress)
    if as_json:
        print(json.dumps({"out": str(out), **result.counts}))
    else:
        print_mining(out, result.counts, list(result.manifest["configs"]))


@app.command()
def corrupt(
    source: Annotated[
        str, typer.Argument(help="Labels and images: a build, a pipeline file, or the name of a ready pipeline.")
    ],
    out: RunFolder,
    like: Annotated[
        list[Path] | None,
        typer.Option(
            help="Predictions to which the error model is fitted: a file or folder. Repeat for several.",
        ),
    ] = None,
    channel: Annotated[Path | None, typer.Option(help="Error model of an earlier run (channel.json).")] = None,
    name: DatasetName = None,
    samples: Annotated[int, typer.Option(min=1, help="Number of different wrong predictions per label.")] = 1,
    normalize: Normalize = None,
    settings: Settings = None,
    seed: Seed = 0,
    workers: Workers = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Sample realistic wrong predictions from a fitted error model, as correction samples."""
    from mumer_data.jobs.config import load_source
    from mumer_data.jobs.corrupt import corrupt as run_corrupt
    from mumer_data.jobs.corrupt import fit_channel, load_channel
    from mumer_data.jobs.mine import mining_name
    from mumer_data.report.console import build_progress, print_build

    if bool(like) == (channel is not None):
        raise typer.BadParameter("pass either predictions to learn from (--like) or a saved channel (--channel)")
    error_model = load_channel(channel) if channel is not None else fit_channel(like or [], normalize)
    with build_progress("corrupting") as progress:
        manifest = run_corrupt(
            load_source(source, settings or ()),
            error_model,
            out,
            mining_name(name, out),
            samples=samples,
            seed=seed,
            workers=workers,
            resume=resume,
            progress=progress,
        )
    if as_json:
        print(json.dumps({"out": str(out), **manifest["counts"]}))
    else:
        print_build(out, manifest)
