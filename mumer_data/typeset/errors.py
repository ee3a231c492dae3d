"""The error of what has no known look."""

from __future__ import annotations

from mumer_data.exceptions import MumerError


class TypesetError(MumerError):
    """A formula that cannot be set in type; the message says what stands in the way."""
