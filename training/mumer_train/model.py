"""The model of a run: whether it and its options can be had, its weights, and the parts of it that stay frozen.

Not for its tokenizer and images: `processor`.
"""

from __future__ import annotations

import os
from typing import Any

from mumer_train.config import TrainConfig
from mumer_train.dependencies import TrainingError, require_for

_PARTS = {
    "projector": ("merger", "deepstack_merger_list", "multi_modal_projector", "connector", "aligner"),
    "vision": ("visual", "vision_tower", "vision_model"),
}
_ATTENTION = ("eager", "sdpa", "flex_attention", "flash_attention_2", "flash_attention_3")
_FLASH = {"flash_attention_2": "flash_attn", "flash_attention_3": "flash_attn_interface"}


def check_options(config: TrainConfig, *, cuda: bool) -> None:
    """See that what the config asks for is installed and fits the machine, before anything is loaded.

    Raises:
        TrainingError: it is not, or does not.
    """
    if config.liger:
        require_for("liger: true", "liger_kernel", "set liger: false")
    if config.attention is not None and config.attention not in _ATTENTION and "/" not in config.attention:
        raise TrainingError(f"attention: {config.attention!r} is none of {', '.join(_ATTENTION)}")
    if config.attention in _FLASH:
        require_for(f"attention: {config.attention}", _FLASH[config.attention], "set attention: sdpa")
    for name in config.report:
        require_for(f"report: [{name}]", name, "leave it out of report")
    fsdp = config.sharding == "fsdp2" or _asked("ACCELERATE_USE_FSDP")
    if fsdp and not cuda:
        raise TrainingError("FSDP2 needs GPUs: on a CPU accelerate would train plain DDP without a word")
    if config.evaluate is not None and (fsdp or _asked("ACCELERATE_USE_DEEPSPEED")):
        raise TrainingError(
            "evaluate needs the whole model in one process: leave it out with FSDP2 and ZeRO-3, "
            "and run `mumer predict --evaluate` on checkpoints"
        )


def _asked(variable: str) -> bool:
    """What `accelerate launch` asks for."""
    return os.environ.get(variable, "false").lower() in ("true", "1")


def load_model(config: TrainConfig) -> Any:
    """The model with its weights, frozen where the config says so.

    Weights that are trained in bf16 are kept in fp32: at a learning rate of 1e-5 most updates are smaller than what
    bf16 can add to a weight (2^-9 of it).

    Raises:
        TrainingError: it cannot be loaded, or nothing of it is trained.
    """
    import torch
    from transformers import AutoModelForImageTextToText

    more = {"attn_implementation": config.attention} if config.attention else {}
    try:
        model = AutoModelForImageTextToText.from_pretrained(
            config.model,
            dtype=torch.bfloat16 if config.precision == "pure_bf16" else torch.float32,
            trust_remote_code=config.trust_remote_code,
            **more,
        )
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(f"{config.model} cannot be loaded: {error}") from None
    for name, weights in model.named_parameters():
        if getattr(config.freeze, part_of(name)):
            weights.requires_grad_(False)
    if not any(weights.requires_grad for weights in model.parameters()):
        raise TrainingError("freeze leaves nothing to train")
    return model


def part_of(name: str) -> str:
    """``vision``, ``projector`` or ``language``; the projector comes first, for its weights may lie in the tower."""
    steps = name.split(".")
    return next((part for part, names in _PARTS.items() if any(step in names for step in steps)), "language")
