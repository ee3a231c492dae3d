"""An exported model that says how likely given texts are, given their images, for an audit of labels.

Not for reading images: see `mumer_data.jobs.predict`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.label_audit.likelihood import Scorer
from mumer_data.label_audit.rows import Tokens
from mumer_data.recognizers.onnx import OnnxModel, model_folder


def image_scorer(images: Mapping[str, Callable[[], bytes]], model: str | None) -> Scorer | None:
    """Scores of texts by an exported model; ``None`` without a model. A row whose image cannot be read has none.

    Args:
        images: id of a row -> a function that reads its image.
        model: folder of an exported model, or ``mini`` for the bundled one.

    Raises:
        SourceError: there is no image, or the folder does not hold a model.
        RecognizerError: onnxruntime is not installed.
    """
    if model is None:
        return None
    if not images:
        raise SourceError(f"{model} scores labels by their images: name a source with images, or a folder of them")
    reader = OnnxModel(model_folder(model))

    def scores(row_id: str, texts: Sequence[Tokens]) -> Sequence[float | None]:
        try:
            return reader.score(images[row_id](), texts)
        except (KeyError, ImageError, OSError, ValueError):
            return [None] * len(texts)

    return scores
