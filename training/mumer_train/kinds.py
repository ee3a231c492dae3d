"""Table of the supported model types and their special properties.

Not for loading them: `loading`. The table of docs/models.md is this one (a test compares them).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Prompt = Literal["a chat", "a decoder prefix"]


@dataclass(frozen=True, slots=True)
class ModelKind:
    """One type of model.

    Attributes:
        model_type: as in its ``config.json``.
        models: published models of this type.
        prompt: form of the prompt: the user turn of a chat, or a prefix of the decoder input.
        images: image processor class of transformers that replaces the model's own, if that needs torchvision.
        image_defaults: settings of the model's own class that its files do not contain.
        processor: processor class of transformers that replaces the model's own, if that needs packages for videos.
        chat_template: chat template, if the model's files have none.
        one_list: whether its processor takes the images of a batch as one list instead of one list per text.
        image_tokens: name of the option of its processor for the number of tokens of an image, if it has one; it is
            ``image_seq_length`` of the configuration.
        frames: number of frames, if its image processor limits frames x height x width instead of ``max_pixels``.
        note: remarks for users.
    """

    model_type: str
    models: str
    prompt: Prompt = "a chat"
    images: str = ""
    image_defaults: Mapping[str, Any] = field(default_factory=dict)
    processor: str = ""
    chat_template: str = ""
    one_list: bool = False
    image_tokens: str = ""
    frames: int = 0
    note: str = ""


# The prompt of transformers' GotOcr2Processor.
_GOT = (
    "<|im_start|>system\nYou should follow the instructions carefully and explain your answers in detail.<|im_end|>"
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<img><imgpad></img>\n{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_LIMIT = "`max_pixels` applies"
_KINDS = (
    ModelKind("qwen2_5_vl", "Qwen2.5-VL", note=_LIMIT),
    ModelKind("qwen3_vl", "Qwen3-VL", note=_LIMIT),
    ModelKind("qwen3_5", "Qwen3.5", note=f"{_LIMIT}; thinking is disabled"),
    ModelKind("paddleocr_vl", "PaddleOCR-VL", note=_LIMIT),
    ModelKind("glm_ocr", "GLM-OCR", frames=2, note=_LIMIT),
    ModelKind("lighton_ocr", "LightOnOCR"),
    ModelKind(
        "got_ocr2",
        "GOT-OCR 2.0",
        chat_template=_GOT,
        one_list=True,
        image_tokens="num_image_tokens",
        note="the chat is written as its processor writes it",
    ),
    ModelKind("granite_docling", "Granite Docling"),
    ModelKind("deepseek_ocr2", "DeepSeek-OCR 2"),
    ModelKind(
        "smolvlm",
        "SmolVLM",
        processor="Idefics3Processor",
        note="through Idefics3's processor, without videos",
    ),
    ModelKind("internvl", "InternVL3", processor="InternVLProcessor", note="its processor without videos"),
    ModelKind("gemma3", "Gemma 3"),
    ModelKind("llava", "LLaVA 1.5", note="images of one size"),
    ModelKind("vision-encoder-decoder", "TrOCR, TexTeller, Donut, Nougat", "a decoder prefix"),
    ModelKind(
        "pp_formulanet",
        "PP-FormulaNet-L",
        "a decoder prefix",
        note="without torchvision, its images are prepared by Nougat's processor with its settings",
        images="NougatImageProcessorPil",
        image_defaults={"image_mean": [0.7931] * 3, "image_std": [0.1738] * 3, "size": {"height": 768, "width": 768}},
    ),
)
KINDS = {kind.model_type: kind for kind in _KINDS}


def kind_of(config: Any) -> ModelKind | None:
    """The entry for a model's configuration; ``None`` if its type is not in the table."""
    return KINDS.get(config.model_type)


def table() -> str:
    """The table in Markdown."""
    rows = [f"| `{kind.model_type}` | {kind.models} | {kind.prompt} | {kind.note} |" for kind in KINDS.values()]
    return "\n".join(["| type | published models | the prompt is | notes |", "| --- | --- | --- | --- |", *rows])


def supported() -> str:
    """The supported types by name, for messages."""
    return ", ".join(f"{kind.model_type} ({kind.models})" for kind in KINDS.values())
