"""Arms that begin with the trained reader of another arm: a vote on its predictions, or GRPO.

Not for arms that train on tasks: see `runner`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mumer_data.io.atomic import write_json
from mumer_data.records import Prediction
from mumer_data.voting.classes import classes_of
from mumer_data.voting.decide import decide
from mumer_data.voting.language_model import LanguageModel
from mumer_train.ablation.config import ArmSettings, Run, VoteSettings, content, digest
from mumer_train.ablation.data import used
from mumer_train.ablation.runner import (
    FINAL,
    TRAINED,
    StoppedError,
    Trained,
    check_facts,
    finished_run,
    read_store,
)
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.policy import CHECKPOINT, run_reader_policy
from mumer_train.policy.config import PolicyConfig


def continue_run(arm: ArmSettings, run: Run, base: Trained, images: Sequence[Path]) -> Trained:
    """Record a vote, or train with GRPO; a finished run is not repeated.

    Args:
        arm: an arm with ``vote`` or ``grpo``.
        run: the run.
        base: finished run of the arm that it begins with, with the same budget and seed.
        images: folders of the fitted images of the arm's data.

    Raises:
        OutputError: the folder contains another run.
        StoppedError: SIGTERM came during the training.
    """
    settings = arm.vote or arm.grpo
    assert settings is not None
    check_facts(
        run.folder,
        {
            "settings": digest([settings.model_dump(mode="json"), arm.use]),
            "initial": content(base.folder / FINAL),
            "images": digest([path.name for path in images]),
        },
    )
    done = run.folder / TRAINED
    if not done.exists():
        counts = dict(base.counts)
        if arm.grpo is not None:
            counts["steps"] += arm.grpo.steps
            counts["images"] += _grpo(arm, run, base, images[0])
        write_json(done, counts)
    return finished_run(run)


def _grpo(arm: ArmSettings, run: Run, base: Trained, images: Path) -> int:
    """Train, and write the reader; returns the number of images."""
    assert arm.grpo is not None
    config = PolicyConfig(
        model=str(base.folder / FINAL), data=images, output=run.folder, seed=run.seed, save_steps=10, **dict(arm.grpo)
    )
    policy = run_reader_policy(config, "grpo")
    if not policy.complete:
        raise StoppedError(f"stopped at step {policy.step} of {run.folder}; the same command continues from there")
    (run.folder / CHECKPOINT).unlink(missing_ok=True)
    return config.steps * config.rows_per_step


def voted(
    vote: VoteSettings, base: Trained, store: ImageStore, dataset: str, labels: Sequence[str]
) -> list[Prediction]:
    """The votes on all images of a store, as predictions.

    Args:
        vote: number of samples and temperature.
        base: reader that predicts.
        store, dataset: images, and the name of the test set.
        labels: training labels of the language model.
    """
    model = LanguageModel(labels)
    chosen = range(len(store))
    greedy = read_store(base, store, dataset, chosen)
    samples = [read_store(base, store, dataset, chosen, vote.temperature, number + 1) for number in range(vote.samples)]
    weights = [1.0] * (1 + len(samples))
    return [
        replace(rows[0], prediction=decide(classes_of([row.prediction for row in rows], weights), model).label)
        for rows in zip(greedy, *samples, strict=True)
    ]


def training_labels(arm: ArmSettings, stores: Sequence[ImageStore]) -> list[str]:
    """The labels of an arm's data."""
    shares = zip(arm.use.values(), stores, strict=True)
    return [label for share, store in shares for label in store.labels if used(label, share)]
