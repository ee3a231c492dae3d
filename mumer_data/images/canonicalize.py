"""Images that programs show differently, in one canonical form: upright, opaque, 8 bits per channel, one frame.

Not for deciding whether bytes are an image: `check` must have accepted them first.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from mumer_data.exceptions import ImageError
from mumer_data.io.png import ZLIB_DEFAULT, encode_png

# Modes that every decoder converts to the same RGB; with an alpha channel only if all pixels are opaque.
_EIGHT_BIT_MODES = ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "RGBX")
# EXIF orientation (tag 274) -> the transposition that undoes it.
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HIGH_BIT_DEPTH_MODES = ("I;16", "I;16B", "I;16L", "I", "F")


def display_ambiguity(image: Image.Image) -> str:
    """Why programs may show a loaded image differently; ``""`` if all show the same.

    ``turned``: some programs apply the EXIF orientation, some do not (`datasets` does, Pillow does not).
    ``metadata``: unreadable EXIF, at which some programs fail. ``transparent``: on white, or on black. ``deep``: over
    8 bits per channel, truncated or scaled. ``frames``: an animation, or several pages. ``colours``: CMYK, LAB, others.
    """
    orientation = _orientation(image)
    if orientation is None:
        return "metadata"
    if orientation in _ORIENTATIONS:
        return "turned"
    if image.mode in _HIGH_BIT_DEPTH_MODES:
        return "deep"
    if image.mode not in _EIGHT_BIT_MODES:
        return "colours"
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] != 255:
        return "transparent"
    if getattr(image, "is_animated", False) and image.format != "MPO":  # MPO: the second frame is a camera's preview
        return "frames"
    return ""


def canonical_image(data: bytes) -> Image.Image:
    """The canonical image of bytes that `check_image` accepts, in mode ``1``, ``L``, ``P`` or ``RGB``.

    Greys of more than 8 bits are scaled to 8 bits (unless all values fit); transparent pixels become white, or black
    if most opaque pixels are light; the first of several frames is used.

    Raises:
        ImageError: reason ``image_format``, for a colour space that cannot be converted to RGB.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data)) as image:
            return canonicalize(image)


def canonicalize(image: Image.Image) -> Image.Image:
    """`canonical_image` of an image that is open, loaded or not."""
    image.load()
    try:
        return _opaque(_to_8_bit(_upright(image)))
    except (ValueError, OSError) as error:
        message = f"its {image.mode} pixels cannot be turned into RGB ({error}); convert it to PNG"
        raise ImageError("image_format", message) from None


def canonical_png(data: bytes) -> bytes:
    """`canonical_image` as a PNG without metadata."""
    return encode_png(canonical_image(data), compress_level=ZLIB_DEFAULT)


def _orientation(image: Image.Image) -> int | None:
    """The EXIF orientation; ``None`` if it cannot be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # EXIF parsers raise exceptions of many types
        return None


def _upright(image: Image.Image) -> Image.Image:
    # Not ImageOps.exif_transpose, which also rewrites the EXIF and fails if another tag is malformed.
    transpose = _ORIENTATIONS.get(_orientation(image) or 1)
    upright = image.copy() if transpose is None else image.transpose(transpose)
    upright.info = {key: value for key, value in image.info.items() if key == "transparency"}
    return upright


def _to_8_bit(image: Image.Image) -> Image.Image:
    if image.mode not in _HIGH_BIT_DEPTH_MODES:
        return image
    values: NDArray[np.float32] = np.nan_to_num(np.asarray(image, np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65_535:
        values = (values - np.float32(low)) * np.float32(255 / (high - low))
    elif image.mode == "F" and high <= 1:
        values = values * np.float32(255)
    elif high > 255:
        values = values / np.float32(257)
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image if image.mode in ("1", "L", "P", "RGB") else image.convert("RGB")
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    histogram = rgba.convert("L").histogram(alpha.point([0] * 128 + [255] * 128))
    is_light = sum(histogram[128:]) > sum(histogram[:128])
    background = Image.new("RGBA", rgba.size, (0, 0, 0, 255) if is_light else (255, 255, 255, 255))
    return Image.alpha_composite(background, rgba).convert("RGB")
