"""Random labels of school mathematics: canonical, in the vocabulary, seeded, and with the families they promise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the training packages are not installed")
from mumer_train.from_scratch.formula_families import FormulaFamilies
from mumer_train.from_scratch.prepare import SyntheticHands, prepare_synthetic
from mumer_train.from_scratch.random_symbols import RandomSymbols
from mumer_train.from_scratch.school_labels import school_labels
from mumer_train.from_scratch.vocabulary import LABEL_TOKENS

from mumer_data.exceptions import SourceError
from mumer_data.latex.normalize import normalize
from mumer_data.seeding import rng_for


def test_labels_are_canonical_known_and_seeded() -> None:
    labels = school_labels(400, seed=3)
    assert len(set(labels)) == 400
    assert labels == school_labels(400, seed=3) != school_labels(400, seed=4)
    assert {token for label in labels for token in label.split()} <= set(LABEL_TOKENS)
    assert not set(labels[:50]) & set(school_labels(400, seed=3, exclude=frozenset(labels[:50])))


def test_symbols_are_as_frequent_as_in_formulas() -> None:
    """A reader takes from its labels that `2` is likelier than `z`, and `x` than `X`."""
    counts = Counter(token for label in school_labels(1500, seed=1) for token in label.split())
    assert counts["2"] > 5 * counts["z"] > 0
    assert counts["x"] > 8 * counts["X"] > 0
    assert counts["+"] > 3 * counts[r"\div"] > 0
    assert min(counts[digit] for digit in "0123456789") > 50


@pytest.mark.parametrize("seed", range(3))
def test_every_family_is_a_label_that_parses(seed: int) -> None:
    labels = [
        normalize(" ".join(FormulaFamilies(RandomSymbols(rng_for(seed, str(number), "family"))).label()), "crohme")
        for number in range(400)
    ]
    heads = Counter(label.split()[0] for label in labels)
    assert {r"\lim", r"\int", r"\frac", r"\sqrt", "y"} <= set(heads)
    assert any("d x" in label for label in labels)
    assert len(set(labels)) > 300


def test_a_part_behind_the_last_image_is_refused(tmp_path: Path) -> None:
    """An empty folder would stop a training run at a later pass."""
    (tmp_path / "labels.txt").write_text("a\tx\nb\ty\n", "utf-8")
    with pytest.raises(SourceError, match=r"has 4 images: there are none from --start 4 on"):
        prepare_synthetic(tmp_path / "labels.txt", tmp_path / "images", SyntheticHands(writers=5), copies=2, start=4)
    assert not (tmp_path / "images").exists()
