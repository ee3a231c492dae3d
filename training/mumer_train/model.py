"""The model of a run: check that its options are available, load its weights, freeze parts of it.

Not for its tokenizer and image processor: `processor`.
"""

from __future__ import annotations

import os
from typing import Any

from mumer_train.config import TrainConfig
from mumer_train.dependencies import TrainingError, require_for
from mumer_train.loading import add_embeddings, load_weights
from mumer_train.processor import ModelProcessor

_COMPONENTS = {
    "projector": (
        *("merger", "deepstack_merger_list", "multi_modal_projector", "connector", "aligner", "enc_to_dec_proj"),
        *("vision_projection", "projector"),
    ),
    "vision": ("visual", "vision_tower", "vision_model", "vision_encoder"),
}
_ATTENTION = ("eager", "sdpa", "flex_attention", "flash_attention_2", "flash_attention_3")
_FLASH = {"flash_attention_2": "flash_attn", "flash_attention_3": "flash_attn_interface"}


def check_options(config: TrainConfig, *, cuda: bool) -> None:
    """Check that the options are installed and supported on this machine, before anything is loaded.

    Raises:
        TrainingError: an option is not available.
    """
    if config.liger:
        require_for("liger: true", "liger_kernel", "set liger: false")
    if config.attention is not None and config.attention not in _ATTENTION and "/" not in config.attention:
        raise TrainingError(f"attention: {config.attention!r} is not one of {', '.join(_ATTENTION)}")
    if config.attention in _FLASH:
        require_for(f"attention: {config.attention}", _FLASH[config.attention], "set attention: sdpa")
    for name in config.report:
        require_for(f"report: [{name}]", name, "leave it out of report")
    fsdp = config.sharding == "fsdp2" or _enabled("ACCELERATE_USE_FSDP")
    if fsdp and not cuda:
        raise TrainingError("FSDP2 needs GPUs: on a CPU accelerate would silently train with plain DDP")
    if config.evaluate is not None and (fsdp or _enabled("ACCELERATE_USE_DEEPSPEED")):
        raise TrainingError(
            "evaluate needs the whole model in one process: leave it out with FSDP2 and ZeRO-3, "
            "and run `mumer predict --evaluate` on checkpoints"
        )


def _enabled(variable: str) -> bool:
    """Whether `accelerate launch` has set a variable."""
    return os.environ.get(variable, "false").lower() in ("true", "1")


def load_model(config: TrainConfig, processor: ModelProcessor) -> Any:
    """Load the model, add embeddings for new tokens of its processor, and freeze the parts that are named.

    With ``precision: bf16`` the weights are stored in fp32: at a learning rate of 1e-5 most updates are smaller than
    the resolution of bf16 (2^-9 of a weight).

    Raises:
        TrainingError: the model cannot be loaded, or all parts are frozen.
    """
    import torch

    options = {"attn_implementation": config.attention} if config.attention else {}
    model = load_weights(
        config.model,
        dtype=torch.bfloat16 if config.precision == "pure_bf16" else torch.float32,
        trust_remote_code=config.trust_remote_code,
        **options,
    )
    if processor.encoder_decoder:
        add_embeddings(model, processor.tokenizer)
    for name, weights in model.named_parameters():
        if getattr(config.freeze, component_of(name)):
            weights.requires_grad_(False)
    if not any(weights.requires_grad for weights in model.parameters()):
        raise TrainingError("freeze: all parts are frozen: nothing is left to train")
    return model


def component_of(name: str) -> str:
    """``vision``, ``projector`` or ``language``, by the name of a weight; projectors may be in the vision tower."""
    modules = name.split(".")
    component = next((part for part, names in _COMPONENTS.items() if any(one in names for one in modules)), None)
    if component is None and "encoder" in modules[:2]:  # encoder-decoders; the name begins with `model` in some
        return "vision"
    return component or "language"
