"""The whole ablation: data, error samples, every run of the grid, its predictions, and the files of results.

Not for one run: see `runner`. A finished part is not repeated; a killed run continues from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from mumer_data.io.atomic import atomic_write, write_json
from mumer_data.records import Prediction
from mumer_data.registry import did_you_mean
from mumer_data.tasks import ERROR_TASKS
from mumer_train.ablation.after import continue_run, training_labels, voted
from mumer_train.ablation.config import AblationSettings, ArmSettings, Run, grid, run_folder, slug
from mumer_train.ablation.data import ErrorRows, Prepared, arm_rows, arm_sizes, extra_tokens, prepare
from mumer_train.ablation.errors import error_rows
from mumer_train.ablation.plots import plot_differences, plot_scaling
from mumer_train.ablation.results import compute
from mumer_train.ablation.runner import TRAINED, Trained, finished_run, read_store, train_run, write_predictions
from mumer_train.ablation.table import markdown
from mumer_train.dependencies import TrainingError
from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.run import CHECKPOINT

Report = Callable[[str], None]
RESULTS, TABLE, PLOT, SCALING = "results.json", "table.md", "differences.png", "scaling.png"


@dataclass(frozen=True, slots=True)
class Planned:
    """A run of the grid and its state: ``done``, ``begun`` or ``to do``."""

    run: Run
    state: str


def plan(settings: AblationSettings) -> Iterator[Planned]:
    """The grid with the state of each run; nothing is run."""
    for run in grid(settings):
        done, begun = (run.folder / TRAINED).exists(), (run.folder / CHECKPOINT).exists()
        yield Planned(run, "done" if done else "begun" if begun else "to do")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What all runs of a grid share.

    Attributes:
        data, tests: images to train on, and test images, by name.
        validation: folder of the validation images.
        tokens: tokens of the vocabulary in addition to the built-in ones.
        errors: name of the data of the error samples, and the samples; ``None`` if no arm needs them.
    """

    data: dict[str, Prepared]
    tests: dict[str, Prepared]
    validation: Path | None
    tokens: tuple[str, ...]
    errors: tuple[str, ErrorRows] | None


def run_ablation(
    settings: AblationSettings, report: Report = lambda _: None, arms: Sequence[str] | None = None
) -> Path | None:
    """Do all missing parts, then write ``results.json``, ``table.md`` and the plots.

    Args:
        settings: see `load_ablation`.
        report: function that is called with a line about each finished part.
        arms: titles of the arms to run, for example one per computer; default: all.

    Returns:
        The file of results; ``None`` while runs of other arms are missing.

    Raises:
        TrainingError: there is no such arm, or an arm begins with a reader that is not trained yet.
        MumerError: data cannot be built, or a folder holds another run; see `train_run`.
        StoppedError: SIGTERM came during training; the same call continues.
    """
    disable_progress_bar()  # one for every model that is written or read
    chosen = list(settings.arms) if arms is None else list(arms)
    for title in chosen:
        if title not in settings.arms:
            raise TrainingError(did_you_mean("arm", title, settings.arms))
    inputs = _inputs(settings, chosen, report)
    for run in grid(settings):
        if run.arm in chosen:
            trained = _finish(settings, run, inputs)
            report(f"{run.arm}, {run.amount:,} {run.unit}, seed {run.seed}: {trained.counts['images']:,} images learnt")
    if any(not predictions_of(run, name).exists() for run in grid(settings) for name in inputs.tests):
        return None
    return write_results(settings, inputs.data)


def _inputs(settings: AblationSettings, arms: Sequence[str], report: Report) -> Inputs:
    """Build and fit all images; mine the error samples if one of the arms needs them."""
    used = dict.fromkeys(name for arm in settings.arms.values() for name in arm.use)
    if settings.errors is not None:
        used[settings.errors.data] = None
    data = {name: prepare(settings.out, "data", name, settings.data[name]) for name in used}
    tests = {name: prepare(settings.out, "test", name, source) for name, source in settings.test.items()}
    source = settings.validation
    validation = None if source is None else prepare(settings.out, "validation", "validation", source).images
    for name, prepared in {**data, **tests}.items():
        report(f"{name}: {len(prepared.store()):,} images")
    tokens = extra_tokens(settings, data)
    errors = None
    if any(set(settings.arms[title].named_tasks) & set(ERROR_TASKS) for title in arms):
        assert settings.errors is not None
        errors = settings.errors.data, error_rows(settings, data, tokens)
        report(f"errors: samples of {len(errors[1]):,} images")
    return Inputs(data, tests, validation, tokens, errors)


def _finish(settings: AblationSettings, run: Run, inputs: Inputs) -> Trained:
    """Train one run and predict the test images, unless that is done."""
    arm = settings.arms[run.arm]
    images = [inputs.data[name].images for name in arm.use]
    stores = [inputs.data[name].store() for name in arm.use]
    base = None
    if arm.after is None:
        rows = arm_rows(arm, stores, inputs.errors)
        trained = train_run(settings, run, images, rows, inputs.tokens, inputs.validation)
    else:
        base = finished_run(replace(run, arm=arm.after, folder=run_folder(settings, run.unit, arm.after, run.seed)))
        trained = continue_run(arm, run, base, images)
    for name, prepared in inputs.tests.items():
        path = predictions_of(run, name)
        if not path.exists():
            write_predictions(path, _predictions(arm, base or trained, trained, prepared.store(), name, stores))
    return trained


def _predictions(
    arm: ArmSettings, base: Trained, trained: Trained, test: ImageStore, name: str, stores: list[ImageStore]
) -> list[Prediction]:
    """Greedy predictions of a reader, or the votes of an arm."""
    if arm.vote is not None:
        return voted(arm.vote, base, test, name, training_labels(arm, stores))
    return read_store(trained, test, name, range(len(test)))


def predictions_of(run: Run, test: str) -> Path:
    """The file of predictions of a run on a test set."""
    return run.folder / f"predictions-{slug(test)}.parquet"


def write_results(settings: AblationSettings, data: dict[str, Prepared]) -> Path:
    """Compute all figures from the files of the runs, and write them with their table and plots."""
    results = compute(settings, arm_sizes(settings, data), predictions_of)
    path = settings.out / RESULTS
    write_json(path, results, indent=1)
    with atomic_write(settings.out / TABLE) as temporary:
        temporary.write_text(markdown(results), encoding="utf-8")
    plot_differences(results, settings.out / PLOT)
    if results["scaling"]:
        plot_scaling(results, settings.out / SCALING)
    return path
