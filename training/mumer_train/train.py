"""One training run: configuration -> final model, checkpoints and the record of the run.

Not for a single step: `trainer`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_train.config import TrainConfig
from mumer_train.dependencies import TrainingError, require
from mumer_train.model import check_options, load_model

if TYPE_CHECKING:
    from mumer_train.data import Encoder
    from mumer_train.processor import ModelProcessor
    from mumer_train.trainer import MumerTrainer


def train(config: TrainConfig, *, resume: bool = False) -> Path:
    """Train a model; returns the folder of the final model.

    Args:
        config: the run.
        resume: continue from the last complete checkpoint in ``config.output``, if there is one.

    Raises:
        TrainingError: data, model or machine do not match the configuration; raised before weights are loaded.
    """
    require("torch", "transformers", "accelerate")
    import torch
    from transformers import set_seed

    from mumer_train.data import Collator, Encoder
    from mumer_train.run_record import write_run_record
    from mumer_train.trainer import MumerTrainer

    cuda = torch.cuda.is_available()
    check_options(config, cuda=cuda)
    last = _last_checkpoint(config.output, resume)
    arguments = _arguments(config, cuda=cuda)  # before the model: ZeRO-3 and FSDP2 shard it while it is loaded
    set_seed(config.seed)
    processor = _load_processor(config)
    encoder = Encoder(processor)
    with arguments.main_process_first(desc="counting tokens"):
        data = _load_data(config, encoder)
    if config.max_steps < 0 and config.streaming:
        rows_per_update = config.per_device_batch_size * arguments.world_size * arguments.gradient_accumulation_steps
        arguments.max_steps = ceil(data.rows * config.epochs / rows_per_update)
    if data.left_out and arguments.process_index == 0:
        _print_skipped(data.left_out, _max_length(config, processor))
    trainer = MumerTrainer(
        model=load_model(config, processor),
        args=arguments,
        train_dataset=data.examples,
        data_collator=Collator(encoder),
        processor=processor,
        lengths=data.lengths if config.group_by_length else None,
        peak=config.peak_tflops,
    )
    _add_options(trainer, config, processor)
    result = trainer.train(resume_from_checkpoint=None if last is None else str(last))
    trainer.save_final(config.output / "final")
    left_out = trainer.left_out() if config.streaming else data.left_out
    if trainer.is_world_process_zero():
        record = _record(data.rows, left_out) | {"metrics": result.metrics, "processes": arguments.world_size}
        write_run_record(config, trainer.state.log_history, record)
    return config.output / "final"


def _load_processor(config: TrainConfig) -> ModelProcessor:
    from mumer_train.loading import load_processor

    processor = load_processor(
        config.model, max_pixels=config.max_pixels, trust_remote_code=config.trust_remote_code, training=True
    )
    if processor.encoder_decoder and config.liger:
        raise TrainingError("liger: true has no kernels for encoder-decoders: set liger: false")
    return processor


def _max_length(config: TrainConfig, processor: ModelProcessor) -> int:
    """Maximum number of tokens of a row, by the configuration and the model."""
    return min(config.max_length, processor.max_tokens or config.max_length)


def _record(rows: int | None, left_out: dict[str, list[str]]) -> dict[str, Any]:
    counts = {task: len(ids) for task, ids in left_out.items()}
    return {"rows": rows, "left_out": counts, "left_out_ids": left_out}


def _print_skipped(left_out: dict[str, list[str]], max_length: int) -> None:
    skipped = ", ".join(f"{len(ids):,} of {task}" for task, ids in left_out.items())
    print(f"rows of more than {max_length} tokens are skipped (listed in run.json): {skipped}")


def _add_options(trainer: MumerTrainer, config: TrainConfig, processor: ModelProcessor) -> None:
    """Set the optional parts of a trainer: another optimizer, validation during training."""
    if config.optimizer == "muon":
        from mumer_train.muon import MuonAdamW

        trainer.optimizer = MuonAdamW(trainer.model.named_parameters(), config.learning_rate, config.weight_decay)
    if config.evaluate is not None:
        from mumer_train.eval_callback import EvaluationCallback

        callback = EvaluationCallback(config.evaluate, processor, config.output)
        callback.trainer = trainer
        trainer.add_callback(callback)


def _last_checkpoint(output: Path, resume: bool) -> Path | None:
    from mumer_train.trainer import checkpoints

    complete = checkpoints(output)
    if not resume and (complete or (output / "final").exists() or (output / "best").exists()):
        raise TrainingError(f"{output} already contains a run: continue it with --resume, or choose another output")
    return complete[-1] if complete else None


@dataclass(frozen=True)
class _TrainingData:
    """The data of a run; for a stream, ``lengths`` is ``None`` and ``left_out`` is empty until it has been read."""

    examples: Any
    rows: int
    lengths: list[int] | None
    left_out: dict[str, list[str]]


def _load_data(config: TrainConfig, encoder: Encoder) -> _TrainingData:
    from mumer_train.data import ChatDataset
    from mumer_train.length_filter import LengthFilteredStream, filter_by_length
    from mumer_train.shards import mixed, streamed

    max_length = _max_length(config, encoder.processor)
    if config.streaming:
        stream, count = streamed(config.data, config.seed, config.shuffle_buffer)
        return _TrainingData(LengthFilteredStream(stream, encoder, max_length), count, None, {})
    filtered = filter_by_length(mixed(config.data, config.seed), encoder, max_length, config.workers)
    return _TrainingData(ChatDataset(filtered.rows), len(filtered.rows), filtered.lengths, filtered.left_out)


def _arguments(config: TrainConfig, *, cuda: bool) -> Any:
    from transformers import TrainingArguments

    fields = TrainingArguments.__dataclass_fields__
    checkpointing = "activation_checkpointing" if "activation_checkpointing" in fields else "gradient_checkpointing"
    fsdp = config.sharding == "fsdp2"
    sharding = {"state_dict_type": "FULL_STATE_DICT", "cpu_ram_efficient_loading": True}
    return TrainingArguments(
        output_dir=str(config.output),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        lr_scheduler_type=config.schedule,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        per_device_train_batch_size=config.per_device_batch_size,
        gradient_accumulation_steps=config.accumulation_on(int(os.environ.get("WORLD_SIZE", "1"))),
        bf16=config.precision != "fp32",
        use_cpu=not cuda,
        **({checkpointing: True} if config.gradient_checkpointing and not fsdp else {}),
        fsdp=fsdp or None,
        fsdp_config=sharding | {"activation_checkpointing": config.gradient_checkpointing} if fsdp else None,
        use_liger_kernel=config.liger,
        dataloader_num_workers=config.workers,
        dataloader_prefetch_factor=4 if config.workers else None,
        dataloader_persistent_workers=config.workers > 0,
        # Every process reads the whole stream and selects its rows, because the first process could only send tensors.
        accelerator_config={"dispatch_batches": False},
        remove_unused_columns=False,
        save_steps=config.save_steps,
        save_total_limit=config.save_total_limit,
        logging_steps=config.log_steps,
        report_to=list(config.report) or "none",
        disable_tqdm=not sys.stderr.isatty(),
        seed=config.seed,
        data_seed=config.seed,
        eval_strategy="no",
    )
