"""Registries: tables of name -> ``"module:attribute"`` whose entries are imported lazily, and the did-you-mean message.

Not for what the names mean: each folder has a registry of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any


def registered(table: Mapping[str, str], name: str) -> Any:
    """The object registered under ``name``; raises ``KeyError`` if the name is not registered."""
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)


def did_you_mean(kind: str, name: str, known: Iterable[str]) -> str:
    """One line that says that ``name`` is unknown and suggests the most similar known name.

    Of a dotted name only the last part is compared.
    """
    from rapidfuzz import fuzz, process

    choices = list(known)
    nearest = process.extractOne(name.rpartition(".")[2], choices, scorer=fuzz.ratio, score_cutoff=60)
    hint = f"did you mean '{nearest[0]}'?" if nearest else f"known are: {', '.join(choices)}"
    return f"unknown {kind} '{name}': {hint}"
