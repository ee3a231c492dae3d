"""Tables of name -> ``"module:attribute"``: what stands in them is imported only when it is asked for.

Not for what the names mean: each folder has a table of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def registered(table: Mapping[str, str], name: str) -> Any:
    """What is registered under ``name``; raises ``KeyError`` where there is nothing."""
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)
