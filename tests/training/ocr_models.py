"""Chat models that read documents, of two layers with random weights, as they come from the Hub. Not a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mumer_train.toy.tiny import _initialise, _tokenizer

_VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
_SAM = {"hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_dim": 64}


def _text(tokenizer: Any, **more: Any) -> dict[str, Any]:
    ids = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    sizes = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2}
    return {**sizes, "num_key_value_heads": 2, "max_position_embeddings": 2048, "bos_token_id": None, **ids, **more}


def _tokens(*special: str, **named: str) -> Any:
    """The tokenizer of the tiny Qwen with special tokens of another model, some of them by name."""
    from tokenizers import AddedToken

    tokenizer = _tokenizer()
    added = [AddedToken(token, special=True, normalized=False) for token in (*special, *named.values())]
    tokenizer.add_tokens(added, special_tokens=True)
    tokenizer._set_model_specific_special_tokens(named)
    return tokenizer


def _chat(tokenizer: Any, image: str) -> None:
    """Another placeholder in the chat template."""
    tokenizer.chat_template = tokenizer.chat_template.replace("<|vision_start|><|image_pad|><|vision_end|>", image)


def _write(folder: Path, family: str, tokenizer: Any, images: Any, **settings: Any) -> None:
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**settings)
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    _initialise(model)
    model.generation_config.update(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    images.save_pretrained(folder)


def paddleocr_vl(folder: Path) -> None:
    """PaddleOCR-VL."""
    from transformers import PaddleOCRVLImageProcessorPil

    names = ("<|IMAGE_START|>", "<|IMAGE_PLACEHOLDER|>", "<|IMAGE_END|>", "<|VIDEO_PLACEHOLDER|>")
    tokenizer = _tokens(*names)
    _chat(tokenizer, "".join(names[:3]))
    start, image, end, video = (tokenizer.convert_tokens_to_ids(name) for name in names)
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 4, 4]}
    _write(
        folder,
        "PaddleOCRVL",
        tokenizer,
        PaddleOCRVLImageProcessorPil(size={"shortest_edge": 4096, "longest_edge": 32_768}),
        text_config=_text(tokenizer, head_dim=24, rope_parameters=rope),
        vision_config={**_VISION, "image_size": 56},
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )


def glm_ocr(folder: Path) -> None:
    """GLM-OCR."""
    from transformers import Glm46VImageProcessorPil

    names = (
        "<|begin_of_image|>",
        "<|image|>",
        "<|end_of_image|>",
        "<|begin_of_video|>",
        "<|video|>",
        "<|end_of_video|>",
    )
    tokenizer = _tokens(*names)
    _chat(tokenizer, "".join(names[:3]))
    image_start, image, image_end, video_start, video, video_end = map(tokenizer.convert_tokens_to_ids, names)
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 4, 4]}
    _write(
        folder,
        "GlmOcr",
        tokenizer,
        Glm46VImageProcessorPil(size={"shortest_edge": 4096, "longest_edge": 32_768}),
        text_config=_text(tokenizer, head_dim=24, rope_parameters=rope),
        vision_config={"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 48},
        image_token_id=image,
        video_token_id=video,
        image_start_token_id=image_start,
        image_end_token_id=image_end,
        video_start_token_id=video_start,
        video_end_token_id=video_end,
    )


def lighton_ocr(folder: Path) -> None:
    """LightOnOCR."""
    from transformers import LightOnOcrProcessor, PixtralImageProcessorPil

    tokenizer = _tokens(
        image_token="<|image_pad|>", image_break_token="<|vision_pad|>", image_end_token="<|vision_end|>"
    )
    _chat(tokenizer, "<|image_pad|>")
    images = PixtralImageProcessorPil(patch_size={"height": 14, "width": 14}, size={"longest_edge": 112})
    processor = LightOnOcrProcessor(images, tokenizer, chat_template=tokenizer.chat_template)
    _write(
        folder,
        "LightOnOcr",
        tokenizer,
        processor,
        text_config={"model_type": "qwen3", "head_dim": 24, **_text(tokenizer)},
        vision_config={"model_type": "pixtral", "head_dim": 16, "image_size": 112, "patch_size": 14, **_VISION},
        image_token_id=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
    )


def got_ocr2(folder: Path) -> None:
    """GOT-OCR 2.0, which has no chat template."""
    from transformers import GotOcr2ImageProcessorPil

    tokenizer = _tokens("<img>", "</img>", "<imgpad>")
    tokenizer.chat_template = None
    _write(
        folder,
        "GotOcr2",
        tokenizer,
        GotOcr2ImageProcessorPil(size={"height": 128, "width": 128}),
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        vision_config={**_SAM, "image_size": 128, "patch_size": 8, "window_size": 4, "global_attn_indexes": [1]},
        image_token_index=tokenizer.convert_tokens_to_ids("<imgpad>"),
        image_seq_length=16,
    )


def granite_docling(folder: Path) -> None:
    """Granite Docling."""
    from transformers import GraniteDoclingImageProcessorPil, GraniteDoclingProcessor

    tokenizer = _tokens("<fake_token_around_image>", "<image>", "<global-img>", *_tiles())
    _chat(tokenizer, "<image>")
    images = GraniteDoclingImageProcessorPil(size={"height": 64, "width": 64}, max_patches=2)
    processor = GraniteDoclingProcessor(images, tokenizer, image_seq_len=4, chat_template=tokenizer.chat_template)
    _write(
        folder,
        "GraniteDocling",
        tokenizer,
        processor,
        text_config=_text(tokenizer),
        vision_config={**_VISION, "image_size": 64, "patch_size": 8, "out_hidden_size": 48, "use_fine_route": False},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )


def _tiles() -> list[str]:
    return [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]


def deepseek_ocr2(folder: Path) -> None:
    """DeepSeek-OCR 2; its queries are for 16 x 16 cells of an image and 12 x 12 of a tile, of 4 x 4 patches each."""
    from transformers import DeepseekOcr2ImageProcessorPil, DeepseekOcr2Processor

    tokenizer = _tokens("<image>")
    _chat(tokenizer, "<image>")
    images = DeepseekOcr2ImageProcessorPil(size={"height": 128, "width": 128}, tile_size=96)
    processor = DeepseekOcr2Processor(images, tokenizer, chat_template=tokenizer.chat_template, patch_size=2)
    experts = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    sam = {"image_size": 128, "patch_size": 2, "window_size": 4, "global_attn_indexes": [], "num_hidden_layers": 1}
    _write(
        folder,
        "DeepseekOcr2",
        tokenizer,
        processor,
        text_config=_text(tokenizer, mlp_layer_types=["dense", "sparse"], **experts),
        vision_config={
            "sam_config": {**_SAM, "hidden_size": 16, "downsample_channels": [16, 32], **sam},
            "encoder_config": {**_VISION, "vocab_size": 8, "num_key_value_heads": 2},
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )


def smolvlm(folder: Path) -> None:
    """SmolVLM, whose own processor needs torchvision and num2words for videos."""
    from transformers import Idefics3Processor, SmolVLMImageProcessorPil

    tokenizer = _tokens("<fake_token_around_image>", "<image>", "<global-img>", "<end_of_utterance>", *_tiles())
    _chat(tokenizer, "<image>")
    images = SmolVLMImageProcessorPil(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
    processor = Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=tokenizer.chat_template)
    _write(
        folder,
        "SmolVLM",
        tokenizer,
        processor,
        text_config={"model_type": "llama", **_text(tokenizer)},
        vision_config={**_VISION, "image_size": 64, "patch_size": 16},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
    )


def internvl(folder: Path) -> None:
    """InternVL3, whose own processor needs torchvision for videos."""
    from transformers import GotOcr2ImageProcessorPil

    names = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>"}
    tokenizer = _tokens(**names, video_token="<video>")
    _chat(tokenizer, "<IMG_CONTEXT>")
    _write(
        folder,
        "InternVL",
        tokenizer,
        GotOcr2ImageProcessorPil(size={"height": 56, "width": 56}, max_patches=2),
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        vision_config={**_VISION, "image_size": [56, 56]},
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    (folder / "processor_config.json").write_text('{"processor_class": "InternVLProcessor", "image_seq_length": 4}')


def gemma3(folder: Path) -> None:
    """Gemma 3."""
    from transformers import Gemma3ImageProcessorPil, Gemma3Processor

    names = {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"}
    tokenizer = _tokens(**names)
    _chat(tokenizer, "<start_of_image>")
    images = Gemma3ImageProcessorPil(size={"height": 56, "width": 56})
    processor = Gemma3Processor(images, tokenizer, chat_template=tokenizer.chat_template, image_seq_length=4)
    begin, end, image = map(tokenizer.convert_tokens_to_ids, names.values())
    _write(
        folder,
        "Gemma3",
        tokenizer,
        processor,
        text_config=_text(tokenizer, head_dim=24, sliding_window=64, query_pre_attn_scalar=24),
        vision_config={**_VISION, "image_size": 56, "patch_size": 14},
        mm_tokens_per_image=4,
        boi_token_index=begin,
        eoi_token_index=end,
        image_token_index=image,
    )


# name -> (type of the model, what writes a tiny one)
OCR_MODELS: dict[str, tuple[str, Callable[[Path], None]]] = {
    make.__name__: (make.__name__, make)
    for make in (
        *(paddleocr_vl, glm_ocr, lighton_ocr, got_ocr2, granite_docling, deepseek_ocr2, smolvlm, internvl, gemma3),
    )
}
