"""Verbs of the trainer, joined to `mumer` by the entry-point group ``mumer.commands``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mumer_train.from_scratch.commands import app as reader

app = typer.Typer()
app.add_typer(reader, name="reader")


@app.command("tiny-init")
def tiny_init(
    out: Annotated[Path, typer.Argument(help="Folder for the model.")],
    width: Annotated[int, typer.Option(help="Of the language model's vectors, a multiple of 48.")] = 192,
    layers: Annotated[int, typer.Option(min=2, help="Of the language model.")] = 4,
    vision_width: Annotated[int, typer.Option(help="Of the vision model's vectors, a multiple of 16.")] = 128,
    vision_layers: Annotated[int | None, typer.Option(min=2, help="Of the vision model; as many as --layers.")] = None,
    patch: Annotated[int, typer.Option(min=4, help="Side of a patch in pixels.")] = 14,
    window: Annotated[int, typer.Option(min=0, help="Side of vision windows in pixels; 0 for none.")] = 112,
    seed: Annotated[int, typer.Option(min=0, help="Of the weights.")] = 0,
) -> None:
    """Make a Qwen2.5-VL of a few million parameters, from scratch."""
    from mumer_train.tiny import Sizes, make_tiny

    count = make_tiny(out, Sizes(width, layers, vision_width, vision_layers, patch, window), seed=seed)
    print(f"{out}: {count:,} parameters")


@app.command()
def ground(
    model: Annotated[str, typer.Argument(help="A model that `mumer tiny-init` wrote.")],
    data: Annotated[str, typer.Argument(help="A pipeline: its labels are written by hand, its `fit` is used.")],
    out: Annotated[Path, typer.Option(help="Folder for pictures, model and record.")],
    bank: Annotated[Path | None, typer.Option(help="Glyphs cut from real ink, a file of `mumer glyphs`.")] = None,
    pictures: Annotated[int, typer.Option(min=1, help="How many are written.")] = 16_000,
    epochs: Annotated[float, typer.Option(min=0.001, help="How often each is seen.")] = 2.0,
    alone: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of steps before reading begins.")] = 0.6,
    batch: Annotated[int, typer.Option(min=1, help="Pictures at a time.")] = 12,
    learning_rate: Annotated[float, typer.Option(min=0.0, help="Of AdamW; Muon's is four times that.")] = 1e-3,
    cell: Annotated[int, typer.Option(min=8, help="Twice the model's patch: side of what is one vector.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of pictures and their order.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that write pictures.")] = 1,
) -> None:
    """Teach a small model to see before it reads: which symbols' ink is where, on synthetic handwriting."""
    from mumer_train.vision_pretrain import Ground
    from mumer_train.vision_pretrain import ground as run

    options = Ground(pictures, epochs, alone, batch, learning_rate, seed, cell, bank)
    print(run(model, data, out, options, workers))


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="A YAML file, such as training/configs/tiny.yaml.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value over the file.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    test: Annotated[
        str | None, typer.Option(help="Images to look at while it learns: short for --set evaluate.data=...")
    ] = None,
    every: Annotated[
        int | None, typer.Option(min=1, help="Updates between looks: short for --set evaluate.every=...")
    ] = None,
) -> None:
    """Fine-tune a vision-language model on shards, all weights."""
    from mumer_train.config import load_config
    from mumer_train.train import train as run

    looks = [f"evaluate.{key}={value}" for key, value in (("data", test), ("every", every)) if value is not None]
    print(run(load_config(config, [*(settings or ()), *looks]), resume=resume))


@app.command()
def crossfold(
    pipeline: Annotated[str, typer.Argument(help="A pipeline file, or the name of a ready one.")],
    config: Annotated[Path, typer.Option("--train", help="The trainer's config; its data and output are replaced.")],
    out: Annotated[Path, typer.Option(help="Folder for builds, models, predictions and the mined shards.")],
    folds: Annotated[int, typer.Option(min=2, help="Into how many the images fall.")] = 5,
    samples: Annotated[int, typer.Option(min=1, help="Passes over every held-out image.")] = 4,
    temperature: Annotated[float, typer.Option(min=0.0, help="Of the passes.")] = 0.8,
    top_p: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of the passes.")] = 0.95,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 512,
    batch: Annotated[int, typer.Option(min=1, help="Images at a time.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Of folds and draws.")] = 0,
    settings: Annotated[list[str] | None, typer.Option("--set", help="key=value over the pipeline.")] = None,
    train_settings: Annotated[list[str] | None, typer.Option("--train-set", help="key=value over the config.")] = None,
    print_commands: Annotated[bool, typer.Option("--print-commands", help="Print the stages, run nothing.")] = False,
) -> None:
    """Train on all folds but one, read that one, for each; then mine the mistakes of all.

    Start it again and it does what is left.
    """
    from mumer_train.crossfold import Harvest, harvest_all, stages

    harvest = Harvest(
        pipeline, folds, config, out, tuple(settings or ()), tuple(train_settings or ()), samples, temperature, top_p,
        max_tokens, batch, seed,
    )  # fmt: skip
    if print_commands:
        print("\n".join(map(str, stages(harvest))))
    else:
        print(harvest_all(harvest))
