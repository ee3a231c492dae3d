"""Validation during training: the figures of `mumer evaluate` on a small split; the best model is kept.

Only the first process evaluates; sharded models are not supported.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from mumer_data.io.atomic import write_json
from mumer_data.jobs.predict import read_all
from mumer_data.metrics.evaluate import Evaluation, evaluate
from mumer_data.recognizers import Sampling
from mumer_train.config import Evaluate
from mumer_train.processor import ModelProcessor
from mumer_train.trainer import WRITING, replace_folder
from mumer_train.transformers_recognizer import LoadedModel

BEST, EVALUATION = "best", "evaluation.json"


def evaluate_model(model: Any, processor: ModelProcessor, options: Evaluate) -> Evaluation:
    """Evaluate a model on the first rows of a source; train mode and RNG state are restored afterwards."""
    training = model.training
    model.eval()
    try:
        with torch.random.fork_rng():
            recognizer = LoadedModel(model, processor, options.batch)
            sampling = Sampling(max_tokens=options.max_tokens)
            rows = read_all(recognizer, options.data, task=options.task, sampling=sampling, most=options.rows)
    finally:
        model.train(training)
    return evaluate(rows)


class EvaluationCallback(TrainerCallback):
    """Evaluates every N updates, logs ``eval_exprate`` and others, and keeps the model with the highest ExpRate."""

    def __init__(self, options: Evaluate, processor: ModelProcessor, output: Path) -> None:
        self._options, self._processor, self._output = options, processor, output
        self.trainer: Any = None

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Evaluate every ``options.every`` updates."""
        if state.global_step % self._options.every or not state.is_world_process_zero:
            return
        begin = time.perf_counter()
        model = self.trainer.accelerator.unwrap_model(more["model"])
        evaluation = evaluate_model(model, self._processor, self._options)
        figures = {f"eval_{name}": figure.value for name, figure in evaluation.figures.items()}
        self.trainer.log(figures)
        if figures["eval_exprate"] > self._best_exprate():
            self._save_best(model, state.global_step, evaluation)
        self.trainer.meter.pause(time.perf_counter() - begin)

    def _best_exprate(self) -> float:
        """ExpRate of the saved best model, read from disk, so that a resumed run knows it; -1 if there is none."""
        path = self._output / BEST / EVALUATION
        return float(json.loads(path.read_text(encoding="utf-8"))["exprate"]) if path.exists() else -1.0

    def _save_best(self, model: Any, step: int, evaluation: Evaluation) -> None:
        """Replace the best model atomically."""
        temporary = self._output / WRITING / BEST
        shutil.rmtree(temporary, ignore_errors=True)
        model.save_pretrained(temporary)
        self._processor.save(temporary)
        write_json(temporary / EVALUATION, {"step": step, **evaluation.to_json()})
        replace_folder(temporary, self._output / BEST)
