"""The whole ablation: data, error samples, every run of the grid, its predictions, and the files of results.

Not for one run: see `runner`. A finished part is not repeated; a killed run continues from its checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from mumer_data.io.atomic import atomic_write, write_json
from mumer_data.records import Prediction
from mumer_data.tasks import ERROR_TASKS
from mumer_train.ablation.after import continue_run, training_labels, voted
from mumer_train.ablation.config import AblationSettings, ArmSettings, Run, grid, slug
from mumer_train.ablation.data import Prepared, arm_rows, arm_sizes, extra_tokens, prepare
from mumer_train.ablation.errors import error_rows
from mumer_train.ablation.plots import plot_differences, plot_scaling
from mumer_train.ablation.results import compute
from mumer_train.ablation.runner import TRAINED, Trained, read_store, train_run, write_predictions
from mumer_train.ablation.table import markdown
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


def run_ablation(settings: AblationSettings, report: Report = lambda _: None) -> Path:
    """Do all missing parts, then write ``results.json``, ``table.md`` and the plots.

    Args:
        settings: see `load_ablation`.
        report: function that is called with a line about each finished part.

    Returns:
        The file of results.

    Raises:
        MumerError: data cannot be built, or a folder holds another run; see `train_run`.
        StoppedError: SIGTERM came during training; the same call continues.
    """
    disable_progress_bar()  # one for every model that is written or read
    used = dict.fromkeys(name for arm in settings.arms.values() for name in arm.use)
    if settings.errors is not None:
        used[settings.errors.data] = None
    data = {name: prepare(settings.out, "data", name, settings.data[name]) for name in used}
    tests = {name: prepare(settings.out, "test", name, source) for name, source in settings.test.items()}
    chosen = settings.validation
    validation = None if chosen is None else prepare(settings.out, "validation", "validation", chosen).images
    for name, prepared in {**data, **tests}.items():
        report(f"{name}: {len(prepared.store()):,} images")
    tokens = extra_tokens(settings, data)
    errors = None
    if any(set(arm.named_tasks) & set(ERROR_TASKS) for arm in settings.arms.values()):
        assert settings.errors is not None
        errors = settings.errors.data, error_rows(settings, data, tokens)
        report(f"errors: samples of {len(errors[1]):,} images")
    finished: dict[tuple[str, str, int], Trained] = {}
    for run in grid(settings):
        arm = settings.arms[run.arm]
        images, stores = [data[name].images for name in arm.use], [data[name].store() for name in arm.use]
        base = None if arm.after is None else finished[arm.after, run.unit, run.seed]
        if base is None:
            trained = train_run(settings, run, images, arm_rows(arm, stores, errors), tokens, validation)
        else:
            trained = continue_run(arm, run, base, images)
        finished[run.arm, run.unit, run.seed] = trained
        for name, prepared in tests.items():
            path = predictions_of(run, name)
            if not path.exists():
                write_predictions(path, _predictions(arm, base or trained, trained, prepared.store(), name, stores))
        report(f"{run.arm}, {run.amount:,} {run.unit}, seed {run.seed}: {trained.counts['images']:,} images learnt")
    return write_results(settings, data)


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
