"""The boxes of symbols in a row's metadata, read and written back after they have moved.

Not for other metadata: they are passed on as they are.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray


def boxes_in(metadata: str) -> NDArray[np.float64] | None:
    """Left, top, right, bottom in pixels of each symbol that has a box; ``None`` where there are none.

    Args:
        metadata: JSON text with ``symbols``, a list of ``{"label": ..., "box": [...]}``, or anything else. A symbol
            that names ``traces`` too has its box in the units of that ink, not in pixels: it is left alone.
    """
    boxes = [symbol["box"] for symbol in _boxed(_read(metadata))]
    return np.array(boxes, dtype=np.float64) if boxes else None


def moved(metadata: str, boxes: NDArray[np.float64], original: str) -> str:
    """The metadata with other boxes, in the order of `boxes_in`, and the id of the ``original``."""
    return json.dumps({**_read(with_boxes(metadata, boxes)), "original": original}, ensure_ascii=False)


def with_boxes(metadata: str, boxes: NDArray[np.float64]) -> str:
    """The metadata with other boxes, in the order of `boxes_in`."""
    found = _read(metadata)
    for symbol, box in zip(_boxed(found), boxes.round(2).tolist(), strict=True):
        symbol["box"] = box
    return json.dumps(found, ensure_ascii=False)


def _read(metadata: str) -> dict[str, Any]:
    """An object; what is none is kept under ``source``."""
    if not metadata:
        return {}
    try:
        found = json.loads(metadata)
    except ValueError:
        found = metadata
    return found if isinstance(found, dict) else {"source": found}


def _boxed(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    symbols = metadata.get("symbols")
    return [one for one in symbols if _in_pixels(one)] if isinstance(symbols, list) else []


def _in_pixels(symbol: Any) -> bool:
    box = symbol.get("box") if isinstance(symbol, dict) and "traces" not in symbol else None
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(side, int | float) and np.isfinite(side) for side in box)
        and box[0] <= box[2]
        and box[1] <= box[3]
    )
