"""Find the grammar files, in a checkout or an installed package, and load the grammar compiled from them.

Not for compiling: that needs Lark and happens in `compile`, only when the files have changed.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.latex.lalr import CompiledGrammar, GrammarFiles, LalrTable

GRAMMAR = "latex_math.lark"
COMMANDS = "commands.toml"
COMPILED = "latex_math.json"


def grammar_folder() -> Path:
    """The folder of the grammar files: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "grammars", package.parent / "grammars"):
        if (folder / GRAMMAR).is_file():
            return folder
    raise SourceError(f"no {GRAMMAR} in {package / 'grammars'} or beside the package: reinstall mumer-data")


def grammar_files() -> GrammarFiles:
    """Read both grammar files."""
    folder = grammar_folder()
    return GrammarFiles((folder / GRAMMAR).read_text(encoding="utf-8"), (folder / COMMANDS).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def load_grammar() -> CompiledGrammar:
    """The grammar: from the compiled file while its digest matches the sources, else compiled again (about 0.2 s)."""
    files = grammar_files()
    compiled = grammar_folder() / COMPILED
    if compiled.is_file():
        grammar = CompiledGrammar.from_json(compiled.read_text(encoding="utf-8"))
        if grammar.digest == files.digest:
            return grammar
    from mumer_data.latex.compile import compile_grammar

    return compile_grammar(files)


@lru_cache(maxsize=1)
def lalr_table() -> LalrTable:
    """The grammar's parse table, loaded once per process."""
    return LalrTable(load_grammar())


if __name__ == "__main__":  # `make grammar`
    from mumer_data.latex.compile import compile_grammar

    (grammar_folder() / COMPILED).write_text(compile_grammar(grammar_files()).to_json(), encoding="utf-8")
