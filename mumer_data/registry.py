"""Registries: names -> classes, those of the library and those of installed plug-ins; and the did-you-mean message.

Entries are imported when they are used. A plug-in is a package with entry points in a group such as ``mumer.tasks``;
pipeline files can use its names, but can never name a module.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from mumer_data.exceptions import MumerError

log = logging.getLogger(__name__)
# (group, name) -> class, for what a program has registered itself; `parallel_map` takes it along to its workers.
_REGISTERED: dict[tuple[str, str], Any] = {}
_WARNED: set[tuple[str, str]] = set()


class RegistryError(MumerError):
    """Two entries with one name, or a plug-in that cannot be imported."""


class Registry(Mapping[str, str]):
    """Name -> ``"module:attribute"``; iterates over the names of the library first, then over those of plug-ins.

    Args:
        kind: of the entries, for messages, e.g. ``task``.
        group: entry-point group of plug-ins, e.g. ``mumer.tasks``.
        own: the entries of the library.
        aliases: deprecated name -> name.
    """

    def __init__(self, kind: str, group: str, own: Mapping[str, str], aliases: Mapping[str, str] | None = None) -> None:
        self.kind, self.group = kind, group
        self._own, self._aliases = dict(own), dict(aliases or {})

    def load(self, name: str) -> Any:
        """The class registered under ``name``.

        Raises:
            KeyError: there is none.
            RegistryError: it is a plug-in that cannot be imported.
        """
        name = self.canonical(name)
        if (self.group, name) in _REGISTERED:
            return _REGISTERED[self.group, name]
        module, _, attribute = self[name].partition(":")
        if name in self._own:
            return getattr(import_module(module), attribute)
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise RegistryError(f"{self.kind} '{name}' is a plug-in that cannot be imported: {error}") from error

    def canonical(self, name: str) -> str:
        """The name that a deprecated one stands for (with one warning), or the name itself."""
        new = self._aliases.get(name)
        if new is None:
            return name
        if (self.group, name) not in _WARNED:
            _WARNED.add((self.group, name))
            log.warning("%s '%s' is deprecated: write '%s'", self.kind, name, new)
        return new

    def register(self, name: str, entry: Any) -> None:
        """Add a class in this program; worker processes know it too.

        Raises:
            RegistryError: the name is taken.
        """
        if name in self:
            raise RegistryError(f"{self.kind} '{name}' is registered already")
        _REGISTERED[self.group, name] = entry

    def __getitem__(self, name: str) -> str:
        if name in self._own:
            return self._own[name]
        if name in self._aliases:
            return self._own[self._aliases[name]]
        if (self.group, name) in _REGISTERED:
            entry = _REGISTERED[self.group, name]
            return f"{entry.__module__}:{entry.__qualname__}"
        return self._plugins[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from (name for group, name in _REGISTERED if group == self.group)
        yield from self._plugins

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _plugins(self) -> dict[str, str]:
        """The entry points of the group; raises `RegistryError` where two have one name."""
        plugins: dict[str, str] = {}
        for point in entry_points(group=self.group):
            taken = self._own.get(point.name) or self._aliases.get(point.name) or plugins.get(point.name)
            if taken is not None and taken != point.value:
                raise RegistryError(
                    f"{self.kind} '{point.name}' is defined twice, by {taken} and by {point.value}: remove one package"
                )
            plugins[point.name] = point.value
        return {name: value for name, value in plugins.items() if name not in self._own}


def registrations() -> dict[tuple[str, str], Any]:
    """What this program has registered, for a worker process; see `register_all`."""
    return dict(_REGISTERED)


def register_all(entries: Mapping[tuple[str, str], Any]) -> None:
    """Take over the registrations of the parent process."""
    _REGISTERED.update(entries)


def did_you_mean(kind: str, name: str, known: Iterable[str]) -> str:
    """One line that says that ``name`` is unknown and suggests the most similar known name.

    Of a dotted name only the last part is compared.
    """
    from rapidfuzz import fuzz, process

    choices = list(known)
    nearest = process.extractOne(name.rpartition(".")[2], choices, scorer=fuzz.ratio, score_cutoff=60)
    hint = f"did you mean '{nearest[0]}'?" if nearest else f"known are: {', '.join(choices)}"
    return f"unknown {kind} '{name}': {hint}"
