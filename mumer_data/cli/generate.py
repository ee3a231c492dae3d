"""Verbs that generate data: `generate labels`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Resume, Seed, Settings, Workers

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(group, name="generate", help="Generate new labels from a fitted grammar or from SymPy identities.")

Grammar = Annotated[
    str | None,
    typer.Option(
        help="Fit a grammar to this corpus and sample from it: a label file, a caption folder, a build or a pipeline.",
        metavar="CORPUS",
    ),
]
Facts = Annotated[
    str | None,
    typer.Option(
        help="Sample true statements of these families, separated by commas: algebra, calculus, equations, matrices, "
        "series, trigonometry; or all.",
        metavar="FAMILIES",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        help="Test set whose labels are excluded, in any form that --grammar accepts. Repeat for several.",
    ),
]
Length = Annotated[
    str | None,
    typer.Option(help="Label length in tokens: 5-40, or shares 1-10:0.2,11-30:0.8. Default: as in the corpus."),
]
Rare = Annotated[
    float,
    typer.Option(
        min=0,
        max=0.99,
        help="Fraction of the symbols sampled uniformly from the vocabulary. With --sympy: names of variables only.",
    ),
]
Confused = Annotated[
    float,
    typer.Option(
        min=0,
        max=0.99,
        help="Fraction of the symbols sampled in proportion to confusions. With --sympy: names of variables only.",
    ),
]


@group.callback()
def _generate() -> None:
    """Generate data."""


@group.command(epilog="Example: mumer generate labels --grammar demo --count 1000 --out labels.txt")
def labels(
    out: Annotated[
        Path, typer.Option(help="Output file of id<TAB>label; a record of the run is written beside it (.json).")
    ],
    count: Annotated[int, typer.Option(min=1, help="Number of labels.")],
    grammar: Grammar = None,
    sympy: Facts = None,
    exclude: Exclude = None,
    length: Length = None,
    depth: Annotated[str | None, typer.Option(help="Depth of the trees: 2 or 1-3. Default: any.")] = None,
    rare: Rare = 0.0,
    confusions: Annotated[
        Path | None,
        typer.Option(
            help="File confusions.parquet of `mumer mine`: symbols that a model confuses become more frequent.",
        ),
    ] = None,
    confused: Confused = 0.2,
    known: Annotated[bool, typer.Option("--known", help="Allow labels that are in the corpus.")] = False,
    normalize: Annotated[
        str | None, typer.Option(help="Normalisation preset of the labels. Default: that of the pipeline, else crohme.")
    ] = None,
    settings: Settings = None,
    seed: Seed = 0,
    workers: Workers = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Generate new labels from a grammar fitted to a corpus, or true statements with SymPy."""
    from mumer_data.jobs.generate import Request, generate_labels
    from mumer_data.report.console import build_progress
    from mumer_data.report.generation import print_generation

    if (grammar is None) == (sympy is None):
        raise typer.BadParameter("pass either a corpus (--grammar) or families of identities (--sympy)")
    names = (name.strip() for name in (sympy or "").split(","))
    families = () if sympy == "all" else tuple(name for name in names if name)
    request = Request(
        *(count, grammar, families, tuple(exclude or ()), length, _depths(depth), rare, confused, confusions, known),
        *(normalize, seed),
    )
    with build_progress("sampling labels") as progress:
        record = generate_labels(
            request,
            out,
            settings=tuple(settings or ()),
            workers=workers,
            resume=resume,
            progress=lambda done: progress(done, count),
        )
    if as_json:
        print(json.dumps({"out": str(out), **record}, ensure_ascii=False))
    else:
        print_generation(out, record)


def _depths(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    if match is None or int(match[1]) > int(match[2] or match[1]):
        raise typer.BadParameter(f"'{text}' is not a depth: write 2 or 1-3", param_hint="--depth")
    return int(match[1]), int(match[2] or match[1])
