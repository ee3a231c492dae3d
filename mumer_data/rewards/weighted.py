"""A weighted sum of rewards from a YAML file, with a signature of all settings.

Not for single rewards: see `textual`, `trees` and `pictures`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mumer_data.exceptions import MumerError

RewardFunction = Callable[..., list[float | None]]
DEFAULT_WEIGHTS = {"exact": 1.0, "tree_similarity": 0.5, "parses": 0.1, "concise": 0.1}


class RewardError(MumerError):
    """A file of rewards, or a request to the service, that is wrong: the message names the key and what is right."""


class WeightedReward:
    """Weight * reward, summed over the rewards that are not ``None``; a reward function itself.

    Args:
        weights: name in `mumer_data.rewards.REWARDS` -> weight.
        normalize: preset of the normaliser that both sides go through.

    Attributes:
        signature: names and weights, preset, version.

    Raises:
        RewardError: a name is unknown, a weight is not a finite number, or there is none.
    """

    def __init__(self, weights: Mapping[str, float] = DEFAULT_WEIGHTS, *, normalize: str = "crohme") -> None:
        from mumer_data._version import __version__
        from mumer_data.latex.normalize.rules import chosen_rules
        from mumer_data.rewards.exploits import SIGNATURE

        chosen_rules(normalize)
        self.weights, self.normalize = dict(weights), normalize
        self.functions = {name: _function(name) for name in weights}
        for name, weight in weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
                raise RewardError(f"weight of reward '{name}': expected a number, found {weight!r}")
        if not weights:
            raise RewardError("no reward is named: write 'rewards:' with lines 'NAME: WEIGHT', e.g. 'exact: 1.0'")
        terms = "+".join(f"{weight:g}*{name}" for name, weight in weights.items())
        self.signature = f"{terms}|norm:{normalize}|{SIGNATURE}|version:mumer-{__version__}"
        self.__name__ = "mumer_reward"  # what TRL calls it in its logs

    def __call__(self, completions: Sequence[object], label: object = None, **kwargs: object) -> list[float | None]:
        """The sum for each completion, ``None`` where no reward has a value; see `textual.parses`."""
        return self.total(self.parts(completions, label, **kwargs))

    def parts(
        self, completions: Sequence[object], label: object = None, **kwargs: object
    ) -> dict[str, list[float | None]]:
        """The values of each reward, without their weights."""
        kwargs["normalize"] = self.normalize
        return {name: function(completions, label, **kwargs) for name, function in self.functions.items()}

    def total(self, parts: Mapping[str, Sequence[float | None]]) -> list[float | None]:
        """The weighted sums of such values."""
        return [self._sum(row) for row in zip(*(parts[name] for name in self.weights), strict=True)]

    def _sum(self, row: Iterable[float | None]) -> float | None:
        terms = [weight * one for weight, one in zip(self.weights.values(), row, strict=True) if one is not None]
        return math.fsum(terms) if terms else None

    def __repr__(self) -> str:
        return f"WeightedReward({self.signature!r})"


def load_rewards(path: str | Path) -> WeightedReward:
    """The weighted reward of a YAML file with ``rewards:`` (name: weight) and, optionally, ``normalize:`` (preset).

    Raises:
        RewardError: the file cannot be read, or a key, name or weight is wrong.
        PipelineError: there is no such preset.
    """
    from mumer_data.io.config_file import read_yaml

    return rewards_from(read_yaml(Path(path), RewardError), str(path))


def rewards_from(raw: Mapping[str, Any], name: str) -> WeightedReward:
    """The weighted reward of such a mapping; ``name`` is for messages."""
    from mumer_data.registry import did_you_mean

    for key in raw:
        if key not in ("rewards", "normalize"):
            raise RewardError(f"{name}: {did_you_mean('key', str(key), ('rewards', 'normalize'))}")
    weights, preset = raw.get("rewards"), raw.get("normalize", "crohme")
    if not isinstance(weights, Mapping) or not isinstance(preset, str):
        raise RewardError(f"{name}: expected 'rewards:' with lines 'NAME: WEIGHT', and 'normalize: PRESET' or nothing")
    return WeightedReward({str(key): weight for key, weight in weights.items()}, normalize=preset)


def _function(name: str) -> RewardFunction:
    from mumer_data.registry import did_you_mean
    from mumer_data.rewards import REWARDS

    if name not in REWARDS:
        raise RewardError(did_you_mean("reward", name, REWARDS))
    function: RewardFunction = REWARDS.load(name)
    return function
