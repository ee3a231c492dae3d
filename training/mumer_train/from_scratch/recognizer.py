"""A formula reader for the recognizer `transformers`: greedy answers, or samples.

Not for chat models: see `mumer_train.transformers_recognizer`. Not for ONNX files: see `mumer_data.recognizers.onnx`.
"""

from __future__ import annotations

import io
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image

from mumer_data.images.canonicalize import canonical_image
from mumer_data.recognizers import Answer, Answered, Key, Request, Sampling
from mumer_data.seeding import hash64
from mumer_train.from_scratch.decoding import greedy, stacked
from mumer_train.from_scratch.processor import load_reader
from mumer_train.from_scratch.sampling import log_probabilities, sample
from mumer_train.request_batches import request_batches


class ReaderRecognizer:
    """A formula reader in a folder; prompts are not used, since it only writes labels.

    Args:
        folder: folder of the model.
        batch: images per batch.

    Raises:
        SourceError: the folder does not hold a formula reader.
    """

    def __init__(self, folder: Path, batch: int) -> None:
        self._model, self._processor = load_reader(folder)
        self._batch = batch

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """Answer batch by batch (see `request_batches`); sampling depends on a batch's first request."""
        for batch in request_batches(requests, done, self._batch, _width):
            yield self._read(batch, sampling)

    def _read(self, requests: Sequence[Request], sampling: Sampling) -> Answered:
        images = [self._processor.image_processor.fit(canonical_image(request.read())) for request in requests]
        if sampling.temperature > 0:
            name = f"{sampling.seed}\0{requests[0].id}\0{requests[0].sample}"
            generator = torch.Generator().manual_seed(hash64(name) >> 1)
            options = (sampling.temperature, sampling.max_tokens, sampling.top_p)
            answers = sample(self._model, images, 1, generator, *options)
            with torch.no_grad():
                logs = log_probabilities(self._model, images, answers)[0].sum(1).tolist()
            results = [(answer, log) for (answer,), log in zip(answers, logs, strict=True)]
        else:
            read = greedy(self._model, *stacked(images, self._model.config.stride), sampling.max_tokens)
            end = int(self._model.config.eos_token_id)
            results = [([*tokens, end][: sampling.max_tokens], log) for tokens, log in read]
        pairs = zip(requests, results, strict=True)
        return [(request, self._answer(tokens, log)) for request, (tokens, log) in pairs]

    def _answer(self, tokens: list[int], log: float) -> Answer:
        complete = tokens[-1] == self._model.config.eos_token_id
        return Answer(self._processor.decode(tokens), log / len(tokens), "stop" if complete else "length")


def _width(request: Request) -> int:
    """The width of an image, from its header."""
    with Image.open(io.BytesIO(request.read())) as opened:
        return int(opened.width)
