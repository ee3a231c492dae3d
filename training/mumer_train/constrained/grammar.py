"""The grammar of tokens -> a grammar of text, in the Lark dialect of llguidance.

Tokens are parted by single blanks, and the first has none before it: so every rule comes twice, as it is and as what a
text begins with. Not for masks: see `mask`.
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

# Terminals that must name the same environment.
_PAIRS = (
    ("NAME", "NAME"),
    ("ARRAY_NAME", "ARRAY_NAME"),
    ("BEGIN_JOINED", "END_JOINED"),
    ("BEGIN_JOINED_ARRAY", "END_JOINED_ARRAY"),
)
_SIGNS = [chr(code) for code in range(33, 127) if chr(code) != "\\"]
_OPENING = "\\begin{"
_MANY = 4  # ways that are worth a rule
_DEEPEST = 10  # level of a tree answer


@lru_cache(maxsize=1)
def label_grammar() -> str:
    """Everything that is a label made of known commands, as one line of text."""
    files = grammar_files()
    return "\n".join(["start: f_start", *_rules(files), 'BLANK: " "', *_terminals(files)]) + "\n"


@lru_cache(maxsize=1)
def tree_grammar() -> str:
    """A Tree-CoT answer: lines of the tree, each at most one level deeper than that before it; then the label.

    Whether tree and label agree is not for a grammar to say.
    """
    levels = [
        f"node_{depth}: {' '.join(['TAB'] * depth)} token BLANK RELATION forest_{depth + 1}?\n"
        f"forest_{depth}: node_{depth}+"
        for depth in range(_DEEPEST)
    ]
    levels.append(f"forest_{_DEEPEST}: {' '.join(['TAB'] * _DEEPEST)} token BLANK RELATION")
    files = grammar_files()
    token = f"token: {' | '.join(map(_in_parts, sorted(_vocabulary(files))))}"
    known = "|".join(relations(_environment_names(files)))
    marks = ['TAB: "\\t"', 'LINE: "\\n"', f"RELATION: /\\(({known})\\)\\n/"]
    body = label_grammar().partition("\n")[2]
    return "\n".join(["start: token LINE forest_1? forest_0? f_start", *levels, token, *marks, body])


Expansion = tuple[tuple[str, bool], ...]  # (name, is a terminal)


def _rules(files: GrammarFiles) -> list[str]:
    """Every rule of the token grammar, spaced; and again as the beginning of a text."""
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
    for name, found in rules.items():
        expansions = _committed(found)
        lines += _factored(f"s_{names[name]}", [_spaced(expansion, names) for expansion in expansions])
        starts = [text for expansion in expansions for text in _beginnings(expansion, names, empty)]
        lines += _factored(f"f_{names[name]}", list(dict.fromkeys(starts)))
    return lines


def _factored(name: str, ways: list[str]) -> list[str]:
    """A rule; where many of its ways begin with one terminal, what follows it is a rule of its own.

    llguidance, which holds every way that is open at every byte, is twice as fast for it.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for way in ways:
        begin = re.match(r"(BLANK )?[A-Z]\w* ", way)
        alike[begin[0] if begin else way].append(way)
    lines: list[str] = []
    short: list[str] = []
    for head, found in alike.items():
        if len(found) < _MANY:
            short += found
            continue
        rest = f"{name}_{len(lines)}"
        lines.append(f"{rest}: " + " | ".join(way.removeprefix(head) for way in found))
        short.append(head + rest)
    return [f"{name}: " + " | ".join(short), *lines] if ways else []


def _committed(expansions: list[Expansion]) -> list[Expansion]:
    """Without those that another one goes on from by more than one part.

    After ``\\overset``, a brace is taken for the first argument, and then the second must follow: no group may.
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
    """For each pair of terminals that must name one environment: what they are for each environment."""
    known = _vocabulary(files)
    found = {}
    for opener, closer in _PAIRS:
        ends = {re.sub(r".*\{", "{", token): token for token in known[closer]}
        found[opener, closer] = [(token, ends[re.sub(r".*\{", "{", token)]) for token in known[opener]]
    return found


def _by_environment(
    expansion: Expansion, environments: dict[tuple[str, str], list[tuple[str, str]]]
) -> list[Expansion]:
    """An expansion once for each environment that it may begin and end; itself where it has none."""
    names = [name for name, _ in expansion]
    for (opener, closer), known in environments.items():
        if opener in names and names.count(opener) + names.count(closer) * (opener != closer) == 2:
            return [
                tuple((f"{name}_{number}" if name in (opener, closer) else name, kind) for name, kind in expansion)
                for number in range(len(known))
            ]
    return [expansion]


def _nullable(rules: dict[str, list[Expansion]]) -> set[str]:
    """The rules that may be nothing at all."""
    found: set[str] = set()
    while True:
        more = {
            name
            for name, expansions in rules.items()
            if any(all(not terminal and part in found for part, terminal in expansion) for expansion in expansions)
        }
        if more == found:
            return found
        found = more


def _spaced(expansion: Expansion, names: dict[str, str]) -> str:
    if not expansion:
        return '""'
    return " ".join(f"BLANK {_in_parts(name)}" if terminal else f"s_{names[name]}" for name, terminal in expansion)


def _in_parts(terminal: str) -> str:
    """A terminal as text: all ``\\begin{...}`` begin alike."""
    return f"OPENING {terminal}" if terminal.startswith("BEGIN_JOINED") else terminal


def _beginnings(expansion: Expansion, names: dict[str, str], empty: set[str]) -> list[str]:
    """The ways in which a text can begin with an expansion: what comes before its first token is nothing."""
    found = []
    for place, (name, terminal) in enumerate(expansion):
        rest = expansion[place + 1 :]
        tail = f" {_spaced(rest, names)}" if rest else ""
        found.append((_in_parts(name) if terminal else f"f_{names[name]}") + tail)
        if terminal or name not in empty:
            break
    return found


@lru_cache(maxsize=1)
def _vocabulary(files: GrammarFiles) -> dict[str, list[str]]:
    """Terminal -> its tokens: all known commands, signs and environments, and nothing else."""
    commands = tomllib.loads(files.commands)
    lark = make_lark(files)
    patterns = [t for t in lark.terminals if t.pattern is not None]
    exact = {t.pattern.value: t.name for t in patterns if t.pattern.type == "str"} | token_classes(commands)
    regexes = [(t.name, t.pattern.value) for t in patterns if t.pattern.type == "re"]
    known = [token for group in commands["ordinary"].values() for token in group if " " not in token]
    names = _environment_names(files)
    joined = [f"{mark}{{{name}}}" for mark in ("\\begin", "\\end") for name in names]
    named = [f"{{{name}}}" for name in names]
    found: dict[str, list[str]] = defaultdict(list)
    for token in dict.fromkeys([*exact, *known, *_SIGNS, *named, *joined]):
        if terminal := terminal_of(token, exact, regexes):
            found[terminal].append(token)
    return found


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
    """A regular expression for any of some tokens, as it stands between slashes."""
    return "|".join(re.sub(r"([\\.+*?()|\[\]{}^$#&~/-])", r"\\\1", token) for token in sorted(tokens))
