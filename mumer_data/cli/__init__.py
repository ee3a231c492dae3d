"""The command line `mumer`: the verbs of the modules in this folder, of the trainer and of plug-ins.

Exit codes: 0 fine, 1 rows rejected under --strict, 2 unusable input.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from mumer_data.cli.verb_group import VerbGroup
from mumer_data.exceptions import MumerError

app = typer.Typer(
    name="mumer",
    cls=VerbGroup,
    help="Training data for handwritten mathematical expression recognition.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The entry point: an error that the user can fix is printed as one message, with exit code 2."""
    try:
        app()
    except MumerError as error:
        print(f"mumer: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of the output has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from mumer_data import __version__

        print(__version__)
        raise typer.Exit
