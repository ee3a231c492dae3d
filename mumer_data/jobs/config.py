"""Pipeline files: YAML -> a validated `Pipeline`, with errors that name the key and the most similar known one.

Not for running a pipeline: see `build`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from mumer_data.augmentation.options import Augmentation
from mumer_data.exceptions import PipelineError
from mumer_data.filters import FILTERS, DatasetFilter, Filter, RowFilter, filter_class
from mumer_data.filters.validation import RowValidator
from mumer_data.images.check import MAX_BYTES, MAX_PIXELS
from mumer_data.images.fit import Fit
from mumer_data.io.config_file import configure, read_yaml, validated
from mumer_data.io.storage import fetched, is_url
from mumer_data.jobs.label_rules import LabelRules
from mumer_data.readers import READERS, Reader, reader_class
from mumer_data.readers.corrections import CorrectedReader
from mumer_data.readers.paths import resolve
from mumer_data.registry import did_you_mean
from mumer_data.shards.manifest import licence_of
from mumer_data.shards.schema import EXTRA, Chat, Extra, Images
from mumer_data.tasks import TASKS, Task, task_class

ALIASES = {"gates": "filters"}  # old key -> new key


class ShardLimits(BaseModel):
    """Maximum size of a shard: rows, and bytes of images."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_rows: int = Field(5_000, ge=1)
    max_bytes: int = Field(256 << 20, ge=1)


