"""Options that several verbs have.

A verb is a function in a module of this folder, with no logic of its own and heavy imports inside it, and one row in
the table of `mumer_data.cli.verbs`. Another package adds its verbs through the entry-point group ``mumer.commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mumer_data.latex.serialize import Dialect

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a key of the file: key=value, e.g. source.path=data/mine. Repeat for several."
    ),
]


def checked_dialect(name: str) -> Dialect:
    """The tree dialect of this name; raises ``typer.BadParameter`` where there is none."""
    from mumer_data.latex.serialize import DIALECTS

    for dialect in DIALECTS:
        if dialect == name:
            return dialect
    known = f"{', '.join(DIALECTS[:-1])} or {DIALECTS[-1]}"
    raise typer.BadParameter(f"'{name}' is not a dialect: choose {known}", param_hint="--dialect")
