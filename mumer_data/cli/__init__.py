"""The command line `mumer`: joins the verbs of the modules in this folder and of the entry points `mumer.commands`.

Exit codes: 0 fine, 1 rows rejected under --strict, 2 unusable input.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated

import typer

from mumer_data.cli.options import SUBJECTS
from mumer_data.exceptions import MumerError

app = typer.Typer(
    name="mumer",
    help="Instruction data for handwritten mathematical expression recognition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for subject in SUBJECTS:
    app.add_typer(import_module(f"mumer_data.cli.{subject}").app)
for entry_point in entry_points(group="mumer.commands"):
    app.add_typer(entry_point.load())


def main() -> None:
    """The entry point: errors of the user's end in one message and exit code 2."""
    try:
        app()
    except MumerError as error:
        print(f"mumer: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        from mumer_data import __version__

        print(__version__)
        raise typer.Exit
