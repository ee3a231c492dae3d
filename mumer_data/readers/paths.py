"""Paths of a pipeline file: ``~`` and ``${VAR}`` expanded, looked up beside the file; values are never printed.

Not for opening them: see `files`.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path

from mumer_data.exceptions import SourceError
from mumer_data.io.storage import fetched, is_url

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_MIN_SECRET_LENGTH = 4  # characters; replacing shorter values would garble the rest of a message


def resolve(path: str, base: Path) -> Path:
    """The absolute path for ``path`` in a pipeline file; for a URL, the path of a local copy.

    ``~`` and ``${VAR}`` are expanded; a relative path is looked up in ``base`` (the pipeline file's
    folder) first, then in the current folder.

    Raises:
        SourceError: it does not exist, or a ``${VAR}`` is not set. The message names every path that was tried, but
            never the value of a variable, which may be a secret.
    """
    full = os.path.expanduser(_VARIABLE.sub(partial(_variable, path), path))
    if not full:
        raise SourceError("the path is empty; name a file or folder")
    if is_url(full):
        try:
            return fetched(full)
        except SourceError as error:
            if not _VARIABLE.search(path):
                raise
            raise SourceError(_redact(str(error).replace(full, path), path)) from None
    candidates = list(dict.fromkeys(Path(os.path.abspath(candidate)) for candidate in (base / full, full)))
    for candidate in candidates:
        if os.path.exists(candidate):
            return candidate
    if _VARIABLE.search(path):
        raise SourceError(
            f"{path!r} does not exist with the values of its environment variables (not shown: they may be secret), "
            f"neither in {base} nor in the current folder; correct the path in the pipeline file, or the variables"
        )
    locations = " nor ".join(str(candidate) for candidate in candidates)
    raise SourceError(f"{path!r} does not exist: neither {locations}; correct the path in the pipeline file")


def _variable(path: str, match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise SourceError(f"{path!r} needs the environment variable {match[1]}, which is not set; set it")
    return value


def _redact(message: str, path: str) -> str:
    """The message with the name of each variable of ``path`` in place of its value."""
    for name in _VARIABLE.findall(path):
        value = os.environ.get(name, "")
        if len(value) >= _MIN_SECRET_LENGTH:
            message = message.replace(value, f"${{{name}}}")
    return message
