"""What `check_image` takes, what it refuses and under which reason."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mumer_data.exceptions import ImageError
from mumer_data.images.check import ImageInfo, check_image
from tests.readers import crohme


def encoded(image: Image.Image, format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def drawn(format: str, mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> bytes:
    return encoded(Image.effect_noise(size, 50).convert(mode), format)


def png_claiming(width: int, height: int) -> bytes:
    """A well-formed PNG whose header promises far more, or less, than its one compressed row holds."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def outcome(data: bytes) -> str:
    """``image``, or the reason why it is refused; any other exception fails the test."""
    try:
        check_image(data)
    except ImageError as error:
        return error.reason
    return "image"


def animated_gif() -> bytes:
    frames = [Image.new("RGB", (12, 10), (colour, 0, 0)) for colour in (0, 100, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=50)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(drawn("PNG", "1"), ImageInfo(40, 30, "PNG", "1"), id="png-1-bit"),
        pytest.param(drawn("PNG", "RGBA"), ImageInfo(40, 30, "PNG", "RGBA"), id="png-alpha"),
        pytest.param(drawn("JPEG", "L"), ImageInfo(40, 30, "JPEG", "L"), id="jpeg-grey"),
        pytest.param(drawn("JPEG", "CMYK"), ImageInfo(40, 30, "JPEG", "CMYK", "colours"), id="jpeg-cmyk"),
        pytest.param(drawn("MPO"), ImageInfo(40, 30, "JPEG", "RGB"), id="mpo-of-one-picture"),
        pytest.param(drawn("GIF", "P"), ImageInfo(40, 30, "GIF", "P"), id="gif"),
        pytest.param(animated_gif(), ImageInfo(12, 10, "GIF", "P", "frames"), id="gif-animated"),
        pytest.param(drawn("BMP"), ImageInfo(40, 30, "BMP", "RGB"), id="bmp"),
        pytest.param(drawn("TIFF"), ImageInfo(40, 30, "TIFF", "RGB"), id="tiff"),
        pytest.param(drawn("WEBP"), ImageInfo(40, 30, "WEBP", "RGB"), id="webp"),
    ],
)
def test_images_are_described(data: bytes, expected: ImageInfo) -> None:
    assert check_image(data) == expected


def test_a_jpeg_with_a_second_picture_is_a_jpeg() -> None:
    first, second = Image.new("RGB", (40, 30)), Image.new("RGB", (20, 15))
    buffer = io.BytesIO()
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    assert check_image(buffer.getvalue()) == ImageInfo(40, 30, "JPEG", "RGB")


@pytest.mark.parametrize(
    ("data", "reason", "message"),
    [
        pytest.param(b"", "image_empty", "0 bytes", id="no-bytes"),
        pytest.param(png_claiming(0, 20), "image_empty", "0 pixels", id="png-without-width"),
        pytest.param(b"GIF89a" + bytes(20), "image_empty", "0 pixels", id="gif-without-size"),
        pytest.param(drawn("PNG")[:-400], "image_corrupt", "truncated", id="png-cut-in-its-pixels"),
        pytest.param(drawn("JPEG")[:-200], "image_corrupt", "truncated", id="jpeg-cut-in-its-pixels"),
        pytest.param(drawn("PNG")[:20], "image_corrupt", "Truncated", id="png-cut-in-its-header"),
        pytest.param(drawn("PNG")[:6], "image_corrupt", "cut short", id="png-cut-in-its-signature"),
        pytest.param(b"x ^ { 2 }\n", "image_corrupt", "not an image", id="text-named-png"),
        pytest.param(png_claiming(50_000, 50_000), "image_too_large", "scale", id="bomb-2.5-gigapixels"),
        pytest.param(png_claiming(10_000, 9_000), "image_too_large", "10000 x 9000", id="just-too-many-pixels"),
        pytest.param(drawn("PPM"), "image_format", "PNM", id="ppm"),
        pytest.param(drawn("ICO"), "image_format", "ICO", id="ico"),
        pytest.param(b"%PDF-1.7\n", "image_format", "PDF", id="pdf"),
        pytest.param(b"\0\0\0\x1cftypavif" + bytes(20), "image_format", "AVIF", id="avif"),
    ],
)
def test_what_is_refused(data: bytes, reason: str, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        check_image(data)
    assert caught.value.reason == reason


def test_the_limit_of_pixels_is_inclusive() -> None:
    assert check_image(drawn("PNG"), max_pixels=1200).width == 40
    with pytest.raises(ImageError, match="more than the 1,199 allowed") as caught:
        check_image(drawn("PNG"), max_pixels=1199)
    assert caught.value.reason == "image_too_large"


def test_the_limit_of_bytes_is_inclusive() -> None:
    data = drawn("PNG")
    assert check_image(data, max_bytes=len(data)).width == 40
    with pytest.raises(ImageError, match="re-encode") as caught:
        check_image(data, max_bytes=len(data) - 1)
    assert caught.value.reason == "image_too_large"


def test_pillows_warnings_and_settings_stay_where_they_are() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError) as caught:
            check_image(png_claiming(10_000, 9_000))
    assert caught.value.reason == "image_too_large"
    assert before == Image.MAX_IMAGE_PIXELS


@given(st.binary(max_size=64), st.sampled_from([drawn("PNG"), drawn("JPEG"), animated_gif(), drawn("TIFF")]))
def test_no_bytes_raise_anything_but_an_image_error(noise: bytes, image: bytes) -> None:
    for data in (noise, image[: len(noise)] + noise, image[: len(image) // 2] + noise + image[-20:]):
        assert outcome(data) in {"image", "image_empty", "image_corrupt", "image_format", "image_too_large"}


def test_every_crohme_image_is_a_one_bit_png() -> None:
    files = sorted((crohme("train") / "images").iterdir())
    found = Counter((info.format, info.mode) for info in (check_image(file.read_bytes()) for file in files))
    assert found == {("PNG", "1"): 8835}
