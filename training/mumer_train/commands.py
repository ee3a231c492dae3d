"""Verbs of the trainer, joined to `mumer` by the entry-point group ``mumer.commands``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from mumer_train.ablation.commands import app as ablation
from mumer_train.from_scratch.commands import app as reader


class Method(StrEnum):
    """How `mumer train` trains."""

    sft = "sft"
    grpo = "grpo"
    dpo = "dpo"


app = typer.Typer()
app.add_typer(reader, name="reader")
app.add_typer(ablation)


@app.command("tiny-init")
def tiny_init(
    out: Annotated[Path, typer.Argument(help="Output folder for the model.")],
    width: Annotated[int, typer.Option(help="Hidden size of the language model (multiple of 48).")] = 192,
    layers: Annotated[int, typer.Option(min=2, help="Number of layers of the language model.")] = 4,
    vision_width: Annotated[int, typer.Option(help="Hidden size of the vision tower (multiple of 16).")] = 128,
    vision_layers: Annotated[
        int | None, typer.Option(min=2, help="Number of layers of the vision tower. Default: the value of --layers.")
    ] = None,
    patch: Annotated[int, typer.Option(min=4, help="Patch size in pixels.")] = 14,
    window: Annotated[int, typer.Option(min=0, help="Size of attention windows in pixels; 0 for none.")] = 112,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the weights.")] = 0,
) -> None:
    """Create a randomly initialised Qwen2.5-VL of a few million parameters."""
    from mumer_train.toy.tiny import Sizes, create_tiny_model

    count = create_tiny_model(out, Sizes(width, layers, vision_width, vision_layers, patch, window), seed=seed)
    print(f"{out}: {count:,} parameters")


@app.command("ground", hidden=True)
def ground(
    model: str,
    data: str,
    out: Annotated[Path, typer.Option()],
    bank: Annotated[Path | None, typer.Option()] = None,
    pictures: int = 16_000,
    epochs: float = 2.0,
    alone: float = 0.6,
    batch: int = 12,
    learning_rate: float = 1e-3,
    cell: int = 20,
    seed: int = 0,
    workers: int = 1,
) -> None:
    """Deprecated: the old name of `pretrain-vision`."""
    import logging

    logging.getLogger(__name__).warning("'mumer ground' is deprecated: use 'mumer pretrain-vision'")
    pretrain_vision(model, data, out, bank, pictures, epochs, alone, batch, learning_rate, cell, seed, workers)


@app.command("pretrain-vision")
def pretrain_vision(
    model: Annotated[str, typer.Argument(help="Model written by `mumer tiny-init`.")],
    data: Annotated[
        str, typer.Argument(help="Pipeline whose labels are rendered as handwriting; its `fit` is applied.")
    ],
    out: Annotated[Path, typer.Option(help="Output folder for images, model and record.")],
    bank: Annotated[Path | None, typer.Option(help="Glyph bank written by `mumer glyphs build`.")] = None,
    pictures: Annotated[int, typer.Option(min=1, help="Number of synthetic images.")] = 16_000,
    epochs: Annotated[float, typer.Option(min=0.001, help="Passes over the images.")] = 2.0,
    vision_only_ratio: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Fraction of steps that update the vision tower only.")
    ] = 0.6,
    batch: Annotated[int, typer.Option(min=1, help="Images per batch.")] = 12,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, help="Learning rate of AdamW; Muon uses four times as much.")
    ] = 1e-3,
    cell: Annotated[
        int, typer.Option(min=8, help="Side of the image area of one token, in pixels: twice the patch size.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of images and order.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes that render images.")] = 1,
) -> None:
    """Pretrain the vision tower of a small model with dense patch supervision on synthetic handwriting."""
    from mumer_train.toy.vision_pretrain import VisionPretrainOptions
    from mumer_train.toy.vision_pretrain import pretrain_vision as run

    options = VisionPretrainOptions(pictures, epochs, vision_only_ratio, batch, learning_rate, seed, cell, bank)
    print(run(model, data, out, options, workers))


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="YAML file, such as training/configs/tiny.yaml.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override a key of the file: key=value. Repeat for several.")
    ] = None,
    method: Annotated[
        Method,
        typer.Option(
            help="sft: supervised, on shards. grpo: with rewards, on prompts. dpo: with preferences, on pairs.",
        ),
    ] = Method.sft,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the last checkpoint.")] = False,
    test: Annotated[str | None, typer.Option(help="Validation images; the same as --set evaluate.data=...")] = None,
    every: Annotated[
        int | None, typer.Option(min=1, help="Updates between validations; the same as --set evaluate.every=...")
    ] = None,
) -> None:
    """Train a model: on shards (full fine-tuning), with rewards (GRPO) or with preferences (DPO)."""
    if method is not Method.sft:
        from mumer_train.policy.config import load_policy_config
        from mumer_train.policy.train import train_policy

        if test is not None or every is not None:
            raise typer.BadParameter("validation during training is for --method sft; use `mumer predict --evaluate`")
        chosen: Literal["grpo", "dpo"] = "grpo" if method is Method.grpo else "dpo"
        print(train_policy(load_policy_config(config, settings or ()), chosen, resume=resume))
        return
    from mumer_train.config import load_config
    from mumer_train.train import train as run

    validation = [f"evaluate.{key}={value}" for key, value in (("data", test), ("every", every)) if value is not None]
    print(run(load_config(config, [*(settings or ()), *validation]), resume=resume))


@app.command()
def crossfold(
    pipeline: Annotated[str, typer.Argument(help="Pipeline file, or the name of a ready pipeline.")],
    out: Annotated[Path, typer.Option(help="Output folder for builds, models, predictions and mined shards.")],
    config: Annotated[
        Path | None, typer.Option("--train", help="Training config; its keys data and output are replaced.")
    ] = None,
    train_command: Annotated[
        str, typer.Option(help="Command that trains a model, with {data} (a build) and {out} (folder for the model).")
    ] = "",
    predict_command: Annotated[
        str, typer.Option(help="Command that writes predictions, with {model}, {data} and {out} (Parquet file).")
    ] = "",
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Do not train a recognizer: predict all images, without folds.")
    ] = False,
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    samples: Annotated[int, typer.Option(min=1, help="Predictions sampled per held-out image.")] = 4,
    temperature: Annotated[float, typer.Option(min=0.0, help="Sampling temperature.")] = 0.8,
    top_p: Annotated[float, typer.Option(min=0.01, max=1.0, help="Nucleus sampling: probability mass.")] = 0.95,
    max_tokens: Annotated[int, typer.Option(min=1, help="Maximum number of tokens per answer.")] = 512,
    batch: Annotated[int, typer.Option(min=1, help="Images per batch.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of folds and sampling.")] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override a key of the pipeline: key=value. Repeat for several.")
    ] = None,
    train_settings: Annotated[
        list[str] | None,
        typer.Option("--train-set", help="Override a key of the training config: key=value. Repeat for several."),
    ] = None,
    print_commands: Annotated[
        bool, typer.Option("--print-commands", help="Print the stages without running them.")
    ] = False,
) -> None:
    """Cross-fold error mining: for each fold, train on the others and predict it; then mine all errors.

    A killed run continues when it is started again.
    """
    from mumer_train.crossfold import CrossFold, run_crossfold, stages

    run = CrossFold(
        pipeline, folds, config, out, tuple(settings or ()), tuple(train_settings or ()), samples, temperature, top_p,
        max_tokens, batch, seed, train_command, predict_command, frozen,
    )  # fmt: skip
    if print_commands:
        print("\n".join(map(str, stages(run))))
    else:
        print(run_crossfold(run))
