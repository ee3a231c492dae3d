"""GRPO and DPO of a chat model with image input: TRL's trainers with our data, rewards, log and checkpoints.

Not for formula readers: TRL trains decoder-only models. See `mumer_train.from_scratch.policy`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mumer_train.dependencies import TrainingError, require
from mumer_train.policy.config import Method, PolicyConfig
from mumer_train.policy.data import load_rows, round_of

if TYPE_CHECKING:
    from mumer_train.processor import ModelProcessor


def train_chat_policy(config: PolicyConfig, method: Method) -> None:
    """Train, from the last checkpoint in ``config.output`` if there is one, and write ``final``.

    Raises:
        TrainingError: TRL is not installed, or the model or the data cannot be used.
        RewardError: the rewards are wrong.
    """
    require("trl", extra="rl")
    import torch
    from transformers import set_seed

    from mumer_train.loading import load_processor
    from mumer_train.policy.chat_processor import chat_processor
    from mumer_train.policy.chat_trainers import dpo_trainer, grpo_trainer
    from mumer_train.policy.log import StepLog
    from mumer_train.trainer import checkpoints

    complete = checkpoints(config.output)
    last = complete[-1] if complete else None
    arguments = _arguments(config, method, cuda=torch.cuda.is_available())
    set_seed(config.seed)
    dataset = _dataset(config, method)
    loaded = load_processor(config.model, max_pixels=config.max_pixels, trust_remote_code=config.trust_remote_code)
    processor = chat_processor(loaded, config.model)
    model = _model(config, loaded)
    step = 0 if last is None else int(last.name.rpartition("-")[2])
    log = StepLog(config.output, step) if arguments.process_index == 0 else None
    options = {"model": model, "args": arguments, "train_dataset": dataset, "processing_class": processor}
    if method == "grpo":
        functions, arguments.reward_weights = _rewards(config)
        trainer = grpo_trainer(log, reward_funcs=functions, **options)
    else:
        trainer = dpo_trainer(log, **options)
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    trainer.save_final(config.output / "final")


def _model(config: PolicyConfig, processor: ModelProcessor) -> Any:
    from mumer_train.config import Part, TrainConfig
    from mumer_train.model import load_model

    supervised = TrainConfig(
        model=config.model,
        data=[Part(path=config.data)],
        output=config.output,
        precision=config.precision,
        trust_remote_code=config.trust_remote_code,
    )
    return load_model(supervised, processor)


def _rewards(config: PolicyConfig) -> tuple[list[Callable[..., list[float | None]]], list[float]]:
    """The reward functions and their weights, so that TRL logs each of them."""
    reward = config.reward()

    def named(name: str) -> Callable[..., list[float | None]]:
        def function(completions: list[Any], **columns: Any) -> list[float | None]:
            return reward.functions[name](completions, **columns | {"normalize": reward.normalize})

        function.__name__ = name
        return function

    return [named(name) for name in reward.weights], list(reward.weights.values())


def _dataset(config: PolicyConfig, method: Method) -> Any:
    """The rows of all rounds in order, as one pass, so that a resumed run sees the same rows."""
    from datasets import Dataset, Image, List

    columns = ("prompt", "images", "label", "task") if method == "grpo" else ("prompt", "images", "chosen", "rejected")
    rows = [{name: row[name] for name in columns if name in row} for row in load_rows(config.data, method)]
    rounds = -(-config.steps // config.updates_of(method))
    order = [
        index for number in range(rounds) for index in round_of(len(rows), config.rows_per_step, number, config.seed)
    ]
    return Dataset.from_list(rows).cast_column("images", List(Image())).select(order)


def _arguments(config: PolicyConfig, method: Method, *, cuda: bool) -> Any:
    from trl import DPOConfig, GRPOConfig

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    each = min(config.rows_per_pass, config.rows_per_step)
    if config.rows_per_step % (each * processes):
        raise TrainingError(
            f"rows_per_step {config.rows_per_step} is not a multiple of {each * processes} rows per pass on "
            f"{processes} processes: change rows_per_pass"
        )
    common = _common(config, method, config.rows_per_step // (each * processes), cuda=cuda)
    if method == "dpo":
        return DPOConfig(per_device_train_batch_size=each, max_length=None, **common)
    return GRPOConfig(
        per_device_train_batch_size=each * config.samples,
        num_generations=config.samples,
        max_completion_length=config.max_tokens,
        temperature=config.temperature,
        epsilon=config.clip,
        num_iterations=config.updates_per_round,
        shuffle_dataset=False,
        **common,
    )


def _common(config: PolicyConfig, method: Method, accumulation: int, *, cuda: bool) -> dict[str, Any]:
    """The common options of both methods."""
    return {
        "output_dir": str(config.output),
        "max_steps": config.steps,
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": "constant_with_warmup",
        "warmup_steps": config.warmup_steps,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "gradient_accumulation_steps": accumulation,
        "gradient_checkpointing": config.gradient_checkpointing,
        "bf16": config.precision == "bf16",
        "use_cpu": not cuda,
        "save_steps": config.save_steps,
        "save_total_limit": config.save_total_limit,
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": not sys.stderr.isatty(),
        "seed": config.seed,
        "data_seed": config.seed,
        "beta": config.beta_of(method),
    }
