"""The key ``augment`` of a pipeline file: steps, number of variants, and whether the original is kept.

Not for the steps themselves.
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
    """Augmentation of each image. In a file, the name of a preset or a list of steps is also accepted.

    Attributes:
        preset: name of a predefined list of steps.
        steps: names, or ``{name: {option: value}}``; they override the preset's steps of the same name, or are added.
        copies: variants per image.
        keep_original: whether the original image is kept.
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
                index = next((index for index, (preset_step, _) in enumerate(named) if preset_step == name), None)
                if index is not None:
                    named[index] = (name, {**named[index][1], **options})
                    own.remove((name, options))
        return [(name, _step(name, options)) for name, options in named + own]

    def step_list(self) -> list[Step]:
        """All steps, those of the preset first."""
        return [step for _, step in self.resolved()]

    @property
    def rows(self) -> int:
        """Output rows per input row."""
        return self.copies + self.keep_original

    def on_paper(self) -> bool:
        """Whether a step changes the paper; variants are then dark on light."""
        return any(step.phase == Phase.PAPER for step in self.step_list())

    def to_manifest(self) -> dict[str, Any]:
        """Every option of every step, defaults included, for the manifest."""
        steps = [{name: step.model_dump(mode="json")} for name, step in self.resolved()]
        return {"preset": self.preset, "copies": self.copies, "keep_original": self.keep_original, "steps": steps}


@lru_cache(maxsize=1)
def presets() -> Mapping[str, list[StepItem]]:
    """The predefined lists of steps, by name."""
    text = (resources.files("mumer_data.augmentation") / "presets.yaml").read_text(encoding="utf-8")
    presets_by_name: dict[str, list[StepItem]] = yaml.safe_load(text)
    return presets_by_name


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
        lines = [_explained(name, kind, detail) for detail in error.errors()]
    raise ValueError("; ".join(lines))


def _explained(name: str, kind: type[Step], detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"step '{name}': {did_you_mean('key', key, kind.model_fields)}"
    if detail["type"] == "value_error":
        return f"step '{name}': {key}: {detail['msg'].removeprefix('Value error, ')}"
    return f"step '{name}': {key}: {detail['msg']}, found {str(detail['input'])[:80]!r}"
