"""PNG bytes of a Pillow image.

Not for reading images: see `mumer_data.images`.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

ZLIB_DEFAULT = -1  # Pillow's default level


def encode_png(image: Image, *, compress_level: int = 1, optimize: bool = False) -> bytes:
    """An image as PNG.

    Args:
        image: an image in a mode that PNG supports.
        compress_level: zlib level, 0 to 9, or `ZLIB_DEFAULT`; 1 is the fastest with compression.
        optimize: search for the smallest encoding, slowly; the level is then ignored.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=compress_level, optimize=optimize)
    return buffer.getvalue()
