"""A model of another kind, LLaVA, by its own `AutoProcessor`: the same loss mask, lengths, training and reading."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from mumer_train.data import ChatDataset, Collator, Encoder, answer_tokens
from mumer_train.loading import load_processor
from mumer_train.processor import StockProcessor
from mumer_train.shards import load_rows
from mumer_train.train import train

from mumer_data.jobs.predict import predict
from mumer_data.recognizers import Sampling, recognizer
from tests.training import families
from tests.training.test_train import config


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llava")
    families.make_llava(folder)
    return folder


def test_the_loss_sees_exactly_the_answer_and_the_end_token(llava: Path, shards: Path) -> None:
    processor = load_processor(str(llava))
    assert isinstance(processor, StockProcessor)
    encoder, turns = Encoder(processor), ChatDataset(load_rows(shards))
    batch = [turns[place] for place in range(0, len(turns), 11)]
    found = Collator(encoder)(batch)
    for turn, labels, mask in zip(batch, found["labels"], found["attention_mask"], strict=True):
        seen = answer_tokens(labels)
        assert seen[-1] == processor.tokenizer.eos_token_id
        assert processor.tokenizer.decode(seen[:-1]) == turn.answer
        assert encoder.length(turn) == int(mask.sum())
    assert torch.equal((found["input_ids"] == processor.image_token_id).sum(dim=1), torch.full((len(batch),), 16))


def test_it_trains_and_reads(llava: Path, shards: Path, tmp_path: Path) -> None:
    final = train(config(llava, shards, tmp_path / "run", max_steps=2))
    found = []
    for batch in (8, 1):
        maker = partial(recognizer, "transformers", model=str(final), batch=batch)
        out = tmp_path / f"{batch}.parquet"
        drawn = Sampling(max_tokens=6)
        predict(maker, str(final), str(shards / "few"), out, sampling=drawn, keep=lambda e: e.row < 8)
        found.append(pd.read_parquet(out)["answer"].tolist())
    assert found[0] == found[1]
