"""Recognizer `onnx`: an exported encoder-decoder model on onnxruntime, without torch.

Not for other layouts of ONNX files: the manifest (see `onnx_manifest`) fixes what the two graphs take and return.
"""

from __future__ import annotations

import io
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, field_validator

from mumer_data.exceptions import SourceError
from mumer_data.images.fit import fit_image
from mumer_data.recognizers import Answer, Answered, Finish, Key, RecognizerOptions, Request, Sampling, require
from mumer_data.recognizers.beam_search import BeamSearch
from mumer_data.recognizers.onnx_manifest import OnnxManifest, read_manifest
from mumer_data.seeding import rng_for
from mumer_data.tasks import TASKS

MINI = "mini"
BUNDLED = Path(__file__).parent / MINI
Floats = NDArray[np.float32]


class SearchOptions(RecognizerOptions):
    """How the most likely label is searched for; the names are those of transformers' ``generate``.

    Attributes:
        num_beams: hypotheses kept at each step; 1 takes the most likely token.
        length_penalty: hypotheses are compared by log probability / number of tokens ** this.
        constrained: only labels that the grammar accepts; the task ``recognition`` is the same as true.
    """

    num_beams: int = Field(1, ge=1, le=64)
    length_penalty: float = Field(1.0, ge=0.0, le=10.0)
    constrained: bool = False

    @field_validator("constrained", mode="before")
    @classmethod
    def _task(cls, value: object) -> object:
        if isinstance(value, str) and value in TASKS and value != "recognition":
            raise ValueError(f"an exported model writes labels only, not answers of {value}")
        return True if value == "recognition" else value

    @property
    def greedy(self) -> bool:
        """Whether nothing is searched."""
        return self.num_beams == 1 and not self.constrained

    def beam_search(self, manifest: OnnxManifest, max_tokens: int | None = None) -> BeamSearch:
        """The search over the tokens of a model."""
        return BeamSearch(
            start=manifest.start,
            end=manifest.end,
            tokens=manifest.tokens,
            special=manifest.hidden,
            num_beams=self.num_beams,
            length_penalty=self.length_penalty,
            constrained=self.constrained,
            max_tokens=min(max_tokens or manifest.max_length, manifest.max_length),
        )


class OnnxModel:
    """A loaded model: encoded images in, texts out.

    Args:
        folder: folder with the manifest and the two graphs.
        threads: threads of onnxruntime.

    Raises:
        RecognizerError: onnxruntime is not installed.
        SourceError: the folder does not hold a model.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        require("onnxruntime", extra="mini")
        self.manifest = read_manifest(folder)
        self._encoder = _session(folder / self.manifest.encoder, threads)
        self._decoder = _session(folder / self.manifest.decoder, threads)
        tokens, hidden = self.manifest.tokens, set(self.manifest.hidden)
        self._vocabulary = {token: number for number, token in enumerate(tokens) if number not in hidden}

    def read(self, images: Sequence[bytes]) -> list[tuple[str, float]]:
        """(text, log probability of all its tokens) of each encoded image; ``("", 0)`` without ink."""
        return [(text, score) for text, score, _ in (self.read_one(image) for image in images)]

    def read_one(
        self, image: bytes, sampling: Sampling | None = None, rng: np.random.Generator | None = None
    ) -> tuple[str, float, int]:
        """Text, log probability, and number of tokens with the end token, 0 without ink.

        Args:
            image: encoded, of any size and polarity.
            sampling: temperature, top_p and longest text; the most likely tokens if left out.
            rng: random generator for sampling.
        """
        cross = self._encoded(image)
        if cross is None:
            return "", 0.0, 0
        manifest, past = self.manifest, self._empty_cache(1)
        max_length = min(manifest.max_length, sampling.max_tokens) if sampling else manifest.max_length
        token, score, tokens = manifest.start, 0.0, []
        for _ in range(max_length):
            log_probabilities, past = self._step(np.array([[token]], dtype=np.int64), cross, past)
            token = _next(log_probabilities[0], sampling, rng)
            score += float(log_probabilities[0, token])
            tokens.append(token)
            if token == manifest.end:
                break
        return self._text(tokens), score, len(tokens)

    def search(self, image: bytes, options: SearchOptions, max_tokens: int | None = None) -> tuple[str, float, int]:
        """Beam search: text, log probability, and number of tokens with the end token, 0 without ink.

        Args:
            image: encoded, of any size and polarity.
            options: of the search.
            max_tokens: longest text; the model's limit if left out.
        """
        encoded = self._encoded(image)
        if encoded is None:
            return "", 0.0, 0
        cross, past = encoded, self._empty_cache(1)

        def next_token(appended: Sequence[int], sources: Sequence[int]) -> Floats:
            nonlocal cross, past
            if cross.shape[1] != len(appended):
                cross = np.repeat(encoded, len(appended), axis=1)
            logs, past = self._step(np.array(appended, dtype=np.int64)[:, None], cross, past[:, sources])
            return logs

        best = options.beam_search(self.manifest, max_tokens).best(next_token)
        return self._text(best.tokens), best.score, len(best.tokens)

    def score(self, image: bytes, texts: Sequence[Sequence[str]]) -> list[float | None]:
        """Log probability (natural) of each text with its end token, given the image, all texts in one batch.

        Args:
            image: encoded, of any size and polarity.
            texts: tokens of each text.

        Returns:
            ``None`` for an image without ink, and for a text that is too long or has a token that the model lacks.
        """
        manifest = self.manifest
        numbers = [self._numbers(text) for text in texts]
        known = [index for index, row in enumerate(numbers) if row is not None]
        encoded = self._encoded(image) if known else None
        scores: list[float | None] = [None] * len(texts)
        if encoded is None:
            return scores
        rows = [row for row in numbers if row is not None]
        length = max(map(len, rows))
        targets = np.array([row + [manifest.end] * (length - len(row)) for row in rows], dtype=np.int64)
        inputs = np.insert(targets[:, :-1], 0, manifest.start, axis=1)
        cross, past = np.repeat(encoded, len(rows), axis=1), self._empty_cache(len(rows))
        sums = np.zeros(len(rows))
        for step in range(length):
            log_probabilities, past = self._step(inputs[:, step : step + 1], cross, past)
            active = np.array([step < len(row) for row in rows])
            sums += np.where(active, log_probabilities[np.arange(len(rows)), targets[:, step]], 0.0)
        for index, total in zip(known, sums.tolist(), strict=True):
            scores[index] = total
        return scores

    def _numbers(self, text: Sequence[str]) -> list[int] | None:
        """Numbers of the tokens of a text and the end token; ``None`` if the model cannot produce it."""
        numbers = [self._vocabulary.get(token) for token in text]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers) or len(known) >= self.manifest.max_length:
            return None
        return [*known, self.manifest.end]

    def _encoded(self, image: bytes) -> Floats | None:
        """What the decoder reads of an image, (2 * layers, 1, heads, cells, size); ``None`` without ink."""
        pixels = self._pixels(image)
        if pixels is None:
            return None
        cross: Floats
        (cross,) = self._encoder.run(None, {"pixel_values": pixels})
        return cross

    def _empty_cache(self, count: int) -> Floats:
        """The decoder's cache before the first token of ``count`` texts."""
        shape = self.manifest.cache
        return np.zeros((2 * shape.layers, count, shape.heads, 0, shape.size), dtype=np.float32)

    def _step(self, tokens: NDArray[np.int64], cross: Floats, past: Floats) -> tuple[Floats, Floats]:
        """Log probabilities (texts, vocabulary) of the token after ``tokens`` (texts, 1), and the cache with them."""
        log_probabilities, cache = self._decoder.run(None, {"token": tokens, "cross": cross, "past": past})
        return log_probabilities, cache

    def _text(self, tokens: Sequence[int]) -> str:
        return " ".join(self.manifest.tokens[number] for number in tokens if number not in self.manifest.hidden)

    def _pixels(self, image: bytes) -> Floats | None:
        """Ink of the fitted image, 0 to 1, (1, 1, height, width); ``None`` without ink."""
        with Image.open(io.BytesIO(image)) as opened:
            fitted = fit_image(opened, self.manifest.fit)
        if fitted is None:
            return None
        ink = (255 - np.asarray(fitted.image, dtype=np.float32)) / np.float32(255)
        return np.ascontiguousarray(ink[None, None])


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own classes for a missing and for a damaged file
        raise SourceError(f"{path} cannot be loaded ({error}); export the model again") from None


