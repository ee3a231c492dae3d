"""Every kind of model in the table trains two steps, resumes, and reads; the table of the documentation is this one."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from mumer_train.data import ChatDataset, Collator, Encoder, answer_tokens
from mumer_train.dependencies import TrainingError
from mumer_train.kinds import KINDS, table
from mumer_train.loading import load_processor
from mumer_train.shards import load_rows
from mumer_train.train import train
from mumer_train.trainer import MumerTrainer
from PIL import Image

from mumer_data.jobs.predict import predict
from mumer_data.recognizers import Sampling, recognizer
from tests.training.encoder_decoders import ENCODER_DECODERS
from tests.training.families import make_llava
from tests.training.ocr_models import OCR_MODELS
from tests.training.test_train import config

MODELS = {**ENCODER_DECODERS, **OCR_MODELS, "llava": ("llava", make_llava)}
# kinds that other tests train, resume and read with
ELSEWHERE = {"qwen2_5_vl": "test_train", "qwen3_vl": "test_families", "qwen3_5": "test_families"}


class _KilledError(Exception):
    """Stands for a kill."""


def losses(folder: Path) -> list[float]:
    history = json.loads((folder / "trainer_state.json").read_text())["log_history"]
    return [entry["loss"] for entry in history if "loss" in entry]


def check_batch(model: Path, shards: Path) -> None:
    """The loss sees exactly the answers and their end tokens, and lengths are right."""
    encoder = Encoder(load_processor(str(model), training=True))
    rows = ChatDataset(load_rows(shards / "few"))
    examples = [rows[0], rows[20]]
    batch = Collator(encoder)(examples)
    for example, labels, length in zip(examples, batch["labels"], batch["stats"].lengths, strict=True):
        seen = answer_tokens(labels)
        assert seen[-1] == encoder.processor.tokenizer.eos_token_id
        assert encoder.processor.tokenizer.decode(seen[:-1]) == example.answer
        assert encoder.length(example) == length


def _killed(*_: object) -> None:
    raise _KilledError


@pytest.mark.parametrize("name", MODELS)
def test_it_trains_resumes_and_reads(name: str, shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, make = MODELS[name]
    make(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "config.json").read_text())["model_type"] == kind
    check_batch(tmp_path / "model", shards)
    steps = {"max_steps": 2, "save_steps": 1, "per_device_batch_size": 2}
    settings = config(tmp_path / "model", shards, tmp_path / "run", report=[], **steps)
    with monkeypatch.context() as patch:
        patch.setattr(MumerTrainer, "save_final", _killed)
        with pytest.raises(_KilledError):
            train(settings)
    last = tmp_path / "run" / "checkpoint-2"
    unbroken = losses(last)
    shutil.rmtree(last)
    final = train(settings, resume=True)
    assert losses(last) == unbroken
    found = []
    for batch in (4, 1):
        maker = partial(recognizer, "transformers", model=str(final), batch=batch)
        out = tmp_path / f"{batch}.parquet"
        drawn = Sampling(max_tokens=6)
        predict(maker, str(final), str(shards / "few"), out, sampling=drawn, keep=lambda e: e.row < 4)
        found.append(pd.read_parquet(out))
    assert found[0]["answer"].tolist() == found[1]["answer"].tolist()
    assert (found[0]["logprob"] < 0).all()


@pytest.mark.parametrize("name", ["paddleocr_vl", "glm_ocr"])
def test_large_images_are_scaled_down(name: str, tmp_path: Path) -> None:
    OCR_MODELS[name][1](tmp_path)
    image = Image.new("RGB", (600, 400), "white")
    for most in (8, 12):  # image tokens of 28 x 28 pixels
        processor = load_processor(str(tmp_path), max_pixels=most * 784)
        text = processor.prompt_text("x")
        encoded = processor.encode([text], [image])
        assert most // 2 <= encoded.image_tokens[0] <= most
        assert processor.length(text, image) == len(encoded.prompts[0])


def test_every_kind_of_the_table_is_tested() -> None:
    assert {kind for kind, _ in MODELS.values()} | set(ELSEWHERE) == set(KINDS)
    for test in ELSEWHERE.values():
        assert (Path(__file__).parent / f"{test}.py").is_file()


def test_the_page_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    assert page.split("test_kinds.py -->\n")[1].split("\n<!-- end")[0] == table()


def test_another_kind_is_named_with_those_that_work(tmp_path: Path) -> None:
    from transformers import BertConfig

    BertConfig().save_pretrained(tmp_path)
    with pytest.raises(TrainingError, match=r"type bert, .* supported are qwen2_5_vl \(Qwen2.5-VL\), .*pp_formulanet"):
        load_processor(str(tmp_path))
