"""Raised for a construct that cannot be typeset."""

from __future__ import annotations

from mumer_data.exceptions import MumerError


class TypesetError(MumerError):
    """A formula that cannot be typeset; the message names the reason."""
