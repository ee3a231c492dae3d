"""The kinds of models that are trained and read here: what is special about each, in one table.

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
        prompt: where the task goes: into the user turn of a chat, or before the answer in the decoder.
        images: class of transformers that prepares images as the model's own does, where that needs torchvision.
        image_defaults: settings of the model's own class, where its files leave them out.
        note: what its users should know.
    """

    model_type: str
    models: str
    prompt: Prompt = "a chat"
    images: str = ""
    image_defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


_KINDS = (
    ModelKind("qwen2_5_vl", "Qwen2.5-VL"),
    ModelKind("qwen3_vl", "Qwen3-VL"),
    ModelKind("qwen3_5", "Qwen3.5", note="thinking is disabled"),
    ModelKind("llava", "LLaVA 1.5", note="images of one size"),
    ModelKind("vision-encoder-decoder", "TrOCR, TexTeller, Donut, Nougat", "a decoder prefix"),
    ModelKind(
        "pp_formulanet",
        "PP-FormulaNet-L",
        "a decoder prefix",
        images="NougatImageProcessorPil",
        image_defaults={"image_mean": [0.7931] * 3, "image_std": [0.1738] * 3, "size": {"height": 768, "width": 768}},
    ),
)
KINDS = {kind.model_type: kind for kind in _KINDS}


def kind_of(config: Any) -> ModelKind | None:
    """The kind of a model by its configuration; ``None`` where it is not in the table."""
    return KINDS.get(config.model_type)


def table() -> str:
    """The kinds as a Markdown table."""
    rows = [f"| `{kind.model_type}` | {kind.models} | {kind.prompt} | {kind.note} |" for kind in KINDS.values()]
    return "\n".join(["| type | published models | the prompt is | notes |", "| --- | --- | --- | --- |", *rows])


def supported() -> str:
    """The kinds by name, for messages."""
    return ", ".join(f"{kind.model_type} ({kind.models})" for kind in KINDS.values())
