"""The rewards in the signatures of other trainers: verl's ``compute_score`` and ms-swift's ORM classes.

Not for TRL: the functions and `WeightedReward` are reward functions of TRL as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from mumer_data.rewards.weighted import WeightedReward, load_rewards


def compute_score(
    data_source: object,
    solution_str: str,
    ground_truth: object,
    extra_info: Mapping[str, object] | None = None,
    *,
    config: str | None = None,
) -> float:
    """The weighted reward of one completion, for verl's ``custom_reward_function``.

    Args:
        data_source: ignored; verl passes the name of the dataset.
        solution_str: the completion.
        ground_truth: the reference.
        extra_info: of ``prompt`` and ``task``, texts are used if they are there.
        config: path of a file for `load_rewards` (verl: ``custom_reward_function.reward_kwargs.config``).

    Returns:
        The weighted sum; 0 where the reference cannot be parsed, since verl knows no missing reward.
    """
    extra = extra_info if isinstance(extra_info, Mapping) else {}
    reference = ground_truth if isinstance(ground_truth, str) else ""
    options = {"prompts": extra.get("prompt"), "task": extra.get("task")}
    return _reward(config)([solution_str], [reference], **options)[0] or 0.0


class MumerORM:
    """The weighted reward as an outcome reward model (ORM) of ms-swift: ``orms["mumer"] = MumerORM`` in a plug-in.

    ms-swift calls it with the completions and the columns of the dataset; the reference is the column ``label`` or
    ``solution``. ``None`` marks a reference that cannot be parsed, which ms-swift leaves out.
    """

    config: str | None = None
    """Path of a file for `load_rewards`; set it in a subclass."""

    def __init__(self, args: object = None, **kwargs: object) -> None:
        self._reward = _reward(self.config)

    def __call__(
        self, completions: Sequence[object], solution: object = None, label: object = None, **kwargs: object
    ) -> list[float | None]:
        """The weighted sum for each completion."""
        return self._reward(completions, solution if label is None else label, **kwargs)


@lru_cache(maxsize=16)
def _reward(config: str | None) -> WeightedReward:
    return WeightedReward() if config is None else load_rewards(config)
