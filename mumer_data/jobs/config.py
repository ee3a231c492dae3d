"""Pipeline files: YAML -> a validated `Pipeline`, with errors that name the key and the nearest known one.

Not for running one: that is `pipeline`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from mumer_data.augment.options import Augmentation
from mumer_data.exceptions import PipelineError
from mumer_data.filters import FILTERS, DatasetFilter, Filter, RowFilter, filter_class
from mumer_data.filters.validation import RowValidator
from mumer_data.images.check import MAX_BYTES, MAX_PIXELS
from mumer_data.images.fit import Fit
from mumer_data.io.storage import fetched, is_url
from mumer_data.latex.normalize.rules import chosen_rules
from mumer_data.readers import READERS, Reader, reader_class
from mumer_data.registry import did_you_mean
from mumer_data.shards.run import licence_of
from mumer_data.shards.schema import Chat, Images
from mumer_data.tasks import TASKS, Task, task_class


class ShardLimits(BaseModel):
    """How large a shard may be: rows, and bytes of images."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_rows: int = Field(5_000, ge=1)
    max_bytes: int = Field(256 << 20, ge=1)


class ImageLimits(BaseModel):
    """Images beyond these are rejected before they are decoded: pixels, and bytes as encoded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_pixels: int = Field(MAX_PIXELS, ge=1)
    max_image_bytes: int = Field(MAX_BYTES, ge=1)


class LabelRules(BaseModel):
    """How raw labels become canonical: a preset, and single rules switched on or off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str = "none"
    rules: dict[str, bool] = {}

    @model_validator(mode="after")
    def _known(self) -> LabelRules:
        try:
            chosen_rules(self.preset, self.rules)
        except PipelineError as error:
            raise ValueError(str(error)) from None
        return self


class Pipeline(BaseModel):
    """What to build from what.

    Attributes:
        name: of the first config; each task adds its suffix.
        source: ``format`` names a reader; the other keys are that reader's options.
        tasks: names, or ``{name: {option: value}}``.
        split: of the shards, e.g. ``train``.
        chat: names of roles and contents in ``messages``.
        images: bytes in the shards, or paths to the files where they lie.
        polarity: make all images dark on light, or light on dark; ``keep`` passes their bytes on unchanged.
        augment: variants to make of each image: a preset, a list of steps, or both; see `Augmentation`.
        fit: crop all images to their ink, and redraw it with symbols of one size and one pen; see `Fit`.
        normalize: what to do to raw labels; the preset ``none`` takes labels as they are.
        gates: names, or ``{name: {option: value}}``: what keeps rows out though nothing is wrong with them.
        metadata: keep what the source says of each row beside label and image in a column of its own.
        unknown_commands: what to do with labels that use commands ``grammars/commands.toml`` does not know.
        seed: of everything random; the same seed gives the same bytes.
        licence: of the source, as the Hub names it (``cc-by-4.0``); ``mumer push`` puts it on the card.
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
    gates: list[str | dict[str, dict[str, Any]]] = []
    metadata: bool = False
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
    def _paths_hold_what_they_hold(self) -> Pipeline:
        if self.images == "path" and self.polarity != "keep":
            raise ValueError("images: path leaves images where they lie, so their polarity cannot change: use embed")
        if self.images == "path" and self.augment is not None:
            raise ValueError("images: path leaves images where they lie, and variants lie nowhere yet: use embed")
        if self.polarity == "light_on_dark" and self.augment is not None and self.augment.on_paper():
            raise ValueError("polarity: light_on_dark does not go with steps that put ink on paper: leave one out")
        if self.images == "path" and self.fit is not None:
            raise ValueError("images: path leaves images where they lie, so they cannot be fitted: use embed")
        return self

    @field_validator("tasks")
    @classmethod
    def _known_tasks(cls, tasks: list[str | dict[str, dict[str, Any]]]) -> list[str | dict[str, dict[str, Any]]]:
        made = [_task(item) for item in tasks]
        if len({name for name, _ in made}) < len(made):
            raise ValueError("a task stands there twice")
        return tasks

    @field_validator("gates")
    @classmethod
    def _known_filters(cls, gates: list[str | dict[str, dict[str, Any]]]) -> list[str | dict[str, dict[str, Any]]]:
        for item in gates:
            name, options = _named("gate", item, FILTERS)
            filter_class(name).Options.model_validate(options)
        return gates

    def reader(self) -> Reader:
        """The reader of the source; relative paths are looked up beside the pipeline file first."""
        kind = reader_class(self.source["format"])
        return kind(kind.Options.model_validate(self.source), self._base)

    def screen(self) -> RowValidator:
        """The checks of single rows, with the gates among them; raises ``SourceError``."""
        return RowValidator(
            self.normalize.preset,
            tuple(self.normalize.rules.items()),
            self.unknown_commands == "reject",
            tuple(gate for gate in self._filters() if isinstance(gate, RowFilter)),
            self.limits.max_pixels,
            self.limits.max_image_bytes,
        )

    def dataset_filters(self) -> list[DatasetFilter]:
        """The gates that must have seen all rows; raises ``SourceError``."""
        return [gate for gate in self._filters() if isinstance(gate, DatasetFilter)]

    def _filters(self) -> list[Filter]:
        named = [_named("gate", item, FILTERS) for item in self.gates]
        kinds = [(filter_class(name), options) for name, options in named]
        return [kind(kind.Options.model_validate(options), self._base) for kind, options in kinds]

    def tasks_by_name(self) -> dict[str, Task]:
        """The tasks with their options, in the order of the file."""
        return dict(_task(item) for item in self.tasks)


def _task(item: str | dict[str, dict[str, Any]]) -> tuple[str, Task]:
    name, options = _named("task", item, TASKS)
    return name, task_class(name).model_validate(options)


def _named(kind: str, item: str | dict[str, Any], known: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """A name with its options: ``name``, or one ``{name: {option: value}}``."""
    if isinstance(item, dict) and len(item) != 1:
        raise ValueError(f"a {kind} is a name or one 'name: options', not {item}")
    name, options = (item, {}) if isinstance(item, str) else next(iter(item.items()))
    if name not in known:
        raise ValueError(did_you_mean(kind, name, known))
    return name, options or {}


def pipeline_folder() -> Path:
    """The folder of the ready pipelines: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "pipelines"
    return shipped if shipped.is_dir() else package.parent / "pipelines"


