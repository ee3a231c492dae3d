"""Symbol boxes in the metadata of a row: reading, and writing back after augmentation.

Other metadata are kept unchanged.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray


def boxes_in(metadata: str) -> NDArray[np.float64] | None:
    """Left, top, right, bottom in pixels of each symbol that has a box, shape (symbols, 4); ``None`` without boxes.

    Args:
        metadata: JSON text with ``symbols``, a list of ``{"label": ..., "box": [...]}``, or any other text. Symbols
            with ``traces`` are ignored: their boxes are in units of the ink, not in pixels.
    """
    boxes = [symbol["box"] for symbol in _symbols_with_boxes(_read(metadata))]
    return np.array(boxes, dtype=np.float64) if boxes else None


def variant_metadata(metadata: str, boxes: NDArray[np.float64], original: str) -> str:
    """The metadata of a variant: new boxes in the order of `boxes_in`, and the id of the ``original``."""
    return json.dumps({**_read(with_boxes(metadata, boxes)), "original": original}, ensure_ascii=False)


def with_boxes(metadata: str, boxes: NDArray[np.float64]) -> str:
    """The metadata with new boxes, in the order of `boxes_in`."""
    document = _read(metadata)
    for symbol, box in zip(_symbols_with_boxes(document), boxes.round(2).tolist(), strict=True):
        symbol["box"] = box
    return json.dumps(document, ensure_ascii=False)


def _read(metadata: str) -> dict[str, Any]:
    """The metadata as a JSON object; any other value is wrapped as ``{"source": value}``."""
    if not metadata:
        return {}
    try:
        document = json.loads(metadata)
    except ValueError:
        document = metadata
    return document if isinstance(document, dict) else {"source": document}


def _symbols_with_boxes(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    symbols = metadata.get("symbols")
    return [symbol for symbol in symbols if _in_pixels(symbol)] if isinstance(symbols, list) else []


def _in_pixels(symbol: Any) -> bool:
    box = symbol.get("box") if isinstance(symbol, dict) and "traces" not in symbol else None
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(side, int | float) and np.isfinite(side) for side in box)
        and box[0] <= box[2]
        and box[1] <= box[3]
    )
