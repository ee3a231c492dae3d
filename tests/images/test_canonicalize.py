"""Images that programs show differently become one picture; all others keep their bytes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from mumer_data.exceptions import ImageError
from mumer_data.filters.validation import RowValidator
from mumer_data.images.canonicalize import canonical_image, canonical_png
from mumer_data.images.check import check_image
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline
from mumer_data.records import Example, ImageRef, Reject
from tests.conftest import caption_folder

SIZE = (24, 10)
STROKE = (2, 3, 12, 6)  # ink on the left, above the middle: turned or mirrored it lies elsewhere


def drawn(paper: int = 255, ink: int = 0) -> Image.Image:
    image = Image.new("L", SIZE, paper)
    image.paste(ink, STROKE)
    return image


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def turned(orientation: int, format: str = "JPEG") -> bytes:
    """The drawing as a camera held otherwise stores it: EXIF tells how to turn it upright."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = drawn().transpose(back[orientation])
    return encoded(stored, format, exif=turned_exif(orientation), **({"quality": 95} if format == "JPEG" else {}))


def turned_exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.XResolution] = 1.5
    return bytes(exif.tobytes())


def deep(scale: float, kind: type[np.generic], format: str = "PNG") -> bytes:
    return encoded(Image.fromarray((np.asarray(drawn(), np.float64) * scale).astype(kind)), format)


def see_through(ink: int) -> bytes:
    """Ink on nothing; what is not seen has the colour of the ink, as drawing programs leave it."""
    image = Image.new("LA", SIZE, (ink, 0))
    image.paste((ink, 255), STROKE)
    return encoded(image)


def animated() -> bytes:
    return encoded(drawn(), "GIF", save_all=True, append_images=[Image.new("L", SIZE, 128)])


def keyed() -> bytes:
    """A palette in which the paper is the transparent entry and would else be black."""
    image = Image.new("P", SIZE, 0)
    image.putpalette([0, 0, 0, 10, 10, 10])
    image.paste(1, STROKE)
    return encoded(image, transparency=0)


CASES = {
    **{f"turned-{number}": (turned(number), "turned") for number in range(2, 9)},
    "turned-png": (turned(6, "PNG"), "turned"),
    "16-bit": (deep(257, np.uint16), "deep"),
    "16-bit-of-8": (deep(1, np.uint16), "deep"),
    "32-bit-tiff": (deep(1000, np.int32, "TIFF"), "deep"),
    "float-tiff": (deep(1 / 255, np.float32, "TIFF"), "deep"),
    "transparent": (see_through(0), "transparent"),
    "transparent-palette": (keyed(), "transparent"),
    "cmyk": (encoded(drawn().convert("RGB").convert("CMYK"), "JPEG", quality=95), "colours"),
    "lab": (encoded(drawn().convert("RGB").convert("YCbCr"), "TIFF"), "colours"),
    "animated": (animated(), "frames"),
    "pages": (encoded(drawn(), "TIFF", save_all=True, append_images=[drawn(0, 255)]), "frames"),
}


@pytest.mark.parametrize(("data", "odd"), CASES.values(), ids=CASES.keys())
def test_one_picture_is_seen(data: bytes, odd: str) -> None:
    assert check_image(data).odd == odd
    plain = canonical_png(data)
    assert check_image(plain).odd == ""
    with Image.open(io.BytesIO(plain)) as image:
        found = np.asarray(image.convert("RGB").convert("L"), np.int64)
    assert found.shape == (SIZE[1], SIZE[0])
    assert np.abs(found - np.asarray(drawn(), np.int64)).max() <= 25  # of JPEG's noise at an edge


def test_light_ink_on_nothing_lies_on_black() -> None:
    found = np.asarray(canonical_image(see_through(255)).convert("L"))
    assert np.array_equal(found, np.asarray(drawn(0, 255)))


@pytest.mark.parametrize(
    "image",
    [drawn(), drawn().convert("1"), drawn().convert("RGB"), drawn().convert("RGBA"), drawn().convert("P")],
    ids=["L", "1", "RGB", "opaque-RGBA", "P"],
)
def test_other_images_keep_their_bytes(image: Image.Image) -> None:
    data = encoded(image)
    assert check_image(data).odd == ""
    assert RowValidator().image(example(data)) == data


def example(data: bytes) -> Example:
    return Example("e", "x", ImageRef("e.png", None, lambda: data), 0)


GOOD_EXIF = turned_exif(6)
BROKEN_EXIF = {
    "noise": (b"Exi\xf9\0\0MM\0*", "metadata"),
    "cut": (GOOD_EXIF[:22], ""),
    # The orientation stands, another tag is broken: Pillow's own way to heed the orientation fails at that.
    "another-tag": (GOOD_EXIF[:28] + b"\x01@\0\x05" + GOOD_EXIF[32:], "turned"),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, in the last look at the result
@pytest.mark.parametrize(("exif", "odd"), BROKEN_EXIF.values(), ids=BROKEN_EXIF.keys())
def test_exif_that_cannot_be_read_does_not_cost_the_image(exif: bytes, odd: str) -> None:
    stored = drawn().transpose(Image.Transpose.ROTATE_90) if odd == "turned" else drawn()
    data = encoded(stored, exif=exif)
    assert check_image(data).odd == odd
    found = RowValidator().image(example(data))
    assert isinstance(found, bytes)
    with Image.open(io.BytesIO(found)) as image:
        assert np.array_equal(np.asarray(image), np.asarray(drawn()))


def test_a_bomb_of_text_in_a_png_is_a_reject() -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("note", "x" * (80 << 20), zip=True)
    data = encoded(drawn(), pnginfo=info)
    assert len(data) < 200_000
    found = RowValidator().image(example(data))
    assert isinstance(found, Reject)
    assert found.reason == "image_corrupt"
    assert "decompressed data too large" in found.message.lower()


def test_an_odd_image_of_a_bomb_is_never_decoded() -> None:
    with pytest.raises(ImageError, match="more than the 100 allowed"):
        check_image(turned(6), max_pixels=100)


def test_a_build_of_odd_images_shows_them_upright(tmp_path: Path) -> None:
    import datasets

    folder = caption_folder(tmp_path / "odd", 0)
    lines = []
    for number, (data, _) in enumerate(CASES.values()):
        (folder / "images" / f"e{number}.png").write_bytes(data)  # the suffix is wrong for most, and does not matter
        lines.append(f"e{number}\tx\n")
    (folder / "caption.txt").write_text("".join(lines))
    settings = ["name=odd", "source.format=caption", f"source.path={folder}", "tasks=[recognition]"]
    manifest = build(load_pipeline("demo", settings), tmp_path / "out", workers=1).manifest
    assert manifest["counts"]["rejected"] == 0
    rows = datasets.load_dataset(str(tmp_path / "out"), "odd", split="train", cache_dir=str(tmp_path / "cache"))
    for row in rows:
        found = np.asarray(row["images"][0].convert("L"), np.int64)
        assert np.abs(found - np.asarray(drawn(), np.int64)).max() <= 25
