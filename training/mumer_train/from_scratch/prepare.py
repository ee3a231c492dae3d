"""Images and labels -> fitted training images: real ones with their labels, synthetic ones with their symbol boxes.

Not for training: see `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from mumer_data.exceptions import ImageError, LatexSyntaxError, SourceError
from mumer_data.handwriting.alphabets import ALPHABETS, DEFAULT
from mumer_data.handwriting.glyphs.bank import GlyphBank
from mumer_data.handwriting.glyphs.glyph import Alphabet, Glyph
from mumer_data.handwriting.ink import draw, write
from mumer_data.handwriting.writer import Writer, writer_style
from mumer_data.images.fit import Fit, fit_image
from mumer_data.io.atomic import atomic_write
from mumer_data.jobs.corpus import read_corpus
from mumer_data.latex.normalize import normalize
from mumer_data.seeding import hash64, rng_for
from mumer_train.from_scratch.image_store import Pixels, StoredImage, write_store
from mumer_train.from_scratch.school_labels import school_labels

FIT = Fit(symbol=16, pen=1.6, padding=4, multiple=8, max_pixels=40_000)


def fitted_pixels(image: Image.Image, fit: Fit = FIT) -> tuple[Pixels, float, float, float] | None:
    """Ink of a fitted image, its scale, and the position of the source's pixel (0, 0); ``None`` without ink."""
    fitted = fit_image(image, fit)
    if fitted is None:
        return None
    return np.uint8(255) - np.asarray(fitted.image, dtype=np.uint8), fitted.scale, fitted.left, fitted.top


def held_out(label: str, share: float) -> bool:
    """Whether a label is held out; it depends on its hash, so all images of a label are in the same part."""
    return hash64(f"held-out\0{label}") < share * 2.0**64


def label_fold(label: str, count: int) -> int:
    """The fold of a label, from 0, by its hash: all images of one label are in one fold."""
    return hash64(f"folds\0{label}") % count


def caption_images(folder: Path, fit: Fit = FIT, preset: str = "crohme") -> Iterator[StoredImage]:
    """The images of a folder with ``caption.txt`` and ``images/``, labels normalised; unreadable labels are skipped."""
    try:
        lines = (folder / "caption.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{folder} has no readable caption.txt ({error}): it must hold id TAB label lines") from None
    paths = {path.stem: path for path in sorted((folder / "images").glob("*"))}
    for number, line in enumerate(lines, 1):
        name, _, text = line.partition("\t")
        if name not in paths:
            raise SourceError(f"{folder / 'caption.txt'}, line {number}: no image {name!r} in {folder / 'images'}")
        try:
            label = normalize(text, preset)
        except LatexSyntaxError:
            continue
        with Image.open(paths[name]) as image:
            fitted = fitted_pixels(image, fit)
        if fitted is not None:
            yield StoredImage(name, label, fitted[0], np.zeros((0, 4), dtype=np.float32), ())


class FontHand:
    """A bank of fonts as an `Alphabet`; its glyphs are varied like drawn shapes, because a font repeats its shapes."""

    def __init__(self, path: Path) -> None:
        self._bank = GlyphBank(path)
        self._shapes: dict[tuple[str, str, str], tuple[Glyph, ...]] = {}

    def glyphs(self, token: str, text: str, font: str) -> Sequence[Glyph]:
        """See `Alphabet`."""
        key = (token, text, font)
        if key not in self._shapes:
            shapes = self._bank.glyphs(token, text, font)
            self._shapes[key] = tuple(replace(one, real=False, loose=0.15) for one in shapes)
        return self._shapes[key]


_font_hand = lru_cache(maxsize=4)(FontHand)  # read once per process


