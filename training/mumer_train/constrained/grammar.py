"""The token grammar -> a text grammar in the Lark dialect of llguidance.

Tokens are separated by single spaces and the first has none before it, so every rule exists twice: with a leading
space, and for the beginning of the text. Not for masks: `mask`.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from mumer_data.latex.compile import make_lark, token_classes
from mumer_data.latex.dialect_uni_mumer import relations
from mumer_data.latex.grammar import grammar_files
from mumer_data.latex.lalr import GrammarFiles, terminal_of
from mumer_data.latex.serialize import TREE_RELATIONS, Dialect

# Terminals that must name the same environment.
_PAIRS = (
    ("NAME", "NAME"),
    ("ARRAY_NAME", "ARRAY_NAME"),
    ("BEGIN_JOINED", "END_JOINED"),
    ("BEGIN_JOINED_ARRAY", "END_JOINED_ARRAY"),
)
_SIGNS = [chr(code) for code in range(33, 127) if chr(code) != "\\"]
_OPENING = "\\begin{"
_MIN_SHARED = 4  # alternatives with a common prefix that get a rule of their own
_MAX_DEPTH = 10  # levels of a tree answer


@lru_cache(maxsize=1)
def label_grammar() -> str:
    """The grammar of labels of known commands, as one line of text."""
    files = grammar_files()
    return "\n".join(["start: f_start", *_rules(files), 'BLANK: " "', *_terminals(files)]) + "\n"


@lru_cache(maxsize=3)
def tree_grammar(dialect: Dialect = "published") -> str:
    """The grammar of a Tree-CoT answer: lines of the tree, each at most one level deeper than the last; then the label.

    It cannot check that tree and label agree.
    """
    files = grammar_files()
    if dialect == "compact":
        lines, levels = _compact_levels()
    else:
        lines, levels = "token LINE forest_1? forest_0?", _levels()
    known = relations(_environment_names(files)) if dialect == "published" else TREE_RELATIONS
    words = [_in_parts(name) for name in sorted(_vocabulary(files))]
    if dialect == "slt":
        words += ["BEGIN BLANK NAME", "BEGIN BLANK ARRAY_NAME"]
    end = "" if dialect == "compact" else "\\n"
    marks = ['TAB: "\\t"', 'LINE: "\\n"', f"RELATION: /\\(({'|'.join(known)})\\){end}/"]
    body = label_grammar().partition("\n")[2]
    return "\n".join([f"start: {lines} f_start", *levels, f"token: {' | '.join(words)}", *marks, body])


def _levels() -> list[str]:
    """Rules for one node per line: ``forest_N`` is all nodes of depth N that follow one another."""
    levels = [
        f"node_{depth}: {' '.join(['TAB'] * depth)} token BLANK RELATION forest_{depth + 1}?\n"
        f"forest_{depth}: node_{depth}+"
        for depth in range(_MAX_DEPTH)
    ]
    return [*levels, f"forest_{_MAX_DEPTH}: {' '.join(['TAB'] * _MAX_DEPTH)} token BLANK RELATION"]


def _compact_levels() -> tuple[str, list[str]]:
    """The lines of a tree and their rules, many symbols per line: the first line of each depth names its relation."""
    levels = ["words: token (BLANK token)* LINE"]
    for depth in range(1, _MAX_DEPTH + 1):
        tabs, deeper = " ".join(["TAB"] * depth), f" forest_{depth + 1}?" if depth < _MAX_DEPTH else ""
        levels += [f"branch_{depth}: {tabs} RELATION BLANK words{deeper}", f"row_{depth}: {tabs} words{deeper}"]
        levels += [f"forest_{depth}: branch_{depth} (branch_{depth} | row_{depth})*"]
    return "words forest_1? (RELATION BLANK words forest_1? | words forest_1?)*", levels


Expansion = tuple[tuple[str, bool], ...]  # (name, is a terminal)


def _rules(files: GrammarFiles) -> list[str]:
    """Every rule of the token grammar, with leading spaces; and again for the beginning of a text."""
    rules: dict[str, list[Expansion]] = defaultdict(list)
    for rule in make_lark(files).rules:
        expansion = tuple((symbol.name, bool(symbol.is_term)) for symbol in rule.expansion)
        for one in _by_environment(expansion, _environments(files)):
            if one not in rules[rule.origin.name]:
                rules[rule.origin.name].append(one)
    names = {name: re.sub(r"\W", "", name).strip("_").lower() for name in rules}
    if len(set(names.values())) < len(names):
        names = {name: f"n{number}_{short}" for number, (name, short) in enumerate(names.items())}
    names["start"] = "start"
    empty = _nullable(rules)
    lines = []
    for name, alternatives in rules.items():
        expansions = _committed(alternatives)
        lines += _factored(f"s_{names[name]}", [_spaced(expansion, names) for expansion in expansions])
        starts = [text for expansion in expansions for text in _beginnings(expansion, names, empty)]
        lines += _factored(f"f_{names[name]}", list(dict.fromkeys(starts)))
    return lines


def _factored(name: str, ways: list[str]) -> list[str]:
    """A rule, left-factored: where many alternatives begin with one terminal, the rest becomes a rule of its own.

    llguidance tracks every open alternative at every byte; this makes it twice as fast.
    """
    by_prefix: dict[str, list[str]] = defaultdict(list)
    for way in ways:
        prefix = re.match(r"(BLANK )?[A-Z]\w* ", way)
        by_prefix[prefix[0] if prefix else way].append(way)
    lines: list[str] = []
    short: list[str] = []
    for head, shared in by_prefix.items():
        if len(shared) < _MIN_SHARED:
            short += shared
            continue
        rest = f"{name}_{len(lines)}"
        lines.append(f"{rest}: " + " | ".join(way.removeprefix(head) for way in shared))
        short.append(head + rest)
    return [f"{name}: " + " | ".join(short), *lines] if ways else []


def _committed(expansions: list[Expansion]) -> list[Expansion]:
    """The expansions without those that are a prefix of another one that is longer by more than one part.

    After ``\\overset`` a brace opens the first argument, and the second must follow: a group is not possible.
    """
    return [
        one
        for one in expansions
        if not any(len(other) > len(one) + 1 and other[: len(one)] == one for other in expansions if one)
    ]


def _environment_names(files: GrammarFiles) -> list[str]:
    return [name for names in tomllib.loads(files.commands)["environments"].values() for name in names]


@lru_cache(maxsize=1)
def _environments(files: GrammarFiles) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Pair of terminals that must name the same environment -> their tokens for each environment."""
    known = _vocabulary(files)
    pairs = {}
    for opener, closer in _PAIRS:
        ends = {re.sub(r".*\{", "{", token): token for token in known[closer]}
        pairs[opener, closer] = [(token, ends[re.sub(r".*\{", "{", token)]) for token in known[opener]]
    return pairs


