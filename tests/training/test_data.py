"""Batches: the loss is on the answer alone, nothing is cut silently, and both ways to a processor agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mumer_train.config import load_config
from mumer_train.data import ChatDataset, Collator, Encoder, answer_tokens, prompt_text
from mumer_train.dependencies import TrainingError
from mumer_train.processor import Processor
from mumer_train.shards import load_rows
from PIL import Image


def test_the_loss_sees_exactly_the_answer_and_the_end_token(processor: Processor, shards: Path) -> None:
    turns = ChatDataset(load_rows(shards))
    batch = [turns[place] for place in range(0, len(turns), 7)]
    assert {turn.task for turn in batch} == {"few", "few_tree", "few_can"}
    found = Collator(Encoder(processor))(batch)
    for turn, labels in zip(batch, found["labels"], strict=True):
        seen = answer_tokens(labels)
        assert seen[-1] == processor.tokenizer.eos_token_id
        assert processor.tokenizer.decode(seen[:-1]) == turn.answer


def test_a_batch_is_what_the_processor_makes_of_the_whole_conversation(processor: Processor, shards: Path) -> None:
    turns = ChatDataset(load_rows(shards, ["few"]))
    batch = [turns[0], turns[5]]
    found = Collator(Encoder(processor))(batch)
    texts = [prompt_text(processor, turn.prompt) + turn.answer + "<|im_end|>" for turn in batch]
    whole = processor(texts, [turn.image for turn in batch], side="right")
    for name in ("input_ids", "attention_mask", "mm_token_type_ids", "pixel_values", "image_grid_thw"):
        assert torch.equal(found[name], whole[name]), name


def test_without_torchvision_it_is_the_same(
    processor: Processor, tiny: Path, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoProcessor
    from transformers.processing_utils import ProcessorMixin

    stock = ProcessorMixin.get_attributes.__func__
    without = classmethod(lambda cls: [name for name in stock(cls) if name != "video_processor"])
    monkeypatch.setattr(ProcessorMixin, "get_attributes", without)
    whole = AutoProcessor.from_pretrained(str(tiny))
    turn = ChatDataset(load_rows(shards, ["few"]))[3]
    text = prompt_text(processor, turn.prompt)
    ours = processor([text], [turn.image])
    theirs = whole(text=[text], images=[turn.image], return_tensors="pt")
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name


def test_with_torchvision_it_is_the_same(processor: Processor, tiny: Path, shards: Path) -> None:
    pytest.importorskip("torchvision", reason="AutoProcessor of Qwen2.5-VL needs torchvision")
    from transformers import AutoProcessor

    whole = AutoProcessor.from_pretrained(str(tiny), use_fast=False)
    turn = ChatDataset(load_rows(shards, ["few"]))[3]
    text = prompt_text(processor, turn.prompt)
    ours, theirs = processor([text], [turn.image]), whole(text=[text], images=[turn.image], return_tensors="pt")
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        assert torch.allclose(ours[name].float(), value.float(), atol=1e-5), name


def test_lengths_are_known_without_pixels(processor: Processor, shards: Path) -> None:
    encoder, turns = Encoder(processor), ChatDataset(load_rows(shards, ["few_tree"]))
    for place in range(8):
        mask = Collator(encoder)([turns[place]])["attention_mask"]
        assert encoder.length(turns[place]) == int(mask.sum())


def test_an_image_without_placeholder_is_an_error(processor: Processor) -> None:
    with pytest.raises(TrainingError, match="0 image placeholders for 1 images"):
        processor(["no place"], [Image.new("RGB", (60, 60))])


@pytest.mark.parametrize(
    ("folder", "configs", "message"),
    [("empty", [], "holds no shards"), ("out", ["other"], "no config 'other': it has few, few_can, few_tree")],
)
def test_wrong_shards_are_named(shards: Path, folder: str, configs: list[str], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        load_rows(shards.parent / folder, configs)


MINIMAL = "model: m\noutput: o\ndata: [{path: p}]"


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("model: m\noutput: o\ndata: [{path: p}]\nlr: 1", [], "unknown key 'lr': known are: model, data, output"),
        ("model: m\noutput: o\ndata: [{path: p}]\nlearnin_rate: 1", [], "did you mean 'learning_rate'"),
        (
            "model: m\noutput: o\ndata: [{path: p, repeats: 2}]",
            [],
            "unknown key 'data.0.repeats': did you mean 'repeat'",
        ),
        (MINIMAL, ["freeze.visoin=true"], "did you mean 'vision'"),
        (MINIMAL, ["evaluate={data: x, every: 2, row: 3}"], "did you mean 'rows'"),
        ("model: m\noutput: o\ndata: [{path: p, weight: 1}, {path: q}]", [], "weight: set it for every part of data"),
        ("model: m\noutput: o\ndata: [{path: p, weight: 1, repeat: 2}]", [], "cannot have both"),
        (MINIMAL, ["effective_batch=8", "gradient_accumulation_steps=2"], "remove one of them"),
        ("model: m\noutput: o\ndata: []", [], "data: List should have at least 1 item"),
        ("model: m\noutput: o", [], "data: this key is missing"),
        ("- 1", [], "expected 'key: value' lines, found list"),
        ("a: [", [], "is not YAML"),
        (MINIMAL, ["per_device_batch_size=0"], "per_device_batch_size: Input should be greater"),
        (MINIMAL, ["data.3.path=x"], "'3' is not a position in a list of 1"),
        (MINIMAL, ["per_device_batch_size"], "expected key=value"),
    ],
)
def test_a_wrong_config_says_what_is_wrong(tmp_path: Path, text: str, settings: list[str], message: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=message):
        load_config(path, settings)


def test_settings_reach_into_lists(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    config = load_config(path, ["data.0.path=q", "freeze.vision=true", "per_device_batch_size=4"])
    assert (str(config.data[0].path), config.freeze.vision, config.per_device_batch_size) == ("q", True, 4)


def test_old_keys_work_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("model: m\noutput: o\ndata: [{path: p}]\nbatch: 2\ncutoff: 99\n", encoding="utf-8")
    config = load_config(path, ["batch=4", "accumulation=3", "checkpointing=true", "save_total_limit=7"])
    assert (config.per_device_batch_size, config.gradient_accumulation_steps, config.max_length) == (4, 3, 99)
    assert (config.gradient_checkpointing, config.save_total_limit) == (True, 7)
    assert [record.getMessage() for record in caplog.records] == [
        "'batch' is deprecated: write 'per_device_batch_size'",
        "'cutoff' is deprecated: write 'max_length'",
        "'accumulation' is deprecated: write 'gradient_accumulation_steps'",
        "'checkpointing' is deprecated: write 'gradient_checkpointing'",
    ]
    path.write_text("model: m\noutput: o\ndata: [{path: p}]\nkeep: 2\nsave_total_limit: 3\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="'keep' is the old name of 'save_total_limit'"):
        load_config(path)


def test_the_configs_in_the_repository_are_valid() -> None:
    folder = Path(__file__).parents[2] / "training" / "configs"
    assert len(list(folder.glob("*.yaml"))) >= 3
    for path in folder.glob("*.yaml"):
        if not path.name.startswith(("reader_", "ablation")):  # for `mumer reader train` and `mumer ablate`
            load_config(path)
