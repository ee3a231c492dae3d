"""Recognition of images in memory: `recognize`.

Not for data sets: see `mumer predict` and `mumer_data.jobs.predict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from mumer_data.readers.memory import ImageLike, image_bytes
from mumer_data.recognizers import Request, Sampling, backend_of
from mumer_data.recognizers import recognizer as recognizer_of
from mumer_data.tasks import task_class


def recognize(
    images: Iterable[ImageLike], model: str = "mini", *, recognizer: str | None = None, **options: Any
) -> list[str]:
    """The label that a recogniser reads in each image.

    Args:
        images: paths, encoded bytes or PIL images.
        model: ``mini`` (in the package), an exported folder, a model of transformers, a URL, ``module:callable``, a
            command; see ``recognizer``.
        recognizer: back-end, such as ``onnx``, ``python``, ``command``, ``http``; found from the model if left out.
        options: of the back-end.

    Returns:
        One text per image, as the model writes it; use `normalize` where that is raw LaTeX.

    Raises:
        RecognizerError: there is no such back-end or option, or it cannot run.
        ImageError: an image cannot be read.
    """
    prompt = task_class("recognition").prompt
    data = [image_bytes(image) for image in images]
    requests = [Request(str(number), "", "", 0, prompt, "", partial(bytes, one)) for number, one in enumerate(data)]
    back_end = recognizer_of(recognizer or backend_of(model), model=model, **options)
    texts = [""] * len(requests)
    for answered in back_end.answers(requests, Sampling()):
        for request, answer in answered:
            texts[int(request.id)] = answer.text
    return texts