def find_pipeline(name: str) -> Path:
    """A pipeline file by path, or a ready one by name (``demo``, ``demo.yaml``, ``pipelines/demo.yaml``)."""
    path = Path(name)
    if path.is_file():
        return path
    ready = pipeline_folder() / f"{path.stem}.yaml"
    if ready.is_file() and path.parent in (Path("."), Path("pipelines")):
        return ready
    names = ", ".join(sorted(file.stem for file in pipeline_folder().glob("*.yaml")))
    raise PipelineError(f"no pipeline file {name}; ready ones are: {names}")


def load_pipeline(name: str | Path, settings: Iterable[str] = ()) -> Pipeline:
    """Read and check a pipeline file.

    Args:
        name: a path, or the name of a ready pipeline.
        settings: ``key=value`` pairs that override the file; dots reach inside (``source.path=data/mine``).

    Raises:
        PipelineError: one line for each thing that is wrong.
    """
    path = find_pipeline(str(name))
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise PipelineError(f"{path}: expected 'key: value' lines, found {type(raw).__name__}")
    return _validated(raw, settings, path)


def _validated(raw: dict[str, Any], settings: Iterable[str], path: Path) -> Pipeline:
    for setting in settings:
        _override(raw, setting)
    try:
        pipeline = Pipeline.model_validate(raw)
    except ValidationError as error:
        lines = [f"  {_explain(problem, raw)}" for problem in error.errors()]
        raise PipelineError("\n".join([f"{path}:", *lines])) from error
    pipeline._base = path.resolve().parent
    return pipeline


def load_source(name: str | Path, settings: Iterable[str] = ()) -> Pipeline:
    """A pipeline to read from: a folder of data, a pipeline file, or a ready one's name.

    A folder is a build or other shards, ``caption.txt`` beside images, or InkML: what lies in it decides.

    Raises:
        PipelineError: as `load_pipeline`.
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
    return _validated(raw, settings, folder)


def _override(raw: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    *outer, last = key.split(".")
    if not equals or not last:
        raise PipelineError(f"--set {setting}: expected key=value")
    for part in outer:
        raw = raw.setdefault(part, {})
        if not isinstance(raw, dict):
            raise PipelineError(f"--set {setting}: '{part}' has no keys inside")
    raw[last] = yaml.safe_load(value)


def _explain(problem: Any, raw: dict[str, Any]) -> str:
    """One pydantic error as one line, with the nearest known key where a key is unknown."""
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return did_you_mean("key", place, _keys_beside(problem["loc"], raw))
    if problem["type"] == "missing":
        return f"{place}: this key is missing"
    if problem["type"] == "value_error":
        return f"{place}: {problem['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    return f"{place}: {problem['msg']}, found {str(problem['input'])[:80]!r}"


def _keys_beside(location: tuple[int | str, ...], raw: dict[str, Any]) -> list[str]:
    """The keys that are known where an unknown one stands."""
    models: list[type[BaseModel]] = [Pipeline]
    if location[0] == "source":
        models = [reader_class(raw["source"]["format"]).Options]
    elif location[0] == "tasks":
        models = [task_class(name) for name in TASKS]
    elif location[0] == "gates":
        models = [filter_class(name).Options for name in FILTERS]
    elif location[0] == "augment":
        models = [Augmentation]
    elif len(location) > 1:
        inner = Pipeline.model_fields[str(location[0])].annotation
        models = [inner] if isinstance(inner, type) and issubclass(inner, BaseModel) else []
    return [key for model in models for key in model.model_fields]
