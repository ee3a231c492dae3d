"""One training run, from its config to a saved model and what is written beside it."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mumer_data.atomic import replacing, write_json
from mumer_train.config import TrainConfig
from mumer_train.needs import TrainingError, require

if TYPE_CHECKING:
    import datasets

    from mumer_train.data import Encoder

_PACKAGES = ("mumer-data", "torch", "transformers", "accelerate", "datasets", "liger-kernel")
_PARTS = {"vision": ("visual", "vision_tower", "vision_model"), "projector": ("merger", "multi_modal_projector")}


def train(config: TrainConfig, *, resume: bool = False) -> Path:
    """Train; gives the folder of the final model.

    Args:
        config: the run.
        resume: go on from the last whole checkpoint in ``config.output``, if there is one.

    Raises:
        TrainingError: data or model are not what the config says; before any weight is loaded where that can be told.
    """
    require("torch", "transformers", "accelerate")
    import torch
    from transformers import set_seed

    from mumer_train.data import Collator, Encoder, Turns
    from mumer_train.processor import load_processor
    from mumer_train.trainer import MumerTrainer, checkpoints

    last = _last_checkpoint(config.output, checkpoints(config.output), resume)
    set_seed(config.seed)
    processor = load_processor(config.model, max_pixels=config.max_pixels, trust_remote_code=config.trust_remote_code)
    encoder = Encoder(processor)
    rows, lengths, left_out = _within(config, _rows(config), encoder)
    model = _model(config)
    trainer = MumerTrainer(
        model=model,
        args=_arguments(config, cuda=torch.cuda.is_available()),
        train_dataset=Turns(rows),
        data_collator=Collator(encoder),
        processor=processor,
        lengths=lengths if config.group_by_length else None,
    )
    if config.optimizer == "muon":
        from mumer_train.muon import MuonAdamW

        trainer.optimizer = MuonAdamW(model.named_parameters(), config.learning_rate, config.weight_decay)
    if config.evaluate is not None:
        from mumer_train.look import Looks

        looks = Looks(config.evaluate, processor, config.output)
        looks.trainer = trainer
        trainer.add_callback(looks)
    result = trainer.train(resume_from_checkpoint=None if last is None else str(last))
    final = config.output / "final"
    trainer.save_model(str(final))
    if trainer.is_world_process_zero():
        facts = {"rows": len(rows), "left_out": left_out, "processes": trainer.accelerator.num_processes}
        _write_run(config, trainer.state.log_history, result.metrics, facts)
    return final


def _last_checkpoint(output: Path, whole: list[Path], resume: bool) -> Path | None:
    if not resume and (whole or (output / "final").exists()):
        raise TrainingError(f"{output} holds a run already: go on with --resume, or name another output")
    return whole[-1] if whole else None


def _rows(config: TrainConfig) -> datasets.Dataset:
    import datasets

    from mumer_train.data import load_rows

    parts = [load_rows(part.path, part.configs) for part in config.data for _ in range(part.repeat)]
    return datasets.concatenate_datasets(parts) if len(parts) > 1 else parts[0]


def _within(
    config: TrainConfig, rows: datasets.Dataset, encoder: Encoder
) -> tuple[datasets.Dataset, list[int], list[str]]:
    """The rows within the cutoff, their lengths, and ``task/id`` of those beyond it."""
    from mumer_train.data import turn_of

    workers = config.workers if config.workers > 1 and len(rows) > 1_000 else None
    lengths = rows.map(
        lambda row: {"length": encoder.length(turn_of(row))},
        remove_columns=rows.column_names,
        num_proc=workers,
        desc="measuring",
    )["length"]
    kept = [place for place, length in enumerate(lengths) if length <= config.cutoff]
    left_out = [f"{rows[p]['task']}/{rows[p]['id']}" for p, length in enumerate(lengths) if length > config.cutoff]
    if not kept:
        raise TrainingError(f"no row has at most {config.cutoff} tokens: raise cutoff or lower max_pixels")
    if left_out:
        print(
            f"{len(left_out):,} of {len(rows):,} rows have over {config.cutoff} tokens and are left out: see run.json"
        )
    return rows.select(kept), [lengths[place] for place in kept], left_out


def _model(config: TrainConfig) -> Any:
    import torch
    from transformers import AutoModelForImageTextToText

    more = {"attn_implementation": config.attention} if config.attention else {}
    try:
        model = AutoModelForImageTextToText.from_pretrained(
            config.model,
            dtype=torch.bfloat16 if config.precision == "bf16" else torch.float32,
            trust_remote_code=config.trust_remote_code,
            **more,
        )
    except (OSError, ValueError) as error:
        raise TrainingError(f"{config.model} is no image-text-to-text model that can be loaded: {error}") from None
    for name, weights in model.named_parameters():
        if getattr(config.freeze, _part_of(name)):
            weights.requires_grad_(False)
    if not any(weights.requires_grad for weights in model.parameters()):
        raise TrainingError("freeze leaves nothing to train")
    return model


def _part_of(name: str) -> str:
    """Which part of a model a weight belongs to: projector before vision, whose prefix it shares."""
    steps = name.split(".")
    for part in ("projector", "vision"):
        if any(step in _PARTS[part] for step in steps):
            return part
    return "language"


def _arguments(config: TrainConfig, *, cuda: bool) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(config.output),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        lr_scheduler_type=config.schedule,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        per_device_train_batch_size=config.batch,
        gradient_accumulation_steps=config.accumulation,
        bf16=config.precision == "bf16",
        use_cpu=not cuda,
        gradient_checkpointing=config.checkpointing,
        use_liger_kernel=config.liger,
        dataloader_num_workers=config.workers,
        remove_unused_columns=False,
        save_steps=config.save_steps,
        save_total_limit=config.keep,
        logging_steps=config.log_steps,
        report_to=["tensorboard"] if _installed("tensorboard") else [],
        disable_tqdm=not sys.stderr.isatty(),
        seed=config.seed,
        data_seed=config.seed,
        eval_strategy="no",
    )


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _write_run(
    config: TrainConfig, history: list[dict[str, Any]], metrics: dict[str, Any], facts: dict[str, Any]
) -> None:
    """``run.json`` and ``loss.png``."""
    record = {
        "config": json.loads(config.model_dump_json()),
        "versions": {name: version(name) for name in _PACKAGES if _installed(name)},
        "data": [_manifest(part.path) for part in config.data],
        **facts,
        "metrics": metrics,
        "history": history,
    }
    write_json(config.output / "run.json", record)
    _plot(config.output / "loss.png", history)


def _manifest(path: Path) -> dict[str, Any]:
    """The build that shards come from: the manifest lies beside them or one folder up."""
    for folder in (path, path.parent):
        if (folder / "manifest.json").is_file():
            return {"path": str(path), "manifest": json.loads((folder / "manifest.json").read_text(encoding="utf-8"))}
    return {"path": str(path), "manifest": None}


def _plot(path: Path, history: list[dict[str, Any]]) -> None:
    from matplotlib.figure import Figure

    logs = [entry for entry in history if "loss" in entry]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    names = sorted({name for entry in logs for name in entry if name == "loss" or name.startswith("loss_")})
    for name in names:
        points = [(entry["step"], entry[name]) for entry in logs if name in entry]
        axes.plot(*zip(*points, strict=True), label=name, linewidth=2 if name == "loss" else 1)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    if names:
        axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
