"""The group of all verbs: imports the module of a verb when the verb is used, and none for `mumer --help`.

Not for the table of verbs: see `mumer_data.cli.verbs`.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from mumer_data.cli.verbs import VERBS

log = logging.getLogger(__name__)
TABLE = {name: (heading, verb) for heading, verbs in VERBS.items() for name, verb in verbs.items()}
OWN_MODULES = tuple(dict.fromkeys(verb.module for _, verb in TABLE.values() if verb.module))
DISTRIBUTION = "mumer_data"  # whose entry points have rows in the table
PLUGINS = "Plug-ins"
# Their arguments are labels, which may begin with a minus.
LABEL_ARGUMENTS = frozenset({"tree", "cdm", "write"})
_ENTRY_POINTS = re.compile(r"^\[mumer\.commands\]\s*?\n(.*?)(?=^\[|\Z)", re.MULTILINE | re.DOTALL)


class VerbGroup(TyperGroup):
    """The verbs of `VERBS`, then those of plug-ins: other packages with entry points in the group ``mumer.commands``.

    The contexts and formatters are those of the click that Typer uses, its own or the package.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The names: those of the table in its order, then those of plug-ins."""
        return [*TABLE, *self._plugin_verbs()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or ``None``; imports one module, or all where the table lacks the name."""
        if cmd_name in TABLE and cmd_name not in self.commands:
            self._add(TABLE[cmd_name][1].module)
        elif cmd_name not in self.commands:
            for module in (*OWN_MODULES, ""):
                self._add(module)
            self._plugin_verbs()
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the table of verbs."""
        rows = {name: (heading, verb.summary) for name, (heading, verb) in TABLE.items()}
        rows |= {name: (PLUGINS, verb.help or "") for name, verb in self._plugin_verbs().items()}
        verbs: Any = {
            name: TyperCommand(name, help=text, rich_help_panel=heading) for name, (heading, text) in rows.items()
        }
        TyperGroup(name=self.name, help=self.help, params=self.params, commands=verbs).format_help(ctx, formatter)

    def _add(self, module: str) -> None:
        """Add the verbs of a module of this folder; of the entry points of this distribution for ``""``."""
        app = import_module(f"mumer_data.cli.{module}").app if module else None
        for name, command in (_commands_of(app) if app else _entry_point_verbs(own=True)).items():
            if name in TABLE:
                command.rich_help_panel, verb = TABLE[name]
                command.epilog = f"Example: {verb.example}"
            if name in LABEL_ARGUMENTS:
                command.context_settings["ignore_unknown_options"] = True
            self.commands.setdefault(name, command)

    def _plugin_verbs(self) -> dict[str, Any]:
        """The verbs of other distributions by name."""
        verbs = {name: verb for name, verb in _entry_point_verbs(own=False).items() if name not in TABLE}
        for name, verb in verbs.items():
            self.commands.setdefault(name, verb)
        return verbs


def _commands_of(app: typer.Typer) -> dict[str, Any]:
    return dict(typer.main.get_group(app).commands)


def _entry_point_verbs(own: bool) -> dict[str, Any]:
    """The verbs of entry points of this distribution, or of others; one that cannot be imported is reported."""
    verbs: dict[str, Any] = {}
    for value in dict.fromkeys(_entry_points(own)):
        module, _, attribute = value.partition(":")
        try:
            verbs |= _commands_of(getattr(import_module(module), attribute))
        except (ImportError, AttributeError) as error:
            log.warning("the plug-in %s cannot be imported: %s", value, error)
    return verbs


def _entry_points(own: bool) -> Iterator[str]:
    """``MODULE:APP`` of the entry points, read as text: ``importlib.metadata`` takes five times as long."""
    for folder in dict.fromkeys(sys.path):
        try:
            names = [path.name for path in Path(folder).iterdir()]
        except OSError:  # a zip file, or absent
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) and (re.split("[-.]", name)[0] == DISTRIBUTION) is own:
                yield from _entry_points_in(Path(folder) / name / "entry_points.txt")


def _entry_points_in(file: Path) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for section in _ENTRY_POINTS.findall(text):
        values = [line.partition("=")[2].partition("[")[0].strip() for line in section.splitlines()]
        yield from filter(None, values)
