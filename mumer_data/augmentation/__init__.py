"""Augmentation: one labelled image -> variants of it with the same label.

A new step is one module with a subclass of `Step`, and one line in `STEPS`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mumer_data.augmentation.layers import Layers
from mumer_data.registry import Registry


class Phase(IntEnum):
    """When a step acts: steps are sorted by phase, in the order of image formation."""

    INK = 0  # changes strokes, in pixels of the original
    GEOMETRY = 1  # adds a transform; all transforms are applied at once when the phase ends
    PAPER = 2  # changes the paper
    LIGHT = 3  # changes the illumination of ink and paper
    LENS = 4  # blurs the ink; then ink, paper and light are composited
    SCENE = 5  # adds objects in front of the paper
    SENSOR = 6  # changes pixels of the composited image
    FILE = 7  # encodes the image


class Step(BaseModel):
    """One augmentation step; its fields are the options in a pipeline file.

    Attributes:
        phase: when it acts.
        p: probability that it acts on a variant.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: ClassVar[Phase]
    p: Annotated[float, Field(ge=0, le=1)] = 1.0

    def apply(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """The changed layers; ``rng`` depends only on seed, id and step name."""
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
    """The step class registered under ``name``; raises ``KeyError`` for an unknown name."""
    step: type[Step] = STEPS.load(name)
    return step
