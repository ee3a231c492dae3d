"""The exported reader reads what the torch model reads, without torch."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("transformers", reason="needs the extra train")
pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("onnxruntime", reason="needs the extra onnx")

from mumer_train.from_scratch.configuration import FormulaReaderConfig  # noqa: E402
from mumer_train.from_scratch.export import export_onnx  # noqa: E402
from mumer_train.from_scratch.modeling import FormulaReader  # noqa: E402
from mumer_train.from_scratch.processor import FormulaReaderProcessor, load_reader, save_reader  # noqa: E402
from mumer_train.from_scratch.vocabulary import TOKENS  # noqa: E402
from PIL import Image  # noqa: E402

from mumer_data.exceptions import SourceError  # noqa: E402
from mumer_data.handwriting.synthesizer import Synthesizer  # noqa: E402
from mumer_data.recognizers import Request, Sampling, recognizer  # noqa: E402
from mumer_data.recognizers.onnx import OnnxModel  # noqa: E402
from mumer_data.recognizers.onnx_manifest import MANIFEST, read_manifest  # noqa: E402

LABELS = ("x + y", r"\frac { a } { 2 }", r"\sqrt { x } = 1 2 3 4", "3")


def encoded(label: str) -> bytes:
    buffer = io.BytesIO()
    Synthesizer().picture(label, label).image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights whose texts differ from image to image and end."""
    torch.manual_seed(3)
    model = FormulaReader(FormulaReaderConfig(vocab_size=len(TOKENS)))
    with torch.no_grad():
        model.decoder.head.weight.normal_(std=0.5)
        model.decoder.head.bias[model.config.eos_token_id] += 6.0
    folder = tmp_path_factory.mktemp("reader")
    save_reader(model, FormulaReaderProcessor(), folder)
    return folder


@pytest.fixture(scope="module")
def exported(trained: Path) -> Path:
    sizes = export_onnx(trained, trained / "float32", name="test", licence="Apache-2.0", weights="float32")
    assert set(sizes) == {"encoder.onnx", "decoder.onnx", MANIFEST}
    return trained / "float32"


def test_onnx_reads_what_torch_reads(trained: Path, exported: Path) -> None:
    model, processor = load_reader(trained)
    images = [encoded(label) for label in LABELS]
    found = OnnxModel(exported).read(images)
    for image, (text, score) in zip(images, found, strict=True):
        (expected,) = processor.read(model, [image])
        assert text == expected[0]
        assert score == pytest.approx(expected[1], abs=1e-3)
    assert len({text for text, _ in found}) > 1


def test_int8_weights_are_small_and_close(trained: Path, exported: Path) -> None:
    sizes = export_onnx(trained, trained / "int8", name="test", licence="Apache-2.0")
    assert sum(sizes.values()) < 6e6
    whole, small = OnnxModel(exported), OnnxModel(trained / "int8")
    assert small.manifest.weights == "int8"
    image = encoded(LABELS[0])
    first, other = (model.read_one(image, Sampling(max_tokens=1))[1] for model in (whole, small))
    assert other == pytest.approx(first, abs=0.3)


def test_the_runner_needs_no_torch(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(encoded("x + y"))
    code = (
        "import sys; from pathlib import Path; from mumer_data.recognizers.onnx import OnnxModel;"
        "model = OnnxModel(Path(sys.argv[1])); print(model.read([Path(sys.argv[2]).read_bytes()])[0][0]);"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(exported), str(tmp_path / "image.png")]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert output == OnnxModel(exported).read([encoded("x + y")])[0][0]


def test_an_image_without_ink_is_empty(exported: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (60, 40), 255).save(buffer, "PNG")
    assert OnnxModel(exported).read([buffer.getvalue()]) == [("", 0.0)]


def test_as_a_recognizer_it_samples_by_request(exported: Path) -> None:
    image = encoded(LABELS[2])
    requests = [Request(name, "d", "", sample, "", "", lambda: image) for name in ("a", "b") for sample in (0, 1)]
    reader = recognizer("onnx", model=str(exported))

    def texts(sampling: Sampling, order: int = 1) -> dict[tuple[str, int], str]:
        answered = [pair for batch in reader.answers(requests[::order], sampling) for pair in batch]
        return {request.key: answer.text for request, answer in answered}

    assert len(set(texts(Sampling()).values())) == 1, "greedy reading is the same for all"
    drawn = Sampling(temperature=1.5, seed=4)
    assert texts(drawn) == texts(drawn, -1)
    assert len(set(texts(drawn).values())) > 1
    (done,) = [
        pair
        for batch in reader.answers(requests, Sampling(max_tokens=2), {r.key for r in requests[1:]})
        for pair in batch
    ]
    assert done[0] is requests[0]
    assert done[1].logprob is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("format: encoder-decoder-1", "format: other"), "format"),
        (("end: 2", "end: 5000"), "beyond"),
        (("decoder: decoder.onnx", "decoder: lost.onnx"), "lost.onnx"),
    ],
)
def test_a_damaged_folder_is_explained(exported: Path, tmp_path: Path, change: tuple[str, str], message: str) -> None:
    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / MANIFEST).read_text("utf-8")
    assert change[0] in text
    (tmp_path / MANIFEST).write_text(text.replace(*change), "utf-8")
    with pytest.raises(SourceError, match=message):
        OnnxModel(tmp_path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"model.yaml does not exist"):
        read_manifest(tmp_path)
