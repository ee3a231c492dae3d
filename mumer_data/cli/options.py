"""Options that several verbs have.

A verb is a function in a module of this folder, with no logic of its own and heavy imports inside it, and one row in
the table of `mumer_data.cli.verbs`. Another package adds its verbs through the entry-point group ``mumer.commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mumer_data.latex.serialize import Dialect

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DatasetName = Annotated[str | None, typer.Option(help="Name of the dataset. Default: the name of the output folder.")]
Normalize = Annotated[
    str | None,
    typer.Option(
        help="Normalise labels and predictions first with this preset: crohme, hme100k, mathwriting or im2latex; off: "
        "compare them unchanged. Default: auto, the preset that fits the labels, if a prediction or label is not "
        "tokenised.",
        metavar="PRESET",
    ),
]
PredictionFiles = Annotated[
    list[Path],
    typer.Argument(help="Prediction files (JSON, JSON lines or Parquet with img_id, gt, pred), or folders of them."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a killed run: process only the missing parts.")]
RunFolder = Annotated[Path, typer.Option(help="Output folder; with --resume, that of the killed run.")]
Seed = Annotated[int, typer.Option(min=0, help="Random seed.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a key of the file: key=value, e.g. source.path=data/mine. Repeat for several."
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one per core.")]


def checked_dialect(name: str) -> Dialect:
    """The tree dialect of this name; raises ``typer.BadParameter`` for an unknown name."""
    from mumer_data.latex.serialize import DIALECTS

    for dialect in DIALECTS:
        if dialect == name:
            return dialect
    known = f"{', '.join(DIALECTS[:-1])} or {DIALECTS[-1]}"
    raise typer.BadParameter(f"'{name}' is not a dialect: choose {known}", param_hint="--dialect")
