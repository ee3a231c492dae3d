"""Old names of attributes, which still work with a warning.

Not for old names in files and on the command line: see `registry` and `io.config_file`.
"""

from __future__ import annotations

import warnings


def warn_renamed(old: str, new: str) -> None:
    """Warn the caller of a property that the property is deprecated; Python shows it once per line of code."""
    warnings.warn(f"'{old}' is deprecated: use '{new}'", DeprecationWarning, stacklevel=3)
