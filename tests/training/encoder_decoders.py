"""Encoder-decoders of two layers with random weights, as their folders come from the Hub. Not a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mumer_train.toy.tiny import _initialise, _tokenizer

SIDE = 64
_SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
_SWIN: dict[str, Any] = {"patch_size": 4, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4}


def _write(model: Any, tokenizer: Any, folder: Path) -> None:
    _initialise(model)
    start = tokenizer.convert_tokens_to_ids("<|im_start|>")
    ids = {"decoder_start_token_id": start, "pad_token_id": tokenizer.pad_token_id}
    # as TrOCR's folder does, it asks for beams
    model.generation_config.update(eos_token_id=tokenizer.eos_token_id, num_beams=4, no_repeat_ngram_size=2, **ids)
    model.save_pretrained(folder)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(folder)


def _ids(tokenizer: Any, positions: int = 256) -> dict[str, Any]:
    ids = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": positions,
        "is_decoder": True,
        "add_cross_attention": True,
    }
    return ids | {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}


def _vision_encoder_decoder(folder: Path, encoder: Any, decoder: str, positions: int = 256) -> None:
    import torch
    import transformers

    tokenizer = _tokenizer()
    sizes = {"d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 2, "decoder_ffn_dim": 64}
    text = getattr(transformers, f"{decoder}Config")(**sizes, **_ids(tokenizer, positions))
    torch.manual_seed(0)
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, text)
    _write(transformers.VisionEncoderDecoderModel(config), tokenizer, folder)


def trocr(folder: Path, positions: int = 256) -> None:
    """A ViT and TrOCR's decoder, of so many positions."""
    from transformers import ViTConfig, ViTImageProcessorPil

    _vision_encoder_decoder(folder, ViTConfig(image_size=SIDE, patch_size=16, **_SMALL), "TrOCR", positions)
    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


def texteller(folder: Path) -> None:
    """A ViT of one channel, TrOCR's decoder, and no image processor."""
    from transformers import ViTConfig

    _vision_encoder_decoder(folder, ViTConfig(image_size=SIDE, patch_size=16, num_channels=1, **_SMALL), "TrOCR")


def donut(folder: Path) -> None:
    """Donut's Swin for wide images and an mBART decoder."""
    from transformers import DonutImageProcessorPil, DonutSwinConfig

    _vision_encoder_decoder(folder, DonutSwinConfig(image_size=[SIDE, 2 * SIDE], **_SWIN), "MBart")
    DonutImageProcessorPil(size={"height": SIDE, "width": 2 * SIDE}).save_pretrained(folder)


def nougat(folder: Path) -> None:
    """The same for images of one size, with Nougat's image processor, which cuts margins off."""
    from transformers import DonutSwinConfig, NougatImageProcessorPil

    _vision_encoder_decoder(folder, DonutSwinConfig(image_size=[SIDE, SIDE], **_SWIN), "MBart")
    NougatImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


def swin(folder: Path) -> None:
    """A Swin Transformer and TrOCR's decoder."""
    from transformers import SwinConfig, ViTImageProcessorPil

    _vision_encoder_decoder(folder, SwinConfig(image_size=SIDE, **_SWIN), "TrOCR")
    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


def pp_formulanet(folder: Path) -> None:
    """PP-FormulaNet, whose image processor needs torchvision."""
    import torch
    from transformers import PPFormulaNetConfig, PPFormulaNetForConditionalGeneration

    tokenizer = _tokenizer()
    heads = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    convolutions = {"output_channels": 16, "post_conv_in_channels": 16, "post_conv_mid_channels": 16}
    torch.manual_seed(0)
    config = PPFormulaNetConfig(
        text_config={"d_model": 32, "decoder_ffn_dim": 64, **heads, **_ids(tokenizer)},
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "mlp_dim": 64,
            "image_size": SIDE,
            "patch_size": 8,
            "window_size": 4,
            "global_attn_indexes": [1],
            **convolutions,
            "post_conv_out_channels": 32,
            "decoder_hidden_size": 32,
        },
    )
    _write(PPFormulaNetForConditionalGeneration(config), tokenizer, folder)
    settings = {"image_processor_type": "PPFormulaNetImageProcessor", "size": {"height": SIDE, "width": SIDE}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")


# name -> (type of the model, what writes a tiny one)
ENCODER_DECODERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "TrOCR": ("vision-encoder-decoder", trocr),
    "TexTeller": ("vision-encoder-decoder", texteller),
    "Donut": ("vision-encoder-decoder", donut),
    "Nougat": ("vision-encoder-decoder", nougat),
    "Swin": ("vision-encoder-decoder", swin),
    "PP-FormulaNet-L": ("pp_formulanet", pp_formulanet),
}
