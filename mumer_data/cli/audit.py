"""The verb that finds doubtful labels: `audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mumer_data.cli.options import AsJson, Normalize, Seed, Settings

app = typer.Typer()


@app.command()
def audit(
    out: Annotated[Path, typer.Option(help="Output folder for audit.parquet, audit.json and index.html.")],
    source: Annotated[
        str | None,
        typer.Argument(
            help="Labels and images: a build, a folder of data, a pipeline file, or the name of a ready pipeline. "
            "Default: the labels of the first prediction file."
        ),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="Prediction file of one model or fold, or a folder of them. Repeat for several."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of images, or a build; only if SOURCE is not given."),
    ] = None,
    raw_labels: Annotated[
        Path | None,
        typer.Option(help="File of id<TAB>label as released. Default: raw_labels.tsv in the folder of the source."),
    ] = None,
    normalize: Normalize = None,
    score_with: Annotated[
        str | None,
        typer.Option(
            help="Model that scores label and proposal, given the image: an exported folder, or mini (bundled). "
            "It must not be trained on these images. Default: none."
        ),
    ] = None,
    prior: Annotated[float, typer.Option(help="Expected share of wrong labels.")] = 0.02,
    top: Annotated[int, typer.Option(min=0, help="Rows on the review page.")] = 200,
    review: Annotated[
        bool,
        typer.Option(
            "--review",
            help="Review the most doubtful rows in the terminal; decisions are written to OUT/corrections.tsv.",
        ),
    ] = False,
    who: Annotated[str, typer.Option(help="Name of the reviewer, recorded in corrections.tsv.")] = "",
    settings: Settings = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Rank labels by the probability that the label is wrong, and write a page to review them."""
    from mumer_data.jobs.audit import AuditSource, audit_files
    from mumer_data.report.audit import print_audit
    from mumer_data.report.console import build_progress
    from mumer_data.report.review.write import write_review

    if source is None and not predictions:
        raise typer.BadParameter("name a source, or predictions with labels (--predictions), or both")
    inputs = AuditSource(predictions or (), source, images, raw_labels, normalize, settings or (), score_with)
    with build_progress("reading") as progress:
        findings, images_by_id = audit_files(inputs, out, prior=prior, seed=seed, progress=progress)
    if top:
        name = source or ", ".join(map(str, predictions or ()))
        write_review(findings[:top], images_by_id, out / "index.html", name=name)
    if review:
        from mumer_data.report.review.terminal import review_in_terminal

        review_in_terminal(findings[: top or 200], out / "corrections.tsv", who=who)
    summary = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps({"out": str(out), **summary}, ensure_ascii=False))
    elif not review:
        print_audit(out, summary, findings)
