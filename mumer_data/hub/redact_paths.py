"""Redaction of local paths: finds them in texts, removes them from a manifest.

Not for web addresses or file names, which may be published.
"""

from __future__ import annotations

import re
from typing import Any

# A system or user folder and one more name; a Windows drive; a network share; a home folder. RE2 syntax.
_ROOTS = "home|Users|root|tmp|mnt|media|var|opt|srv|etc|usr|work|workspace|scratch|data|private|Volumes|nfs|lustre"
_DRIVE = r"[A-Za-z]:[\\/](Users|Documents|Windows|home|data|Data)[\\/]"  # f:\mathbb R\to is LaTeX
LOCAL_PATH = rf"(^|[\s\"'=(\[,:])(/({_ROOTS})/[^\s/]+|{_DRIVE}|\\\\[A-Za-z0-9_.-]+\\[A-Za-z]|~/[^\s/]|file://)"
_PATH = re.compile(r"(?:/[^/\s]+)+/?|[A-Za-z]:[\\/].*|\\\\[^\\]+\\.*|~.*[\\/].*|\$\{?\w+\}?[\\/].*|file://.*")


def redact_paths(value: Any) -> Any:
    """The JSON value with every local path reduced to its last name (``/home/me/crohme`` to ``crohme``)."""
    if isinstance(value, dict):
        return {key: redact_paths(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [redact_paths(inner) for inner in value]
    if isinstance(value, str) and _PATH.fullmatch(value):
        return re.split(r"[\\/]", value.rstrip("\\/"))[-1]
    return value
