"""Backend `vllm`: vLLM in this process, where it is installed."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

from mumer_train.dependencies import require
from mumer_train.predict import Answer, Answered, Job, Key, Sampling
from mumer_train.predict.served import data_url


class Vllm:
    """A model on this machine's GPUs.

    Args:
        model: a local folder or Hub id.
        trust_remote_code: run code that comes with the model.
    """

    def __init__(self, model: str, *, trust_remote_code: bool = False, **_: Any) -> None:
        require("vllm", extra="vllm")
        from vllm import LLM

        self._engine = LLM(model=model, trust_remote_code=trust_remote_code)

    def answers(self, jobs: Sequence[Job], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """All jobs at once: vLLM batches them itself, and seeds each by itself."""
        from vllm import SamplingParams

        jobs = [job for job in jobs if job.key not in done]
        chats = [
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": data_url(job.read())}},
                        {"type": "text", "text": job.prompt},
                    ],
                }
            ]
            for job in jobs
        ]
        parameters = [
            SamplingParams(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                max_tokens=sampling.max_tokens,
                seed=(sampling.seed * 1_000_003 + job.sample) % (1 << 31),
                logprobs=0,
            )
            for job in jobs
        ]
        results = self._engine.chat(chats, parameters, use_tqdm=False)
        yield [(job, _answer(result.outputs[0])) for job, result in zip(jobs, results, strict=True)]


def _answer(said: Any) -> Answer:
    mean = said.cumulative_logprob / len(said.token_ids) if said.token_ids else None
    return Answer(said.text, mean, "length" if said.finish_reason == "length" else "stop")
