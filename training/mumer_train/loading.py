"""Model and processor of a folder or Hub id, by the kind of the model.

Not for what a processor does: `processor` (chat models) and `encoder_decoder`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mumer_train.dependencies import TrainingError, require
from mumer_train.kinds import ModelKind, kind_of, supported
from mumer_train.processor import ModelProcessor, Processor, StockProcessor

log = logging.getLogger(__name__)


def load_processor(
    model: str, *, max_pixels: int | None = None, trust_remote_code: bool = False, training: bool = False
) -> ModelProcessor:
    """Load the processor of a local folder or a Hub id.

    Args:
        model: folder or Hub id of the model.
        max_pixels: larger images are scaled down to at most this many pixels; default: the model's own limit. Models
            with a fixed image size ignore it.
        trust_remote_code: run code that comes with the model.
        training: add the tokens of tasks to the tokenizer of an encoder-decoder.

    Raises:
        TrainingError: the model does not take images, or has no tokenizer, image processor or chat template.
    """
    require("torch", "transformers")
    from transformers import AutoTokenizer

    local = Path(model).is_dir()
    if not local:
        log.warning("%s is not a local folder: looking it up on the Hugging Face Hub", model)
    try:
        config = _config(model, trust_remote_code)
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=trust_remote_code)
        kind = kind_of(config)
        if kind is not None and kind.prompt == "a decoder prefix":
            return _encoder_decoder(model, config, tokenizer, training)
        images = _images(model, config, max_pixels, trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        where = "" if local else "is not a local folder; as a model of the Hub it "
        raise TrainingError(
            f"{model} {where}has no tokenizer and image processor that transformers can load: {error}"
        ) from None
    return _chat_processor(model, config, tokenizer, images, trust_remote_code)


# ---- chat models ------------------------------------------------------------------------------------------------


def _chat_processor(model: str, config: Any, tokenizer: Any, images: Any, trust_remote_code: bool) -> ModelProcessor:
    image_token_id = getattr(config, "image_token_id", None)
    if image_token_id is None:
        raise TrainingError(f"{model} is not supported: its config has no image_token_id; supported are {supported()}")
    kind = kind_of(config) or ModelKind(config.model_type, config.model_type)
    tokenizer.chat_template = tokenizer.chat_template or kind.chat_template or None
    if hasattr(images, "merge_size") and hasattr(images, "get_number_of_image_patches"):
        if not tokenizer.chat_template:
            raise TrainingError(f"the tokenizer of {model} has no chat template")
        return Processor(tokenizer, images, str(tokenizer.convert_ids_to_tokens(image_token_id)))
    processor = _stock_processor(model, kind, trust_remote_code)
    tokenizer.chat_template = tokenizer.chat_template or processor.chat_template
    if not tokenizer.chat_template:
        raise TrainingError(f"neither the tokenizer nor the processor of {model} has a chat template")
    options = {kind.image_tokens: config.image_seq_length} if kind.image_tokens else {}
    return StockProcessor(tokenizer, images, processor, int(image_token_id), one_list=kind.one_list, options=options)


def _config(model: str, trust_remote_code: bool) -> Any:
    from transformers import AutoConfig, AutoModelForImageTextToText

    config = AutoConfig.from_pretrained(model, trust_remote_code=trust_remote_code)
    if type(config) not in AutoModelForImageTextToText._model_mapping and not getattr(config, "auto_map", None):
        raise TrainingError(
            f"{model} is a model of type {config.model_type}, which does not take images: use an image-text-to-text "
            f"model, such as Qwen2.5-VL; supported are {supported()}"
        )
    return config


def _images(model: str, config: Any, max_pixels: int | None = None, trust_remote_code: bool = False) -> Any:
    """The image processor of a model, or its replacement if torchvision is not installed."""
    import transformers
    from transformers.utils import is_torchvision_available

    kind = kind_of(config) or ModelKind(config.model_type, config.model_type)
    if kind.images and not is_torchvision_available():
        stand_in = getattr(transformers, kind.images)
        settings, _ = stand_in.get_image_processor_dict(model)
        return stand_in.from_dict({**kind.image_defaults, **settings})
    limits = {} if max_pixels is None else {"max_pixels": max_pixels}
    load = transformers.AutoImageProcessor.from_pretrained
    images = load(model, trust_remote_code=trust_remote_code, **limits)
    if max_pixels is None or not kind.frames:
        return images
    most = max_pixels * kind.frames
    size = {name: min(images.size[name], most) for name in ("shortest_edge", "longest_edge")}
    return load(model, trust_remote_code=trust_remote_code, size=size)


def _stock_processor(model: str, kind: ModelKind, trust_remote_code: bool) -> Any:
    import transformers

    loader = _without_videos(kind.processor) if kind.processor else transformers.AutoProcessor
    try:
        processor = loader.from_pretrained(model, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(f"the processor of {model} cannot be loaded: {error}") from None
    if not hasattr(processor, "image_processor"):
        raise TrainingError(f"{model} has no processor of texts and images")
    return processor


def _without_videos(name: str) -> Any:
    """A processor class of transformers with only an image processor and a tokenizer."""
    import transformers

    parts = classmethod(lambda _: ["image_processor", "tokenizer"])
    return type(name, (getattr(transformers, name),), {"get_attributes": parts})


# ---- encoder-decoders -------------------------------------------------------------------------------------------


def _encoder_decoder(model: str, config: Any, tokenizer: Any, training: bool) -> ModelProcessor:
    from mumer_train.encoder_decoder import EncoderDecoderProcessor, GrayImages, add_task_tokens

    if tokenizer.eos_token_id is None:
        raise TrainingError(f"the tokenizer of {model} has no end token (eos_token): name one in tokenizer_config.json")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if training:
        add_task_tokens(tokenizer)
    encoder = getattr(config, "encoder", None) or config.vision_config
    try:
        images = _images(model, config)
    except (OSError, ValueError):
        if getattr(encoder, "num_channels", 3) != 1 or not isinstance(encoder.image_size, int):
            raise
        images = GrayImages(encoder.image_size)
    decoder = config.get_text_config(decoder=True)
    return EncoderDecoderProcessor(
        tokenizer, images, _start(model, config, tokenizer), _positions(decoder), _patch(encoder)
    )


def _start(model: str, config: Any, tokenizer: Any) -> int:
    """Start token of the decoder, from the generation settings, the model, its decoder, or the tokenizer."""
    from transformers import GenerationConfig

    try:
        generation: Any = GenerationConfig.from_pretrained(model)
    except OSError:
        generation = None
    settings = (generation, config, config.get_text_config(decoder=True))
    starts = [getattr(one, "decoder_start_token_id", None) for one in settings]
    start = next((token for token in [*starts, tokenizer.bos_token_id] if token is not None), None)
    if start is None:
        raise TrainingError(
            f"{model} does not say what its decoder starts with: set decoder_start_token_id in config.json"
        )
    return int(start)


def _positions(decoder: Any) -> int | None:
    """Number of positions of a decoder; RoBERTa's positions begin after that of padding."""
    most = getattr(decoder, "max_position_embeddings", None) or getattr(decoder, "n_positions", None)
    if most is None:
        return None
    offset = decoder.pad_token_id + 1 if "roberta" in decoder.model_type or decoder.model_type == "camembert" else 0
    return int(most) - offset


