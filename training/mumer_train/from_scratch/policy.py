"""One GRPO or DPO run of a formula reader: rounds, updates, log, checkpoints with exact resume.

Not for the objectives: see `objectives`. Not for chat models: see `mumer_train.policy.chat`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mumer_data.io.atomic import atomic_write
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.objectives import Dpo, Figures, Grpo, Objective, Round
from mumer_train.from_scratch.policy_rows import policy_rows
from mumer_train.from_scratch.processor import load_reader, save_reader
from mumer_train.from_scratch.stopping import stopped_by_signal
from mumer_train.policy.config import Method, PolicyConfig
from mumer_train.policy.data import round_of
from mumer_train.policy.log import StepLog

CHECKPOINT = "checkpoint.pt"


class PolicyRun:
    """One run in its folder.

    Args:
        config: the run.
        method: ``grpo`` or ``dpo``.

    Attributes:
        step: updates so far.

    Raises:
        TrainingError: the data cannot be used, or the folder contains a run of the other method.
        SourceError: the model or the images cannot be read.
        RewardError: the rewards are wrong.
    """

    def __init__(self, config: PolicyConfig, method: Method) -> None:
        self.config, self.method, self.step = config, method, 0
        self.model, self.processor = _still(Path(config.model))
        self.rows = policy_rows(config.data, method, self.processor)
        self.objective = self._objective()
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay
        )
        self._stopping = False
        config.output.mkdir(parents=True, exist_ok=True)
        if (config.output / CHECKPOINT).exists():
            self._load()
        self._log = StepLog(config.output, self.step)

    def train(self) -> bool:
        """Train to the last step, or until `stop`, which writes a checkpoint; returns whether the run is complete."""
        config, updates = self.config, self.config.updates_of(self.method)
        while self.step < config.steps and not self._stopping:
            number = self.step // updates
            chosen = round_of(len(self.rows), config.rows_per_step, number, config.seed)
            batch = self.objective.prepare([self.rows[index] for index in chosen], number)
            for _ in range(min(updates, config.steps - self.step)):
                self._update(batch)
            if self._stopping or self.step % config.save_steps == 0 or self.step >= config.steps:
                self._save()
        return self.complete

    @property
    def complete(self) -> bool:
        """Whether the last step is done."""
        return self.step >= self.config.steps

    def stop(self, *_: object) -> None:
        """Stop after the current round; a signal handler."""
        self._stopping = True

    def _objective(self) -> Objective:
        config, path = self.config, Path(self.config.model)
        needed = self.method == "dpo" or config.beta_of("grpo") > 0
        reference = _still(path)[0].requires_grad_(False) if needed else None
        if self.method == "grpo":
            return Grpo(self.model, reference, self.processor, config, config.reward())
        assert reference is not None
        return Dpo(self.model, reference, self.processor, config)

    def _update(self, batch: Round) -> None:
        config = self.config
        rate = config.learning_rate * min(1.0, (self.step + 1) / (config.warmup_steps + 1))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        figures = self.objective.backward(batch)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        entry: Figures = {"step": self.step, **batch.figures, **figures, "grad_norm": float(norm)}
        self._log.add(entry | {"learning_rate": rate})

    def _save(self) -> None:
        """Write a checkpoint atomically."""
        state = {
            "method": self.method,
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with atomic_write(self.config.output / CHECKPOINT) as temporary:
            torch.save(state, temporary)

    def _load(self) -> None:
        path = self.config.output / CHECKPOINT
        state: dict[str, Any] = torch.load(path, weights_only=True)
        if state["method"] != self.method:
            raise TrainingError(f"{path} belongs to a run with --method {state['method']}: choose another output")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])


def _still(folder: Path) -> tuple[FormulaReader, Any]:
    """A reader in eval mode, with channels last as in training from scratch."""
    model, processor = load_reader(folder)
    return model.to(memory_format=torch.channels_last), processor


def train_reader_policy(config: PolicyConfig, method: Method) -> tuple[bool, int]:
    """Train a formula reader, from its last checkpoint if there is one; SIGTERM stops with a checkpoint.

    Returns:
        Whether the run is complete (then ``final`` is written), and the number of excluded rows.
    """
    run = run_reader_policy(config, method)
    return run.complete, run.rows.left_out


def run_reader_policy(config: PolicyConfig, method: Method) -> PolicyRun:
    """The same; returns the run, at its last step."""
    run = PolicyRun(config, method)
    with stopped_by_signal(run.stop):
        run.train()
    if run.complete:
        save_reader(run.model, run.processor, config.output / "final")
    return run
