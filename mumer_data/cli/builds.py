"""Verbs that build shards and look into them: `build`, `inspect`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Settings
from mumer_data.exceptions import SourceError
from mumer_data.io.cluster import Backend
from mumer_data.io.storage import place

app = typer.Typer()


@app.command()
def build(
    pipeline: Annotated[str, typer.Argument(help="A pipeline file, or the name of a ready one such as demo.")],
    out: Annotated[str, typer.Option(help="Folder or URL for the shards: new, or with --resume a killed run's.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core if left out.")] = None,
    backend: Annotated[Backend, typer.Option(help="Where they run: this machine, a Dask or a Ray cluster.")] = "loky",
    address: Annotated[str | None, typer.Option(help="Of the cluster; a local one is started if left out.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Do only what a killed run has left.")] = False,
    settings: Settings = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any row was rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build instruction shards from labels and images."""
    from mumer_data.io.cluster import on
    from mumer_data.jobs.build import build as run_build
    from mumer_data.jobs.config import load_pipeline
    from mumer_data.report.console import build_progress, print_build

    recipe, folder = load_pipeline(pipeline, settings or ()), place(out)
    with on(backend, address, workers), build_progress(f"building {recipe.name}") as progress:
        result = run_build(recipe, folder, workers=workers, resume=resume, progress=progress)
    if as_json:
        print(json.dumps(result.to_dict() | {"out": out}))
    else:
        print_build(folder, result.manifest)
    if not result.counts["accepted"]:
        raise SourceError(f"not one row could be used: {folder / 'rejects.parquet'} says why")
    if strict and result.counts["rejected"]:
        raise typer.Exit(1)


@app.command()
def inspect(
    folder: Annotated[str, typer.Argument(help="A finished build: a folder or URL.")],
    as_json: AsJson = False,
) -> None:
    """Show configs, counts, rejects and one sample of each task."""
    from mumer_data.report.console import print_summary
    from mumer_data.report.summary import summarise

    summary = summarise(place(folder))
    if as_json:
        print(json.dumps(summary.to_json(), ensure_ascii=False))
    else:
        print_summary(summary)
