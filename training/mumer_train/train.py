"""One training run, from its config to a saved model and what is written beside it."""

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
    from mumer_train.processor import Processor, StockProcessor
    from mumer_train.trainer import MumerTrainer


def train(config: TrainConfig, *, resume: bool = False) -> Path:
    """Train; gives the folder of the final model.

    Args:
        config: the run.
        resume: go on from the last whole checkpoint in ``config.output``, if there is one.

    Raises:
        TrainingError: data, model or machine are not what the config says; before any weight is loaded.
    """
    require("torch", "transformers", "accelerate")
    import torch
    from transformers import set_seed

    from mumer_train.data import Collator, Encoder
    from mumer_train.processor import load_processor
    from mumer_train.run_record import write_run
    from mumer_train.trainer import MumerTrainer

    cuda = torch.cuda.is_available()
    check_options(config, cuda=cuda)
    last = _last_checkpoint(config.output, resume)
    arguments = _arguments(config, cuda=cuda)  # before the model: ZeRO-3 and FSDP2 part it while it is loaded
    set_seed(config.seed)
    processor = load_processor(config.model, max_pixels=config.max_pixels, trust_remote_code=config.trust_remote_code)
    encoder = Encoder(processor)
    with arguments.main_process_first(desc="measuring"):
        data = _data(config, encoder)
    if config.max_steps < 0 and config.streaming:
        rows_an_update = config.per_device_batch_size * arguments.world_size * arguments.gradient_accumulation_steps
        arguments.max_steps = ceil(data.rows * config.epochs / rows_an_update)
    if data.left_out and arguments.process_index == 0:
        listed = ", ".join(f"{len(names):,} of {task}" for task, names in data.left_out.items())
        print(f"over {config.max_length} tokens and left out, see run.json: {listed}")
    trainer = MumerTrainer(
        model=load_model(config),
        args=arguments,
        train_dataset=data.turns,
        data_collator=Collator(encoder),
        processor=processor,
        lengths=data.lengths if config.group_by_length else None,
        peak=config.peak_tflops,
    )
    _equip(trainer, config, processor)
    result = trainer.train(resume_from_checkpoint=None if last is None else str(last))
    trainer.save_final(config.output / "final")
    left_out = trainer.left_out() if config.streaming else data.left_out
    if trainer.is_world_process_zero():
        counts = {task: len(names) for task, names in left_out.items()}
        facts = {"rows": data.rows, "left_out": counts, "left_out_ids": left_out, "metrics": result.metrics}
        write_run(config, trainer.state.log_history, facts | {"processes": arguments.world_size})
    return config.output / "final"


def _equip(trainer: MumerTrainer, config: TrainConfig, processor: Processor | StockProcessor) -> None:
    """What a trainer has only on request: another optimizer, looks at the model."""
    if config.optimizer == "muon":
        from mumer_train.muon import MuonAdamW

        trainer.optimizer = MuonAdamW(trainer.model.named_parameters(), config.learning_rate, config.weight_decay)
    if config.evaluate is not None:
        from mumer_train.eval_callback import EvaluationCallback

        looks = EvaluationCallback(config.evaluate, processor, config.output)
        looks.trainer = trainer
        trainer.add_callback(looks)


def _last_checkpoint(output: Path, resume: bool) -> Path | None:
    from mumer_train.trainer import checkpoints

    whole = checkpoints(output)
    if not resume and (whole or (output / "final").exists() or (output / "best").exists()):
        raise TrainingError(f"{output} holds a run already: go on with --resume, or name another output")
    return whole[-1] if whole else None


@dataclass(frozen=True)
class _Data:
    """What a run learns from: ``lengths`` and what is ``left_out`` are known beforehand where it is no stream."""

    turns: Any
    rows: int
    lengths: list[int] | None
    left_out: dict[str, list[str]]


def _data(config: TrainConfig, encoder: Encoder) -> _Data:
    from mumer_train.data import ChatDataset
    from mumer_train.length_filter import Stream, measure
    from mumer_train.shards import mixed, streamed

    if config.streaming:
        stream, count = streamed(config.data, config.seed, config.shuffle_buffer)
        return _Data(Stream(stream, encoder, config.max_length), count, None, {})
    found = measure(mixed(config.data, config.seed), encoder, config.max_length, config.workers)
    return _Data(ChatDataset(found.rows), len(found.rows), found.lengths, found.left_out)


def _arguments(config: TrainConfig, *, cuda: bool) -> Any:
    from transformers import TrainingArguments

    names = TrainingArguments.__dataclass_fields__
    checkpointing = "activation_checkpointing" if "activation_checkpointing" in names else "gradient_checkpointing"
    fsdp = config.sharding == "fsdp2"
    parts = {"state_dict_type": "FULL_STATE_DICT", "cpu_ram_efficient_loading": True}
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
        fsdp_config=parts | {"activation_checkpointing": config.gradient_checkpointing} if fsdp else None,
        use_liger_kernel=config.liger,
        dataloader_num_workers=config.workers,
        dataloader_prefetch_factor=4 if config.workers else None,
        dataloader_persistent_workers=config.workers > 0,
        # Every process reads the whole stream and takes its rows: the first could only hand on tensors.
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
