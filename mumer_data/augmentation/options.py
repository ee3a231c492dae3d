"""The key ``augment`` of a pipeline file: which steps, how many variants, and whether the original stays.

Not for what steps do.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mumer_data.augmentation import STEPS, Phase, Step, step_class
from mumer_data.registry import did_you_mean

StepItem = str | dict[str, dict[str, Any] | None]


class Augmentation(BaseModel):
    """What to make of each image. In a file also a preset's name, or a list of steps.

    Attributes:
        preset: a ready list of steps.
        steps: names, or ``{name: {option: value}}``; beside a preset they change its steps of that name, or are added.
        copies: variants of each image.
        keep_original: whether the original goes along.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str | None = None
    steps: list[StepItem] = []
    copies: int = Field(1, ge=1, le=100)
    keep_original: bool = True

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"preset": value}
        return {"steps": value} if isinstance(value, list) else value

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, preset: str | None) -> str | None:
        if preset is not None and preset not in presets():
            raise ValueError(did_you_mean("preset", preset, presets()))
        return preset

    @model_validator(mode="after")
    def _known_steps(self) -> Augmentation:
        if not self.resolved():
            raise ValueError(f"no step: name a preset ({', '.join(presets())}) or steps ({', '.join(STEPS)})")
        return self

    def resolved(self) -> list[tuple[str, Step]]:
        """Every step with its name, those of the preset first."""
        named = [_named(item) for item in (presets()[self.preset] if self.preset else [])]
        own = [_named(item) for item in self.steps]
        if self.preset is not None:
            for name, options in list(own):
                place = next((place for place, (known, _) in enumerate(named) if known == name), None)
                if place is not None:
                    named[place] = (name, {**named[place][1], **options})
                    own.remove((name, options))
        return [(name, _step(name, options)) for name, options in named + own]

    def made(self) -> list[Step]:
        """The steps."""
        return [step for _, step in self.resolved()]

    @property
    def rows(self) -> int:
        """How many rows come of one."""
        return self.copies + self.keep_original

    def on_paper(self) -> bool:
        """Whether variants show paper, so that they are dark on light."""
        return any(step.phase == Phase.PAPER for step in self.made())

    def facts(self) -> dict[str, Any]:
        """For the manifest: every option of every step, defaults and all."""
        steps = [{name: step.model_dump(mode="json")} for name, step in self.resolved()]
        return {"preset": self.preset, "copies": self.copies, "keep_original": self.keep_original, "steps": steps}


@lru_cache(maxsize=1)
def presets() -> Mapping[str, list[StepItem]]:
    """The ready lists of steps, by name."""
    text = (resources.files("mumer_data.augmentation") / "presets.yaml").read_text(encoding="utf-8")
    found: dict[str, list[StepItem]] = yaml.safe_load(text)
    return found


def _named(item: StepItem) -> tuple[str, dict[str, Any]]:
    if isinstance(item, dict) and len(item) != 1:
        raise ValueError(f"a step is a name or one 'name: options', not {item}")
    name, options = (item, {}) if isinstance(item, str) else next(iter(item.items()))
    if name not in STEPS:
        raise ValueError(did_you_mean("step", name, STEPS))
    return STEPS.canonical(name), options or {}


def _step(name: str, options: dict[str, Any]) -> Step:
    kind = step_class(name)
    try:
        return kind.model_validate(options)
    except ValidationError as error:
        lines = [_explained(name, kind, problem) for problem in error.errors()]
    raise ValueError("; ".join(lines))


def _explained(name: str, kind: type[Step], problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"step '{name}': {did_you_mean('key', key, kind.model_fields)}"
    if problem["type"] == "value_error":
        return f"step '{name}': {key}: {problem['msg'].removeprefix('Value error, ')}"
    return f"step '{name}': {key}: {problem['msg']}, found {str(problem['input'])[:80]!r}"
