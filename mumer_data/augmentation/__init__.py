"""Augmentation: one labelled image -> variants of it that still say what the label says.

A new step is one module with a class of the shape of `Step`, and one line in `STEPS`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mumer_data.augmentation.layers import Layers
from mumer_data.registry import Registry


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

    def apply(self, sheet: Layers, rng: np.random.Generator) -> Layers:
        """The sheet, changed; what ``rng`` gives depends on seed, id and step alone."""
        raise NotImplementedError


# name in a pipeline file -> "module:class".
# Names before version 0.2; the random streams of these steps still carry them, so that pixels stay the same.
OLD_NAMES = {
    "rules": "ruled_lines",
    "folds": "creases",
    "show_through": "bleed_through",
    "light": "illumination",
    "motion": "motion_blur",
    "defocus": "defocus_blur",
}
STEPS = Registry(
    "step",
    "mumer.augmentations",
    {
        "stroke": "mumer_data.augmentation.stroke:Stroke",
        "ink": "mumer_data.augmentation.ink:Ink",
        "affine": "mumer_data.augmentation.affine:Affine",
        "perspective": "mumer_data.augmentation.perspective:Perspective",
        "elastic": "mumer_data.augmentation.elastic:Elastic",
        "crop": "mumer_data.augmentation.crop:Crop",
        "paper": "mumer_data.augmentation.paper:Paper",
        "ruled_lines": "mumer_data.augmentation.ruled_lines:RuledLines",
        "stains": "mumer_data.augmentation.stains:Stains",
        "creases": "mumer_data.augmentation.creases:Creases",
        "bleed_through": "mumer_data.augmentation.bleed_through:BleedThrough",
        "illumination": "mumer_data.augmentation.illumination:Illumination",
        "shadow": "mumer_data.augmentation.shadow:Shadow",
        "defocus_blur": "mumer_data.augmentation.defocus_blur:DefocusBlur",
        "motion_blur": "mumer_data.augmentation.motion_blur:MotionBlur",
        "occlusion": "mumer_data.augmentation.occlusion:Occlusion",
        "noise": "mumer_data.augmentation.noise:Noise",
        "jpeg": "mumer_data.augmentation.jpeg:Jpeg",
    },
    aliases=OLD_NAMES,
)


def step_class(name: str) -> type[Step]:
    """The step registered under ``name``; raises ``KeyError`` where there is none."""
    found: type[Step] = STEPS.load(name)
    return found
