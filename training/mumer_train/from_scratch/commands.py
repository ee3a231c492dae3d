"""Verbs of small readers: `mumer reader labels`, `real`, `boxes`, `synthetic`, `train`, `export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Train a small formula reader from scratch.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seed = Annotated[int, typer.Option(min=0, help="Random seed.")]
Bank = Annotated[Path | None, typer.Option(help="Glyph bank of real ink, written by `mumer glyphs build SOURCE`.")]


@app.command(epilog="Example: mumer reader labels --count 8000 --out labels.txt")
def labels(
    out: Annotated[Path, typer.Option(help="Output file of id<TAB>label lines.")],
    count: Annotated[int, typer.Option(min=1, help="Number of labels, all different.")] = 10_000,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Corpus whose labels are excluded. Repeat for several.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Sample random school formulas from a built-in grammar; no corpus is needed."""
    from mumer_train.from_scratch.prepare import write_school_labels

    print(f"{write_school_labels(out, count, tuple(exclude or ()), seed):,} labels in {out}")


@app.command(epilog="Example: mumer reader real data/crohme/train --out out/real --hold-out 0.05 --held-out out/held")
def real(
    source: Annotated[Path, typer.Argument(help="Folder with caption.txt (id<TAB>label lines) and images/.")],
    out: Annotated[Path, typer.Option(help="New folder for the training images.")],
    hold_out: Annotated[float, typer.Option(min=0.0, max=0.9, help="Share of the labels that is held out.")] = 0.0,
    held_out: Annotated[Path | None, typer.Option(help="New folder for the held-out images.")] = None,
    folds: Annotated[int | None, typer.Option(min=2, help="Number of folds of a cross-validation.")] = None,
    fold: Annotated[int | None, typer.Option(min=0, help="Number of the fold that is held out, from 0.")] = None,
    as_json: AsJson = False,
) -> None:
    """Prepare labelled images; held-out images share no label with the others."""
    from mumer_train.from_scratch.prepare import prepare_fold, prepare_real

    if (folds is None) != (fold is None) or (fold or 0) >= (folds or 1):
        raise typer.BadParameter("give both --folds and --fold; --fold must be less than --folds")
    if (bool(hold_out) or fold is not None) != (held_out is not None) or (hold_out and fold is not None):
        raise typer.BadParameter("give --held-out together with --hold-out or with --fold, or none of them")
    if folds is not None and fold is not None and held_out is not None:
        counts = prepare_fold(source, out, held_out, fold, folds)
    else:
        counts = prepare_real(source, out, hold_out, held_out)
    print(json.dumps(counts) if as_json else f"{counts['kept']:,} images in {out}, {counts['held_out']:,} held out")


@app.command(epilog="Example: mumer reader boxes out/real --model mumer_data/recognizers/mini --out out/real_boxed")
def boxes(
    source: Annotated[Path, typer.Argument(help="Folder of training images, written by `mumer reader real`.")],
    model: Annotated[Path, typer.Option(help="Folder of a trained reader (OUT/best), or of an export.")],
    out: Annotated[Path, typer.Option(help="New folder for the images with boxes.")],
    as_json: AsJson = False,
) -> None:
    """Find the box of every symbol of labelled images: where a reader attends while it reads the label.

    With boxes, real images are supervised symbol by symbol, as synthetic ones are. Images whose symbols cannot be
    separated are copied without boxes.
    """
    from mumer_train.from_scratch.symbol_boxes import write_boxes

    counts = write_boxes(model, source, out)
    print(json.dumps(counts) if as_json else f"{counts['images']:,} images in {out}, {counts['boxes']:,} with boxes")


@app.command(epilog="Example: mumer reader synthetic labels.txt --copies 2 --out out/synthetic")
def synthetic(
    labels_file: Annotated[Path, typer.Argument(metavar="LABELS", help="Text file of id<TAB>label lines.")],
    out: Annotated[Path, typer.Option(help="New folder for the training images.")],
    copies: Annotated[int, typer.Option(min=1, help="Images per label, each by a different writer.")] = 2,
    writers: Annotated[int, typer.Option(min=1, help="Number of writers.")] = 3_000,
    fonts: Annotated[Path | None, typer.Option(help="Glyph bank written by `mumer glyphs build --fonts`.")] = None,
    font_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the images that use --fonts.")] = 0.5,
    bank: Bank = None,
    bank_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of the images that use --bank.")] = 0.5,
    corrections: Annotated[
        float, typer.Option(min=0, help="Factor on how often writers cross out or overwrite a symbol; 0 for never.")
    ] = 1.0,
    start: Annotated[int, typer.Option(min=0, help="Index of the first image in the shuffled list.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of images.")] = None,
    seed: Seed = 0,
) -> None:
    """Render labels as synthetic handwriting and prepare the images, with the box of every symbol."""
    from mumer_train.from_scratch.prepare import SyntheticHands, prepare_synthetic

    shares = {"font_share": font_share if fonts else 0.0, "bank_share": bank_share if bank else 0.0}
    hands = SyntheticHands(seed=seed, writers=writers, fonts=fonts, bank=bank, corrections=corrections, **shares)
    count = prepare_synthetic(labels_file, out, hands, copies=copies, start=start, limit=limit)
    print(f"{count:,} images in {out}")


@app.command(epilog="Example: mumer reader train training/configs/reader_mini.yaml")
def train(
    config: Annotated[Path, typer.Argument(help="YAML file, such as training/configs/reader_mini.yaml.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override a key of the file: key=value. Repeat for several."),
    ] = None,
) -> None:
    """Train a formula reader; resume from the last checkpoint in its folder.

    SIGTERM writes a checkpoint and stops. A file DECAY in the folder starts the decay of the learning rate.
    """
    from mumer_train.from_scratch.run import train_reader

    print(train_reader(config, settings or ()))


@app.command(
    epilog="Example: mumer reader export out/reader/best --out out/reader.onnx --name mine --licence Apache-2.0"
)
def export(
    model: Annotated[Path, typer.Argument(help="Folder of a trained reader, such as OUT/best.")],
    out: Annotated[Path, typer.Option(help="Folder for the ONNX files and the manifest.")],
    name: Annotated[str, typer.Option(help="Name of the model.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, as an SPDX identifier.")],
    float32: Annotated[bool, typer.Option("--float32", help="Keep float32 weights instead of int8.")] = False,
    as_json: AsJson = False,
) -> None:
    """Export a reader to ONNX, for `mumer predict --recognizer onnx --model OUT`."""
    from mumer_train.from_scratch.export import export_onnx

    sizes = export_onnx(model, out, name=name, licence=licence, weights="float32" if float32 else "int8")
    print(json.dumps(sizes) if as_json else f"{sum(sizes.values()) / 1e6:.2f} MB in {out}")
