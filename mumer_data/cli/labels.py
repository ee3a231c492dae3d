"""Verbs that read labels: `parse`, `normalize`, `tree`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mumer_data.cli.options import AsJson, checked_dialect
from mumer_data.exceptions import LatexSyntaxError, SourceError

app = typer.Typer()

Dialect = Annotated[
    str, typer.Option(help="Tree-CoT dialect: published, slt or compact.", metavar="published|slt|compact")
]


@app.command()
def parse(
    file: Annotated[
        Path | None, typer.Argument(help="Text file with one tokenised label per line. Default: standard input.")
    ] = None,
    dialect: Dialect = "published",
    strict: Annotated[
        bool, typer.Option(help="Treat unknown commands as errors; exit with code 1 if any line has an error.")
    ] = False,
) -> None:
    """Parse labels; print one JSON object per line, in order."""
    from mumer_data.latex.counts import symbol_count_text
    from mumer_data.latex.parser import parse as parse_label
    from mumer_data.latex.serialize import label_text

    tree_dialect = checked_dialect(dialect)
    failed = 0
    for line in _lines(file):
        record: dict[str, Any] = {"label": line.decode("utf-8", errors="replace")}
        try:
            label = line.decode("utf-8")
            if strict:
                parse_label(label, strict=True)
            record |= {"tree_cot": label_text(label, tree_dialect), "symbol_count": symbol_count_text(label)}
        except UnicodeDecodeError as error:
            record["error"] = {"message": f"not UTF-8 at byte {error.start}", "position": None}
        except LatexSyntaxError as error:
            record["error"] = {"message": error.reason, "position": error.position}
        failed += "error" in record
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    if strict and failed:
        raise typer.Exit(1)


@app.command()
def normalize(
    file: Annotated[
        Path | None, typer.Argument(help="Text file with one raw label per line. Default: standard input.")
    ] = None,
    preset: Annotated[
        str, typer.Option(help="Normalisation preset: crohme, hme100k, mathwriting, im2latex or none.")
    ] = "crohme",
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the rules that changed each line to standard error.")
    ] = False,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            help="NAME=on or NAME=off: switch one rule on or off, whatever the preset says. Repeat for several.",
        ),
    ] = None,
    macros: Annotated[
        Path | None,
        typer.Option(help="File with the \\newcommand and \\def definitions of the labels.", metavar="FILE"),
    ] = None,
    unicode: Annotated[
        bool, typer.Option("--unicode", help="Print Unicode characters instead of commands, for human readers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Normalise raw LaTeX line by line; a line that does not parse becomes an empty line and a message."""
    from mumer_data.latex.normalize import Normalizer
    from mumer_data.latex.normalize.macros import read_macros
    from mumer_data.latex.normalize.unicode import to_unicode

    normalizer = Normalizer(preset, _switches(rule or []), None if macros is None else read_macros(macros))
    for number, line in enumerate(_lines(file), 1):
        raw, label, problem = line.decode("utf-8", errors="replace"), "", ""
        try:
            raw = line.decode("utf-8")
            label = normalizer(raw)
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 at byte {error.start}"
        except LatexSyntaxError as error:
            problem = str(error) if not as_json else error.reason
        if as_json:
            result = {"raw": raw, "error": problem} if problem else {"raw": raw, "label": label}
            sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
            continue
        sys.stdout.write((to_unicode(label) if unicode else label) + "\n")
        if problem:
            print(f"line {number}: {problem}", file=sys.stderr)
        elif explain:
            changes = ", ".join(rule.name for rule in normalizer.explain(raw)[1]) or "nothing"
            print(f"line {number}: {changes}", file=sys.stderr)


@app.command()
def tree(
    label: Annotated[str, typer.Argument(help="Tokenised label, in quotes.")],
    dialect: Annotated[
        str | None,
        typer.Option(
            help="Print the Tree-CoT text in this dialect instead of a drawing.", metavar="published|slt|compact"
        ),
    ] = None,
) -> None:
    """Print the symbol layout tree of a label."""
    from rich.console import Console

    from mumer_data.latex.parser import parse as parse_label
    from mumer_data.latex.serialize import label_text

    if dialect is not None:
        print(label_text(label, checked_dialect(dialect)))
        return
    Console().print(parse_label(label))


def _lines(file: Path | None) -> Iterator[bytes]:
    """The lines of a file or of standard input, separated by line feeds only, without their ends."""
    if file is None:
        yield from map(_without_end, sys.stdin.buffer)
        return
    from mumer_data.report.console import reading_progress

    try:
        size = file.stat().st_size
        with file.open("rb") as source, reading_progress(f"reading {file.name}", size) as progress:
            for line in source:
                progress(len(line))
                yield _without_end(line)
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}") from error


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _switches(rules: list[str]) -> dict[str, bool]:
    """``NAME=on|off`` pairs."""
    switches = {}
    for rule in rules:
        name, _, state = rule.partition("=")
        if state not in ("on", "off") or not name:
            raise typer.BadParameter(f"{rule!r}: write NAME=on or NAME=off", param_hint="--rule")
        switches[name] = state == "on"
    return switches
