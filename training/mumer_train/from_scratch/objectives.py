"""Training objectives of a formula reader: rewards of sampled answers (GRPO), or preferences (DPO).

GRPO: Shao et al., DeepSeekMath, 2024; mean over tokens as in DAPO, Yu et al., 2025. DPO: Rafailov et al., 2023.
Both run in eval mode: dropout would change the probability ratio, which must be 1 before the first update.
Not for steps and checkpoints: see `policy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from mumer_data.rewards import WeightedReward
from mumer_data.seeding import hash64
from mumer_train.from_scratch.image_store import Pixels
from mumer_train.from_scratch.modeling import FormulaReader
from mumer_train.from_scratch.policy_rows import PolicyRow
from mumer_train.from_scratch.processor import FormulaReaderProcessor
from mumer_train.from_scratch.sampling import Answer, log_probabilities, sample
from mumer_train.policy.config import PolicyConfig

Figures = dict[str, float | None]


@dataclass(slots=True)
class Round:
    """The data of one or more updates.

    Attributes:
        images: each (height, width), ink 0 to 255.
        answers: the same number for each image.
        advantages: (images, answers); empty for preferences.
        figures: figures of the samples, for the log.
        old: log probabilities of the tokens before the first update, one tensor per pass; empty until then.
        reference: log probabilities by the reference model; empty if it is not used.
    """

    images: list[Pixels]
    answers: list[list[Answer]]
    advantages: Tensor
    figures: Figures
    old: list[Tensor] = field(default_factory=list)
    reference: list[Tensor] = field(default_factory=list)


class Objective(Protocol):
    """Interface of a method for `policy.PolicyRun`."""

    def prepare(self, rows: Sequence[PolicyRow], number: int) -> Round:
        """The round with this number."""
        ...

    def backward(self, batch: Round) -> Figures:
        """Add the gradients of the loss of a round; returns figures for the log."""
        ...


def advantages_of(rewards: Sequence[Sequence[float | None]]) -> tuple[Tensor, float, float]:
    """Advantages: the rewards of each group minus their mean, divided by their standard deviation.

    An answer without a reward is ignored and has the advantage 0; if all rewards of a group are equal, all are 0.

    Returns:
        Advantages, (groups, answers); mean standard deviation of the groups; share of the groups without advantages.
    """
    values = torch.tensor([[float("nan") if one is None else one for one in group] for group in rewards])
    known = ~values.isnan()
    count = known.sum(1, keepdim=True)
    mean = values.nansum(1, keepdim=True) / count.clamp(min=1)
    centred = torch.where(known, values - mean, 0.0)
    deviation = (centred.square().sum(1, keepdim=True) / (count - 1).clamp(min=1)).sqrt()
    return centred / (deviation + 1e-4), float(deviation.mean()), float((deviation < 1e-6).float().mean())


class Grpo:
    """Group-relative policy optimisation with a clipped probability ratio and an optional KL penalty."""

    def __init__(
        self,
        policy: FormulaReader,
        reference: FormulaReader | None,
        processor: FormulaReaderProcessor,
        config: PolicyConfig,
        reward: WeightedReward,
    ) -> None:
        self._policy, self._reference, self._processor, self._config = policy, reference, processor, config
        self._reward = reward

    def prepare(self, rows: Sequence[PolicyRow], number: int) -> Round:
        """Sample answers and score them; randomness depends on the seed and the number."""
        config = self._config
        generator = torch.Generator().manual_seed(hash64(f"{config.seed}\0{number}\0sample") >> 1)
        images = [row.pixels for row in rows]
        answers = [
            group
            for part in _passes(images, config.rows_per_pass)
            for group in sample(
                self._policy, images[part], config.samples, generator, config.temperature, config.max_tokens
            )
        ]
        texts = [self._processor.decode(answer) for group in answers for answer in group]
        labels = [row.texts[0] for row in rows for _ in range(config.samples)]
        parts = self._reward.parts(texts, labels)
        totals = self._reward.total(parts)
        groups = [totals[begin : begin + config.samples] for begin in range(0, len(totals), config.samples)]
        advantages, deviation, flat = advantages_of(groups)
        lengths = [len(answer) for group in answers for answer in group]
        end = int(self._policy.config.eos_token_id)
        cut = [answer[-1] != end for group in answers for answer in group]
        figures: Figures = {"reward": _mean(totals), "reward_std": deviation, "flat_groups": flat}
        figures |= {f"reward/{name}": _mean(values) for name, values in parts.items()}
        figures |= {"length": fmean(lengths), "cut_off": fmean(cut)}
        return Round(images, answers, advantages, figures)

    def backward(self, batch: Round) -> Figures:
        """See `Objective`."""
        config, first = self._config, not batch.old
        beta = config.beta_of("grpo")
        tokens = sum(len(answer) for group in batch.answers for answer in group)
        loss = divergence = clipped = 0.0
        for index, part in enumerate(_passes(batch.images, config.rows_per_pass)):
            inputs = (batch.images[part], batch.answers[part], config.temperature)
            new, known = log_probabilities(self._policy, *inputs)
            if first:
                batch.old.append(new.detach())
                if self._reference is not None:
                    with torch.no_grad():
                        batch.reference.append(log_probabilities(self._reference, *inputs)[0])
            each, beyond = clipped_loss(new, batch.old[index], batch.advantages[part].flatten()[:, None], config.clip)
            if self._reference is not None:
                change = batch.reference[index] - new
                kl = change.exp() - change - 1  # the non-negative estimator (Schulman, 2020)
                each = each + beta * kl
                divergence += float((kl.detach() * known).sum())
            total = (each * known).sum() / tokens
            total.backward()
            loss += float(total.detach())
            clipped += float((beyond & known).sum())
        figures: Figures = {"loss": loss, "clipped": clipped / tokens}
        return figures if self._reference is None else figures | {"kl": divergence / tokens}


def clipped_loss(new: Tensor, old: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """Negative clipped objective of PPO per token, and the mask of tokens without gradient because of the clip."""
    ratio = (new - old).exp()
    free, held = ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages
    return -torch.minimum(free, held), held < free


class Dpo:
    """Direct preference optimisation: the label of an image should be more likely than a wrong answer."""

    def __init__(
        self, policy: FormulaReader, reference: FormulaReader, processor: FormulaReaderProcessor, config: PolicyConfig
    ) -> None:
        self._policy, self._reference, self._processor, self._config = policy, reference, processor, config

    def prepare(self, rows: Sequence[PolicyRow], number: int) -> Round:
        """Pairs of answers, and their log probabilities by the reference model."""
        answers = [[self._processor.answer_tokens(text) for text in row.texts] for row in rows]
        batch = Round([row.pixels for row in rows], answers, torch.zeros(0), {})
        with torch.no_grad():
            for part in _passes(batch.images, self._config.rows_per_pass):
                logs, _ = log_probabilities(self._reference, batch.images[part], answers[part])
                batch.reference.append(logs.sum(1).view(-1, 2))
        return batch

    def backward(self, batch: Round) -> Figures:
        """See `Objective`."""
        beta, count = self._config.beta_of("dpo"), len(batch.images)
        sums: dict[str, float] = dict.fromkeys(("loss", "margin", "accuracy", "chosen", "rejected"), 0.0)
        for index, part in enumerate(_passes(batch.images, self._config.rows_per_pass)):
            logs, _ = log_probabilities(self._policy, batch.images[part], batch.answers[part])
            pairs = logs.sum(1).view(-1, 2)
            rewards = beta * (pairs - batch.reference[index])
            margin = rewards[:, 0] - rewards[:, 1]
            loss = -functional.logsigmoid(margin).sum() / count
            loss.backward()
            sums["loss"] += float(loss.detach())
            for name, values in {
                "margin": margin,
                "accuracy": (margin > 0).float(),
                "chosen": pairs[:, 0],
                "rejected": pairs[:, 1],
            }.items():
                sums[name] += float(values.detach().sum()) / count
        return dict(sums)


def _passes(images: Sequence[object], size: int) -> Iterator[slice]:
    for begin in range(0, len(images), size):
        yield slice(begin, begin + size)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
