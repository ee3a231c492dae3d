"""What the trainer needs beside the library, and a clear word where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from mumer_data.exceptions import MumerError

# What an option of the config needs: module -> the name that pip knows.
_PIP = {"flash_attn": "flash-attn", "liger_kernel": "liger-kernel"}


class TrainingError(MumerError):
    """A training or prediction run that cannot go on; the message says what to change."""


def require(*modules: str, extra: str = "train") -> None:
    """Raise `TrainingError` where a module is not installed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise TrainingError(f"{', '.join(missing)} not installed: pip install 'mumer-data[{extra}]'")


def require_for(option: str, module: str, otherwise: str) -> None:
    """Raise `TrainingError` where an option needs a module that is not installed; ``otherwise`` does without."""
    if find_spec(module) is None:
        name = _PIP.get(module, module)
        raise TrainingError(f"{option} needs {name}, which is not installed: pip install {name}, or {otherwise}")
