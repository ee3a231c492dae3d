"""Evaluation of predictions in lists: `evaluate`, `compare`, `cdm`.

Not for prediction files: see `mumer_data.readers.predictions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mumer_data.exceptions import SourceError
from mumer_data.io.png import ZLIB_DEFAULT, encode_png
from mumer_data.metrics import DEFAULT, METRICS
from mumer_data.metrics.cdm import cdm_score
from mumer_data.metrics.compare import Comparison
from mumer_data.metrics.compare import compare as compare_rows
from mumer_data.metrics.evaluate import Evaluation
from mumer_data.metrics.evaluate import evaluate as evaluate_rows
from mumer_data.metrics.slices import SLICES
from mumer_data.readers.normalized import normalized_pair, normalized_sources
from mumer_data.records import Prediction
from mumer_data.registry import did_you_mean


def predictions_of(
    predictions: Iterable[str], references: Iterable[str], ids: Iterable[object] | None = None
) -> list[Prediction]:
    """Pairs as records; without ids, the row number is the id.

    Raises:
        SourceError: the lists differ in length, are empty, or hold something that is not text.
    """
    texts, labels = list(predictions), list(references)
    names = [str(number) for number in range(len(labels))] if ids is None else [str(one) for one in ids]
    if not len(texts) == len(labels) == len(names):
        lengths = f"{len(texts)} predictions, {len(labels)} references" + ("" if ids is None else f", {len(names)} ids")
        raise SourceError(f"the lists differ in length: {lengths}")
    if not labels:
        raise SourceError("there are no predictions")
    for name, values in (("predictions", texts), ("references", labels)):
        number = next((row for row, value in enumerate(values) if not isinstance(value, str)), None)
        if number is not None:
            raise SourceError(f"{name}[{number}] is {type(values[number]).__name__}, not a text")
    rows = zip(names, labels, texts, strict=True)
    return [Prediction(name, label, text, row=row) for row, (name, label, text) in enumerate(rows)]


def evaluate(
    predictions: Iterable[str],
    references: Iterable[str],
    *,
    cdm: bool = False,
    by: Sequence[str] = (),
    normalize: str | None = None,
    metrics: Sequence[str] = (),
    ids: Iterable[object] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Figures of predictions against references, each with its 95% interval and signature.

    Args:
        predictions, references: labels, row by row, tokenised or raw LaTeX; see ``normalize``.
        cdm: CDM and VisEq too (typesets every pair).
        by: slices: ``length``, ``depth``, ``structure``, ``symbol`` or ``dataset``.
        normalize: preset that is applied to both sides first; ``off`` for none. By default, a preset that fits the
            references is applied, with a warning, where a prediction or reference is not tokenised.
        metrics: further metrics by name, e.g. ``semantic``.
        ids: of the rows.
        seed: of the bootstrap.

    Raises:
        SourceError: the lists do not match, or a metric or slice does not exist.
        PipelineError: there is no such preset.
    """
    rows = predictions_of(predictions, references, ids)
    names = list(dict.fromkeys([*DEFAULT, *metrics, *(["cdm"] if cdm else [])]))
    for kind, chosen, known in (("metric", names, METRICS), ("slice", list(by), SLICES)):
        for name in chosen:
            if name not in known:
                raise SourceError(did_you_mean(kind, name, known))
    (compared,), normalizer = normalized_sources([rows], normalize, as_seen="rating" in names)
    return evaluate_rows(compared, metrics=names, normalizer=normalizer, by=list(by), seed=seed)


def compare(
    a: Iterable[str],
    b: Iterable[str],
    references: Iterable[str],
    *,
    normalize: str | None = None,
    ids: Iterable[object] | None = None,
    seed: int = 0,
) -> Comparison:
    """Two models on the same images: difference of their ExpRates, paired bootstrap, McNemar's test.

    Args:
        a, b: predictions of the two models, row by row.
        references: the labels.
        normalize: as in `evaluate`.
        ids: of the rows.
        seed: of the bootstrap.

    Raises:
        SourceError: the lists do not match.
    """
    labels = list(references)
    names = None if ids is None else list(ids)
    pairs = [predictions_of(one, labels, names) for one in (a, b)]
    rows, normalizer = normalized_sources(pairs, normalize)
    return compare_rows(*map(list, rows), normalizer=normalizer, seed=seed)


@dataclass(frozen=True, slots=True, repr=False)
class CdmResult:
    """CDM and VisEq of one pair; a notebook shows both formulas with their matched glyphs.

    Attributes:
        prediction, reference: as they were compared.
        f1: CDM F1 from 0 to 1; ``None`` where the reference cannot be typeset.
        viseq: whether the two look the same.
        unrenderable: ``prediction``, ``label`` or ``""``: which of the two cannot be typeset.
        reason: why.
        note: where CDM, as published, tells apart what people take for one picture, and VisEq does not.
    """

    prediction: str
    reference: str
    f1: float | None
    viseq: bool
    unrenderable: str = ""
    reason: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def __repr__(self) -> str:
        why = f", unrenderable={self.unrenderable!r}" if self.unrenderable else ""
        return f"CdmResult(f1={self.f1}, viseq={self.viseq}{why})"

    def _repr_png_(self) -> bytes:
        from mumer_data.report.overlay import overlay_page

        return encode_png(overlay_page(self.reference, self.prediction), compress_level=ZLIB_DEFAULT)


def cdm(prediction: str, reference: str, *, normalize: str | None = None) -> CdmResult:
    """CDM (character detection matching) and VisEq of one pair, without TeX.

    Args:
        prediction, reference: tokenised labels.
        normalize: as in `evaluate`.

    Raises:
        PipelineError: there is no such preset.
    """
    reference, prediction, _ = normalized_pair(reference, prediction, normalize)
    score = cdm_score(reference, prediction)
    return CdmResult(prediction, reference, score.f1, score.viseq, score.unrenderable, score.reason, score.note)
