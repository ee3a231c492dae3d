"""Verbs that run a recognizer: `predict`, `self-check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from mumer_data.cli.options import AsJson, checked_dialect

app = typer.Typer()
Model = Annotated[
    str,
    typer.Option(help="Model to run: mini (in the package), a folder, a Hub id, a URL, module:callable, a command."),
]
Data = Annotated[
    str, typer.Option(help="Images: a build or one of its configs, a pipeline file, or the name of a ready pipeline.")
]
BackEnd = Annotated[
    str | None,
    typer.Option(
        "--recognizer",
        "--backend",
        help="Back-end: onnx, transformers, vllm, openai, python, command, http. "
        "Default: onnx for mini and exported models, else transformers.",
    ),
]
TaskName = Annotated[str, typer.Option(help="Task whose prompt is used: recognition, tree_cot or symbol_count.")]
Samples = Annotated[int, typer.Option(min=1, help="Predictions sampled per image.")]
Temperature = Annotated[float, typer.Option(min=0.0, help="Sampling temperature; 0 is greedy.")]
TopP = Annotated[float, typer.Option(min=0.01, max=1.0, help="Nucleus sampling: probability mass.")]
SamplingSeed = Annotated[int, typer.Option(min=0, help="Random seed of the sampling.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Maximum number of tokens per answer.")]
Batch = Annotated[int | None, typer.Option(min=1, help="Images per batch (transformers).")]
MaxPixels = Annotated[
    int | None, typer.Option(min=1, help="Downscale images to at most this many pixels (transformers).")
]
Url = Annotated[str | None, typer.Option(help="Base URL of the server (openai).")]
Concurrency = Annotated[int | None, typer.Option(min=1, help="Number of concurrent requests (openai).")]
Timeout = Annotated[float | None, typer.Option(min=0.1, help="Seconds per request (openai).")]
Retries = Annotated[int | None, typer.Option(min=0, help="Retries per request (openai).")]
LogProbs = Annotated[bool, typer.Option("--logprobs", help="Request log-probabilities (openai).")]
Constrained = Annotated[
    bool, typer.Option("--constrained", help="Constrain the answers to the grammar (transformers, onnx).")
]
TrustCode = Annotated[bool, typer.Option("--trust-remote-code", help="Run code that comes with the model.")]
BackEndOptions = Annotated[
    list[str] | None, typer.Option("--option", help="KEY=VALUE: an option of the back-end. Repeat for several.")
]
Evaluate = Annotated[
    bool, typer.Option("--evaluate", help="Evaluate the predictions too, and write the figures to OUT.evaluation.json.")
]
SelfCheck = Annotated[
    bool,
    typer.Option(
        "--self-check",
        help="Count answers whose tree or counts agree with their label (tree_cot, symbol_count).",
    ),
]
TreeDialect = Annotated[
    str | None,
    typer.Option(
        help="Tree dialect of the answers, for --constrained and the self-check. Default: published (or slt).",
        metavar="published|slt|compact",
    ),
]


@app.command()
def predict(
    model: Model,
    data: Data,
    out: Annotated[Path, typer.Option(help="Parquet file for the predictions.")],
    recognizer: BackEnd = None,
    task: TaskName = "recognition",
    samples: Samples = 1,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    seed: SamplingSeed = 0,
    max_tokens: MaxTokens = 512,
    batch: Batch = None,
    max_pixels: MaxPixels = None,
    url: Url = None,
    concurrency: Concurrency = None,
    timeout: Timeout = None,
    retries: Retries = None,
    logprobs: LogProbs = False,
    constrained: Constrained = False,
    trust_remote_code: TrustCode = False,
    option: BackEndOptions = None,
    evaluate: Evaluate = False,
    check: SelfCheck = False,
    dialect: TreeDialect = None,
) -> None:
    """Predict images with a recognizer; a killed run continues when it is started again."""
    from functools import partial

    from mumer_data import recognizers
    from mumer_data.jobs.predict import predict as run_predict
    from mumer_data.recognizers.self_check import check_task
    from mumer_data.report.console import build_progress

    if check:
        check_task(task)
    values = {"batch": batch, "max_pixels": max_pixels, "url": url, "concurrency": concurrency, "timeout": timeout}
    values |= {"retries": retries, "logprobs": logprobs or None, "constrained": task if constrained else None}
    if constrained and dialect is not None:
        values["dialect"] = checked_dialect(dialect)
    values |= {"trust_remote_code": trust_remote_code or None, **_options(option or [])}
    options = {name: value for name, value in values.items() if value is not None}
    make = partial(recognizers.recognizer, recognizer or recognizers.backend_of(model), model=model, **options)
    sampling = recognizers.Sampling(temperature, top_p, seed, max_tokens)
    with build_progress("reading images") as progress:
        print(run_predict(make, model, data, out, task=task, samples=samples, sampling=sampling, progress=progress))
    if evaluate:
        _evaluate(out)
    if check:
        self_check(out, task, dialect)


@app.command("self-check")
def self_check(
    predictions: Annotated[
        Path, typer.Argument(help="File written by `mumer predict --task tree_cot` or symbol_count.")
    ],
    task: Annotated[str, typer.Option(help="Task of the answers: tree_cot or symbol_count.")],
    dialect: TreeDialect = None,
    as_json: AsJson = False,
) -> None:
    """Count answers whose tree or symbol counts agree with their own label."""
    from dataclasses import asdict

    import pyarrow.parquet as pq

    from mumer_data.recognizers.self_check import self_check as check_answers

    tree_dialect = None if dialect is None else checked_dialect(dialect)
    result = check_answers(pq.read_table(predictions, columns=["answer"])["answer"].to_pylist(), task, tree_dialect)
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        print(f"{result.n:,} answers: {result.readable:,} readable, {result.agree:,} agree with their own label")


def _options(settings: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` pairs, values as YAML."""
    options = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{setting!r}: write KEY=VALUE", param_hint="--option")
        options[key] = yaml.safe_load(value)
    return options


def _evaluate(predictions: Path) -> None:
    """Print the metrics of a prediction file, and write them as ``mumer evaluate FILE --json`` prints them."""
    from mumer_data.io.atomic import write_json
    from mumer_data.jobs.evaluate import LabelledFile, evaluate_file
    from mumer_data.report.scores import print_evaluation

    result = evaluate_file(LabelledFile(predictions))
    record = {"file": str(predictions), **result.to_json()}
    write_json(predictions.with_name(f"{predictions.name}.evaluation.json"), record)
    print_evaluation(str(predictions), result)
