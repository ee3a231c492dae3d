"""Verbs that evaluate predictions: `evaluate`, `compare`, `cdm`, `report`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mumer_data.cli.options import AsJson, Normalize, PredictionFiles

app = typer.Typer()

Seed = Annotated[int, typer.Option(min=0, help="Random seed of the bootstrap.")]
By = Annotated[
    list[str] | None,
    typer.Option(help="Report slices by length, depth, structure, symbol or dataset. Repeat for several."),
]
Cdm = Annotated[
    bool, typer.Option("--cdm", help="Compute CDM and VisEq too; typesets every pair (about 2 ms per pair).")
]
More = Annotated[list[str] | None, typer.Option("--metric", help="Compute an additional metric. Repeat for several.")]
Semantic = Annotated[bool, typer.Option("--semantic", help="Prove pairs equal with SymPy (up to 5 s per pair).")]


@app.command()
def evaluate(
    files: PredictionFiles,
    cdm: Cdm = False,
    semantic: Semantic = False,
    metric: More = None,
    by: By = None,
    normalize: Normalize = None,
    labels: Annotated[
        Path | None, typer.Option(help="File of id<TAB>label that replaces the labels of the predictions.")
    ] = None,
    corrections: Annotated[
        Path | None,
        typer.Option(help="File of corrected labels written by `mumer audit`: report the figures on these labels too."),
    ] = None,
    lg: Annotated[Path | None, typer.Option(help="Folder for label graphs (.lg) of labels and predictions.")] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Evaluate predictions: published figures, error rates, structure, each with a 95% interval and signature."""
    from mumer_data.jobs.evaluate import LabelledFile, evaluate_file
    from mumer_data.readers.corrections import read_corrections
    from mumer_data.readers.predictions import prediction_files
    from mumer_data.report.scores import print_evaluation, print_evaluations

    metrics = _metrics([*(["semantic"] if semantic else []), *(["cdm"] if cdm else []), *(metric or [])])
    keys, replaced_labels = _slice_keys(by), _labels(labels)
    decisions = None if corrections is None else read_corrections(corrections)
    evaluations, corrected = [], []
    for path in prediction_files(files):
        graphs = lg / path.stem if lg is not None and (len(files) > 1 or files[0].is_dir()) else lg
        file = LabelledFile(path, replaced_labels)
        evaluation = evaluate_file(file, preset=normalize, metrics=metrics, by=keys, seed=seed, graphs=graphs)
        evaluations.append((path, evaluation))
        if decisions is not None:
            file = LabelledFile(path, replaced_labels, decisions)
            corrected.append(evaluate_file(file, preset=normalize, metrics=metrics, by=keys, seed=seed))
    single = len(files) == 1 and not files[0].is_dir()
    if as_json:
        records = [{"file": str(path), **evaluation.to_json()} for path, evaluation in evaluations]
        for record, evaluation in zip(records, corrected, strict=False):
            record["corrected"] = {"file": str(corrections), **evaluation.to_json()}
        print(json.dumps(records[0] if single else {"files": records}, ensure_ascii=False, indent=1))
    elif corrected:
        both = zip(evaluations, corrected, strict=True)
        pairs = [
            [(f"{path.name}, labels as published", published), (f"{path.name}, corrected", after)]
            for (path, published), after in both
        ]
        print_evaluations([entry for pair in pairs for entry in pair])
    elif single:
        print_evaluation(str(files[0]), evaluations[0][1])
    else:
        print_evaluations([(path.name, evaluation) for path, evaluation in evaluations])


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(help="Prediction file of model a.")],
    two: Annotated[Path, typer.Argument(help="Prediction file of model b on the same images.")],
    normalize: Normalize = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compare two models on ExpRate: paired bootstrap, McNemar's test, rows that changed."""
    from mumer_data.jobs.evaluate import compare_files
    from mumer_data.report.scores import print_comparison

    comparison = compare_files(one, two, preset=normalize, seed=seed)
    if as_json:
        print(json.dumps(comparison.to_json(), ensure_ascii=False, indent=1))
    else:
        print_comparison(str(one), str(two), comparison)


