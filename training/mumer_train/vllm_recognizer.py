"""Recognizer `vllm`: vLLM in this process, where it is installed."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

from mumer_data.recognizers import Answer, Answered, Key, RecognizerOptions, Request, Sampling, require
from mumer_data.recognizers.openai import data_url


class VllmRecognizer:
    """A model on the GPUs of this machine; ``model`` is a local folder or Hub id."""

    class Options(RecognizerOptions):
        """Options of the back-end ``vllm``; ``trust_remote_code`` runs code that comes with the model."""

        trust_remote_code: bool = False

    def __init__(self, model: str, options: Options) -> None:
        require("vllm", extra="vllm")
        from vllm import LLM

        self._engine = LLM(model=model, trust_remote_code=options.trust_remote_code)

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """All requests at once: vLLM batches them itself, and seeds each by itself."""
        from vllm import SamplingParams

        requests = [request for request in requests if request.key not in done]
        chats = [
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": data_url(request.read())}},
                        {"type": "text", "text": request.prompt},
                    ],
                }
            ]
            for request in requests
        ]
        parameters = [
            SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=(sampling.seed * 1_000_003 + request.sample) % (1 << 31),
                logprobs=0,
            )
            for request in requests
        ]
        results = self._engine.chat(chats, parameters, use_tqdm=False)
        yield [(request, _answer(result.outputs[0])) for request, result in zip(requests, results, strict=True)]


def _answer(said: Any) -> Answer:
    mean = said.cumulative_logprob / len(said.token_ids) if said.token_ids else None
    return Answer(said.text, mean, "length" if said.finish_reason == "length" else "stop")
