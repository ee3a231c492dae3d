"""Verbs that learn from a model's mistakes: `confusions`, `mine`, `corrupt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Settings

app = typer.Typer()

Files = Annotated[
    list[Path], typer.Argument(help="Prediction files (JSON, JSON lines or Parquet), or folders of them.")
]
Normalize = Annotated[
    str | None,
    typer.Option(
        help="Normalise labels and predictions first with this preset; off: not. "
        "Default: auto, the preset that fits the labels, if a prediction or label is not tokenised.",
        metavar="PRESET",
    ),
]


Ignore = Annotated[
    list[str] | None,
    typer.Option(
        help="Leave out marks that an image cannot show: limits, delimiters (\\left, \\big) or fonts. "
        "Repeat for several.",
        metavar="limits|delimiters|fonts",
    ),
]


@app.command()
def confusions(
    files: Files,
    png: Annotated[Path | None, typer.Option(help="Draw a heat map into this PNG file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all confusions into this Parquet file.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows per table.")] = 20,
    normalize: Normalize = None,
    ignore: Ignore = None,
    as_json: AsJson = False,
) -> None:
    """Count which symbols a model confuses, adds, omits or misplaces."""
    from mumer_data.mining.counting import count_confusions
    from mumer_data.mining.ignore import ignored
    from mumer_data.report.confusions import confusions_json, plot_confusions, print_confusions, write_confusions

    found = count_confusions(files, normalize, ignored(ignore or ()))
    if png is not None:
        plot_confusions(png, found)
    if out is not None:
        write_confusions(out, found)
    if as_json:
        print(json.dumps(confusions_json(found), ensure_ascii=False))
    else:
        print_confusions(found, top)


@app.command()
def mine(
    files: Files,
    out: Annotated[Path, typer.Option(help="Output folder: new, or with --resume that of a killed run.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the dataset. Default: the name of the output folder.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            help="Folder of images, or a build. Default: the shards that the predictions name, else image paths only."
        ),
    ] = None,
    keep_correct: Annotated[
        float,
        typer.Option(min=0, max=1, help="Fraction of correct predictions to keep as samples with nothing to fix."),
    ] = 0.0,
    max_per_image: Annotated[int | None, typer.Option(min=1, help="Maximum number of samples per image.")] = None,
    max_per_confusion: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of samples per confusion.")
    ] = None,
    normalize: Normalize = None,
    doubts: Annotated[
        str,
        typer.Option(
            help="Wrong predictions whose label is probably wrong: keep them as samples, set them apart in "
            "doubts.parquet, or drop them. Default: auto, apart where several predictions or files allow a judgement.",
            metavar="auto|keep|apart|drop",
        ),
    ] = "auto",
    ignore: Ignore = None,
    split: Annotated[str, typer.Option(help="Name of the split; shard files begin with it.")] = "train",
    chat: Annotated[str, typer.Option(help="Chat format: sharegpt or openai.", metavar="sharegpt|openai")] = "sharegpt",
    max_rows: Annotated[int, typer.Option(min=1, help="Maximum number of predictions per shard.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one per core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a killed run: do only what is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn wrong predictions into error_find and error_fix samples."""
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
        raise typer.BadParameter(f"'{doubts}' is not a choice: {', '.join(DOUBTS)}", param_hint="--doubts")
    options = MiningOptions(
        normalize=normalize,
        keep_correct=keep_correct,
        max_per_image=max_per_image,
        max_per_confusion=max_per_confusion,
        doubts=doubts,
        ignore=ignored(ignore or ()),
        seed=seed,
    )
    with build_progress("mining") as progress:
        found = run_mine(
            files,
            out,
            mining_name(name, out),
            options,
            images=images,
            split=split,
            chat=chat,
            max_rows=max_rows,
            workers=workers,
            resume=resume,
            progress=progress,
        )
    if as_json:
        print(json.dumps({"out": str(out), **found.counts}))
    else:
        print_mining(out, found.counts, list(found.manifest["configs"]))


@app.command()
def corrupt(
    source: Annotated[
        str, typer.Argument(help="Labels and images: a build, a pipeline file, or the name of a ready pipeline.")
    ],
    out: Annotated[Path, typer.Option(help="Output folder: new, or with --resume that of a killed run.")],
    like: Annotated[
        list[Path] | None, typer.Option(help="Predictions whose errors to learn: a file or folder. Repeat for several.")
    ] = None,
    channel: Annotated[Path | None, typer.Option(help="Error model saved by an earlier run (channel.json).")] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the dataset. Default: the name of the output folder.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Number of different wrong predictions per label.")] = 1,
    normalize: Normalize = None,
    settings: Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one per core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a killed run: do only what is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sample realistic wrong predictions from a fitted error model, as correction samples."""
    from mumer_data.jobs.config import load_source
    from mumer_data.jobs.corrupt import corrupt as run_corrupt
    from mumer_data.jobs.corrupt import fit_channel, load_channel
    from mumer_data.jobs.mine import mining_name
    from mumer_data.report.console import build_progress, print_build

    if bool(like) == (channel is not None):
        raise typer.BadParameter("give predictions to learn from (--like) or a saved channel (--channel), one of them")
    learned = load_channel(channel) if channel is not None else fit_channel(like or [], normalize)
    with build_progress("corrupting") as progress:
        manifest = run_corrupt(
            load_source(source, settings or ()),
            learned,
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
