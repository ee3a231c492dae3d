"""A randomly initialised Qwen2.5-VL of 3 million parameters: for tests, and for experiments on a laptop.

Its tokenizer has one token per LaTeX command of the grammar; it is not trained on labels.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mumer_data.latex.grammar import grammar_files
from mumer_data.tasks import TASKS, error_tasks, task_class
from mumer_train.dependencies import require

SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)
_RELATIONS = ("right", "sub", "sup", "above", "below", "nextline", "inside", "row", "cell")
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' or 'image' in part or 'image_url' in part %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_MERGE = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of a tiny model.

    Attributes:
        width: hidden size of the language model; a multiple of 48.
        layers: layers of the language model.
        vision_width: hidden size of the vision tower; a multiple of 16.
        vision_layers: layers of the vision tower; default: `layers`.
        patch: side of a patch, in pixels; 2 x 2 patches are merged into one image token.
        window: side of the attention windows of every other vision layer, in pixels; 0: full attention everywhere.
    """

    width: int = 192
    layers: int = 4
    vision_width: int = 128
    vision_layers: int | None = None
    patch: int = 14
    window: int = 112

    @property
    def full_attention(self) -> list[int]:
        """Indices of the vision layers with full attention."""
        depth = self.vision_layers or self.layers
        return list(range(1, depth, 2)) if self.window else list(range(depth))


def create_tiny_model(
    folder: Path, sizes: Sizes | None = None, *, seed: int = 0, max_pixels: int = 128 * 28 * 28
) -> int:
    """Write a model with tokenizer and image processor to a folder; returns the number of parameters.

    Args:
        folder: output folder, for `from_pretrained`.
        sizes: sizes of the model.
        seed: random seed of the weights.
        max_pixels: larger images are scaled down to at most this many pixels.
    """
    require("torch", "transformers", "tokenizers")
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    sizes = sizes or Sizes()
    tokenizer = _tokenizer()
    torch.manual_seed(seed)
    config = Qwen2_5_VLConfig(**_config(tokenizer, sizes))
    model = Qwen2_5_VLForConditionalGeneration(config)
    _initialise(model)
    # Image tokens start with the same variance as token embeddings.
    last = model.model.visual.merger.mlp[-1].weight
    torch.nn.init.normal_(last, std=(last.shape[0] * last.shape[1]) ** -0.5)
    model.generation_config.update(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _image_processor(sizes.patch, max_pixels).save_pretrained(folder)
    return sum(weights.numel() for weights in model.parameters())


def _config(tokenizer: Any, sizes: Sizes) -> dict[str, Any]:
    width, heads = sizes.width, sizes.width // 48
    token_id = tokenizer.convert_tokens_to_ids
    special_ids = {"bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return {
        "text_config": {
            **special_ids,
            "vocab_size": len(tokenizer),
            "hidden_size": width,
            "intermediate_size": 3 * width,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [8, 8, 8]},
            "tie_word_embeddings": True,
        },
        "vision_config": {
            "depth": sizes.vision_layers or sizes.layers,
            "hidden_size": sizes.vision_width,
            "intermediate_size": 3 * sizes.vision_width,
            "num_heads": 4,
            "out_hidden_size": width,
            "patch_size": sizes.patch,
            "spatial_merge_size": _MERGE,
            "window_size": sizes.window or 8 * sizes.patch,
            "fullatt_block_indexes": sizes.full_attention,
        },
        "image_token_id": token_id("<|image_pad|>"),
        "video_token_id": token_id("<|video_pad|>"),
        "vision_start_token_id": token_id("<|vision_start|>"),
        "vision_end_token_id": token_id("<|vision_end|>"),
        "tie_word_embeddings": True,
        **special_ids,
    }


def _initialise(model: Any) -> None:
    """Normal weights of variance 1 / fan-in: the default standard deviation of 0.02 is too small at these widths."""
    import torch
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv3d):
            fan_in = module.weight[0].numel()
            nn.init.normal_(module.weight, std=fan_in**-0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.weight.shape[1] ** -0.5)
    model.tie_weights()
    assert all(bool(torch.isfinite(weights).all()) for weights in model.parameters())


def _image_processor(patch: int, max_pixels: int) -> Any:
    """Pixel values are normalised so that white is 0 and ink is negative."""
    from transformers import Qwen2VLImageProcessorPil

    return Qwen2VLImageProcessorPil(
        patch_size=patch,
        merge_size=_MERGE,
        min_pixels=(_MERGE * patch) ** 2 if patch < 14 else 4 * 28 * 28,
        max_pixels=max_pixels,
        image_mean=[1.0] * 3,
        image_std=[0.25] * 3,
    )


def _tokenizer() -> Any:
    """Byte-level BPE with one token per command of the grammar, per character and per word of the prompts."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    trained = Tokenizer(models.BPE())
    pieces = pre_tokenizers.Split(Regex(r" ?[^\s]+|\s"), behavior="isolated")
    trained.pre_tokenizer = pre_tokenizers.Sequence([pieces, pre_tokenizers.ByteLevel(False, use_regex=False)])
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4096, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    trained.train_from_iterator(_words(), trainer)
    trained.add_tokens([AddedToken(prompt, normalized=False) for prompt in _prompts()])
    trained.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=[token for token in SPECIAL if token not in ("<|im_end|>", "<|endoftext|>")],
        model_max_length=4096,
    )
    tokenizer.chat_template = _TEMPLATE
    return tokenizer


def _prompts() -> list[str]:
    """The fixed prompts; each is one token, so that prompts are short."""
    return [task_class(name).prompt for name in TASKS] + [task.instruction for task in error_tasks().values()]


def _words() -> Iterator[str]:
    """Every token of answers and prompts, with and without a leading space."""
    tables = tomllib.loads(grammar_files().commands)
    commands = [token for group in (*tables["classes"].values(), *tables["ordinary"].values()) for token in group]
    names = [
        f"{{{name}}}" for name in ("cases", "matrix", "pmatrix", "bmatrix", "vmatrix", "array", "aligned", "align")
    ]
    signs = [chr(code) for code in range(33, 127)]
    for token in (*commands, *names, "\\begin", "\\end", *signs):
        yield from (token, f" {token}", f"{token}:")
    yield from ("user", "assistant")  # of the chat template
    yield from (f" ({relation})" for relation in _RELATIONS)
    for prompt in _prompts():
        for word in prompt.split():
            yield from (word, f" {word}")
