"""Verbs that learn from a model's mistakes: `confusions`, `mine`, `corrupt`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Settings

app = typer.Typer()

Files = Annotated[list[Path], typer.Argument(help="Prediction files (JSON, JSON lines, Parquet), or folders of them.")]
Normalize = Annotated[
    str | None,
    typer.Option(help="Preset applied to labels and predictions first, e.g. crohme; as they are if left out."),
]


@app.command()
def confusions(
    files: Files,
    png: Annotated[Path | None, typer.Option(help="Draw a heat map into this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all confusions into this Parquet file.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Rows of each table.")] = 20,
    normalize: Normalize = None,
    as_json: AsJson = False,
) -> None:
    """Count which symbols a model reads as which others, adds, leaves out, or puts in the wrong place."""
    from mumer_data.mining.counting import count_confusions
    from mumer_data.report.confusions import confusions_json, plot_confusions, print_confusions, write_confusions

    found = count_confusions(files, normalize)
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
    out: Annotated[Path, typer.Option(help="Folder for the shards: new, or with --resume a killed run's.")],
    name: Annotated[str | None, typer.Option(help="Of the data set; that of the folder if left out.")] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of images, or a build; if left out, shards that the predictions name, else paths."),
    ] = None,
    keep_correct: Annotated[
        float, typer.Option(min=0, max=1, help="Share of right predictions to keep as samples with nothing to fix.")
    ] = 0.0,
    max_per_image: Annotated[int | None, typer.Option(min=1, help="Samples of one image at most.")] = None,
    max_per_confusion: Annotated[
        int | None, typer.Option(min=1, help="Samples that show one confusion, at most.")
    ] = None,
    normalize: Normalize = None,
    split: Annotated[str, typer.Option(help="Name of the split, the first word of a shard's name.")] = "train",
    chat: Annotated[str, typer.Option(help="sharegpt or openai.", metavar="sharegpt|openai")] = "sharegpt",
    max_rows: Annotated[int, typer.Option(min=1, help="Predictions that go into one shard.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core if left out.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do only what a killed run has left.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn a model's wrong predictions into error_find and error_fix samples."""
    from mumer_data.jobs.mine import mine as run_mine
    from mumer_data.jobs.mine import mining_name
    from mumer_data.mining.candidates import MiningOptions
    from mumer_data.report.console import build_progress
    from mumer_data.report.mining import print_mining
    from mumer_data.shards.schema import CHATS

    if chat not in CHATS:
        raise typer.BadParameter(f"'{chat}' is no chat format: choose {' or '.join(CHATS)}", param_hint="--chat")
    options = MiningOptions(
        normalize=normalize,
        keep_correct=keep_correct,
        max_per_image=max_per_image,
        max_per_confusion=max_per_confusion,
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
    source: Annotated[str, typer.Argument(help="Labels and images: a build, a pipeline file, or a ready one's name.")],
    out: Annotated[Path, typer.Option(help="Folder for the shards: new, or with --resume a killed run's.")],
    like: Annotated[
        list[Path] | None, typer.Option(help="Predictions whose errors to learn (file or folder); may be repeated.")
    ] = None,
    channel: Annotated[Path | None, typer.Option(help="A channel.json that an earlier run has saved.")] = None,
    name: Annotated[str | None, typer.Option(help="Of the data set; that of the folder if left out.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Different wrong predictions of each label.")] = 1,
    normalize: Normalize = None,
    settings: Settings = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core if left out.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do only what a killed run has left.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make up wrong predictions like a model's, for labels that it never decoded, as correction samples."""
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
