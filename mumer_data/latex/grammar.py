"""Finds the grammar files, in a checkout or an installed package, and loads what was compiled from them.

Not for compiling: that needs Lark and happens in `compile`, only when the files have changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from mumer_data.exceptions import SourceError

GRAMMAR = "latex_math.lark"
COMMANDS = "commands.toml"
COMPILED = "latex_math.json"
# `\\frac{1}{2}` in one token would pass as an unknown command; other commands may come with their argument
# (`\\hspace{1cm}` does in Im2LaTeX).
MUST_STAND_ALONE = frozenset({"FRACTION", "ACCENT", "RADICAL", "OPERATOR"})


@dataclass(frozen=True, slots=True)
class GrammarFiles:
    """The text of the two files that decide all syntax, and their common digest (sha256, hexadecimal)."""

    grammar: str
    commands: str

    @property
    def digest(self) -> str:
        """One hash over both files."""
        return hashlib.sha256(f"{self.grammar}\0{self.commands}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Role:
    """What one token is for.

    Attributes:
        kind: ``symbol`` stands on the baseline; ``mark`` announces a branch (``_``, ``^``, ``\\begin``); ``open``
            and ``close`` bound a branch; ``tail`` follows the close (the name after ``\\end``); ``newline``,
            ``next_row`` and ``next_cell`` part lines, rows and cells.
        relation: the rule's name or alias in the grammar: for branches, their relation to what carries them.
        closer: for ``open``, the terminal that closes the branch.
    """

    kind: str
    relation: str
    closer: str = ""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The compiled grammar: plain data, so that it loads without Lark.

    Attributes:
        digest: hash of the files that it was compiled from.
        exact: token -> terminal.
        regexes: (terminal, pattern) pairs, tried in this order on a token that is not in ``exact``.
        ordinary: the commands that are known and ordinary.
        actions: for each state, terminal or rule -> next state, or terminal -> (rule, length) to reduce.
        roles: for each state, the role of the token that leads there; ``None`` where a rule leads there.
        start: the first state.
        end: the state that a whole label reduces to.
    """

    digest: str
    exact: dict[str, str]
    regexes: list[tuple[str, str]]
    ordinary: list[str]
    actions: list[dict[str, int | tuple[str, int]]]
    roles: list[Role | None]
    start: int
    end: int

    def to_json(self) -> str:
        """The compiled file's text."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Grammar:
        """Read the compiled file's text."""
        raw = json.loads(text)
        raw["regexes"] = [tuple(pair) for pair in raw["regexes"]]
        raw["actions"] = [
            {name: target if isinstance(target, int) else tuple(target) for name, target in row.items()}
            for row in raw["actions"]
        ]
        raw["roles"] = [role and Role(**role) for role in raw["roles"]]
        return cls(**raw)


def terminal_of(token: str, exact: dict[str, str], regexes: list[tuple[str, str]]) -> str:
    """The terminal that ``token`` is: an exact text first, then the first pattern that matches all of it.

    ``""`` where nothing matches: the label was not tokenised there.
    """
    terminal = exact.get(token)
    if terminal is None:
        command = re.match(r"\\[A-Za-z]+(?=[{\[])", token)
        if command and exact.get(command.group()) in MUST_STAND_ALONE:
            return ""
        terminal = next((name for name, pattern in regexes if re.fullmatch(pattern, token)), "")
    return terminal


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
def load_grammar() -> Grammar:
    """The grammar: from the compiled file while it fits the sources, else compiled anew (about 0.2 s)."""
    files = grammar_files()
    compiled = grammar_folder() / COMPILED
    if compiled.is_file():
        grammar = Grammar.from_json(compiled.read_text(encoding="utf-8"))
        if grammar.digest == files.digest:
            return grammar
    from mumer_data.latex.compile import compile_grammar

    return compile_grammar(files)


if __name__ == "__main__":  # `make grammar`
    from mumer_data.latex.compile import compile_grammar

    (grammar_folder() / COMPILED).write_text(compile_grammar(grammar_files()).to_json(), encoding="utf-8")
