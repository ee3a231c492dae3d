"""A reader that begins with earlier weights reads what the earlier one read, from a folder and from an export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")
onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

from mumer_train.from_scratch.configuration import FormulaReaderConfig  # noqa: E402
from mumer_train.from_scratch.decoding import read_images, stacked  # noqa: E402
from mumer_train.from_scratch.export import export_onnx  # noqa: E402
from mumer_train.from_scratch.image_store import Pixels  # noqa: E402
from mumer_train.from_scratch.initial import set_initial_weights  # noqa: E402
from mumer_train.from_scratch.modeling import FormulaReader  # noqa: E402
from mumer_train.from_scratch.prepare import fitted_pixels  # noqa: E402
from mumer_train.from_scratch.processor import FormulaReaderProcessor, save_reader  # noqa: E402
from mumer_train.from_scratch.run import ReaderRun  # noqa: E402
from mumer_train.from_scratch.vocabulary import TOKENS  # noqa: E402

from mumer_data.exceptions import SourceError  # noqa: E402
from mumer_data.handwriting.synthesizer import Synthesizer  # noqa: E402
from mumer_data.recognizers.onnx import BUNDLED  # noqa: E402

if TYPE_CHECKING:
    from mumer_train.from_scratch.settings import ReaderRunSettings

LABELS = ("x + y", r"\frac { a } { 2 }", r"\sqrt { x } = 1 2 3 4", "3", r"\int _ { 0 } ^ { 1 } x ^ { 2 } d x")


def images() -> list[Pixels]:
    found = [fitted_pixels(Synthesizer().picture(label, label).image) for label in LABELS]
    return [one[0] for one in found if one is not None]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader whose batch norms have seen images, so that they are not the identity."""
    torch.manual_seed(3)
    model = FormulaReader(FormulaReaderConfig(vocab_size=len(TOKENS)))
    with torch.no_grad():
        for _ in range(20):
            model.train().encoder(stacked(images(), 8)[0])
        model.decoder.head.weight.normal_(std=0.5)
        model.decoder.head.bias[model.config.eos_token_id] += 6.0
    folder = tmp_path_factory.mktemp("reader")
    save_reader(model.eval(), FormulaReaderProcessor(), folder)
    export_onnx(folder, folder / "float32", name="test", licence="Apache-2.0", weights="float32")
    export_onnx(folder, folder / "int8", name="test", licence="Apache-2.0")
    return folder


def begun(source: Path, tokens: tuple[str, ...] = TOKENS, sizes: dict[str, Any] | None = None) -> FormulaReader:
    torch.manual_seed(5)
    model = FormulaReader(FormulaReaderConfig(vocab_size=len(tokens), **(sizes or {})))
    set_initial_weights(model, tokens, source, images())
    model.eval()
    return model


@pytest.mark.parametrize("kind", ["", "float32", "int8"])
def test_it_computes_what_the_earlier_one_computed(earlier: Path, kind: str) -> None:
    first, other = begun(earlier), begun(earlier / kind)
    pixels = stacked(images()[1:2], 8)[0]
    with torch.no_grad():
        memory = [model.memory(pixels) for model in (first, other)]
        logits = [model(pixels, decoder_input_ids=torch.tensor([[1, 5, 9, 4]])).logits for model in (first, other)]
    assert torch.allclose(*memory, atol=0.1 if kind == "int8" else 1e-3)
    assert torch.allclose(*logits, atol=0.5 if kind == "int8" else 1e-2)
    assert not torch.allclose(memory[0], begun(earlier).memory(pixels * 0), atol=0.1)


def test_an_export_can_be_trained_on(earlier: Path) -> None:
    """The norms are those of the images: with the norms of a batch, as in training, the features stay the same."""
    torch.manual_seed(5)
    model = FormulaReader(FormulaReaderConfig(vocab_size=len(TOKENS)))
    set_initial_weights(model, TOKENS, earlier / "float32", images()[4:])
    pixels = stacked(images()[4:], 8)[0]
    with torch.no_grad():
        alone, training = model.eval().encoder(pixels), model.train().encoder(pixels)
    assert torch.allclose(alone, training, atol=1e-2)


def test_tokens_are_found_by_their_text(earlier: Path) -> None:
    tokens = (*reversed(TOKENS), "\\new")
    model, same = begun(earlier / "float32", tokens), begun(earlier / "float32")
    row = tokens.index("x"), TOKENS.index("x")
    assert torch.equal(model.decoder.embed.weight[row[0]], same.decoder.embed.weight[row[1]])
    assert torch.equal(model.decoder.head.bias[row[0]], same.decoder.head.bias[row[1]])


def test_the_bundled_model_can_be_trained_on() -> None:
    model = begun(BUNDLED)
    texts = [" ".join(TOKENS[token] for token in tokens) for tokens, _ in read_images(model, images())]
    assert sum(text == label for text, label in zip(texts, LABELS, strict=True)) >= 2


@pytest.mark.parametrize(
    ("sizes", "problem"), [({"d_model": 80}, "has the shape"), ({"decoder_layers": 4}, "sizes differ")]
)
def test_other_sizes_are_refused(earlier: Path, sizes: dict[str, Any], problem: str) -> None:
    for source in (earlier, earlier / "float32"):
        with pytest.raises(SourceError, match=problem):
            begun(source, sizes=sizes)


def test_a_run_begins_with_them_and_resumes(settings: ReaderRunSettings, tmp_path: Path) -> None:
    first = ReaderRun(settings)
    first.train()
    first.export(tmp_path / "first")
    onward = settings.model_copy(update={"out": tmp_path / "onward", "initial": tmp_path / "first"})
    second = ReaderRun(onward)
    for name, value in first.average.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
        assert torch.equal(value, second.average.state_dict()[name]), name
    second.train()
    resumed = ReaderRun(onward)
    assert resumed.progress == second.progress
    assert torch.equal(resumed.model.decoder.head.weight, second.model.decoder.head.weight)
    assert not torch.equal(second.model.decoder.head.weight, first.average.decoder.head.weight)
