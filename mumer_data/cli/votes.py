"""Verbs for the predictions of several models or samples: `vote`, `select`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mumer_data.cli.options import AsJson, Normalize

if TYPE_CHECKING:
    from mumer_data.jobs.vote import VoteResult

app = typer.Typer()


@app.command()
def vote(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Prediction files of the same images, or folders of such files; each sample in a file is one vote.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Write the votes as predictions to this JSON-lines file.")],
    rerank: Annotated[
        str | None,
        typer.Option(help="Rerank with a language model of these training labels: a label file, folder or pipeline."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights of the sources, e.g. 1,1.3. Default: estimated from their agreement.")
    ] = None,
    normalize: Normalize = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Calibrate the confidences with a file that --fit-calibration wrote.")
    ] = None,
    fit_calibration: Annotated[
        Path | None,
        typer.Option(
            help="Fit a calibration on these predictions, which need labels, and write it to this JSON file.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the bootstrap.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Combine several predictions per image by weighted majority, with a confidence."""
    from mumer_data.jobs.corpus import read_corpus
    from mumer_data.jobs.vote import vote_files, write_votes
    from mumer_data.readers.predictions import prediction_files
    from mumer_data.voting.calibration import read_calibration

    result = vote_files(
        prediction_files(files),
        training_labels=None if rerank is None else read_corpus(rerank).labels,
        weights=None if weights is None else _numbers(weights),
        preset=normalize,
        calibration=None if calibration is None else read_calibration(calibration),
        fit=fit_calibration is not None,
        seed=seed,
    )
    write_votes(out, result)
    if fit_calibration is not None and result.calibration is not None:
        result.calibration.write(fit_calibration)
    if as_json:
        print(json.dumps({"out": str(out), **result.to_json()}, ensure_ascii=False))
    else:
        _print(out, result)


@app.command()
def select(
    files: Annotated[
        list[Path],
        typer.Argument(help="Prediction files of the same images, or folders of such files; labels are not needed."),
    ],
    budget: Annotated[int, typer.Option(min=1, help="Number of images to select.")],
    out: Annotated[Path, typer.Option(help="JSON-lines file for the images, in the order in which to label them.")],
    normalize: Normalize = None,
    as_json: AsJson = False,
) -> None:
    """Select the images to label first: those on which models disagree, with varied confusions."""
    from mumer_data.jobs.select import select_files
    from mumer_data.readers.predictions import prediction_files

    result = select_files(prediction_files(files), budget, out, preset=normalize)
    if as_json:
        print(json.dumps({"out": str(out), **result}, ensure_ascii=False))
    else:
        print(
            f"{out}: {result['selected']:,} of {result['images']:,} images ({result['disagreements']:,} with "
            f"disagreement), {result['covered']:,} of {result['confusions']:,} confusions"
        )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r}: write numbers separated by commas", param_hint="--weights") from None


def _print(out: Path, result: VoteResult) -> None:
    counts = result.to_json()
    methods = ", ".join(f"{count:,} {method}" for method, count in sorted(counts["methods"].items()))
    print(f"{out}: {counts['n']:,} images from {len(result.sources)} sources ({methods})")
    for index, (name, weight) in enumerate(zip(result.sources, result.weights, strict=True)):
        rate = f"  ExpRate {result.rates[index]:.2f}" if result.rates else ""
        print(f"  weight {weight:.3f}{rate}  {name}")
    if result.best is not None:
        best = result.best
        print(
            f"  votes        ExpRate {best.exprate_b:.2f}, {best.difference:+.2f} points against the best source, "
            f"95% interval {best.low:+.2f} to {best.high:+.2f}\n"
            f"  expected calibration error {result.calibration_error:.3f}"
        )
    print(result.signature)
