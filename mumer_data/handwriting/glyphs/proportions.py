"""How high letters and digits of real handwriting are, and where they lie on the line: the scale of a row of real ink.

Not for drawn shapes: these have sizes of their own, see `builtin`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Extent = tuple[str, float, float]
"""A token and the top and bottom of its ink, in any unit, downwards."""

_CLASSES: dict[str, tuple[float, float]] = {
    "12345689": (1.0, -0.5),
    "7": (1.06, -0.5),
    "0": (0.84, -0.44),
    "acemnorsuvwx": (0.71, -0.41),
    "z": (0.82, -0.39),
    "bdhl": (1.24, -0.6),
    "k": (1.06, -0.53),
    "t": (1.12, -0.51),
    "gpqy": (1.28, -0.15),
    "f": (1.85, -0.47),
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ": (1.17, -0.53),
}
_MEASURED: dict[str, tuple[float, float]] = {
    **{letter: measures for letters, measures in _CLASSES.items() for letter in letters},
    "\\alpha": (0.87, -0.44),
    "\\beta": (1.4, -0.44),
    "\\gamma": (1.14, -0.39),
    "\\theta": (1.0, -0.5),
    "\\pi": (0.9, -0.44),
}
"""Height and vertical centre, in heights of a digit: medians of CROHME train over the writers with an even CRC-32.

The heights of symbols and the scales of rows were fitted by turns, each the median given the others.
"""

_OTHER = (1.0, -0.5)  # of letters of other scripts
_UNRELIABLE = frozenset("ij")  # with and without a dot
_ON_AXIS = {"+": -0.44, "-": -0.44, "=": -0.42, "\\times": -0.36, "\\pm": -0.45}  # vertical centres of signs


def measures_of(token: str) -> tuple[float, float] | None:
    """Usual height and vertical centre of a letter or digit, in heights of a digit; ``None`` for other tokens.

    The baseline is 0, and the centre is negative above it.
    """
    if token in _MEASURED:
        return _MEASURED[token]
    return _OTHER if len(token) == 1 and token.isalnum() and token not in _UNRELIABLE else None


def row_scale(row: Sequence[Extent]) -> tuple[float, float] | None:
    """Height of a digit and position of the baseline, in the unit of the extents; ``None`` without letter or digit.

    Each letter or digit is compared with its usual height: a row of digits, of capitals or of low letters alone has the
    same scale as a row of all of them.
    """
    known = [(measures, top, bottom) for token, top, bottom in row if (measures := measures_of(token)) and bottom > top]
    if not known:
        return None
    height = float(np.median([(bottom - top) / usual for (usual, _), top, bottom in known]))
    lines = [(top + bottom) / 2 - height * centre for (_, centre), top, bottom in known]
    lines += [(top + bottom) / 2 - height * _ON_AXIS[token] for token, top, bottom in row if token in _ON_AXIS]
    return height, float(np.median(lines))
