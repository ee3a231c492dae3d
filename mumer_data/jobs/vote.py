"""Prediction files -> one file of votes, with figures where the files have labels.

Not for the decision: see `mumer_data.voting`.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mumer_data.exceptions import SourceError
from mumer_data.io.atomic import atomic_write
from mumer_data.metrics.compare import Comparison, compare
from mumer_data.readers.normalized import normalized_sources
from mumer_data.readers.predictions import PredictionFile
from mumer_data.records import Prediction
from mumer_data.voting.calibration import Calibration, calibration_error, fit_calibration
from mumer_data.voting.classes import classes_of
from mumer_data.voting.decide import Vote, check_sources, decide, source_weights
from mumer_data.voting.language_model import LanguageModel, VoteError

log = logging.getLogger(__name__)
Key = tuple[str, str]  # dataset, id


@dataclass(frozen=True)
class Source:
    """One model, or one sample of a model.

    Attributes:
        name: name of the file, with the number of the sample if there are several.
        rows: image -> prediction.
        log_probabilities: image -> log-probability, if the file has them.
    """

    name: str
    rows: dict[Key, Prediction]
    log_probabilities: dict[Key, float]


@dataclass(frozen=True)
class VoteResult:
    """The votes of all images.

    Attributes:
        sources: names of the sources.
        weights: one per source.
        rows: the votes as predictions, in the order of the first file.
        votes: one per row; the confidences are calibrated if a calibration was passed.
        rates: ExpRate (0-100) of each source; empty unless all rows have labels.
        best: the best source, compared with the votes; ``None`` without labels.
        calibration: calibration fitted on these rows, if requested.
        calibration_error: error of the confidences; ``None`` unless all rows have labels.
        signature: settings of the vote.
    """

    sources: list[str]
    weights: list[float]
    rows: list[Prediction]
    votes: list[Vote]
    rates: list[float]
    best: Comparison | None
    calibration: Calibration | None
    calibration_error: float | None
    signature: str

    def to_json(self) -> dict[str, Any]:
        """Plain data, without the rows."""
        result: dict[str, Any] = {"n": len(self.rows), "sources": self.sources, "weights": self.weights}
        result["methods"] = dict(Counter(vote.method for vote in self.votes))
        if self.best is not None:
            comparison = {key: value for key, value in self.best.to_json().items() if key != "changes"}
            result |= {"exprate": self.best.exprate_b, "exprate_sources": self.rates, "comparison": comparison}
            result["calibration_error"] = self.calibration_error
        return {**result, "signature": self.signature}


def vote_files(
    paths: Sequence[Path],
    *,
    training_labels: Iterable[str] | None = None,
    weights: Sequence[float] | None = None,
    preset: str | None = None,
    calibration: Calibration | None = None,
    fit: bool = False,
    seed: int = 0,
) -> VoteResult:
    """Join the predictions of several files, and of several samples in a file.

    Args:
        paths: prediction files of the same images; a source without a prediction of an image does not vote on it.
        training_labels: labels for the language model that reranks; ``None`` for no reranking.
        weights: one per source; ``None`` to estimate them.
        preset: preset of the normaliser; see `normalized_sources`.
        calibration: applied to the confidences.
        fit: fit a calibration on these rows, which must have labels.
        seed: random seed of the bootstrap.

    Raises:
        SourceError: a file cannot be read, or labels of one image differ.
        VoteError: there is only one source, weights do not match the sources, or labels are missing for ``fit``.
    """
    sources, preset_name = read_sources(paths, preset)
    model = None if training_labels is None else LanguageModel(training_labels)
    keys = list(dict.fromkeys(key for source in sources for key in source.rows))
    texts = [[source.rows[key].prediction if key in source.rows else "" for source in sources] for key in keys]
    check_sources([*zip(*texts, strict=True)], weights)
    source_weight = list(weights) if weights is not None else source_weights(texts, model)
    votes = []
    for key, labels in zip(keys, texts, strict=True):
        reported = [source.log_probabilities.get(key) for source in sources]
        votes.append(decide(classes_of(labels, source_weight, reported), model))
    rows = [_row(key, sources, vote) for key, vote in zip(keys, votes, strict=True)]
    rates, best = _figures(sources, rows, preset_name, seed)
    correct = [row.prediction.split() == row.label.split() for row in rows]
    if fit and best is None:
        raise VoteError("fitting a calibration needs labels, but some rows have none (gt)")
    fitted = fit_calibration([vote.confidence for vote in votes], correct) if fit else None
    if calibration is not None:
        votes = [replace(vote, confidence=calibration(vote.confidence)) for vote in votes]
    error = None if best is None else calibration_error([vote.confidence for vote in votes], correct)
    signature = _signature(sources, model, preset_name)
    names = [source.name for source in sources]
    return VoteResult(names, source_weight, rows, votes, rates, best, fitted, error, signature)


def read_sources(paths: Sequence[Path], preset: str | None) -> tuple[list[Source], str]:
    """The sources of all files, and the name of the preset."""
    file_rows, preset_name = normalized_sources([PredictionFile(path, labelled=False) for path in paths], preset)
    sources: list[Source] = []
    for path, rows in zip(paths, file_rows, strict=True):
        reported = _log_probabilities(path)
        by_sample: dict[int, Source] = {}
        for row in rows:
            source = by_sample.setdefault(row.sample, Source(f"{path}#{row.sample}", {}, {}))
            key = (row.dataset, row.id)
            if key in source.rows:
                raise SourceError(
                    f"{path} has two predictions of {row.id!r} with sample {row.sample}: number the samples"
                )
            source.rows[key] = row
            if row.row < len(reported) and reported[row.row] is not None:
                source.log_probabilities[key] = float(reported[row.row] or 0.0)
        samples = [by_sample[number] for number in sorted(by_sample)]
        sources += samples if len(samples) > 1 else [replace(samples[0], name=str(path))]
    if len(sources) < 2:
        raise VoteError(f"{sources[0].name} is one source: pass two files or more, or a file with several samples")
    images = max(len(source.rows) for source in sources)
    for source in sources:
        if len(source.rows) < images:
            log.warning("%s lacks %s of %s images", source.name, f"{images - len(source.rows):,}", f"{images:,}")
    return sources, preset_name


def _log_probabilities(path: Path) -> list[float | None]:
    """The column ``logprob`` of a Parquet file, row by row; empty if the file has none."""
    import pyarrow.parquet as pq

    if path.suffix.lower() != ".parquet" or "logprob" not in pq.read_schema(path).names:
        return []
    values: list[float | None] = pq.read_table(path, columns=["logprob"])["logprob"].to_pylist()
    return values


def _row(key: Key, sources: Sequence[Source], vote: Vote) -> Prediction:
    rows = [source.rows[key] for source in sources if key in source.rows]
    labels = {row.label for row in rows if row.label}
    if len(labels) > 1:
        raise SourceError(f"the files have different labels of {key[1]!r}: {' and '.join(sorted(labels)[:2])}")
    return replace(rows[0], prediction=vote.label, label=next(iter(labels), ""), sample=0)


def _figures(
    sources: Sequence[Source], rows: list[Prediction], normalizer: str, seed: int
) -> tuple[list[float], Comparison | None]:
    """ExpRate of each source, and the best one compared with the votes; empty if a row has no label."""
    if not all(row.label for row in rows):
        return [], None
    complete = []
    for source in sources:
        own = (source.rows.get((row.dataset, row.id)) or replace(row, prediction="") for row in rows)
        complete.append(
            [replace(prediction, sample=0, label=row.label) for prediction, row in zip(own, rows, strict=True)]
        )
    correct = [sum(row.prediction.split() == row.label.split() for row in side) for side in complete]
    rates = [100 * count / len(rows) for count in correct]
    best = max(range(len(rates)), key=rates.__getitem__)
    return rates, compare(complete[best], rows, normalizer=normalizer, seed=seed)


def _signature(sources: Sequence[Source], model: LanguageModel | None, normalizer: str) -> str:
    from mumer_data._version import __version__

    rerank = f"lm:4gram-both-{model.labels}" if model else "lm:none"
    return f"vote:majority+median|sources:{len(sources)}|{rerank}|norm:{normalizer}|version:mumer-{__version__}"


def write_votes(path: Path, result: VoteResult) -> None:
    """Write the votes as JSON lines, which are predictions, with ``confidence``, ``votes`` and ``method``."""
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row, vote in zip(result.rows, result.votes, strict=True):
            record: dict[str, Any] = {"img_id": row.id, "gt": row.label, "pred": row.prediction}
            record |= {"image_path": row.image} if row.image else {}
            record |= {"dataset": row.dataset} if row.dataset else {}
            record |= {"confidence": round(vote.confidence, 6), "votes": vote.votes, "method": vote.method}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
