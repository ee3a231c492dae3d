"""Whether encoded bytes are an image that can be trained on: decodes them once, pixel data and all.

Not for changing an image and not for finding one: it sees bytes, never a file.
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

# Opening bytes of formats that are images (or close to it) but not ours. Only for the message: telling
# "convert it" from "it is broken" must not cost a run of the decoders that `FORMATS` keeps out.
_FOREIGN = (
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
    """What an image turned out to be.

    Attributes:
        width: in pixels.
        height: in pixels.
        format: one of `FORMATS`.
        mode: Pillow's name of the pixel format, e.g. ``1``, ``L``, ``RGB``, ``CMYK``, ``I;16``.
        odd: why programs may show it differently, or ``""``; see `plain`.
    """

    width: int
    height: int
    format: str
    mode: str
    odd: str = ""


def check_image(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> ImageInfo:
    """Decode an image fully and say what it is; of an animation or a multi-page file, the first picture.

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
    # Pillow warns on large sizes and odd metadata; what matters of that is checked below, so none gets out,
    # not even as an error where the caller runs with `-W error`.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _decode(data, max_pixels)


def _decode(data: bytes, max_pixels: int) -> ImageInfo:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_pixels(image, max_pixels)
            image.load()
            _check_pixels(image, max_pixels)  # a GIF may grow when its first frame is larger than its screen
            # A camera's JPEG with a preview inside calls itself MPO; its first picture is a plain JPEG.
            name = "JPEG" if image.format == "MPO" else str(image.format)
            return ImageInfo(image.width, image.height, name, image.mode, display_ambiguity(image))
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError("image_too_large", f"{error} (Pillow's own limit); scale the image down") from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except Exception as error:  # decoders raise whatever they meet: OSError, struct.error, zlib.error, ...
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
    """Why none of our decoders took the bytes: an empty picture, a foreign format, or no image at all."""
    if _claims_no_pixels(data):
        return ImageError("image_empty", "the image's header says that a side has 0 pixels; draw it again")
    foreign = next((name for magic, name in _FOREIGN if data.startswith(magic)), None)
    if foreign is None and data[4:8] == b"ftyp":
        foreign = "HEIC or AVIF"
    if foreign is not None:
        return ImageError("image_format", f"the image is {foreign}; convert it to one of {', '.join(FORMATS)}")
    return ImageError(
        "image_corrupt",
        f"not an image, or its header is cut short (begins with {data[:8]!r}); copy it again from its source",
    )


def _claims_no_pixels(data: bytes) -> bool:
    """Whether a PNG or GIF header gives a side of 0: Pillow reports these as unidentified."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return not (any(data[16:20]) and any(data[20:24]))
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return not (any(data[6:8]) and any(data[8:10]))
    return False