class ImageLimits(BaseModel):
    """Larger images are rejected before they are decoded: limits in pixels and in encoded bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_pixels: int = Field(MAX_PIXELS, ge=1)
    max_image_bytes: int = Field(MAX_BYTES, ge=1)


class Pipeline(BaseModel):
    """A validated pipeline file.

    Attributes:
        name: name of the dataset; the config of each task adds its suffix.
        source: ``format`` names a reader; the other keys are that reader's options.
        tasks: names, or ``{name: {option: value}}``.
        split: name of the split, e.g. ``train``.
        chat: names of roles and contents in ``messages``.
        images: ``embed`` for bytes in the shards, ``path`` for paths of the original files.
        polarity: make all images dark on light, or light on dark; ``keep`` passes their bytes on unchanged.
        augment: augmented variants of each image: a preset, a list of steps, or both; see `Augmentation`.
        fit: crop all images to their ink, and redraw it with one symbol size and pen width; see `Fit`.
        normalize: normalisation of raw labels; the preset ``none`` leaves labels unchanged.
        filters: names, or ``{name: {option: value}}``: exclude valid rows by policy.
        corrections: file of corrected labels, as `mumer audit` exports it; relative paths as in ``source``.
        metadata: keep further facts of the source about each row in the column ``metadata``.
        columns: further columns after the standard ones: ``label`` (tokenised), ``task`` (its name), or none.
        unknown_commands: keep or reject labels with commands that are not in ``grammars/commands.toml``.
        seed: random seed; equal seeds produce equal bytes.
        licence: Hub id of the licence of the source (``cc-by-4.0``); ``mumer push`` writes it to the card.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    source: dict[str, Any]
    tasks: list[str | dict[str, dict[str, Any]]] = Field(["recognition", "tree_cot", "symbol_count"], min_length=1)
    split: str = Field("train", pattern=r"^\w+$")
    chat: Chat = "sharegpt"
    images: Images = "embed"
    polarity: Literal["keep", "dark_on_light", "light_on_dark"] = "keep"
    augment: Augmentation | None = None
    fit: Fit | None = None
    normalize: LabelRules = LabelRules()
    filters: list[str | dict[str, dict[str, Any]]] = []
    corrections: str = ""
    metadata: bool = False
    columns: list[Extra] = list(EXTRA)
    unknown_commands: Literal["keep", "reject"] = "keep"
    seed: int = Field(0, ge=0)
    licence: str = Field("", pattern=r"^[a-z0-9.+-]*$")
    shards: ShardLimits = ShardLimits()
    limits: ImageLimits = ImageLimits()

    _base: Path = PrivateAttr(default=Path("."))

    @field_validator("source")
    @classmethod
    def _known_source(cls, source: dict[str, Any]) -> dict[str, Any]:
        name = source.get("format")
        if name is None:
            raise ValueError(f"source.format is missing: known are {', '.join(READERS)}")
        if name not in READERS:
            raise ValueError(did_you_mean("format", str(name), READERS))
        reader_class(str(name)).Options.model_validate(source)
        return source

    @model_validator(mode="after")
    def _image_options_are_compatible(self) -> Pipeline:
        if self.images == "path" and self.polarity != "keep":
            raise ValueError("images: path keeps the original files, so polarity cannot change: use embed")
        if self.images == "path" and self.augment is not None:
            raise ValueError(
                "images: path keeps the original files, so there are no files of augmented variants: use embed"
            )
        if self.polarity == "light_on_dark" and self.augment is not None and self.augment.on_paper():
            raise ValueError(
                "polarity: light_on_dark cannot be combined with augmentation steps that put ink on paper: remove one"
            )
        if self.images == "path" and self.fit is not None:
            raise ValueError("images: path keeps the original files, so images cannot be fitted: use embed")
        return self

    @field_validator("tasks")
    @classmethod
    def _known_tasks(cls, tasks: list[str | dict[str, dict[str, Any]]]) -> list[str | dict[str, dict[str, Any]]]:
        parsed = [_task(item) for item in tasks]
        if len({name for name, _ in parsed}) < len(parsed):
            raise ValueError("a task is listed twice")
        return tasks

    @field_validator("filters")
    @classmethod
    def _known_filters(cls, filters: list[str | dict[str, dict[str, Any]]]) -> list[str | dict[str, dict[str, Any]]]:
        for item in filters:
            name, options = _named("filter", item, FILTERS)
            filter_class(name).Options.model_validate(options)
        return filters

    def reader(self) -> Reader:
        """The reader of the source, with corrected labels; the folder of the pipeline file is searched first."""
        kind = reader_class(self.source["format"])
        reader = kind(kind.Options.model_validate(self.source), self._base)
        if not self.corrections:
            return reader
        path = resolve(self.corrections, self._base)
        return CorrectedReader(reader, path, self.normalize.preset, self.normalize.rules)

    def row_validator(self) -> RowValidator:
        """The checks of single rows, including the row filters; raises ``SourceError``."""
        return RowValidator(
            self.normalize.preset,
            tuple(self.normalize.rules.items()),
            self.unknown_commands == "reject",
            tuple(one for one in self._filters() if isinstance(one, RowFilter)),
            self.limits.max_pixels,
            self.limits.max_image_bytes,
            tuple(self.normalize.macros.items()),
        )

    def dataset_filters(self) -> list[DatasetFilter]:
        """The filters that need all rows; raises ``SourceError``."""
        return [one for one in self._filters() if isinstance(one, DatasetFilter)]

    def _filters(self) -> list[Filter]:
        parsed = [_named("filter", item, FILTERS) for item in self.filters]
        classes = [(filter_class(name), options) for name, options in parsed]
        return [cls(cls.Options.model_validate(options), self._base) for cls, options in classes]

    def tasks_by_name(self) -> dict[str, Task]:
        """The tasks with their options, in the order of the file."""
        return dict(_task(item) for item in self.tasks)


def _task(item: str | dict[str, dict[str, Any]]) -> tuple[str, Task]:
    name, options = _named("task", item, TASKS)
    return name, task_class(name).model_validate(options)


