"""Backend `vllm`: vLLM in this process, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mumer_train.needs import require
from mumer_train.predict import Answer, Job, Sampling
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

    def answers(self, jobs: Sequence[Job], sampling: Sampling) -> Iterator[tuple[Job, Answer]]:
        """All jobs at once: vLLM batches them itself."""
        from vllm import SamplingParams

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
        for job, result in zip(jobs, self._engine.chat(chats, parameters, use_tqdm=False), strict=True):
            said = result.outputs[0]
            mean = said.cumulative_logprob / len(said.token_ids) if said.token_ids else None
            yield job, Answer(said.text, mean, "length" if said.finish_reason == "length" else "stop")
