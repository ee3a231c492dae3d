"""Verbs of handwriting: `write`, `glyphs build`, `preview`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from mumer_data.cli.options import AsJson, Resume, Seed, Settings, Workers
from mumer_data.exceptions import SourceError

app = typer.Typer()
glyphs = typer.Typer(help="Build banks of glyphs from handwriting or fonts.", no_args_is_help=True)
app.add_typer(glyphs, name="glyphs")


@app.command()
def write(
    labels: Annotated[
        str, typer.Argument(help="Label in quotes, or a text file of id<TAB>label lines or one label per line.")
    ],
    out: Annotated[Path, typer.Option(help="Output folder; with --resume, that of the killed run.")],
    formats: Annotated[
        str, typer.Option("--format", help="Output formats, separated by commas: png, inkml, coco.")
    ] = "png,inkml,coco",
    copies: Annotated[int, typer.Option(min=1, help="Images per label, each by a different writer.")] = 1,
    writers: Annotated[int, typer.Option(min=1, help="Number of different writers.")] = 1000,
    size: Annotated[float, typer.Option(min=8, max=256, help="Height of a capital letter in pixels.")] = 32.0,
    banks: Annotated[
        list[str] | None,
        typer.Option(
            "--glyphs",
            help="Glyph bank, or `fonts` for the bundled bank; BANK=0.5 for half of the writers. Repeat for several.",
        ),
    ] = None,
    corrections: Annotated[
        float, typer.Option(min=0, help="Factor on how often writers cross out or overwrite a symbol; 0 for never.")
    ] = 1.0,
    seed: Seed = 0,
    workers: Workers = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Render labels as synthetic handwriting: images, InkML with segmentation, symbol boxes."""
    from mumer_data.jobs.write import write_folder
    from mumer_data.readers.synthetic import SyntheticOptions, SyntheticReader

    source: dict[str, Any] = {"labels": labels} if _is_file(labels) else {"text": labels}
    writing = {"copies": copies, "writers": writers, "size": size, "corrections": corrections, "seed": seed}
    options = SyntheticOptions.model_validate({"format": "synthetic", "glyphs": banks or (), **source, **writing})
    result = write_folder(SyntheticReader(options, Path()), out, _formats(formats), workers, resume=resume)
    reasons = dict(Counter(reject.reason for reject in result.rejects).most_common())
    counts = {"written": len(result.written), "rejected": len(result.rejects), "reasons": reasons}
    if as_json:
        print(json.dumps({"out": str(out), "symbols": result.symbols, **counts}))
        return
    print(f"{len(result.written):,} expressions with {result.symbols:,} symbols in {out}")
    if reasons:
        listed = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
        print(f"{len(result.rejects):,} labels not written ({listed}): see {out / 'rejects.jsonl'} for the reasons")


def _is_file(labels: str) -> bool:
    if labels.endswith((".txt", ".tsv")) and not Path(labels).is_file():
        raise SourceError(f"{labels} is not a file; check the path")
    return len(labels) < 1024 and "\0" not in labels and Path(labels).is_file()


def _formats(names: str) -> tuple[Any, ...]:
    from mumer_data.jobs.write import FORMATS

    formats = tuple(name.strip() for name in names.split(","))
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise typer.BadParameter(f"'{unknown[0]}' is not a format: choose {', '.join(FORMATS)}", param_hint="--format")
    return formats


@glyphs.command("build", epilog="Example: mumer glyphs build data/inkml --out bank.parquet")
def build_bank(
    out: Annotated[Path, typer.Option(help="Output Parquet file.")],
    source: Annotated[
        str | None, typer.Argument(help="Folder of InkML or images, a pipeline file, or the name of a ready pipeline.")
    ] = None,
    fonts: Annotated[
        list[Path] | None,
        typer.Option(help="Handwriting font (.ttf, .otf, .woff), or a folder of fonts. Repeat for several."),
    ] = None,
    settings: Settings = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Build a glyph bank: from segmented ink, from images by connected components, or from handwriting fonts."""
    if (source is None) == (not fonts):
        raise typer.BadParameter("pass either labelled handwriting or --fonts", param_hint="SOURCE")
    if fonts:
        from mumer_data.jobs.glyphs import build_font_bank

        counts = build_font_bank(fonts, out)
        message = f"{counts['glyphs']:,} glyphs of {counts['tokens']:,} symbols, from {counts['fonts']:,} fonts"
        message += f"\nlicences of the fonts:  {out}.licences.json"
    else:
        from mumer_data.jobs.config import load_source
        from mumer_data.jobs.glyphs import build_bank as run

        counts = run(load_source(str(source), settings or ()), out, workers)
        message = f"{counts['glyphs']:,} glyphs of {counts['tokens']:,} symbols, "
        message += f"from {counts['used']:,} of {counts['read']:,} rows"
    if as_json:
        print(json.dumps({"out": str(out)} | counts))
        return
    print(message)
    print(f"write with them:  mumer write LABELS --glyphs {out} --out DIR")


@app.command()
def preview(
    pipeline: Annotated[
        str, typer.Argument(help="Pipeline file, the name of a ready pipeline, or the folder of a build.")
    ],
    out: Annotated[Path, typer.Option(help="Output PNG file.")],
    rows: Annotated[int, typer.Option(min=1, max=200, help="Number of rows of the source.")] = 12,
    variants: Annotated[int, typer.Option(min=0, max=8, help="Augmented images per original.")] = 2,
    boxes: Annotated[bool, typer.Option(help="Draw the symbol boxes if the source has them.")] = True,
    seed: Seed = 0,
    settings: Settings = None,
) -> None:
    """Draw a contact sheet of a pipeline: originals, augmented variants, symbol boxes."""
    from mumer_data.jobs.config import load_source
    from mumer_data.jobs.preview import preview as run

    shown = run(load_source(pipeline, settings or ()), out, rows=rows, variants=variants, boxes=boxes, seed=seed)
    print(f"{shown:,} rows in {out}")