def _by_environment(
    expansion: Expansion, environments: dict[tuple[str, str], list[tuple[str, str]]]
) -> list[Expansion]:
    """An expansion, once per environment that it can begin and end; unchanged where it has none."""
    names = [name for name, _ in expansion]
    for (opener, closer), known in environments.items():
        if opener in names and names.count(opener) + names.count(closer) * (opener != closer) == 2:
            return [
                tuple((f"{name}_{number}" if name in (opener, closer) else name, kind) for name, kind in expansion)
                for number in range(len(known))
            ]
    return [expansion]


def _nullable(rules: dict[str, list[Expansion]]) -> set[str]:
    """The rules that can be empty."""
    nullable: set[str] = set()
    while True:
        more = {
            name
            for name, expansions in rules.items()
            if any(all(not terminal and part in nullable for part, terminal in expansion) for expansion in expansions)
        }
        if more == nullable:
            return nullable
        nullable = more


def _spaced(expansion: Expansion, names: dict[str, str]) -> str:
    if not expansion:
        return '""'
    return " ".join(f"BLANK {_in_parts(name)}" if terminal else f"s_{names[name]}" for name, terminal in expansion)


def _in_parts(terminal: str) -> str:
    """A terminal as text: ``\\begin{...}`` is split after its common prefix."""
    return f"OPENING {terminal}" if terminal.startswith("BEGIN_JOINED") else terminal


def _beginnings(expansion: Expansion, names: dict[str, str], empty: set[str]) -> list[str]:
    """The alternatives for an expansion at the beginning of a text, where its first token has no leading space."""
    alternatives = []
    for index, (name, terminal) in enumerate(expansion):
        rest = expansion[index + 1 :]
        tail = f" {_spaced(rest, names)}" if rest else ""
        alternatives.append((_in_parts(name) if terminal else f"f_{names[name]}") + tail)
        if terminal or name not in empty:
            break
    return alternatives


@lru_cache(maxsize=1)
def _vocabulary(files: GrammarFiles) -> dict[str, list[str]]:
    """Terminal -> its tokens: all known commands, characters and environments."""
    commands = tomllib.loads(files.commands)
    lark = make_lark(files)
    patterns = [t for t in lark.terminals if t.pattern is not None]
    exact = {t.pattern.value: t.name for t in patterns if t.pattern.type == "str"} | token_classes(commands)
    regexes = [(t.name, t.pattern.value) for t in patterns if t.pattern.type == "re"]
    known = [token for group in commands["ordinary"].values() for token in group if " " not in token]
    names = _environment_names(files)
    joined = [f"{mark}{{{name}}}" for mark in ("\\begin", "\\end") for name in names]
    named = [f"{{{name}}}" for name in names]
    by_terminal: dict[str, list[str]] = defaultdict(list)
    for token in dict.fromkeys([*exact, *known, *_SIGNS, *named, *joined]):
        if terminal := terminal_of(token, exact, regexes):
            by_terminal[terminal].append(token)
    return by_terminal


def _terminals(files: GrammarFiles) -> list[str]:
    terminals = dict(_vocabulary(files))
    for (opener, closer), known in _environments(files).items():
        for number, (begin, end) in enumerate(known):
            terminals |= {f"{opener}_{number}": [begin], f"{closer}_{number}": [end]}
    for name in terminals:
        if name.startswith("BEGIN_JOINED"):
            terminals[name] = [token.removeprefix(_OPENING) for token in terminals[name]]
    terminals["OPENING"] = [_OPENING]
    return [f"{name}: /({_alternatives(tokens)})/" for name, tokens in sorted(terminals.items())]


def _alternatives(tokens: Sequence[str]) -> str:
    """A regular expression for any of the tokens, without its slashes."""
    return "|".join(re.sub(r"([\\.+*?()|\[\]{}^$#&~/-])", r"\\\1", token) for token in sorted(tokens))
