"""Configuration files: YAML -> a validated model, ``key=value`` settings over it, errors that name the nearest key.

For pipelines and for the trainer alike. Not for what any key means.
"""

from __future__ import annotations

import logging
import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from mumer_data.exceptions import MumerError
from mumer_data.registry import did_you_mean

log = logging.getLogger(__name__)
Model = TypeVar("Model", bound=BaseModel)
MAX_BYTES = 4 << 20  # of a file; no configuration is near it
_MAX_DEPTH = 100  # levels of brackets or indentation; the YAML parser recurses


def read_yaml(path: Path, error: type[MumerError]) -> dict[str, Any]:
    """The mapping in a YAML file; raises ``error`` where it cannot be read, or holds something else."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error(f"{path} has more than {MAX_BYTES:,} bytes: it is not a configuration file")
        raw = parse_yaml(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise error(f"{path} cannot be read ({problem.strerror}); check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as problem:
        raise error(f"{path} is not YAML: {problem}") from None
    if not isinstance(raw, dict):
        raise error(f"{path}: expected 'key: value' lines, found {type(raw).__name__}")
    return raw


def parse_yaml(text: str) -> Any:
    """The value of a YAML text; raises ``yaml.YAMLError``, or ``ValueError`` where it is nested too deeply."""
    depth = deepest = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            deepest = max(deepest, depth)
            if deepest > _MAX_DEPTH:
                break
    except RecursionError:
        deepest = _MAX_DEPTH + 1
    if deepest > _MAX_DEPTH:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
    return yaml.safe_load(text)


def override(raw: Any, settings: Iterable[str], error: type[MumerError]) -> None:
    """Put ``key=value`` settings over a configuration; dots reach inside, numbers into lists (``data.0.path=x``).

    Raises:
        error: a setting is not ``key=value``, or leads nowhere.
    """
    for setting in settings:
        key, equals, text = setting.partition("=")
        *outer, last = key.split(".")
        if not equals or not last:
            raise error(f"--set {setting}: expected key=value")
        try:
            value = parse_yaml(text)
        except (yaml.YAMLError, ValueError) as problem:
            raise error(f"--set {setting}: the value is not YAML: {problem}") from None
        here = raw
        for part in outer:
            here = _inside(here, part, setting, error)
        if isinstance(here, list):
            here[_index(here, last, setting, error)] = value
        else:
            here[last] = value


def _inside(here: Any, part: str, setting: str, error: type[MumerError]) -> Any:
    if isinstance(here, list):
        number = _index(here, part, setting, error)
        if not isinstance(here[number], dict | list):
            here[number] = {str(here[number]): {}}  # a name alone: its options follow
        return here[number]
    if here.get(part) is None:
        here[part] = {}
    following = here[part]
    if not isinstance(following, dict | list):
        raise error(f"--set {setting}: '{part}' has no keys inside")
    return following


def _index(here: list[Any], part: str, setting: str, error: type[MumerError]) -> int:
    if not part.isascii() or not part.isdigit() or int(part) >= len(here):
        raise error(f"--set {setting}: '{part}' is not a position in a list of {len(here)}, counted from 0")
    return int(part)


def configure(
    raw: dict[str, Any], settings: Iterable[str], aliases: Mapping[str, str], error: type[MumerError]
) -> None:
    """Put ``key=value`` settings over a configuration; old names of keys work in both, with one line of warning each.

    Args:
        raw: keys and values of a file; changed in place.
        settings: see `override`; a setting replaces the file's value under either name of its key.
        aliases: old key -> new key, of the outermost level.
        error: raised where a file has a key under both names, or a setting is wrong.
    """
    deprecated = [old for old in aliases if old in raw]
    for old in deprecated:
        if aliases[old] in raw:
            raise error(f"'{old}' is the old name of '{aliases[old]}': keep only '{aliases[old]}'")
        raw[aliases[old]] = raw.pop(old)
    renamed = []
    for setting in settings:
        old = setting.partition("=")[0].partition(".")[0]
        if old in aliases:
            deprecated.append(old)
            setting = aliases[old] + setting[len(old) :]
        renamed.append(setting)
    for old in dict.fromkeys(deprecated):
        log.warning("'%s' is deprecated: write '%s'", old, aliases[old])
    override(raw, renamed, error)


def validated(
    model: type[Model],
    raw: Mapping[str, Any],
    name: str,
    error: type[MumerError],
    keys: Callable[[Any], list[str] | None] | None = None,
) -> Model:
    """The configuration as a model.

    Args:
        model: pydantic model with ``extra="forbid"``.
        raw: its keys and values.
        name: of the file, for the message.
        error: raised with one line for each problem.
        keys: the known keys beside an unknown one, where the model alone does not tell; see `explain`.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as problems:
        lines = [f"  {explain(problem, model, keys and keys(problem))}" for problem in problems.errors()]
    raise error("\n".join([f"{name}:", *lines]))


def load_config(model: type[Model], path: Path, settings: Iterable[str], error: type[MumerError]) -> Model:
    """Read a configuration file, with ``key=value`` over it; paths in it are taken from where the command runs.

    Raises:
        error: the file cannot be read, or a key or value is wrong.
    """
    raw = read_yaml(path, error)
    override(raw, settings, error)
    return validated(model, raw, str(path), error)


def explain(problem: Any, model: type[BaseModel], known: Iterable[str] | None = None) -> str:
    """One finding of pydantic as one line, with the nearest known key where a key is unknown.

    Args:
        problem: from ``ValidationError.errors()``.
        model: that was validated.
        known: the keys at that place, where the model alone does not tell.
    """
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return did_you_mean("key", place, known if known is not None else _keys_at(model, problem["loc"][:-1]))
    if problem["type"] == "missing":
        return f"{place}: this key is missing"
    if problem["type"] == "value_error":
        return f"{place}: {problem['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    return f"{place}: {problem['msg']}, found {str(problem['input'])[:80]!r}"


def _keys_at(model: type[BaseModel], location: Iterable[int | str]) -> list[str]:
    """The keys of the model that stands at a location inside another."""
    here: type[BaseModel] | None = model
    for part in location:
        field = here.model_fields.get(part) if here is not None and isinstance(part, str) else None
        if field is not None:
            here = _model_in(field.annotation)
    return list(here.model_fields) if here is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as ``list[Part]`` or ``Evaluate | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, dict, tuple, Union, types.UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