def _patch(encoder: Any) -> int:
    """Pixels per position of the encoder's output; each later stage of a Swin Transformer halves its sides."""
    size = encoder.patch_size if isinstance(encoder.patch_size, int) else encoder.patch_size[0]
    return int(size) << max(len(getattr(encoder, "depths", [0])) - 1, 0)


# ---- weights ----------------------------------------------------------------------------------------------------


def load_weights(model: str, **options: Any) -> Any:
    """Load the weights of a folder or Hub id.

    Args:
        model: folder or Hub id.
        options: options of ``from_pretrained``.

    Raises:
        TrainingError: they cannot be loaded.
    """
    from transformers import AutoModelForImageTextToText

    try:
        loaded = AutoModelForImageTextToText.from_pretrained(model, **options)
    except (OSError, ValueError, ImportError) as error:
        raise TrainingError(f"{model} cannot be loaded as an image-text-to-text model: {error}") from None
    for forced in ("forced_bos_token_id", "forced_eos_token_id"):  # a truncated answer would seem complete
        setattr(loaded.generation_config, forced, None)
    return loaded


def add_embeddings(model: Any, tokenizer: Any) -> None:
    """Add embeddings for the tokens that were added to the tokenizer of an encoder-decoder."""
    size, decoder = len(tokenizer), decoder_of(model)
    if size > decoder.get_input_embeddings().weight.shape[0]:
        decoder.resize_token_embeddings(size)
    head = model.get_output_embeddings()
    if size > head.weight.shape[0]:  # the head is not part of the decoder
        model.set_output_embeddings(model._get_resized_lm_head(head, size))
    model.config.get_text_config(decoder=True).vocab_size = decoder.get_input_embeddings().weight.shape[0]


def decoder_of(model: Any) -> Any:
    """The decoder of an encoder-decoder, with its token embeddings; for other models, the model itself."""
    owners = (model, getattr(model, "model", None))
    return next((owner.decoder for owner in owners if owner is not None and hasattr(owner, "decoder")), model)
