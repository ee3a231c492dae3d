"""Optional dependencies of the trainer, and the error if one is not installed.

Not for checking that they work on this machine: `model.check_options`.
"""

from __future__ import annotations

from importlib.util import find_spec

from mumer_data.exceptions import MumerError

# Module -> name of its package, where they differ.
_PIP = {"flash_attn": "flash-attn", "liger_kernel": "liger-kernel"}


class TrainingError(MumerError):
    """A training or prediction run that cannot continue; the message says what to change."""


def require(*modules: str, extra: str = "train") -> None:
    """Raise `TrainingError` if a module is not installed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise TrainingError(f"{', '.join(missing)} not installed: pip install 'mumer-data[{extra}]'")


def require_for(option: str, module: str, otherwise: str) -> None:
    """Raise `TrainingError` if an option needs a missing module; ``otherwise`` describes the alternative."""
    if find_spec(module) is None:
        name = _PIP.get(module, module)
        raise TrainingError(f"{option} needs {name}, which is not installed: pip install {name}, or {otherwise}")