def _next(log_probabilities: Floats, sampling: Sampling | None, rng: np.random.Generator | None) -> int:
    """The most likely token, or one sampled from the most likely ones with ``top_p`` of the probability."""
    if sampling is None or sampling.temperature <= 0 or rng is None:
        return int(log_probabilities.argmax())
    scaled = log_probabilities.astype(np.float64) / sampling.temperature
    probabilities = np.exp(scaled - scaled.max())
    probabilities /= probabilities.sum()
    order = np.argsort(-probabilities, kind="stable")
    nucleus = order[: int((np.cumsum(probabilities[order]) < sampling.top_p).sum()) + 1]
    return int(rng.choice(nucleus, p=probabilities[nucleus] / probabilities[nucleus].sum()))


def model_folder(model: str) -> Path:
    """The folder of a model: ``mini`` is the one in the package, unless there is a folder of that name."""
    return BUNDLED if model == MINI and not Path(MINI).is_dir() else Path(model)


class OnnxRecognizer:
    """An exported model as a recognizer; ``model`` is its folder, or ``mini`` for the model in the package."""

    class Options(SearchOptions):
        """Options of the back-end ``onnx``, and those of `SearchOptions`; sampling is not searched.

        Attributes:
            threads: threads of onnxruntime.
        """

        threads: int = Field(1, ge=1)

    def __init__(self, model: str, options: Options) -> None:
        self._model = OnnxModel(model_folder(model), options.threads)
        self._options = options

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """One by one: an answer does not depend on other requests. Prompts are not used."""
        for request in requests:
            if request.key not in done:
                text, score, count = self._answer(request, sampling)
                finish: Finish = (
                    "length" if count >= min(sampling.max_tokens, self._model.manifest.max_length) else "stop"
                )
                yield [(request, Answer(text, score / count if count else None, finish))]

    def _answer(self, request: Request, sampling: Sampling) -> tuple[str, float, int]:
        """Text, log probability and number of tokens."""
        if sampling.temperature > 0 or self._options.greedy:
            rng = rng_for(sampling.seed, f"{request.id}\0{request.sample}", "onnx")
            return self._model.read_one(request.read(), sampling, rng)
        return self._model.search(request.read(), self._options, sampling.max_tokens)
