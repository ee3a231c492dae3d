"""Audit: labels of a source and predictions of several models -> a ranked table on disk.

Not for the ranking itself: see `mumer_data.label_audit`. Not for the review page: see `mumer_data.report.review`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data._version import __version__
from mumer_data.exceptions import ImageError, LatexSyntaxError, SourceError
from mumer_data.images.perceptual_hash import PerceptualHash, phash
from mumer_data.io.atomic import atomic_write, write_json
from mumer_data.jobs.config import Pipeline, load_source
from mumer_data.jobs.label_scorer import image_scorer
from mumer_data.label_audit.ink import ink_components
from mumer_data.label_audit.rank import PRIOR, Finding, rank
from mumer_data.label_audit.rows import Answer, AuditRow
from mumer_data.latex.normalize import Normalizer
from mumer_data.mining.images import ImageFinder
from mumer_data.readers.labels import read_labels
from mumer_data.readers.normalized import normalized_sources
from mumer_data.readers.predictions import PredictionFile, prediction_files
from mumer_data.records import Example

log = logging.getLogger(__name__)
RAW_LABELS = "raw_labels.tsv"  # in the folder of a source
_ROWS, _BYTES = 2_000, 64 << 20
ReadImage = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class AuditSource:
    """The input of an audit.

    Attributes:
        predictions: prediction files and folders of them; each file is one model (or fold), rows with the same id in
            one file are its samples.
        source: build, folder of data, pipeline file or its name; ``None``: the labels of the first prediction file.
        images: folder of images or a build; used only without ``source``.
        raw_labels: file of ``id<TAB>label as released``; by default ``raw_labels.tsv`` in the folder of the source.
        normalize: preset for predictions that are not tokenised; see `normalized_sources`.
        settings: ``key=value`` pairs over the pipeline.
        score_with: folder of an exported model (see `mumer_data.recognizers.onnx`), or ``mini``, which says how likely
            labels and proposals are, given the image; must not have been trained on these images.
    """

    predictions: Sequence[Path] = ()
    source: str | None = None
    images: Path | None = None
    raw_labels: Path | None = None
    normalize: str | None = None
    settings: Sequence[str] = ()
    score_with: str | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label of the source, and how to read its image (``None`` without images).

    ``symbols`` are the names of the symbols marked in its ink, ``None`` without a segmentation.
    """

    id: str
    label: str
    image: ReadImage | None
    symbols: tuple[str, ...] | None = None


def audit_files(
    source: AuditSource,
    out: Path,
    *,
    prior: float = PRIOR,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Finding], dict[str, ReadImage]]:
    """Rank the labels of a source and write ``audit.parquet`` and ``audit.json``.

    Args:
        source: labels and predictions.
        out: folder; files of an earlier audit are replaced.
        prior: expected share of wrong labels.
        seed: random seed of the mistakes that are planted for calibration.
        progress: called with (images read, images in total).

    Returns:
        All findings, the most doubtful first, and id -> a function that reads its image.

    Raises:
        SourceError: the input cannot be read, has fewer than 20 rows, or the ids of labels and predictions differ.
        OutputError: the folder cannot be written.
    """
    labelled = labelled_rows(source)
    rows, hashes = _rows(labelled, source, progress)
    images = {row.id: row.image for row in labelled if row.image is not None}
    findings = rank(rows, hashes, prior=prior, seed=seed, scorer=image_scorer(images, source.score_with))
    out.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([finding.to_dict() for finding in findings])
    with atomic_write(out / "audit.parquet") as temporary:
        pq.write_table(table, temporary)
    files = [file.name for file in prediction_files(source.predictions)]
    scored = {"score_with": source.score_with} if source.score_with is not None else {}
    write_json(out / "audit.json", summary(findings, files, prior, seed) | scored)
    return findings, images


def summary(findings: Sequence[Finding], files: Sequence[str], prior: float, seed: int) -> dict[str, Any]:
    """Counts and settings of an audit, as plain data."""
    signals = ("syntax", "raw_label", "duplicate_of", "neighbour", "segmentation")
    return {
        "rows": len(findings),
        "with_proposal": sum(bool(finding.proposal) for finding in findings),
        "probability_over_half": sum(finding.probability >= 0.5 for finding in findings),
        "expected_wrong": round(sum(finding.probability for finding in findings), 1),
        **{name: sum(bool(getattr(finding.signals, name)) for finding in findings) for name in signals},
        "predictions": list(files),
        "prior": prior,
        "seed": seed,
        "version": f"mumer-{__version__}",
    }


def load_rows(source: AuditSource) -> tuple[list[AuditRow], list[PerceptualHash | None] | None]:
    """The rows of a source with the answers of all models, and the perceptual hashes of their images, if any."""
    return _rows(labelled_rows(source), source, None)


