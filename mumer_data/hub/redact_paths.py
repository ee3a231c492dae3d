"""Redaction of local paths: finds them in texts, removes them from a manifest.

Not for web addresses or file names, which may be published.
"""

from __future__ import annotations

import re
from typing import Any

# A folder that only an operating system or a user has, and one more name; a user's drive; a share; a home. RE2 syntax.
_ROOTS = "home|Users|root|tmp|mnt|media|var|opt|srv|etc|usr|work|workspace|scratch|data|private|Volumes|nfs|lustre"
_DRIVE = r"[A-Za-z]:[\\/](Users|Documents|Windows|home|data|Data)[\\/]"  # f:\mathbb R\to is LaTeX
MACHINE_PLACE = rf"(^|[\s\"'=(\[,:])(/({_ROOTS})/[^\s/]+|{_DRIVE}|\\\\[A-Za-z0-9_.-]+\\[A-Za-z]|~/[^\s/]|file://)"
_PLACE = re.compile(r"(?:/[^/\s]+)+/?|[A-Za-z]:[\\/].*|\\\\[^\\]+\\.*|~.*[\\/].*|\$\{?\w+\}?[\\/].*|file://.*")


def without_places(value: Any) -> Any:
    """The same JSON value with every place on a machine cut to its last name (``/home/me/crohme`` to ``crohme``)."""
    if isinstance(value, dict):
        return {key: without_places(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_places(inner) for inner in value]
    if isinstance(value, str) and _PLACE.fullmatch(value):
        return re.split(r"[\\/]", value.rstrip("\\/"))[-1]
    return value
