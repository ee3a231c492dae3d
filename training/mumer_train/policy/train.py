"""One GRPO or DPO run: the training loop depends on the model type; record and plot are the same.

Not for supervised runs: `mumer_train.train`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from mumer_data.io.atomic import write_json
from mumer_data.report.reward_plot import plot_rewards
from mumer_train.dependencies import TrainingError, require
from mumer_train.policy.config import Method, PolicyConfig
from mumer_train.policy.log import LOG
from mumer_train.run_record import package_versions


def train_policy(config: PolicyConfig, method: Method, *, resume: bool = False) -> Path:
    """Train a model with rewards (``grpo``) or with preferences (``dpo``).

    Args:
        config: the run.
        method: ``grpo`` or ``dpo``.
        resume: continue from the last checkpoint in ``config.output``, if there is one.

    Returns:
        The folder of the final model; if SIGTERM stopped the run, the folder of the run.

    Raises:
        TrainingError: a package is missing, data or model cannot be used, or the output already contains a run.
        RewardError: the rewards are wrong.
        SourceError: model or images cannot be read.
    """
    require("torch", "transformers", "accelerate")
    from mumer_train.from_scratch.configuration import is_reader

    if not resume and (config.output / LOG).exists():
        raise TrainingError(
            f"{config.output} already contains a run: continue it with --resume, or choose another output"
        )
    signature = config.reward().signature if method == "grpo" else None
    if is_reader(config.model):
        from mumer_train.from_scratch.policy import train_reader_policy

        complete, left_out = train_reader_policy(config, method)
    else:
        from mumer_train.policy.chat import train_chat_policy

        train_chat_policy(config, method)
        complete, left_out = True, 0
    if os.environ.get("RANK", "0") == "0":
        record = {"method": method, "config": json.loads(config.model_dump_json()), "rewards": signature}
        record |= {"complete": complete, "left_out": left_out, "versions": package_versions()}
        write_json(config.output / "run.json", record)
        plot_rewards([config.output / LOG], config.output / "reward.png")
    return config.output / "final" if complete else config.output
