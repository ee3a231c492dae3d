"""Formulas from tests and documents of other packages (Python, JavaScript, HTML, Markdown, reST), and command probes.

Read from a folder of `node_modules` and sdists (`.tar.gz`, `.tgz`); nothing is copied. Not for data sets.
"""

from __future__ import annotations

import ast
import html
import re
import tarfile
import warnings
from collections.abc import Iterator
from pathlib import Path

# Only what packages ship to show or test mathematics: their code has strings with backslashes of its own.
SHOWN = re.compile(r"(^|/)(tests?|docs?|examples?|README)(/|[._-]|$)|[._-](test|spec)[._-]|(^|/)test_", re.IGNORECASE)
SUFFIXES = (".py", ".js", ".ts", ".mjs", ".cjs", ".html", ".md", ".rst", ".ipynb", ".txt")
MATHEMATICS = re.compile(r"\\[A-Za-z]{2,}|[\^_]\{|(?<![^\W_]{2})[\^_](?![^\W_]{2})[^\W_]")
PROSE = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{3,} [A-Za-z]{3,} [A-Za-z]{2,}")
PROGRAM = re.compile(r"\.[*^]|[⎛⎜⎡⎢│╱─]|^[\w.]+$|\\[nt]\b")  # program code and character art
SHIFT = re.compile(r"(?<!\\)\$")  # a dollar that does not stand around the whole
ROLE = re.compile(r":math:`([^`]+)`|^([ \t]*)\.\. math::[ \t]*\n((?:\2[ \t]+\S.*\n|[ \t]*\n)+)", re.MULTILINE)
DELIMITED = re.compile(r"\$\$(.+?)\$\$|\\\((.+?)\\\)|\\\[(.+?)\\\]|(?<![\\$])\$([^$\n]+)\$", re.DOTALL)
SCRIPT_STRING = re.compile(r"(String\.raw|\br)?(?:'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`)")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
LONGEST = 2_000
# How a command may be used: with groups, symbols, a length, a colour or brackets behind it, between parts, in a script.
SHAPES = (
    "a @ b", "a @{x+y} b", "a @{x+y}{z+1} b", "a @{x+y}{z+1}{w} b", "a @{1pt} b", "a @{red}{x+y} b", "{a+b @ c+d} e",
    "f_@{x} y", "f_@ x", "a @[c]{x+y} b", "a @(x+y@) b", "a @ x y",
)  # fmt: skip
DEFINING = {
    "def",
    "gdef",
    "edef",
    "xdef",
    "let",
    "newcommand",
    "renewcommand",
    "providecommand",
    "begin",
    "end",
    "require",
}
# Read by MathJax in another way than by LaTeX: a switch for a command with an argument, brackets that are not options.
READ_OTHERWISE = {"frak", "cal", "colorbox"}


def formulas(folder: Path) -> dict[str, str]:
    """Formula -> the package that has it, each once, in a stable order."""
    package_of: dict[str, str] = {}
    for package, name, text in _files(folder):
        for candidate in _candidates(name, text):
            formula = _undelimited(candidate.strip())
            if len(formula) <= LONGEST and MATHEMATICS.search(formula) and not _foreign(formula):
                package_of.setdefault(formula, package)
    return package_of


def _files(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Package, path and text of each file that shows or tests mathematics."""
    for path in sorted(folder.rglob("*")):
        if path.name.endswith((".tar.gz", ".tgz")) and path.is_file():
            with tarfile.open(path) as archive:
                for member in archive:
                    inner = member.name.partition("/")[2]
                    stream = archive.extractfile(member) if member.isfile() and _shown(inner) else None
                    if stream is not None:
                        yield path.name.partition("-")[0], inner, stream.read().decode("utf-8", "replace")
        elif "node_modules" in path.parts and path.is_file():
            below = path.parts[len(path.parts) - path.parts[::-1].index("node_modules") :]
            name = "/".join(below[1:])
            if _shown(name) and path.stat().st_size < 2_000_000:
                yield below[0], name, path.read_text("utf-8", "replace")


def _foreign(text: str) -> bool:
    return any(pattern.search(text) for pattern in (PROSE, PROGRAM, SHIFT))


def _shown(name: str) -> bool:
    if name.endswith(".py"):
        return True
    return name.endswith(SUFFIXES) and SHOWN.search(name) is not None and not name.endswith((".min.js", ".d.ts"))


def _candidates(name: str, text: str) -> Iterator[str]:
    if name.endswith((".py", ".rst")):
        strings = list(_python_strings(text)) if name.endswith(".py") else [text]
        for string in strings:
            for match in ROLE.finditer(string):
                yield match.group(1) or match.group(3)
        yield from (text for text in strings if name.endswith(".py") and SHOWN.search(name) and "::" not in text)
    elif name.endswith((".js", ".ts", ".mjs", ".cjs")):
        for match in SCRIPT_STRING.finditer(text):
            raw = next(group for group in match.groups()[1:] if group is not None) if any(match.groups()[1:]) else ""
            if "${" not in raw:
                yield raw if match.group(1) else _unescaped(raw)
    else:
        text = html.unescape(text) if name.endswith(".html") else text
        text = _unescaped(text) if name.endswith(".ipynb") else text
        for match in DELIMITED.finditer(text):
            yield next(group for group in match.groups() if group is not None)


def _python_strings(text: str) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # backslashes in plain strings of others' code
            tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match.group(1), match.group(1)), text, flags=re.DOTALL)


def command_probes(folder: Path) -> list[str]:
    """Formulas that use each command named in the sources of KaTeX, Temml and MathJax, in several ways.

    Those that the referee cannot render do not count.
    """
    known: set[str] = set()
    for pattern in ("katex/src/**/*.ts", "temml/src/**/*.js", "mathjax-full/ts/input/tex/**/*.ts"):
        for path in sorted((folder / "node_modules").glob(pattern)):
            text = path.read_text("utf-8", "replace")
            if "mathjax" in pattern:
                known.update(re.findall(r"^\s*'?([A-Za-z]{2,})'?:\s*(?:\[|'|\")", text, re.MULTILINE))
            else:
                known.update(re.findall(r"[\"'`]\\\\([A-Za-z]+\*?)[\"'`]", text))
    return [shape.replace("@", f"\\{name}") for name in sorted(known - DEFINING - READ_OTHERWISE) for shape in SHAPES]


def _undelimited(formula: str) -> str:
    """Without the dollars or brackets around the whole of it."""
    match = DELIMITED.fullmatch(formula)
    return next(group for group in match.groups() if group is not None).strip() if match else formula
