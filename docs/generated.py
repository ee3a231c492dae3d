"""Pages of the site that are generated from the code: grammar, command line, Python, results, changes.

Hooks of MkDocs, see mkdocs.yml. Not for hand-written pages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

# File outside of docs/ in the checkout -> its page of the site.
MOVED = {
    "benchmarks/RESULTS.md": "results.md",
    "CHANGELOG.md": "changes.md",
    "training/experiments/crohme_tiny.md": "experiments.md",
}

TITLES = {
    "classes": "Commands that take arguments",
    "environments": "Environments",
    "ordinary": "Ordinary symbols",
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those in docs/."""
    from mkdocs.structure.files import File

    pages = {
        "reference/grammar.md": "\n".join(grammar_page()),
        "reference/cli.md": cli_page(),
        "reference/api.md": "\n".join(api_page()),
    }
    pages |= {
        page: (ROOT / file).read_text(encoding="utf-8") for file, page in MOVED.items() if (ROOT / file).is_file()
    }
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    for picture in sorted((ROOT / "training" / "experiments").glob("*.png")):
        files.append(File.generated(config, picture.name, abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace links to files outside of docs/ by links to their pages on the site."""
    here = page.file.src_uri
    for file, target in MOVED.items():
        back = "../" * here.count("/")
        markdown = re.sub(rf"\]\((?:\.\./)*{re.escape(file)}(#[\w-]+)?\)", rf"]({back}{target}\1)", markdown)
    return re.sub(r"\]\((?:\.\./)+docs/", "](", markdown) if here in MOVED.values() else markdown


# ---- the grammar ------------------------------------------------------------------------------------------------


def grammar_page() -> Iterator[str]:
    """The grammar file with its comments, then every command by class."""
    from mumer_data.latex.grammar import grammar_files

    yield from ("# Grammar", "", "Generated from `grammars/latex_math.lark` and `grammars/commands.toml`.", "")
    yield from ("## Rules", "", "```text", grammar_files().grammar.strip(), "```", "", "## Commands", "")
    comment: list[str] = []
    for line in grammar_files().commands.splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        elif line.startswith("[arguments"):
            return  # arguments of raw LaTeX: see the page on raw labels
        elif line.startswith("["):
            title = TITLES[line.strip("[]")]
            yield from (" ".join(comment), "", f"### {title}", "")
            comment = []
        elif " = [" in line:
            name = line.partition(" = ")[0]
            yield from (f"**{name}** " + " ".join(comment), "")
            yield from (" ".join(f"`{command}`" for command in commands()[name]), "")
            comment = []


def commands() -> dict[str, list[str]]:
    """Class -> its commands."""
    import tomllib

    from mumer_data.latex.grammar import grammar_files

    tables = tomllib.loads(grammar_files().commands)
    return {name: list(tokens) for part in TITLES for name, tokens in tables[part].items()}


# ---- the command line -------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Every verb with its arguments and options, as Typer knows them."""
    import typer
    from typer.cli import get_docs_for_click

    from mumer_data.cli import app

    command = typer.main.get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="mumer", title="Command line")
    return re.sub(r"(?m)^(\* `--\w[\w-]*)( [A-Z]+)?", r"\1\2", text)


# ---- Python -----------------------------------------------------------------------------------------------------


def api_page() -> Iterator[str]:
    """The public names by module, each with its docstring."""
    import mumer_data

    modules: dict[str, list[str]] = defaultdict(list)
    for name, module in mumer_data._TABLE.items():
        if name != "__version__":
            modules[module].append(name)
    yield from ("# Python", "", "The public names of `mumer_data`, by the module that defines them.", "")
    for module, names in sorted(modules.items()):
        yield from (f"## {module}", "")
        for name in names:
            yield from (f"::: {module}.{name}", "")
