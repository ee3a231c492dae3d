"""Encoder-decoders: all five tasks, their loss and lengths, what a folder from elsewhere can do, and errors."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from mumer_train.config import Part
from mumer_train.data import ChatDataset, Collator, Encoder, answer_tokens, chat_example
from mumer_train.dependencies import TrainingError
from mumer_train.encoder_decoder import EncoderDecoderProcessor, GrayImages, task_tokens
from mumer_train.loading import add_embeddings, load_processor, load_weights
from mumer_train.model import component_of
from mumer_train.shards import load_rows
from mumer_train.train import train
from mumer_train.transformers_recognizer import LoadedModel
from PIL import Image
from typer.testing import CliRunner

from mumer_data.cli import app
from mumer_data.recognizers import Request, Sampling
from mumer_data.tasks import TASKS, task_class
from tests.training.encoder_decoders import pp_formulanet, texteller, trocr
from tests.training.test_train import config

FIVE = ["few", "few_can", "few_tree", "few_error_find", "few_error_fix"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trocr")
    trocr(folder)
    return folder


@pytest.fixture(scope="module")
def errors(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of both error tasks about the images of `shards`."""
    folder = tmp_path_factory.mktemp("errors")
    wrong = [
        {"img_id": turn.id, "gt": turn.answer, "pred": turn.answer + " z"}
        for turn in map(chat_example, load_rows(shards / "few"))
    ]
    (folder / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    arguments = ["corrupt", str(shards / "few"), "--like", str(folder / "wrong.json"), "--name", "few"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(folder / "out"), "--workers", "1"])
    assert done.exit_code == 0, done.output
    return folder / "out"


def examples(*folders: Path) -> list[Any]:
    """Two rows of each config."""
    found = []
    for folder in folders:
        for rows in sorted(path for path in folder.iterdir() if path.is_dir()):
            part = ChatDataset(load_rows(rows))
            found += [part[0], part[len(part) - 1]]
    return found


@pytest.mark.parametrize("make", [trocr, pp_formulanet])
def test_the_loss_is_that_of_the_model_on_answers_alone(make: Any, shards: Path, errors: Path, tmp_path: Path) -> None:
    make(tmp_path)
    processor = load_processor(str(tmp_path), training=True)
    assert isinstance(processor, EncoderDecoderProcessor)
    network = load_weights(str(tmp_path)).eval()
    add_embeddings(network, processor.tokenizer)
    batch = examples(shards, errors)
    assert {example.task for example in batch} == set(FIVE)
    found = Collator(Encoder(processor))(batch)
    tokens, labels = found["decoder_input_ids"], found["labels"]
    for example, row, targets in zip(batch, tokens, labels, strict=True):
        seen = answer_tokens(targets)
        assert seen[-1] == processor.tokenizer.eos_token_id
        assert processor.tokenizer.decode(seen[:-1]) == example.answer
        prefix = row[: int((row == seen[0]).nonzero()[0])] if example.task in FIVE[:3] else row
        assert int(row[0]) == processor.start
        if example.task in FIVE[:3]:
            assert processor.tokenizer.decode(prefix[1:2]) == task_tokens()[example.prompt]
        else:
            assert example.prompt in processor.tokenizer.decode(row)
    with torch.no_grad():
        pixels = found["pixel_values"]
        whole = network(
            pixel_values=pixels, decoder_input_ids=tokens, decoder_attention_mask=found["decoder_attention_mask"]
        )
        own = network(
            pixel_values=pixels, decoder_input_ids=tokens[:, :-1].contiguous(), labels=labels[:, 1:].contiguous()
        )
    mask = labels[:, 1:] != -100
    mean = torch.nn.functional.cross_entropy(whole.logits[:, :-1][mask], labels[:, 1:][mask])
    assert float(mean) == pytest.approx(float(own.loss), abs=1e-4)


