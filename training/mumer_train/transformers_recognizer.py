"""Recognizer `transformers`: a local model, batches of requests of similar size, padded on the left."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from mumer_data.latex.serialize import Dialect
from mumer_data.recognizers import Answer, Answered, Key, RecognizerOptions, Request, Sampling
from mumer_data.seeding import hash64
from mumer_train.dependencies import TrainingError, require
from mumer_train.request_batches import request_batches

if TYPE_CHECKING:
    from PIL.Image import Image

    from mumer_train.constrained import Constraint
    from mumer_train.from_scratch.recognizer import ReaderRecognizer
    from mumer_train.processor import ModelProcessor


class TransformersRecognizer:
    """A model in this process; ``model`` is a local folder or Hub id."""

    class Options(RecognizerOptions):
        """Options of the back-end ``transformers``.

        Attributes:
            batch: images per batch.
            max_pixels: larger images are scaled down to this many pixels; ``None`` for the model's own limit.
            trust_remote_code: run code that comes with the model.
            constrained: a task whose grammar the answers must follow, ``recognition`` or ``tree_cot``; ``""`` for none.
            dialect: of the trees where ``constrained`` is ``tree_cot``.
            grammar: the grammar itself instead, in llguidance's Lark dialect; see `mumer_train.constrained`.
        """

        batch: int = Field(16, ge=1)
        max_pixels: int | None = Field(None, ge=1)
        trust_remote_code: bool = False
        constrained: str = ""
        dialect: Dialect = "published"
        grammar: str = ""

    def __init__(self, model: str, options: Options) -> None:
        require("torch", "transformers")
        from mumer_train.from_scratch.configuration import is_reader

        self._loaded: LoadedModel | ReaderRecognizer
        if is_reader(model):
            self._loaded = _reader(model, options)
            return
        import torch

        from mumer_train.loading import load_processor, load_weights

        processor = load_processor(model, max_pixels=options.max_pixels, trust_remote_code=options.trust_remote_code)
        cuda = torch.cuda.is_available()
        loaded = load_weights(
            model, dtype=torch.bfloat16 if cuda else torch.float32, trust_remote_code=options.trust_remote_code
        )
        constraint, grammar = None, options.grammar
        if grammar or options.constrained:
            from mumer_train.constrained import Constraint, grammar_of

            grammar = grammar or grammar_of(options.constrained, options.dialect)

            size = loaded.get_output_embeddings().weight.shape[0]
            constraint = Constraint(processor.tokenizer, grammar, size)
        self._loaded = LoadedModel(loaded.to("cuda" if cuda else "cpu").eval(), processor, options.batch, constraint)

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """See `LoadedModel`."""
        yield from self._loaded.answers(requests, sampling, done)


def _reader(model: str, options: TransformersRecognizer.Options) -> ReaderRecognizer:
    """A formula reader; it has a vocabulary of its own, which grammars do not know."""
    from mumer_train.from_scratch.recognizer import ReaderRecognizer

    if options.grammar or options.constrained:
        raise TrainingError(f"{model} is a formula reader: constrained and grammar are for chat models, leave them out")
    return ReaderRecognizer(Path(model), options.batch)


class LoadedModel:
    """A recognizer on a model in memory, such as the one that is being trained.

    Args:
        model: in evaluation mode, on its device.
        processor: the model's processor.
        batch: requests per batch.
        constraint: grammar of the answers; default: none.
    """

    def __init__(self, model: Any, processor: ModelProcessor, batch: int, constraint: Constraint | None = None) -> None:
        self._model, self._processor, self._batch, self._constraint = model, processor, batch, constraint
        settings = model.generation_config
        ends = settings.eos_token_id if isinstance(settings.eos_token_id, list) else [settings.eos_token_id]
        self._ends = sorted({processor.tokenizer.eos_token_id, *ends} - {None})
        self._settings = {"eos_token_id": self._ends, **processor.generate_options()}

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """Answer batch by batch (see `request_batches`); sampling depends on a batch's first request."""
        for batch in request_batches(requests, done, self._batch, _pixels):
            yield self._generate(batch, sampling)

    def _generate(self, requests: Sequence[Request], sampling: Sampling) -> Answered:
        """The answers to a batch; an encoder-decoder answers prompts of one length at a time: they are not padded."""
        from mumer_train.data import prompt_text

        groups: dict[int, list[tuple[Request, str]]] = defaultdict(list)
        for request in requests:
            text = prompt_text(self._processor, request.prompt)
            length = len(self._processor.tokenizer(text)["input_ids"]) if self._processor.encoder_decoder else 0
            groups[length].append((request, text))
        by_key: dict[Key, Answer] = {}
        for group in groups.values():
            asked = [request for request, _ in group]
            answers = self._group(asked, [text for _, text in group], sampling)
            by_key |= {request.key: answer for request, answer in zip(asked, answers, strict=True)}
        return [(request, by_key[request.key]) for request in requests]

    def _group(self, requests: Sequence[Request], texts: Sequence[str], sampling: Sampling) -> list[Answer]:
        import torch
        from transformers import LogitsProcessorList

        inputs = self._processor(texts, [_open(request) for request in requests], side="left")
        inputs = {name: value.to(self._model.device) for name, value in inputs.items()}
        prompt = inputs["decoder_input_ids" if self._processor.encoder_decoder else "input_ids"].shape[1]
        most = sampling.max_tokens
        if self._processor.max_tokens is not None:
            most = max(1, min(most, self._processor.max_tokens - prompt))
        recorder = _Recorder()
        extra = [self._constraint.processor(most // 2)] if self._constraint else []
        draw = sampling.temperature > 0
        torch.manual_seed(hash64(f"{sampling.seed}\0{requests[0].id}\0{requests[0].sample}") % (1 << 63))
        with torch.no_grad():
            tokens = self._model.generate(
                **inputs,
                **self._settings,
                max_new_tokens=most,
                do_sample=draw,
                temperature=sampling.temperature if draw else None,
                top_p=sampling.top_p if draw else None,
                top_k=None,
                logits_processor=LogitsProcessorList([recorder, *extra]),
            )
        new = tokens[:, prompt:].cpu()
        logprobs = recorder.logprobs(new)
        return [self._answer(*one) for one in zip(new.tolist(), logprobs, strict=True)]

    def _answer(self, tokens: list[int], logprobs: list[float]) -> Answer:
        ended = next((count for count, token in enumerate(tokens, 1) if token in self._ends), None)
        length = len(tokens) if ended is None else ended
        text = self._processor.tokenizer.decode(tokens[:length], skip_special_tokens=True)
        mean = sum(logprobs[:length]) / length if length else None
        return Answer(text, mean, "length" if ended is None else "stop")


def _pixels(request: Request) -> int:
    """The number of pixels of an image, from its header."""
    from PIL import Image

    with Image.open(io.BytesIO(request.read())) as opened:
        return opened.width * opened.height


def _open(request: Request) -> Image:
    from mumer_data.images.canonicalize import canonical_image

    return canonical_image(request.read()).convert("RGB")


class _Recorder:
    """A logits processor that changes nothing and records the log-probability of each generated token.

    It holds the logits of one step at a time: those of a whole answer would fill the memory of a GPU.
    """

    def __init__(self) -> None:
        self._last: Any = None
        self._logprobs: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if self._last is not None:
            self._logprobs.append(self._last.gather(1, input_ids[:, -1:])[:, 0].cpu())
        self._last = scores.float().log_softmax(dim=-1)
        return scores

    def logprobs(self, tokens: Any) -> list[list[float]]:
        """Log-probabilities of ``tokens``, of shape (rows, steps): the generated tokens of all steps."""
        import torch

        if self._last is not None:
            self._logprobs.append(self._last.cpu().gather(1, tokens[:, -1:])[:, 0])
        return torch.stack(self._logprobs, dim=1).tolist() if self._logprobs else [[] for _ in tokens]
