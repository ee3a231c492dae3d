"""Models of the other families, small and from scratch. Not a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mumer_train.toy.tiny import _initialise, _tokenizer


def make(family: str, folder: Path) -> None:
    """Write a tiny model of a family with its tokenizer and image processor."""
    import torch
    import transformers

    tokenizer = _tokenizer()
    if family == "Qwen3_5":  # as the real one does, it thinks before it answers unless it is told not to
        tokenizer.chat_template += (
            "{% if add_generation_prompt %}<think>\n"
            "{% if enable_thinking is defined and enable_thinking is false %}{{ '\n</think>\n\n' }}{% endif %}"
            "{% endif %}"
        )
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**_settings(family, tokenizer))
    model = getattr(transformers, f"{family}ForConditionalGeneration")(config)
    _initialise(model)
    model.generation_config.update(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformers.Qwen2VLImageProcessorPil(
        patch_size=16, merge_size=2, min_pixels=4096, max_pixels=64 * 1024, image_mean=[1.0] * 3, image_std=[0.25] * 3
    ).save_pretrained(folder)


def _settings(family: str, tokenizer: Any) -> dict[str, Any]:
    identify = tokenizer.convert_tokens_to_ids
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 96,
        "intermediate_size": 192,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 48,
        "max_position_embeddings": 2048,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [8, 8, 8]},
        **ends,
    }
    if family == "Qwen3_5":
        text |= {"linear_key_head_dim": 16, "linear_value_head_dim": 16, "linear_num_key_heads": 2}
        text |= {"linear_num_value_heads": 2, "layer_types": ["linear_attention", "full_attention"]}
        text["rope_parameters"] |= {"partial_rotary_factor": 1.0}
    vision: dict[str, Any] = {
        "depth": 2,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_heads": 2,
        "out_hidden_size": 96,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "num_position_embeddings": 256,
    }
    if family == "Qwen3VL":
        vision["deepstack_visual_indexes"] = [0, 1]
    return {
        "text_config": text,
        "vision_config": vision,
        "image_token_id": identify("<|image_pad|>"),
        "video_token_id": identify("<|video_pad|>"),
        "vision_start_token_id": identify("<|vision_start|>"),
        "vision_end_token_id": identify("<|vision_end|>"),
        **ends,
    }


def make_llava(folder: Path) -> None:
    """Write a tiny LLaVA: images of one size, and a processor that needs no torchvision."""
    import torch
    from transformers import CLIPImageProcessorPil, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    tokenizer = _tokenizer()
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = LlavaConfig(
        text_config={"model_type": "llama", "vocab_size": len(tokenizer), **sizes, **ends},
        vision_config={"model_type": "clip_vision_model", "image_size": 56, "patch_size": 14, **sizes},
        image_token_index=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        vision_feature_layer=-1,
        image_seq_length=16,
    )
    model = LlavaForConditionalGeneration(config)
    _initialise(model)
    model.generation_config.update(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    model.save_pretrained(folder)
    LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=tokenizer.chat_template,
        image_token="<|image_pad|>",
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