def _rows(
    labelled: Sequence[Labelled], source: AuditSource, progress: Callable[[int, int], None] | None
) -> tuple[list[AuditRow], list[PerceptualHash | None] | None]:
    answers = _answers({row.id for row in labelled}, source)
    raw = _raw_labels(source)
    with_images = any(row.image is not None for row in labelled)
    rows: list[AuditRow] = []
    hashes: list[PerceptualHash | None] = []
    for row in labelled:
        components, image_hash = _ink(row)
        original = raw.get(row.id)
        label, row_answers = tuple(row.label.split()), tuple(answers.get(row.id, ()))
        rows.append(AuditRow(row.id, label, row_answers, components, _normalized_tokens(original), row.symbols))
        hashes.append(image_hash)
        if progress is not None and with_images:
            progress(len(rows), len(labelled))
    return rows, hashes if with_images else None


def labelled_rows(source: AuditSource) -> list[Labelled]:
    """The labels of a source, in order; the first of several rows with one id.

    Raises:
        SourceError: the source cannot be read or has no labelled rows.
    """
    rows = _from_predictions(source) if source.source is None else list(_from_pipeline(source.source, source.settings))
    if not rows:
        raise SourceError("the source has no labelled rows")
    unique = {row.id: row for row in reversed(rows)}  # the first of several rows with one id
    if len(unique) < len(rows) and source.source is not None:
        log.warning("%s rows repeat an id and are left out", f"{len(rows) - len(unique):,}")
    return list(reversed(unique.values()))


def _from_pipeline(name: str, settings: Sequence[str]) -> Iterator[Labelled]:
    pipeline: Pipeline = load_source(name, settings)
    reader = pipeline.reader()
    normalizer = Normalizer(pipeline.normalize.preset, pipeline.normalize.rules)
    for part in reader.plan(_ROWS, _BYTES):
        for row in reader.read(part):
            if not isinstance(row, Example):
                continue
            try:
                label = normalizer(row.label)
            except LatexSyntaxError:
                label = row.label  # the audit reports it
            yield Labelled(row.id, label, row.image.read, _segmented(row))


def _segmented(row: Example) -> tuple[str, ...] | None:
    """The names of the symbols that an InkML file marks (see `document_metadata`)."""
    if row.metadata is None:
        return None
    try:
        stated = json.loads(row.metadata())
    except ValueError:  # the metadata of a build may be any text
        return None
    symbols = stated.get("symbols") if isinstance(stated, dict) else None
    if not isinstance(symbols, list) or not all(isinstance(one, dict) and "traces" in one for one in symbols):
        return None
    return tuple(str(one.get("label", "")) for one in symbols) or None


def _from_predictions(source: AuditSource) -> list[Labelled]:
    files = prediction_files(source.predictions)
    if not files:
        raise SourceError("an audit needs labels: name a source or prediction files")
    (rows,), _ = normalized_sources([list(PredictionFile(files[0]))], source.normalize)
    finder = ImageFinder.of(source.images, files[0].parent) if source.images is not None else None
    return [
        Labelled(row.id, row.label, None if finder is None else partial(_find, finder, row.id, row.image))
        for row in rows
    ]


def _find(finder: ImageFinder, example_id: str, path: str) -> bytes:
    return finder.find(example_id, path).read()


def _answers(ids: set[str], source: AuditSource) -> dict[str, list[Answer]]:
    answers: dict[str, list[Answer]] = {}
    for model, path in enumerate(prediction_files(source.predictions)):
        file = PredictionFile(path, labelled=False)
        known = 0
        (rows,), _ = normalized_sources([file], source.normalize, labelled_only=True)
        for row in rows:
            if row.id in ids:
                known += 1
                answers.setdefault(row.id, []).append(Answer(model, tuple(row.prediction.split()), row.logprob))
        if not known:
            raise SourceError(f"no id in {path} is in the source; are these predictions of the same images?")
    missing = len(ids - answers.keys())
    if missing and source.predictions:
        log.warning("%s of %s rows have no prediction", f"{missing:,}", f"{len(ids):,}")
    return answers


def _raw_labels(source: AuditSource) -> dict[str, str]:
    if source.raw_labels is not None:
        return read_labels(source.raw_labels)
    default = Path(source.source) / RAW_LABELS if source.source is not None else None
    return read_labels(default) if default is not None and default.is_file() else {}


def _normalized_tokens(raw: str | None) -> tuple[str, ...] | None:
    if raw is None:
        return None
    try:
        return tuple(Normalizer("crohme")(raw).split())
    except LatexSyntaxError:
        return None


def _ink(row: Labelled) -> tuple[int | None, PerceptualHash | None]:
    if row.image is None:
        return None, None
    try:
        data = row.image()
        return ink_components(data), phash(data)
    except (ImageError, OSError, ValueError):
        return None, None
