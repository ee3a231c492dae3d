"""Changed training images keep their size rule, their ink and their boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training packages are not installed")
from mumer_train.from_scratch.image_augmentation import Augmentation, augmented
from mumer_train.from_scratch.image_store import ImageStore

from mumer_data.seeding import rng_for

STILL = Augmentation(scale=0, stretch=0, shear=0, turn=0, token_noise=0)


@pytest.mark.parametrize("elastic", [0.0, 1.5])
def test_augmented_boxes_stay_on_their_ink(store: Path, elastic: float) -> None:
    """Ink outside of all boxes would teach that a symbol is paper."""
    images = ImageStore(store)
    for index in range(len(images)):
        image = images[index]
        pixels, boxes = augmented(
            image.pixels, image.boxes, Augmentation(elastic=elastic), rng_for(0, str(index), "test")
        )
        assert pixels.shape[0] % 8 == 0
        assert pixels.shape[1] % 8 == 0
        inside = np.zeros(pixels.shape, dtype=bool)
        for left, top, right, bottom in np.round(boxes).astype(int).tolist():
            inside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = True
        assert pixels[~inside].sum() < (0.02 + 0.02 * elastic) * pixels.sum()


def test_elastic_changes_bend_the_ink_and_keep_its_amount(store: Path) -> None:
    images, before, after = ImageStore(store), 0, 0
    bent = Augmentation(scale=0, stretch=0, shear=0, turn=0, elastic=1.5)
    for index in range(len(images)):
        image = images[index]
        plain, _ = augmented(image.pixels, image.boxes, STILL, rng_for(0, str(index), "test"))
        again, _ = augmented(image.pixels, image.boxes, bent, rng_for(0, str(index), "test"))
        other, _ = augmented(image.pixels, image.boxes, bent, rng_for(1, str(index), "test"))
        assert plain.shape == again.shape
        assert not np.array_equal(plain, again)
        assert other.shape != again.shape or not np.array_equal(other, again)
        before, after = before + int(plain.sum()), after + int(again.sum())
    assert after == pytest.approx(before, rel=0.15)