def test_all_five_tasks_train_resume_and_predict_by_command(
    model: Path, shards: Path, errors: Path, tmp_path: Path
) -> None:
    settings = config(model, shards, tmp_path / "run", max_steps=40, save_steps=20, log_steps=20, learning_rate=3e-3)
    settings = settings.model_copy(update={"data": [Part(path=shards), Part(path=errors)]})
    path = tmp_path / "run.json"
    path.write_text(settings.model_dump_json(), encoding="utf-8")
    done = CliRunner().invoke(app, ["train", str(path)])
    assert done.exit_code == 0, (done.output, done.exception)
    history = json.loads((tmp_path / "run" / "run.json").read_text())["history"]
    for task in FIVE:
        assert history[1][f"loss_{task}"] < history[0][f"loss_{task}"], task
    out = tmp_path / "tree.parquet"
    arguments = ["predict", "--model", str(tmp_path / "run" / "final"), "--data", str(shards / "few_tree")]
    arguments += ["--task", "tree_cot", "--max-tokens", "400", "--batch", "32", "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    assert len(pd.read_parquet(out)) == 32


def test_rows_beyond_the_positions_of_the_decoder_are_skipped(
    model: Path, errors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = Encoder(load_processor(str(model), training=True))
    assert encoder.processor.max_tokens == 256
    rows = ChatDataset(load_rows(errors / "few_error_fix"))
    lengths = [encoder.length(rows[place]) for place in range(len(rows))]
    trocr(tmp_path / "short", positions=max(lengths) - 1)
    run = config(tmp_path / "short", errors, tmp_path / "run", max_steps=1, report=[])
    train(run.model_copy(update={"data": [Part(path=errors, configs=["few_error_fix"])]}))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["left_out"] == {"few_error_fix": lengths.count(max(lengths))}
    assert record["rows"] == len(rows) - lengths.count(max(lengths))
    assert f"rows of more than {max(lengths) - 1} tokens are skipped" in capsys.readouterr().out


def test_a_model_from_elsewhere_reads_and_says_what_it_was_not_trained_for(model: Path) -> None:
    processor = load_processor(str(model))
    prompts = {name: task_class(name).prompt for name in TASKS}
    assert processor.prompt_text(prompts["recognition"]) == ""
    with pytest.raises(
        TrainingError, match=r"not trained for the task tree_cot: its tokenizer has no token <tree_cot>"
    ):
        processor.prompt_text(prompts["tree_cot"])
    trained = load_processor(str(model), training=True)
    assert [trained.prompt_text(prompts[name]) for name in TASKS] == [f"<{name}>" for name in TASKS]
    assert trained.prompt_text("Another prompt.") == "Another prompt."


def request(name: str, prompt: str) -> Request:
    """A request about a gray image."""
    data = io.BytesIO()
    Image.effect_noise((80, 40), 60).save(data, "PNG")
    return Request(name, "d", "x", 0, prompt, "", data.getvalue)


def test_prefixes_of_different_lengths_are_answered_as_each_alone(model: Path) -> None:
    processor, network = load_processor(str(model)), load_weights(str(model)).eval()
    requests = [request(str(n), prompt) for n, prompt in enumerate(["x", "x + 1", "Please read it.", "y"])]
    drawn = Sampling(max_tokens=12)
    (together,) = LoadedModel(network, processor, 4).answers(requests, drawn)
    alone = [pair for batch in LoadedModel(network, processor, 1).answers(requests, drawn) for pair in batch]
    assert {one.id: answer.text for one, answer in together} == {one.id: answer.text for one, answer in alone}
    assert len({answer.text for _, answer in together}) > 1


def test_answers_end_where_the_positions_end(tmp_path: Path) -> None:
    trocr(tmp_path, positions=10)
    recognizer = LoadedModel(load_weights(str(tmp_path)).eval(), load_processor(str(tmp_path)), 1)
    asked = request("a", task_class("recognition").prompt)
    ((_, answer),) = next(iter(recognizer.answers([asked], Sampling(max_tokens=64))))
    assert answer.finish == "length"


def test_gray_images_are_trimmed_scaled_and_padded() -> None:
    image = Image.new("RGB", (200, 100), "white")
    image.paste((0, 0, 0), (50, 40, 90, 60))
    (found,) = GrayImages(64)([image])["pixel_values"]
    white, black = (1 - GrayImages.MEAN) / GrayImages.DEVIATION, -GrayImages.MEAN / GrayImages.DEVIATION
    assert found.shape == (1, 64, 64)
    assert np.allclose(found[0, :32], black, atol=1e-4)  # 40 x 20 pixels of ink fill 64 x 32
    assert (found[0, 32:] == 0).all()
    (blank,) = GrayImages(64)([Image.new("RGB", (200, 100), "white")])["pixel_values"]
    assert np.allclose(blank[0, :32], white, atol=1e-4)


def test_a_folder_without_an_image_processor(tmp_path: Path) -> None:
    texteller(tmp_path)
    processor = load_processor(str(tmp_path))
    assert isinstance(processor.images, GrayImages)
    processor.save(tmp_path / "saved")
    assert not (tmp_path / "saved" / "preprocessor_config.json").exists()
    settings = json.loads((tmp_path / "config.json").read_text())
    settings["encoder"]["num_channels"] = 3
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(TrainingError, match="has no tokenizer and image processor that transformers can load"):
        load_processor(str(tmp_path))


def test_what_an_encoder_decoder_cannot_do_is_said(model: Path, shards: Path, tmp_path: Path) -> None:
    import mumer_train.model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mumer_train.model, "require_for", lambda *_: None)
        with pytest.raises(TrainingError, match="no kernels for encoder-decoders: set liger: false"):
            train(config(model, shards, tmp_path / "run", liger=True))


def test_parts_of_an_encoder_decoder() -> None:
    assert component_of("encoder.layers.0.attention.q_proj.weight") == "vision"
    assert component_of("model.encoder.layers.0.attn.qkv.weight") == "vision"
    assert component_of("model.encoder.multi_modal_projector.conv1.weight") == "projector"
    assert component_of("enc_to_dec_proj.weight") == "projector"
    assert component_of("decoder.model.decoder.layers.0.encoder_attn.q_proj.weight") == "language"
