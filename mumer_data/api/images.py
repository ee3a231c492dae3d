"""Images in memory: `handwrite`, `augment`.

Not for folders of images: see `mumer write` and `augment:` in a pipeline.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mumer_data.exceptions import ImageError, PipelineError
from mumer_data.handwriting.ink import RenderedInk
from mumer_data.io.png import ZLIB_DEFAULT, encode_png
from mumer_data.readers.memory import ImageLike, image_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

    from mumer_data.augmentation import Step
    from mumer_data.handwriting.writer import WriterStyle


@dataclass(frozen=True, slots=True, repr=False)
class Handwriting:
    """One handwritten expression.

    Attributes:
        label: as it was passed.
        image: 8-bit greyscale, black on white.
        symbols: token of every symbol.
        boxes: of the symbols, shape (symbols, 4): left, top, right, bottom in pixels.
        strokes: pen trajectories in pixels, each of shape (points, 2).
    """

    label: str
    image: Image
    symbols: list[str]
    boxes: NDArray[np.int64]
    strokes: list[NDArray[np.float64]]
    _ink: RenderedInk

    def inkml(self, id: str = "") -> str:
        """The strokes with their segmentation as InkML, as CROHME writes it."""
        from mumer_data.handwriting.export import inkml

        return inkml(self._ink, id)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: label, symbols, boxes, strokes."""
        return {
            "label": self.label,
            "symbols": list(self.symbols),
            "boxes": self.boxes.tolist(),
            "strokes": [stroke.tolist() for stroke in self.strokes],
        }

    def __repr__(self) -> str:
        return f"Handwriting({self.label!r}, {self.image.width}x{self.image.height}, {len(self.symbols)} symbols)"

    def _repr_png_(self) -> bytes:
        return encode_png(self.image, compress_level=ZLIB_DEFAULT)


def handwrite(
    label: str,
    seed: int = 0,
    style: WriterStyle | Mapping[str, Any] | None = None,
    *,
    size: float = 32.0,
    padding: int = 8,
    glyphs: str | Path | Sequence[str | Path] | None = None,
) -> Handwriting:
    """Write a label by hand.

    Args:
        label: tokenised, or raw LaTeX.
        seed: decides writer and ink; the same seed draws the same pixels.
        style: of the writer: a `WriterStyle`, or some of its fields over the drawn style, e.g. ``{"slant": 0.3}``.
        size: height of a capital letter in pixels, for a writer of median size.
        padding: white on all sides, in pixels.
        glyphs: glyph banks (`mumer glyphs build`) that are preferred to the built-in shapes; ``"fonts"`` is the bundled
            one, and ``"fonts=0.5"`` is for half of the writers.

    Raises:
        LatexSyntaxError: the label cannot be read.
        ImageError: it cannot be drawn.
        PipelineError: ``style`` has an unknown or impossible field.
    """
    from mumer_data.handwriting.alphabets import bank_shares, writer_for
    from mumer_data.handwriting.ink import draw, write
    from mumer_data.handwriting.synthesizer import Synthesizer
    from mumer_data.handwriting.writer import writer_style
    from mumer_data.seeding import rng_for

    named = () if glyphs is None else (glyphs,) if isinstance(glyphs, str | Path) else glyphs
    synthesizer = Synthesizer(seed=seed, size=size, padding=padding, banks=bank_shares([str(one) for one in named]))
    name = synthesizer.writer(label)
    chosen = writer_style(name, seed)
    if isinstance(style, Mapping):
        try:
            chosen = replace(chosen, **style)
        except (TypeError, ValueError) as error:
            raise PipelineError(f"style: {error}") from None
    elif style is not None:
        chosen = style
    writer = writer_for(chosen, rng_for(seed, label, "ink"), synthesizer.alphabets, synthesizer.bank(name))
    ink = draw(write(label, writer), size=size * chosen.size, padding=padding)
    return Handwriting(label, ink.image, list(ink.names), ink.boxes, ink.strokes, ink)


@dataclass(frozen=True, slots=True, repr=False)
class AugmentedImage:
    """A variant of an image.

    Attributes:
        image: 8-bit greyscale or RGB.
        boxes: of the symbols where they were passed, moved along; shape (symbols, 4).
        data: the image as PNG, or as JPEG where the last step made it one.
    """

    image: Image
    boxes: NDArray[np.float64]
    data: bytes

    def to_dict(self) -> dict[str, Any]:
        """Plain data: size and boxes."""
        return {"width": self.image.width, "height": self.image.height, "boxes": self.boxes.tolist()}

    def __repr__(self) -> str:
        return f"AugmentedImage({self.image.width}x{self.image.height}, {len(self.boxes)} boxes)"

    def _repr_png_(self) -> bytes:
        return encode_png(self.image, compress_level=ZLIB_DEFAULT)


def augment(
    image: ImageLike,
    preset: str | None = "camera",
    seed: int = 0,
    boxes: ArrayLike | None = None,
    *,
    steps: Sequence[str | Mapping[str, Mapping[str, Any]]] = (),
    id: str = "",
) -> AugmentedImage:
    """A variant of an image that still shows its label.

    Args:
        image: path, encoded bytes or PIL image.
        preset: ``online``, ``scan`` or ``camera``; ``None`` for ``steps`` alone.
        seed: the same seed and id draw the same pixels.
        boxes: of the symbols, shape (symbols, 4); they are moved with the ink.
        steps: names, or ``{name: {option: value}}``, over the preset.
        id: of the image; a part of the random stream.

    Raises:
        ImageError: the image cannot be read.
        PipelineError: there is no such preset, step or option.
    """
    from PIL import Image as PillowImage

    from mumer_data.augmentation.run import augment as run

    if hasattr(image, "mode") and hasattr(image, "size"):
        opened: Any = image
    else:
        try:
            opened = PillowImage.open(io.BytesIO(image_bytes(image)))
            opened.load()
        except (OSError, ValueError) as error:
            raise ImageError("image_corrupt", f"not an image that can be decoded: {error}") from None
    marked = None if boxes is None else np.asarray(boxes, np.float64).reshape(-1, 4)
    variant = run(opened, _steps(preset, steps), seed=seed, id=id, boxes=marked)
    return AugmentedImage(variant.image, variant.boxes, variant.data)


def _steps(preset: str | None, steps: Sequence[str | Mapping[str, Mapping[str, Any]]]) -> list[Step]:
    from pydantic import ValidationError

    from mumer_data.augmentation.options import Augmentation

    try:
        return Augmentation.model_validate({"preset": preset, "steps": list(steps)}).step_list()
    except ValidationError as error:
        problems = "; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors())
        raise PipelineError(f"augment: {problems}") from None
