"""The verbs of the command line, a module a subject: each has a Typer ``app`` that `mumer_data.cli` joins.

A new verb is one function here, with no logic of its own and heavy imports inside it; a new subject is one
module and one line in ``SUBJECTS``. Another package adds its verbs through the entry-point group ``mumer.commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mumer_data.latex.serialize import Dialect

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a killed run: do only what is missing.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a key of the file: key=value, e.g. source.path=data/mine. Repeat for several."
    ),
]

# The modules, in the order of `mumer --help`.
SUBJECTS = (
    "labels",
    "sources",
    "generate",
    "handwriting",
    "builds",
    "evaluate",
    "votes",
    "mining",
    "audit",
    "rewards",
    "policy_data",
    "models",
    "publishing",
)


def checked_dialect(name: str) -> Dialect:
    """The tree dialect of this name; raises ``typer.BadParameter`` where there is none."""
    from mumer_data.latex.serialize import DIALECTS

    for dialect in DIALECTS:
        if dialect == name:
            return dialect
    known = f"{', '.join(DIALECTS[:-1])} or {DIALECTS[-1]}"
    raise typer.BadParameter(f"'{name}' is not a dialect: choose {known}", param_hint="--dialect")
