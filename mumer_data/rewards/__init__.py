"""Reward functions for reinforcement learning on formulas, in the signature of TRL; adapters for verl and ms-swift.

Not for figures of a file: see `mumer_data.metrics`. A new reward is one function and one line in `REWARDS`.
"""

from __future__ import annotations

from mumer_data.registry import Registry
from mumer_data.rewards.pictures import cdm, rating, visual
from mumer_data.rewards.textual import concise, edit_similarity, exact, parses
from mumer_data.rewards.trees import self_consistent, structure, tree_similarity
from mumer_data.rewards.weighted import RewardError, WeightedReward, load_rewards

REWARDS = Registry(
    "reward",
    "mumer.rewards",
    {
        "parses": "mumer_data.rewards.textual:parses",
        "exact": "mumer_data.rewards.textual:exact",
        "edit_similarity": "mumer_data.rewards.textual:edit_similarity",
        "concise": "mumer_data.rewards.textual:concise",
        "tree_similarity": "mumer_data.rewards.trees:tree_similarity",
        "structure": "mumer_data.rewards.trees:structure",
        "self_consistent": "mumer_data.rewards.trees:self_consistent",
        "visual": "mumer_data.rewards.pictures:visual",
        "cdm": "mumer_data.rewards.pictures:cdm",
        "rating": "mumer_data.rewards.pictures:rating",
    },
)
"""Name -> reward function ``f(completions, label, **kwargs) -> list[float | None]``; each value is in 0-1."""

__all__ = [
    "REWARDS",
    "RewardError",
    "WeightedReward",
    "cdm",
    "concise",
    "edit_similarity",
    "exact",
    "load_rewards",
    "parses",
    "rating",
    "self_consistent",
    "structure",
    "tree_similarity",
    "visual",
]
