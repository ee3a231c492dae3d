"""The configuration of a GRPO or DPO run: one YAML file, for chat models and formula readers.

Not for supervised runs: `mumer_train.config`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mumer_data.io.config_file import load_config
from mumer_train.dependencies import TrainingError

if TYPE_CHECKING:
    from mumer_data.rewards import WeightedReward

Method = Literal["grpo", "dpo"]
DEFAULT_BETA: dict[Method, float] = {"grpo": 0.0, "dpo": 0.1}


class PolicyConfig(BaseModel):
    """One run.

    Attributes:
        model: folder of a formula reader; or folder or Hub id of a chat model with image input.
        data: folder of `mumer prompts` (GRPO) or `mumer pairs` (DPO); for GRPO of a formula reader also a folder of
            fitted images.
        output: folder for checkpoints, ``log.jsonl``, ``reward.png``, ``run.json`` and the model ``final``.
        rewards: file of weighted rewards, or reward -> weight; default: the weights of `mumer rewards`. GRPO only.
        steps: updates of the weights in total.
        learning_rate, warmup_steps, weight_decay, max_grad_norm: options of AdamW; the rate is constant after the
            warm-up.
        rows_per_step: images (GRPO) or pairs (DPO) per sampling round.
        samples: answers sampled per image, the group within which advantages are normalised. GRPO only.
        temperature: temperature of sampling and of the policy's probabilities. GRPO only.
        max_tokens: maximum length of an answer, in tokens.
        updates_per_round: updates from each round of samples. GRPO only.
        clip: the probability ratio of a token is clipped to 1 - clip ... 1 + clip. GRPO only.
        beta: weight of the KL divergence from the initial model (GRPO, default 0), or DPO's beta (default 0.1).
        rows_per_pass: images or pairs per forward pass; a smaller number needs less memory.
        precision: ``bf16`` or ``fp32`` for chat models; formula readers always compute in fp32.
        max_pixels: larger images are scaled down to at most this many pixels, for chat models.
        gradient_checkpointing: recompute activations to save memory, in chat models.
        save_steps: updates between checkpoints, a multiple of ``updates_per_round``.
        save_total_limit: number of checkpoints of a chat model to keep.
        seed: random seed of data order and sampling.
        trust_remote_code: run code that comes with a chat model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    data: Path
    output: Path
    rewards: Path | dict[str, float] | None = None
    steps: int = Field(200, ge=1)
    learning_rate: float = Field(1e-5, gt=0)
    warmup_steps: int = Field(0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, gt=0)
    rows_per_step: int = Field(8, ge=1)
    samples: int = Field(8, ge=2)
    temperature: float = Field(1.0, gt=0)
    max_tokens: int = Field(200, ge=1)
    updates_per_round: int = Field(1, ge=1)
    clip: float = Field(0.2, gt=0, lt=1)
    beta: float | None = Field(None, ge=0)
    rows_per_pass: int = Field(8, ge=1)
    precision: Literal["bf16", "fp32"] = "bf16"
    max_pixels: int = Field(262_144, ge=28 * 28)
    gradient_checkpointing: bool = False
    save_steps: int = Field(50, ge=1)
    save_total_limit: int = Field(2, ge=1)
    seed: int = Field(0, ge=0)
    trust_remote_code: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> PolicyConfig:
        if self.save_steps % self.updates_per_round:
            raise ValueError(
                "save_steps must be a multiple of updates_per_round, because samples are not saved in checkpoints"
            )
        if self.rows_per_step % min(self.rows_per_pass, self.rows_per_step):
            raise ValueError("rows_per_step must be a multiple of rows_per_pass")
        return self

    def beta_of(self, method: Method) -> float:
        """``beta``, or the default of the method."""
        return DEFAULT_BETA[method] if self.beta is None else self.beta

    def updates_of(self, method: Method) -> int:
        """Updates per round; a round of preferences is used only once."""
        return self.updates_per_round if method == "grpo" else 1

    def reward(self) -> WeightedReward:
        """The reward function.

        Raises:
            RewardError: the file, a name or a weight is wrong.
        """
        from mumer_data.rewards import WeightedReward, load_rewards

        if self.rewards is None:
            return WeightedReward()
        return WeightedReward(self.rewards) if isinstance(self.rewards, dict) else load_rewards(self.rewards)


def load_policy_config(path: Path, settings: Sequence[str] = ()) -> PolicyConfig:
    """Read a YAML file and override keys by ``key=value`` settings; paths are relative to the working directory.

    Raises:
        TrainingError: the file cannot be read, or a key or value is wrong.
    """
    return load_config(PolicyConfig, path, settings, TrainingError)
