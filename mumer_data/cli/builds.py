"""Verbs that build shards and inspect them: `build`, `inspect`, `verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Resume, Settings, Workers
from mumer_data.exceptions import SourceError
from mumer_data.io.cluster import Backend
from mumer_data.io.storage import storage_path

app = typer.Typer()


@app.command()
def build(
    pipeline: Annotated[str, typer.Argument(help="Pipeline file, or the name of a ready pipeline such as demo.")],
    out: Annotated[str, typer.Option(help="Output folder or URL; with --resume, that of the killed run.")],
    workers: Workers = None,
    backend: Annotated[Backend, typer.Option(help="Where the workers run: loky (this machine), dask or ray.")] = "loky",
    address: Annotated[str | None, typer.Option(help="Address of the cluster. Default: start a local one.")] = None,
    resume: Resume = False,
    settings: Settings = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 1 if any row was rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build instruction data as Parquet shards from labels and images."""
    from mumer_data.io.cluster import on
    from mumer_data.jobs.build import build as run_build
    from mumer_data.jobs.config import load_pipeline
    from mumer_data.report.console import build_progress, print_build

    config, folder = load_pipeline(pipeline, settings or ()), storage_path(out)
    with on(backend, address, workers), build_progress(f"building {config.name}") as progress:
        result = run_build(config, folder, workers=workers, resume=resume, progress=progress)
    if as_json:
        print(json.dumps(result.to_dict() | {"out": out}))
    else:
        print_build(folder, result.manifest)
    if not result.counts["accepted"]:
        raise SourceError(f"no row could be used: see {folder / 'rejects.parquet'} for the reasons")
    if strict and result.counts["rejected"]:
        raise typer.Exit(1)


@app.command()
def inspect(
    folder: Annotated[str, typer.Argument(help="Folder or URL of a finished build.")],
    as_json: AsJson = False,
) -> None:
    """Print configs, counts, rejects and one sample per task of a build."""
    from mumer_data.report.console import print_summary
    from mumer_data.report.summary import summarise

    summary = summarise(storage_path(folder))
    if as_json:
        print(json.dumps(summary.to_json(), ensure_ascii=False))
    else:
        print_summary(summary)


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished build, or a copy of one.")],
    as_json: AsJson = False,
) -> None:
    """Compare every file of a build with the hashes in its manifest; exit with code 1 if anything differs."""
    from mumer_data.report.console import build_progress
    from mumer_data.shards.verify import verify as verify_build

    with build_progress(f"verifying {folder.name}") as progress:
        result = verify_build(folder, progress)
    if as_json:
        print(json.dumps(result.to_dict()))
    else:
        for kind in ("changed", "missing", "extra", "unknown"):
            for name in getattr(result, kind):
                print(f"{kind}: {name}")
        print(f"{result.files:,} files: {'all as built' if result.ok else 'not as built'}")
    if not result.ok:
        raise typer.Exit(1)
