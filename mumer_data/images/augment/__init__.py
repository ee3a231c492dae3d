"""Augmentation: one labelled image -> variants of it that still say what the label says.

A new step is one module with a class of the shape of `Step`, and one line in `STEPS`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mumer_data.images.augment.sheet import Sheet
from mumer_data.registry import registered


class Phase(IntEnum):
    """When a step acts: in the order in which a photograph comes about, whatever the order of a list of steps."""

    INK = 0  # strokes on the original's pixels
    GEOMETRY = 1  # adds to the one map by which ink is moved when the phase ends
    PAPER = 2  # what the ink stands on
    LIGHT = 3  # what falls on both
    LENS = 4  # on the ink, which is all that has edges; then ink, paper and light become a picture
    SCENE = 5  # what lies before the paper
    SENSOR = 6  # on the picture
    FILE = 7  # the picture as bytes


class Step(BaseModel):
    """One kind of change; its fields are the options that a pipeline may set.

    Attributes:
        phase: when it acts.
        p: share of variants that it acts on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: ClassVar[Phase]
    p: Annotated[float, Field(ge=0, le=1)] = 1.0

    def apply(self, sheet: Sheet, rng: np.random.Generator) -> Sheet:
        """The sheet, changed; what ``rng`` gives depends on seed, id and step alone."""
        raise NotImplementedError


# name in a pipeline file -> "module:class".
STEPS = {
    "stroke": "mumer_data.images.augment.stroke:Stroke",
    "ink": "mumer_data.images.augment.ink:Ink",
    "affine": "mumer_data.images.augment.affine:Affine",
    "perspective": "mumer_data.images.augment.perspective:Perspective",
    "elastic": "mumer_data.images.augment.elastic:Elastic",
    "crop": "mumer_data.images.augment.crop:Crop",
    "paper": "mumer_data.images.augment.paper:Paper",
    "rules": "mumer_data.images.augment.rules:Rules",
    "stains": "mumer_data.images.augment.stains:Stains",
    "folds": "mumer_data.images.augment.folds:Folds",
    "show_through": "mumer_data.images.augment.show_through:ShowThrough",
    "light": "mumer_data.images.augment.light:Light",
    "shadow": "mumer_data.images.augment.shadow:Shadow",
    "defocus": "mumer_data.images.augment.defocus:Defocus",
    "motion": "mumer_data.images.augment.motion:Motion",
    "occlusion": "mumer_data.images.augment.occlusion:Occlusion",
    "noise": "mumer_data.images.augment.noise:Noise",
    "jpeg": "mumer_data.images.augment.jpeg:Jpeg",
}


def step_class(name: str) -> type[Step]:
    """The step registered under ``name``; raises ``KeyError`` where there is none."""
    found: type[Step] = registered(STEPS, name)
    return found
