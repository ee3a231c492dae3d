"""Votes on predictions in lists: `vote`.

Not for prediction files: see `mumer_data.jobs.vote`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mumer_data.readers.normalized import normalized_sources
from mumer_data.records import Prediction
from mumer_data.voting.classes import classes_of
from mumer_data.voting.decide import Vote, check_sources, decide, source_weights
from mumer_data.voting.language_model import LanguageModel


def vote(
    predictions: Sequence[Sequence[str]],
    *,
    training_labels: Iterable[str] | None = None,
    weights: Sequence[float] | None = None,
    log_probabilities: Sequence[Sequence[float | None]] | None = None,
    normalize: str | None = None,
) -> list[Vote]:
    """Join the predictions of several models, or several samples, by weighted majority over what means the same.

    Args:
        predictions: one list per source, each with one prediction per image in the same order.
        training_labels: tokenised labels of a training set: their language model reranks the candidates.
        weights: one per source; by default they are estimated from how often a source agrees with the majority or is
            preferred by the language model.
        log_probabilities: as ``predictions``: what the recognizers report, in nats.
        normalize: preset for all predictions; ``off`` for none; by default one is chosen if a prediction is raw LaTeX.

    Returns:
        One `Vote` per image.

    Raises:
        VoteError: the sources differ in length, or weights do not fit them.
        PipelineError: there is no such preset.
    """
    check_sources(predictions, weights)
    sources = [[Prediction(str(n), text, text) for n, text in enumerate(source)] for source in predictions]
    texts = [[row.prediction for row in rows] for rows in normalized_sources(sources, normalize)[0]]
    model = None if training_labels is None else LanguageModel(training_labels)
    rows = list(zip(*texts, strict=True))
    chosen = list(weights) if weights is not None else source_weights(rows, model)
    reported = [None] * len(rows) if log_probabilities is None else list(zip(*log_probabilities, strict=True))
    return [decide(classes_of(row, chosen, logs), model) for row, logs in zip(rows, reported, strict=True)]