@app.command()
def cdm(
    label: Annotated[str, typer.Argument(help="Reference label, in quotes.")],
    prediction: Annotated[str, typer.Argument(help="Predicted label, in quotes.")],
    normalize: Normalize = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Print by how many points each difference lowers the rating."),
    ] = False,
    png: Annotated[
        Path | None, typer.Option(help="Draw both formulas to this PNG file: matched glyphs green, others red.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute CDM, VisEq and the predicted human rating of one pair."""
    from dataclasses import asdict

    from mumer_data._version import __version__
    from mumer_data.metrics.cdm import cdm_score, signature
    from mumer_data.metrics.rating import explain as rating_of
    from mumer_data.readers.normalized import normalized_pair

    rating = rating_of(prediction, label)
    label, prediction, preset = normalized_pair(label, prediction, normalize)
    score = cdm_score(label, prediction)
    full_signature = f"{signature()}|norm:{preset}|version:mumer-{__version__}"
    if png is not None:
        from mumer_data.report.overlay import write_overlay

        write_overlay(label, prediction, png)
    if as_json:
        result = {
            **asdict(score),
            "rating": round(rating.value, 2),
            "rating_basis": rating.basis,
            "signature": full_signature,
        }
        costs = [{**asdict(difference), "points": round(points, 2)} for difference, points in rating.costs]
        print(json.dumps(result | ({"costs": costs} if explain else {}), ensure_ascii=False))
        return
    if score.unrenderable:
        print(f"the {score.unrenderable} cannot be typeset: {score.reason}")
    else:
        print(f"CDM F1 {score.f1:.3f}, {'' if score.viseq else 'not '}visually equal\n{full_signature}")
        if score.note:
            print(f"note: {score.note}")
    print(f"predicted human rating {rating.value:.1f} of 10, from the {rating.basis}")
    for difference, points in rating.costs if explain else ():
        sides = f"{difference.reference or 'nothing'} -> {difference.prediction or 'nothing'}"
        print(f"{-points:7.2f}  {difference.kind.replace('_', ' ')}: {sides}")


def _labels(path: Path | None) -> dict[str, str] | None:
    from mumer_data.readers.labels import read_labels

    return None if path is None else read_labels(path)


def _metrics(more: list[str]) -> list[str]:
    """The default metrics and further ones, without repeats."""
    from mumer_data.metrics import DEFAULT, METRICS
    from mumer_data.registry import did_you_mean

    for name in more:
        if name not in METRICS:
            raise typer.BadParameter(did_you_mean("metric", name, METRICS), param_hint="--metric")
    return list(dict.fromkeys([*DEFAULT, *more]))


def _slice_keys(keys: list[str] | None) -> list[Any]:
    from mumer_data.metrics.slices import SLICES

    for key in keys or ():
        if key not in SLICES:
            raise typer.BadParameter(f"'{key}' is not a slice: choose from {', '.join(SLICES)}", param_hint="--by")
    return list(dict.fromkeys(keys or ()))


@app.command()
def report(
    predictions: Annotated[
        Path, typer.Argument(help="Prediction file: JSON, JSON lines or Parquet with img_id, gt, pred.")
    ],
    out: Annotated[Path, typer.Option(help="Output folder for index.html.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder or archive of the images; images are matched by path, name or id.")
    ] = None,
    most_images: Annotated[int, typer.Option(min=0, help="Maximum number of images in the page.")] = 2_000,
    normalize: Normalize = None,
    labels: Annotated[
        Path | None, typer.Option(help="File of id<TAB>label that replaces the labels of the predictions.")
    ] = None,
) -> None:
    """Write an HTML page about a model's errors: figures, slices, confusions, a gallery with filters."""
    from mumer_data.jobs.evaluate import LabelledFile, normalized_file
    from mumer_data.report.page import write_report

    rows, preset = normalized_file(LabelledFile(predictions, _labels(labels)), normalize)
    page = write_report(rows, out, name=predictions.name, images=images, most_images=most_images, normalizer=preset)
    print(page)
