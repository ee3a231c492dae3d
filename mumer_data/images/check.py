"""Check that encoded bytes are a usable image: decodes them once, with all pixel data.

Not for changing or locating images: it takes bytes, not files.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from mumer_data.exceptions import ImageError
from mumer_data.images.canonicalize import display_ambiguity

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
MAX_PIXELS = 89_478_485  # Pillow's own warning threshold: a quarter of a GiB as 24-bit RGB
MAX_BYTES = 64 * 1024 * 1024

# Magic bytes of image formats (or similar) that are not supported. Only for the message, which tells "convert it"
# from "it is damaged" without running the decoders that `FORMATS` excludes.
_OTHER_FORMATS = (
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "PSD"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML (SVG?)"),
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    *((b"P%d%c" % (kind, space), "PNM") for kind in range(1, 7) for space in b" \t\r\n"),
)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Properties of a decoded image.

    Attributes:
        width: width in pixels.
        height: height in pixels.
        format: one of `FORMATS`.
        mode: Pillow's name of the pixel format, e.g. ``1``, ``L``, ``RGB``, ``CMYK``, ``I;16``.
        odd: why programs may show it differently, or ``""``; see `display_ambiguity`.
    """

    width: int
    height: int
    format: str
    mode: str
    odd: str = ""


def check_image(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> ImageInfo:
    """Decode an image fully and return its properties; the first frame of an animation or a multi-page file.

    Args:
        data: the encoded image.
        max_pixels: the largest width x height, compared with the header's before any pixel is decoded.
        max_bytes: the largest encoded size, in bytes.

    Raises:
        ImageError: with reason ``image_empty`` (no bytes, or a side of zero pixels), ``image_too_large``,
            ``image_format`` (an image, but not in one of `FORMATS`) or ``image_corrupt`` (anything else
            that does not decode, from text named ``.png`` to a file cut short).
    """
    if not data:
        raise ImageError("image_empty", "the image has 0 bytes; copy the file again from its source")
    if len(data) > max_bytes:
        raise ImageError(
            "image_too_large",
            f"the image has {len(data):,} bytes, more than the {max_bytes:,} allowed; re-encode it smaller",
        )
    # Pillow warns about large sizes and unusual metadata; the relevant cases are checked below, so the warnings are
    # suppressed, also for a caller that runs with `-W error`.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _decode(data, max_pixels)


def _decode(data: bytes, max_pixels: int) -> ImageInfo:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_pixels(image, max_pixels)
            image.load()
            _check_pixels(image, max_pixels)  # a GIF may grow when its first frame is larger than its screen
            # A camera's JPEG with a preview has the format MPO; its first frame is a plain JPEG.
            name = "JPEG" if image.format == "MPO" else str(image.format)
            return ImageInfo(image.width, image.height, name, image.mode, display_ambiguity(image))
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError("image_too_large", f"{error} (Pillow's own limit); scale the image down") from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except Exception as error:  # decoders raise exceptions of many types: OSError, struct.error, zlib.error, ...
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ImageError(
            "image_corrupt", f"the image does not decode ({text}); copy it again from its source"
        ) from error


def _check_pixels(image: Image.Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise ImageError(
            "image_too_large",
            f"the image has {image.width} x {image.height} pixels, more than the {max_pixels:,} allowed; scale it down",
        )


def _unidentified(data: bytes) -> ImageError:
    """The error for bytes that no supported decoder accepts: an empty image, another format, or not an image."""
    if _has_zero_side(data):
        return ImageError("image_empty", "the image's header says that a side has 0 pixels; draw it again")
    other_format = next((name for magic, name in _OTHER_FORMATS if data.startswith(magic)), None)
    if other_format is None and data[4:8] == b"ftyp":
        other_format = "HEIC or AVIF"
    if other_format is not None:
        return ImageError("image_format", f"the image is {other_format}; convert it to one of {', '.join(FORMATS)}")
    return ImageError(
        "image_corrupt",
        f"not an image, or its header is cut short (begins with {data[:8]!r}); copy it again from its source",
    )


def _has_zero_side(data: bytes) -> bool:
    """Whether a PNG or GIF header states a side of 0: Pillow reports these as unidentified."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return not (any(data[16:20]) and any(data[20:24]))
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return not (any(data[6:8]) and any(data[8:10]))
    return False
