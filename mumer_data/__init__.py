"""mumer-data: training data for handwritten mathematical expression recognition.

The public names are listed once, in ``__init__.pyi``; each is imported from its module when it is first used.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

# name -> module, read from the stub: "from MODULE import NAME as NAME" per line
_TABLE = {
    name: module
    for module, name in re.findall(
        r"^from ([\w.]+) import (\w+) as \2$",
        Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}
__all__ = sorted(_TABLE)


def __getattr__(name: str) -> object:
    if name not in _TABLE:
        raise AttributeError(f"module 'mumer_data' has no attribute '{name}'")
    value: object = getattr(import_module(_TABLE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_TABLE})
