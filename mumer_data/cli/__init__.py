"""The command line `mumer`: collects the verbs of the modules in this folder and of the entry points `mumer.commands`.

Exit codes: 0 fine, 1 rows rejected under --strict, 2 unusable input.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer

from mumer_data.cli.options import SUBJECTS
from mumer_data.cli.verbs import VERBS
from mumer_data.exceptions import MumerError

app = typer.Typer(
    name="mumer",
    help="Training data for handwritten mathematical expression recognition.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
OTHERS = "Plug-ins"


def _verb_name(command: Any) -> str:
    return command.name or (command.callback.__name__.replace("_", "-") if command.callback else "")


def _join() -> None:
    """Add the verbs of this folder, of the trainer and of other packages, in the order of `VERBS`."""
    modules = [import_module(f"mumer_data.cli.{subject}").app for subject in SUBJECTS]
    modules += [point.load() for point in entry_points(group="mumer.commands")]
    positions = {verb: (number, heading) for number, (verb, heading) in enumerate(_headings())}
    commands = [command for module in modules for command in module.registered_commands]
    groups = [group for module in modules for group in module.registered_groups]
    for entry in (*commands, *groups):
        name = _verb_name(entry)
        heading = positions.get(name, (0, OTHERS))[1]
        entry.rich_help_panel = heading
        example = VERBS.get(heading, {}).get(name)
        if example:
            entry.epilog = f"Example: {example}"
            if name in LABEL_ARGUMENTS:
                entry.context_settings = {"ignore_unknown_options": True}
    last = len(positions)
    app.registered_commands += sorted(commands, key=lambda entry: positions.get(_verb_name(entry), (last, ""))[0])
    app.registered_groups += sorted(groups, key=lambda entry: positions.get(_verb_name(entry), (last, ""))[0])


def _headings() -> Iterator[tuple[str, str]]:
    for heading, verbs in VERBS.items():
        yield from ((verb, heading) for verb in verbs)


# The arguments of these verbs are labels, which may begin with a minus.
LABEL_ARGUMENTS = frozenset({"tree", "cdm", "write"})
_join()


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
