"""Configuration files: YAML -> a validated model, ``key=value`` settings over it, errors that name the nearest key.

For pipelines and for the trainer. Not for the meaning of keys.
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
MAX_BYTES = 4 << 20  # of a file; far more than any configuration
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
    """Put ``key=value`` settings over a configuration; dots separate levels, numbers index lists (``data.0.path=x``).

    Raises:
        error: a setting is not ``key=value``, or its key does not exist.
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
        node = raw
        for part in outer:
            node = _descend(node, part, setting, error)
        if isinstance(node, list):
            node[_index(node, last, setting, error)] = value
        else:
            node[last] = value


def _descend(node: Any, part: str, setting: str, error: type[MumerError]) -> Any:
    if isinstance(node, list):
        number = _index(node, part, setting, error)
        if not isinstance(node[number], dict | list):
            node[number] = {str(node[number]): {}}  # a name without options; its options follow
        return node[number]
    if node.get(part) is None:
        node[part] = {}
    child = node[part]
    if not isinstance(child, dict | list):
        raise error(f"--set {setting}: '{part}' has no keys inside")
    return child


def _index(items: list[Any], part: str, setting: str, error: type[MumerError]) -> int:
    if not part.isascii() or not part.isdigit() or int(part) >= len(items):
        raise error(f"--set {setting}: '{part}' is not a position in a list of {len(items)}, counted from 0")
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
        name: name of the file, for the message.
        error: raised with one line for each problem.
        keys: returns the known keys beside an unknown one, if they do not follow from the model; see `explain`.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as problems:
        lines = [f"  {explain(problem, model, keys and keys(problem))}" for problem in problems.errors()]
    raise error("\n".join([f"{name}:", *lines]))


def load_config(model: type[Model], path: Path, settings: Iterable[str], error: type[MumerError]) -> Model:
    """Read a configuration file, with ``key=value`` settings over it; paths are relative to the working directory.

    Raises:
        error: the file cannot be read, or a key or value is wrong.
    """
    raw = read_yaml(path, error)
    override(raw, settings, error)
    return validated(model, raw, str(path), error)


def explain(problem: Any, model: type[BaseModel], known: Iterable[str] | None = None) -> str:
    """One error of pydantic as one line, with the nearest known key if a key is unknown.

    Args:
        problem: one of ``ValidationError.errors()``.
        model: the validated model.
        known: the known keys at that location, if they do not follow from the model.
    """
    location = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return did_you_mean("key", location, known if known is not None else _keys_at(model, problem["loc"][:-1]))
    if problem["type"] == "missing":
        return f"{location}: this key is missing"
    if problem["type"] == "value_error":
        return f"{location}: {problem['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    return f"{location}: {problem['msg']}, found {str(problem['input'])[:80]!r}"


def _keys_at(model: type[BaseModel], location: Iterable[int | str]) -> list[str]:
    """The keys of the model at a location inside another model."""
    current: type[BaseModel] | None = model
    for part in location:
        field = current.model_fields.get(part) if current is not None and isinstance(part, str) else None
        if field is not None:
            current = _model_in(field.annotation)
    return list(current.model_fields) if current is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as ``list[Part]`` or ``Evaluate | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, dict, tuple, Union, types.UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
