"""Doubtful labels in lists: `audit`.

Not for files: see `mumer_data.jobs.audit`, which takes the same path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mumer_data.api.evaluation import predictions_of
from mumer_data.exceptions import ImageError, LatexSyntaxError, SourceError
from mumer_data.images.perceptual_hash import PerceptualHash, phash
from mumer_data.io import html
from mumer_data.jobs.label_scorer import image_scorer
from mumer_data.label_audit.ink import ink_components
from mumer_data.label_audit.rank import COLUMNS, PRIOR, Finding, rank
from mumer_data.label_audit.rows import Answer, AuditRow
from mumer_data.latex.normalize import Normalizer
from mumer_data.readers.memory import ImageLike, image_bytes
from mumer_data.readers.normalized import normalized_sources

if TYPE_CHECKING:
    import pandas as pd

Predictions = Sequence[str] | Sequence[Sequence[str]] | Mapping[str, Sequence[str]]
_SHOWN = 20


@dataclass(frozen=True, slots=True, repr=False)
class AuditResult:
    """The rows of a set, the most doubtful label first.

    Attributes:
        findings: one per row.
        models: names of the models.
        prior: expected share of wrong labels that the probabilities assume.
    """

    findings: list[Finding]
    models: list[str]
    prior: float = PRIOR

    @property
    def table(self) -> pd.DataFrame:
        """One row per finding, each signal in a column of its own."""
        import pandas as pd

        return pd.DataFrame([finding.to_dict() for finding in self.findings], columns=COLUMNS)

    def doubtful(self, probability: float = 0.5) -> list[Finding]:
        """The findings with at least this probability."""
        return [finding for finding in self.findings if finding.probability >= probability]

    def to_dict(self) -> dict[str, Any]:
        """The counts: rows, models, doubtful rows, and the expected number of wrong labels."""
        return {
            "rows": len(self.findings),
            "models": len(self.models),
            "doubtful": len(self.doubtful()),
            "expected_wrong": round(sum(finding.probability for finding in self.findings), 1),
        }

    def __len__(self) -> int:
        return len(self.findings)

    def __repr__(self) -> str:
        return f"AuditResult({', '.join(f'{name}={value}' for name, value in self.to_dict().items())})"

    def _repr_html_(self) -> str:
        rows = [(one.rank, one.id, f"{one.probability:.2f}", one.label, one.proposal) for one in self.findings[:_SHOWN]]
        return html.fields(self.to_dict()) + html.table(rows, ["rank", "id", "probability", "label", "proposal"])


def audit(
    predictions: Predictions,
    references: Iterable[str],
    images: Iterable[ImageLike] | None = None,
    raw_labels: Iterable[str] | None = None,
    *,
    ids: Iterable[object] | None = None,
    log_probabilities: Sequence[Sequence[float]] | None = None,
    normalize: str | None = None,
    score_with: str | None = None,
    prior: float = PRIOR,
    seed: int = 0,
) -> AuditResult:
    """Rank labels by the probability that the label is wrong, not the models.

    Args:
        predictions: of one model, a text per row; or of several: name -> texts, or a list of such lists. Each model is
            one vote. Do not pass predictions of a model that was trained on these rows.
        references: the labels, in file order.
        images: one per row: path, bytes or PIL image; for duplicates, and for ink that does not fit the label.
        raw_labels: labels as originally released, one per row; compared after normalisation.
        ids: of the rows; the row number if left out.
        log_probabilities: mean log-probability per token, one list per model.
        normalize: as in `evaluate`.
        score_with: exported model that has not seen the images, ``mini`` or a folder: how likely it finds label and
            proposal, given the image.
        prior: expected share of wrong labels.
        seed: of the mistakes that are planted for calibration.

    Raises:
        SourceError: the lists do not match, or there are fewer than 20 rows.
        ImageError: an image cannot be read.
    """
    models = _models(predictions)
    labels = list(references)
    names = None if ids is None else list(ids)
    columns = [predictions_of(texts, labels, names) for texts in models.values()]
    columns = [list(rows) for rows in normalized_sources(columns, normalize)[0]]
    scores = _aligned("log_probabilities", log_probabilities, len(columns), "models")
    pictures = None if images is None else [image_bytes(image) for image in images]
    ink = None if pictures is None else [_ink(data) for data in pictures]
    raw = None if raw_labels is None else [_raw(text, normalize) for text in raw_labels]
    _aligned("images", ink, len(labels), "references")
    _aligned("raw_labels", raw, len(labels), "references")
    rows = []
    for number, row in enumerate(columns[0]):
        answers = tuple(
            Answer(model, tuple(column[number].prediction.split()), None if scores is None else scores[model][number])
            for model, column in enumerate(columns)
        )
        components = None if ink is None else ink[number][0]
        rows.append(
            AuditRow(row.id, tuple(row.label.split()), answers, components, None if raw is None else raw[number])
        )
    looks = None if ink is None else [look for _, look in ink]
    read = {row.id: partial(bytes, data) for row, data in zip(rows, pictures or (), strict=False)}
    findings = rank(rows, looks, prior=prior, seed=seed, scorer=image_scorer(read, score_with))
    return AuditResult(findings, list(models), prior)


def _models(predictions: Predictions) -> dict[str, list[str]]:
    if isinstance(predictions, Mapping):
        return {str(name): list(texts) for name, texts in predictions.items()}
    listed = list(predictions)
    if not listed:
        raise SourceError("there are no predictions")
    if all(isinstance(one, str) for one in listed):
        return {"1": [str(one) for one in listed]}
    return {str(number): list(texts) for number, texts in enumerate(listed, 1)}


def _aligned(name: str, values: Any, length: int, other: str) -> Any:
    if values is not None and len(values) != length:
        raise SourceError(f"the lists differ in length: {length} {other}, {len(values)} {name}")
    return values


def _ink(data: bytes) -> tuple[int, PerceptualHash]:
    """Components of the ink, and the perceptual hash."""
    try:
        return ink_components(data), phash(data)
    except OSError as error:
        raise ImageError("image_corrupt", f"an image cannot be decoded: {error}") from None


def _raw(text: str, preset: str | None) -> tuple[str, ...] | None:
    """A raw label, normalised; ``None`` where it is missing or cannot be read."""
    if not text:
        return None
    try:
        return tuple(Normalizer(preset if preset not in (None, "auto", "off") else "crohme")(text).split())
    except LatexSyntaxError:
        return None
