"""Every family trains, resumes and reads as Qwen2.5-VL does."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from mumer_train.data import ChatDataset, Collator, Encoder, answer_tokens, prompt_text
from mumer_train.loading import load_processor
from mumer_train.shards import load_rows
from mumer_train.train import train

from mumer_data.jobs.predict import predict
from mumer_data.recognizers import Sampling, recognizer
from tests.training import families
from tests.training.test_train import config

FAMILIES = ["Qwen3VL", "Qwen3_5"]


@pytest.fixture(scope="module", params=FAMILIES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    families.make(request.param, folder)
    return folder


def test_the_loss_sees_exactly_the_answer_and_the_end_token(model: Path, shards: Path) -> None:
    processor = load_processor(str(model))
    turns = ChatDataset(load_rows(shards))
    batch = [turns[place] for place in range(0, len(turns), 11)]
    for turn, labels in zip(batch, Collator(Encoder(processor))(batch)["labels"], strict=True):
        seen = answer_tokens(labels)
        assert seen[-1] == processor.tokenizer.eos_token_id
        assert processor.tokenizer.decode(seen[:-1]) == turn.answer


def test_thoughts_are_empty(tmp_path: Path) -> None:
    families.make("Qwen3_5", tmp_path)
    text = prompt_text(load_processor(str(tmp_path)), "Read it.")
    assert text.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")


def test_it_trains_resumes_and_reads(model: Path, shards: Path, tmp_path: Path) -> None:
    train(config(model, shards, tmp_path / "whole", max_steps=4))
    train(config(model, shards, tmp_path / "two", max_steps=4, save_steps=2))
    for name in ("run.json", "final"):
        path = tmp_path / "two" / name
        path.rename(tmp_path / f"old-{name}")
    (tmp_path / "two" / "checkpoint-4").rename(tmp_path / "checkpoint-4")
    final = train(config(model, shards, tmp_path / "two", max_steps=4, save_steps=2), resume=True)
    losses = [
        [
            entry["loss"]
            for entry in json.loads((tmp_path / name / "run.json").read_text())["history"]
            if "loss" in entry
        ]
        for name in ("whole", "two")
    ]
    assert losses[0] == losses[1]
    drawn = Sampling(max_tokens=6)
    found = []
    for batch in (8, 1):
        maker = partial(recognizer, "transformers", model=str(final), batch=batch)
        out = tmp_path / f"{batch}.parquet"
        predict(maker, str(final), str(shards / "few"), out, sampling=drawn, keep=lambda e: e.row < 8)
        found.append(pd.read_parquet(out)["answer"].tolist())
    assert found[0] == found[1]