def _named(kind: str, item: str | dict[str, Any], known: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """A name and its options, written as ``name`` or ``{name: {option: value}}``."""
    if isinstance(item, dict) and len(item) != 1:
        raise ValueError(f"a {kind} must be a name or 'name: options', not {item}")
    name, options = (item, {}) if isinstance(item, str) else next(iter(item.items()))
    if name not in known:
        raise ValueError(did_you_mean(kind, name, known))
    return name, options or {}


def pipeline_folder() -> Path:
    """The folder of the built-in pipelines: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "pipelines"
    return installed if installed.is_dir() else package.parent / "pipelines"


def find_pipeline(name: str) -> Path:
    """A pipeline file by path, or a ready one by name (``demo``, ``demo.yaml``, ``pipelines/demo.yaml``)."""
    path = Path(name)
    if path.is_file():
        return path
    builtin = pipeline_folder() / f"{path.stem}.yaml"
    if builtin.is_file() and path.parent in (Path("."), Path("pipelines")):
        return builtin
    names = ", ".join(sorted(file.stem for file in pipeline_folder().glob("*.yaml")))
    raise PipelineError(f"no pipeline file {name}; ready ones are: {names}")


def load_pipeline(name: str | Path, settings: Iterable[str] = ()) -> Pipeline:
    """Read and check a pipeline file.

    Args:
        name: a path, or the name of a ready pipeline.
        settings: ``key=value`` pairs that override the file; dots separate nested keys (``source.path=data/mine``,
            ``filters.0.length.max=40``).

    Raises:
        PipelineError: one line for each problem.
    """
    path = find_pipeline(str(name))
    return pipeline_of(read_yaml(path, PipelineError), settings, path)


def pipeline_of(raw: dict[str, Any], settings: Iterable[str] = (), path: Path = Path("pipeline")) -> Pipeline:
    """A pipeline from its keys and values.

    Args:
        raw: keys and values as in a pipeline file.
        settings: ``key=value`` pairs that override them.
        path: path of the file, for messages; relative paths in the pipeline are looked up in its folder first.

    Raises:
        PipelineError: one line for each problem.
    """
    configure(raw, settings, ALIASES, PipelineError)
    pipeline = validated(Pipeline, raw, str(path), PipelineError, lambda problem: _keys_beside(problem, raw))
    pipeline._base = path.resolve().parent
    return pipeline


def load_source(name: str | Path, settings: Iterable[str] = ()) -> Pipeline:
    """A pipeline to read from: a folder of data, a pipeline file, or the name of a ready pipeline.

    The content of a folder decides how it is read: shards, ``caption.txt`` with images, or InkML.

    Raises:
        PipelineError: see `load_pipeline`.
    """
    folder = fetched(name) if isinstance(name, str) and is_url(name) else Path(name)
    if not folder.is_dir():
        return load_pipeline(name, settings)
    label = re.sub(r"\W", "_", folder.resolve().name) or "shards"
    source: dict[str, Any] = {"format": "shards", "path": str(folder.resolve())}
    raw: dict[str, Any] = {"name": label, "source": source, "licence": licence_of(folder)}
    if (folder / "caption.txt").is_file():
        source["format"] = "caption"
    elif next(folder.rglob("*.inkml"), None) is not None:
        raw |= {"source": source | {"format": "inkml"}, "normalize": {"preset": "crohme"}}
    return pipeline_of(raw, settings, folder)


def _keys_beside(problem: Any, raw: dict[str, Any]) -> list[str] | None:
    """The known keys next to an unknown one, if the model of the pipeline does not declare them."""
    first = problem["loc"][0] if problem["loc"] else ""
    models: dict[str, list[type[BaseModel]]] = {
        "source": [reader_class(raw["source"]["format"]).Options] if _knows_format(raw) else [],
        "tasks": [task_class(name) for name in TASKS],
        "filters": [filter_class(name).Options for name in FILTERS],
        "augment": [Augmentation],
    }
    if problem["type"] != "extra_forbidden" or first not in models or (len(problem["loc"]) < 2 and first != "source"):
        return None
    return [key for model in models[str(first)] for key in model.model_fields]


def _knows_format(raw: dict[str, Any]) -> bool:
    source = raw.get("source")
    return isinstance(source, dict) and source.get("format") in READERS
