"""The table of verbs: headings, summaries and examples; which modules are imported; plug-in verbs; shell completion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from mumer_data.cli import app
from mumer_data.cli.verb_group import OWN_MODULES, TABLE
from mumer_data.cli.verbs import VERBS

GROUP: Any = typer.main.get_group(app)
PLUGIN = """
import typer
app = typer.Typer()


@app.command()
def hello(name: str) -> None:
    "Greet somebody."
    print(f"hello {name}")


@app.command()
def build() -> None:
    "Not the verb of the library."
    print("another build")
"""


def mumer(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mumer_data", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.fixture
def plugin(tmp_path: Path) -> str:
    """``PYTHONPATH`` with an installed package that has two verbs."""
    (tmp_path / "greeter.py").write_text(PLUGIN, encoding="utf-8")
    points = tmp_path / "greeter-1.0.dist-info" / "entry_points.txt"
    points.parent.mkdir()
    points.write_text("[console_scripts]\nx = y:z\n[mumer.commands]\ngreeter = greeter:app\n\n[other]\na = b:c\n")
    return os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])


@pytest.mark.parametrize("name", TABLE)
def test_summary_and_example_are_those_of_the_command(name: str) -> None:
    heading, verb = TABLE[name]
    command = GROUP.get_command(None, name)
    assert re.sub(r"\s+", " ", command.help.split("\n\n")[0]) == verb.summary
    assert command.rich_help_panel == heading
    assert command.epilog == f"Example: {verb.example}"


def test_every_verb_that_is_not_hidden_has_a_row() -> None:
    assert GROUP.get_command(None, "no-such-verb") is None  # which imports all modules
    assert {name for name, command in GROUP.commands.items() if not command.hidden} == set(TABLE)


def test_the_help_has_all_headings_and_imports_no_module_of_a_verb() -> None:
    modules = ["mumer_train", *(f"mumer_data.cli.{module}" for module in OWN_MODULES)]
    code = (
        "import sys; from mumer_data.cli import app\n"
        "try: app(['--help'])\n"
        f"finally: print('imported', *(set({modules}) | {{'importlib.metadata'}}) & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heading, verbs in VERBS.items():
        panel = done.stdout.partition(f" {heading} ")[2].partition("╰")[0]
        assert re.findall(r"^│ ([a-z-]+) ", panel, re.MULTILINE) == list(verbs), heading
    assert done.stdout.splitlines()[-1] == "imported"


def test_a_verb_imports_no_module_of_another_subject() -> None:
    code = "import sys; from mumer_data.cli import app\ntry: app(['tree', 'x'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "mumer_data.cli.labels" in modules
    assert "mumer_data.cli.builds" not in modules


def test_verbs_of_a_plugin(plugin: str) -> None:
    panel = mumer("--help", PYTHONPATH=plugin).stdout.partition(" Plug-ins ")[2]
    assert re.findall(r"^│ ([a-z-]+) +(.*?) +│$", panel, re.MULTILINE) == [("hello", "Greet somebody.")]
    assert mumer("hello", "Ada", PYTHONPATH=plugin).stdout == "hello Ada\n"
    assert "Build instruction data" in mumer("build", "--help", PYTHONPATH=plugin).stdout
    assert "'hello'" in mumer("helo", PYTHONPATH=plugin).stderr


def test_a_plugin_that_cannot_be_imported_is_reported_and_left_out(plugin: str, tmp_path: Path) -> None:
    (tmp_path / "greeter.py").write_text("import a_package_that_is_absent\n", encoding="utf-8")
    done = mumer("--help", PYTHONPATH=plugin)
    assert done.returncode == 0
    assert "the plug-in greeter:app cannot be imported: No module named 'a_package_that_is_absent'" in done.stderr
    assert "Plug-ins" not in done.stdout


@pytest.mark.parametrize(
    ("words", "number", "completions"),
    [("mumer co", 1, ["compare", "confusions", "corrupt"]), ("mumer compare --s", 2, ["--seed"])],
    ids=["verb", "option"],
)
def test_the_shell_completes_verbs_and_options(words: str, number: int, completions: list[str]) -> None:
    variables = {"_MUMER_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(number)}
    command = [sys.executable, "-c", "import sys; from mumer_data.cli import app; app(prog_name='mumer')"]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert done.stdout.split() == completions
