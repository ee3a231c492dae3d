"""The formula reader as a model: shapes, its cache, saving and loading, generating through transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")

from mumer_train.from_scratch.configuration import FormulaReaderConfig  # noqa: E402
from mumer_train.from_scratch.decoding import greedy, read_images, stacked  # noqa: E402
from mumer_train.from_scratch.modeling import FormulaReader  # noqa: E402
from mumer_train.from_scratch.processor import (  # noqa: E402
    FormulaReaderProcessor,
    load_reader,
    register,
    save_reader,
)
from mumer_train.from_scratch.vocabulary import TOKENS  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: E402

from mumer_data.exceptions import SourceError  # noqa: E402

INKS = [np.random.default_rng(place).integers(0, 256, (24 + 8 * place, 64), dtype=np.uint8) for place in range(3)]


@pytest.fixture(scope="module")
def model() -> FormulaReader:
    """Random weights, its scores spread so that no two tokens tie."""
    torch.manual_seed(0)
    reader = FormulaReader(FormulaReaderConfig(vocab_size=len(TOKENS))).eval()
    with torch.no_grad():
        reader.decoder.head.weight.normal_(std=0.4)
    result: FormulaReader = reader
    return result


def test_the_default_model_is_small() -> None:
    reader = FormulaReader(FormulaReaderConfig(vocab_size=len(TOKENS)))
    assert 1.8e6 < sum(value.numel() for value in reader.parameters()) < 4e6


def test_shapes(model: FormulaReader) -> None:
    pixels, cells = stacked(INKS, model.config.stride)
    assert pixels.shape == (3, 1, 40, 64)
    assert cells.shape == (3, 5, 8)
    assert model.features(pixels).shape == (3, 128, 5, 8)
    labels = torch.randint(20, 60, (3, 6))
    outputs = model(pixel_values=pixels, cell_mask=cells, labels=labels)
    assert outputs.logits.shape == (3, 6, len(TOKENS))
    assert outputs.loss.ndim == 0


def test_the_cache_changes_nothing(model: FormulaReader) -> None:
    pixels, cells = stacked(INKS, model.config.stride)
    tokens = torch.randint(20, 60, (3, 9))
    with torch.no_grad():
        whole = model(pixel_values=pixels, cell_mask=cells, decoder_input_ids=tokens).logits
        memory, cache, steps = model.get_encoder()(pixels), None, []
        for begin, end in ((0, 1), (1, 2), (2, 6), (6, 9)):  # several tokens at a time too
            part = tokens[:, begin:end]
            outputs = model(
                encoder_outputs=memory, cell_mask=cells, decoder_input_ids=part, cache=cache, use_cache=True
            )
            cache = outputs.cache if "cache" in outputs else outputs.past_key_values
            steps.append(outputs.logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, rtol=1e-4, atol=1e-4)


def test_padding_changes_nothing_for_the_decoder(model: FormulaReader) -> None:
    """Cells that belong to the padding of a batch are not attended to."""
    pixels, cells = stacked(INKS, model.config.stride)
    memory = model.encoder.memory(model.features(pixels))
    noisy = memory.clone()
    noisy[~cells.flatten(1)] = 7.0
    tokens = torch.randint(20, 60, (3, 4))
    with torch.no_grad():
        clean, changed = (
            model(encoder_outputs=(one,), cell_mask=cells, decoder_input_ids=tokens).logits for one in (memory, noisy)
        )
    torch.testing.assert_close(clean, changed)


@pytest.mark.parametrize("use_cache", [True, False])
def test_generate_reads_as_the_own_search_does(model: FormulaReader, use_cache: bool) -> None:
    pixels, cells = stacked(INKS, model.config.stride)
    own = greedy(model, pixels, cells, longest=12)
    options = {"max_new_tokens": 12, "do_sample": False, "use_cache": use_cache}
    tokens = model.generate(pixel_values=pixels, cell_mask=cells, **options)
    end, pad = model.config.eos_token_id, model.config.pad_token_id
    assert [[one for one in row[1:].tolist() if one not in (end, pad)] for row in tokens] == [row for row, _ in own]


def test_a_beam_finds_nothing_less_likely(model: FormulaReader) -> None:
    pixels, cells = stacked(INKS, model.config.stride)
    options = {"max_new_tokens": 6, "do_sample": False, "length_penalty": 0.0}
    beams = model.generate(pixel_values=pixels, cell_mask=cells, num_beams=4, **options)
    own = model.generate(pixel_values=pixels, cell_mask=cells, **options)

    def scores(tokens: Any) -> Any:
        with torch.no_grad():
            logs = model(pixel_values=pixels, cell_mask=cells, decoder_input_ids=tokens[:, :-1]).logits.log_softmax(-1)
        each = logs.gather(2, tokens[:, 1:, None])[..., 0]
        return (each * (tokens[:, 1:] != model.config.pad_token_id)).sum(1)

    assert (scores(beams) >= scores(own) - 1e-3).all()


def test_reading_does_not_depend_on_the_batch(model: FormulaReader) -> None:
    alone = [read_images(model, [ink], longest=15)[0][0] for ink in INKS]
    assert [tokens for tokens, _ in read_images(model, [INKS[0], INKS[0]], longest=15)] == [alone[0]] * 2


def test_save_and_load_are_exact(model: FormulaReader, tmp_path: Path) -> None:
    save_reader(model, FormulaReaderProcessor(), tmp_path)
    loaded, processor = load_reader(tmp_path)
    assert all(torch.equal(one, loaded.state_dict()[name]) for name, one in model.state_dict().items())
    image = Image.new("L", (120, 60), 255)
    ImageDraw.Draw(image).line([(10, 10), (100, 50), (10, 50)], fill=0, width=4)
    expected = FormulaReaderProcessor().read(model, [image], 10)
    (found,) = processor.read(loaded, [image], 10)
    assert found[0] == expected[0][0]
    assert found[1] == pytest.approx(expected[0][1], abs=1e-4)  # memory layout moves the last bits
    register()
    assert isinstance(AutoModelForImageTextToText.from_pretrained(tmp_path), FormulaReader)
    assert isinstance(AutoProcessor.from_pretrained(tmp_path), FormulaReaderProcessor)


def test_a_folder_without_a_reader_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not hold a formula reader"):
        load_reader(tmp_path)


def test_the_tokenizer_knows_every_token_and_the_task_formats() -> None:
    tokenizer = FormulaReaderProcessor().tokenizer
    text = r"\frac { a } { b ^ { 2 } }"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    words = tokenizer.tokenize("\\frac\n\ta (above)\n\t2 (below)\nx: 1, \\frac: 1")
    assert words[:4] == ["\\frac", "<newline>", "<tab>", "a"]
    assert "<unk>" not in words
    assert len(set(TOKENS)) == len(TOKENS)
    for task in ("recognition", "tree_cot", "symbol_count", "error_find", "error_fix"):
        assert tokenizer.convert_tokens_to_ids(f"<{task}>") == TOKENS.index(f"<{task}>")


def test_labels_end_with_the_end_token_and_padding_is_ignored() -> None:
    processor = FormulaReaderProcessor()
    images = [Image.new("L", (40, 40), 255), Image.new("L", (40, 40), 255)]
    labels = processor(images, text=["x", "x + y"])["labels"]
    end = processor.tokenizer.eos_token_id
    assert labels[0].tolist()[1:] == [end, -100, -100]
    assert labels[1, -1] == end