@dataclass(frozen=True, slots=True)
class SyntheticHands:
    """Writers of the synthetic images.

    Attributes:
        seed: random seed.
        writers: number of writer styles.
        fonts: bank of glyphs from fonts, or ``None``.
        bank: bank of glyphs cut from real ink, or ``None``.
        bank_share, font_share: shares of the images with glyphs of the bank and of the fonts; others are drawn.
        corrections: factor on how often writers cross out or overwrite a symbol; 0 for never.
    """

    seed: int = 0
    writers: int = 3000
    fonts: Path | None = None
    bank: Path | None = None
    bank_share: float = 0.0
    font_share: float = 0.5
    corrections: float = 1.0

    def draw(self, name: str, label: str, fit: Fit = FIT) -> StoredImage | None:
        """One image; ``None`` where the label cannot be drawn or has no ink."""
        rng = rng_for(self.seed, name, "hand")
        style = writer_style(f"writer-{int(rng.integers(self.writers)):05d}", self.seed)
        style = replace(style, corrections=min(1.0, style.corrections * self.corrections))
        point = float(rng.random())
        alphabets: list[Alphabet] = [ALPHABETS[kind](style) for kind in DEFAULT]
        if self.bank is not None and point < self.bank_share:
            alphabets.insert(0, GlyphBank(self.bank))
        elif self.fonts is not None and point < self.bank_share + self.font_share:
            alphabets.insert(0, _font_hand(self.fonts))
        try:
            picture = draw(write(label, Writer(alphabets, style, rng)), size=32.0 * style.size, padding=8)
        except (ImageError, LatexSyntaxError):
            return None
        fitted = fitted_pixels(picture.image, fit)
        if fitted is None:
            return None
        pixels, scale, left, top = fitted
        boxes = picture.boxes * scale + np.array([left, top, left, top])
        return StoredImage(name, label, pixels, boxes.astype(np.float32), tuple(picture.names))


def synthetic_images(labels: Sequence[tuple[str, str]], hands: SyntheticHands, fit: Fit = FIT) -> Iterator[StoredImage]:
    """An image per (id, label); labels that cannot be drawn are skipped."""
    for name, label in labels:
        image = hands.draw(name, label, fit)
        if image is not None:
            yield image


def write_school_labels(out: Path, count: int, exclude: Sequence[str] = (), seed: int = 0) -> int:
    """Write ``id<TAB>label`` lines of `school_labels`, none of them a label of the corpora in ``exclude``.

    Raises:
        SourceError: a corpus cannot be read.
        OutputError: the file cannot be written.
    """
    known = frozenset(label for name in exclude for label in read_corpus(name, preset="crohme").labels)
    labels = school_labels(count, seed, known)
    with atomic_write(out) as file:
        lines = (f"school-{seed}-{number:06d}\t{label}\n" for number, label in enumerate(labels, 1))
        file.write_text("".join(lines), encoding="utf-8")
    return len(labels)


def prepare_real(source: Path, out: Path, share: float = 0.0, held: Path | None = None) -> dict[str, int]:
    """Fit the images of a caption folder; labels are held out by hash.

    Returns:
        Images ``kept`` and ``held_out``.

    Raises:
        SourceError: the folder has no captions or an image is missing.
        OutputError: a folder cannot be written.
    """
    return _prepare_split(source, out, held, lambda label: held_out(label, share))


def prepare_fold(source: Path, out: Path, held: Path, fold: int, count: int) -> dict[str, int]:
    """Fit the images of a caption folder, one fold of the labels to ``held``, the others to ``out``.

    Returns:
        Images ``kept`` and ``held_out``.

    Raises:
        SourceError: the folder has no captions or an image is missing.
        OutputError: a folder cannot be written.
    """
    return _prepare_split(source, out, held, lambda label: label_fold(label, count) == fold)


def _prepare_split(source: Path, out: Path, held: Path | None, is_held: Callable[[str], bool]) -> dict[str, int]:
    """Write the images whose label is held out to ``held``, the others to ``out``; all to ``out`` without ``held``."""
    images = list(caption_images(source))
    kept = write_store(out, (image for image in images if held is None or not is_held(image.label)))
    others = 0 if held is None else write_store(held, (image for image in images if is_held(image.label)))
    return {"kept": kept, "held_out": others}


def prepare_synthetic(
    labels: Path, out: Path, hands: SyntheticHands, *, copies: int = 2, start: int = 0, limit: int | None = None
) -> int:
    """Draw the labels of a file in a shuffled order; ``start`` and ``limit`` select a part of it.

    Raises:
        SourceError: the file cannot be read or has no label.
        OutputError: the folder cannot be written.
    """
    try:
        rows = [line.partition("\t") for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{labels} cannot be read ({error}); give a file of id TAB label lines") from None
    todo = [(f"{name}-{copy}", label) for name, _, label in rows if label for copy in range(copies)]
    if not todo:
        raise SourceError(f"{labels} has no line of the form id TAB label")
    order = rng_for(hands.seed, "order", "prepare").permutation(len(todo)).tolist()
    part = order[start : None if limit is None else start + limit]
    if not part:
        raise SourceError(f"{labels} has {len(todo):,} images: there are none from --start {start} on")
    return write_store(out, synthetic_images([todo[index] for index in part], hands))
