"""Verbs that analyse a source before a build: `stats`, `leakage`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Settings, Workers

app = typer.Typer()

_SLICE_ROWS, _SLICE_BYTES = 1_000, 64 << 20


@app.command()
def stats(
    source: Annotated[str, typer.Argument(help="Folder of a build, a pipeline file, or the name of a ready pipeline.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for statistics.json and the plots. Default: NAME_stats.")
    ] = None,
    vocabulary: Annotated[
        Path | None, typer.Option(help="Vocabulary file, one token per line; symbols outside it are listed.")
    ] = None,
    images: Annotated[bool, typer.Option(help="Read the images to compute their sizes.")] = True,
    settings: Settings = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Print and plot statistics: label lengths, symbols, depths, image sizes."""
    from mumer_data.filters.symbols import read_vocabulary
    from mumer_data.jobs.config import load_source
    from mumer_data.report.statistics import statistics

    pipeline = load_source(source, settings or ())
    allowed = None if vocabulary is None else read_vocabulary(vocabulary)
    reader = pipeline.reader()
    parts = reader.plan(_SLICE_ROWS, _SLICE_BYTES)
    result = statistics(reader, parts, pipeline.row_validator(), vocabulary=allowed, images=images, workers=workers)
    if out is None and not as_json:
        out = Path(f"{pipeline.name}_stats")
    if out is not None:
        from mumer_data.io.atomic import write_json
        from mumer_data.report.plots import plot_statistics

        write_json(out / "statistics.json", result.to_json())
        plot_statistics(result, out)
    if as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
        return
    from mumer_data.report.tables import print_statistics

    print_statistics(pipeline.name, result, out, vocabulary=allowed is not None)


@app.command()
def leakage(
    train: Annotated[str, typer.Argument(help="Folder of a build, a pipeline file, or the name of a ready pipeline.")],
    test: Annotated[str, typer.Argument(help="Test set, in the same form as the first argument.")],
    images: Annotated[bool, typer.Option(help="Compare images as well as labels.")] = True,
    distance: Annotated[
        int, typer.Option(min=0, max=31, help="Maximum Hamming distance of near-duplicate images, in bits of 256.")
    ] = 12,
    out: Annotated[Path | None, typer.Option(help="Parquet file for the shared rows.")] = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Report rows shared by a training and a test set: same image, near-duplicate image, same label."""
    from mumer_data.filters.leakage import leaks
    from mumer_data.filters.row_index import build_row_index
    from mumer_data.jobs.config import load_source
    from mumer_data.report.tables import leakage_counts, print_leakage, write_leaks

    indices = []
    for pipeline in (load_source(train), load_source(test)):
        reader = pipeline.reader()
        parts = reader.plan(_SLICE_ROWS, _SLICE_BYTES)
        indices.append(
            build_row_index(reader, parts, pipeline.row_validator(), labels=True, images=images, workers=workers)
        )
    leaked = leaks(indices[0], indices[1], distance if images else None)
    if out is not None:
        write_leaks(out, leaked)
    counts = leakage_counts(leaked, len(indices[0]), len(indices[1]))
    if as_json:
        print(json.dumps(counts))
    else:
        print_leakage(counts, leaked, out)
