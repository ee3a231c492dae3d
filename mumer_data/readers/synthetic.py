r"""Labels of any source as synthetic handwriting, drawn when the image is read: equal seed and id, equal ink.

Not for the drawing: see `mumer_data.handwriting`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.handwriting.alphabets import ALPHABETS, DEFAULT, bank_shares
from mumer_data.handwriting.ink import RenderedInk
from mumer_data.handwriting.synthesizer import Synthesizer
from mumer_data.io.atomic import file_sha256
from mumer_data.readers import READERS, Reader, SourceOptions, reader_class
from mumer_data.readers.label_lines import LabelLines
from mumer_data.readers.paths import resolve
from mumer_data.records import Example, ImageRef, Reject, Slice

_TEXT_ID = "expression"


class SyntheticOptions(SourceOptions):
    """Which labels are written, and by which writers.

    Attributes:
        labels: a text file, ``id<TAB>label`` or one label per line. Without any labels, the sample in the library.
        text: one label, in place of a file; its id is ``expression``.
        source: another source, of which only ids and labels are used: ``{format: caption, path: data/mine}``.
        copies: images per label, each by another writer; above 1, ``-1``, ``-2``, ... is added to the id.
        writers, seed, size, padding, alphabets: see `mumer_data.handwriting.synthesizer.Synthesizer`.
        corrections: factor on how often writers cross out or overwrite a symbol; 0 for never.
        glyphs: banks of glyphs, made by ``mumer glyphs build``, and their shares: see `alphabets.bank_shares`.
    """

    format: Literal["synthetic"]
    labels: str | None = None
    text: str | None = None
    source: dict[str, Any] | None = None
    copies: int = Field(1, ge=1)
    writers: int = Field(1000, ge=1)
    seed: int = Field(0, ge=0)
    size: float = Field(32.0, ge=8, le=256)
    padding: int = Field(8, ge=0, le=256)
    alphabets: tuple[str, ...] = DEFAULT
    glyphs: tuple[str, ...] = ()
    corrections: float = Field(1.0, ge=0)

    @field_validator("glyphs", mode="before")
    @classmethod
    def _one_bank(cls, banks: object) -> object:
        return () if banks is None else (banks,) if isinstance(banks, str) else banks

    @field_validator("alphabets")
    @classmethod
    def _known_alphabets(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in ALPHABETS]
        if unknown or not names:
            raise ValueError(f"unknown alphabet {unknown or 'list'}: known are {', '.join(ALPHABETS)}")
        return names

    @model_validator(mode="after")
    def _one_source(self) -> SyntheticOptions:
        if sum(option is not None for option in (self.labels, self.text, self.source)) > 1:
            raise ValueError("labels, text and source each name where labels come from: keep one")
        if self.source is not None:
            name = self.source.get("format")
            if name not in READERS:
                raise ValueError(f"source.format is {name!r}: known are {', '.join(READERS)}")
            reader_class(str(name)).Options.model_validate(self.source)
        return self


class SyntheticReader:
    """One example per label and copy.

    Rejects: ``row_malformed`` here, those of the inner source, and when a picture is drawn ``glyph_missing``,
    ``layout_failed`` and ``ink_empty``.
    """

    Options: type[SourceOptions] = SyntheticOptions

    def __init__(self, options: SourceOptions, base: Path) -> None:
        """Raises ``SourceError`` where a file of the options is neither in ``base`` nor here."""
        self._options = checked = SyntheticOptions.model_validate(options.model_dump())
        self._inner = _labels(checked, base)
        self._banks = bank_shares(checked.glyphs, lambda name: resolve(name, base))
        self._synthesizer = Synthesizer(
            checked.seed,
            checked.writers,
            checked.size,
            checked.padding,
            checked.alphabets,
            self._banks,
            checked.corrections,
        )

    def files(self) -> list[Path]:
        """The files that labels come from, and the banks."""
        return [*self._inner.files(), *(bank.path for bank in self._banks)]

    def settings(self) -> dict[str, Any]:
        """All that determines ids, labels and ink, by name, as JSON values; of files the sha256, not the path."""
        values = self._options.model_dump(mode="json", exclude={"format", "labels", "text", "source", "glyphs"})
        labels = [self._options.text] if self._options.text is not None else map(file_sha256, self._inner.files())
        glyphs = [[file_sha256(bank.path), bank.share] for bank in self._banks]
        return {"labels": list(labels), "source": self._options.source, **values, "glyphs": glyphs}

    def plan(self, max_rows: int, max_bytes: int) -> list[Slice]:
        """Cut by labels; a label's copies stay together.

        Raises:
            SourceError: the source cannot be read, or has no rows.
        """
        copies = self._options.copies
        parts = self._inner.plan(max(1, max_rows // copies), max_bytes)
        return [replace(part, start=part.start * copies, rows=part.rows * copies) for part in parts]

    def read(self, part: Slice) -> Iterator[Example | Reject]:
        """Every row of one slice, in order; an image is drawn when its ``read`` is called.

        Raises:
            SourceError: the source cannot be read, or has changed since ``plan``.
        """
        copies = self._options.copies
        inner = replace(part, start=part.start // copies, rows=part.rows // copies)
        for row in self._inner.read(inner):
            for copy in range(copies):
                yield self._example(row, row.row * copies + copy, f"-{copy + 1}" if copies > 1 else "")

    def _example(self, row: Example | Reject, number: int, suffix: str) -> Example | Reject:
        if isinstance(row, Reject):
            return replace(row, id=f"{row.id}{suffix}" if row.id else "", row=number)
        name, synthesizer = f"{row.id}{suffix}", self._synthesizer
        image = ImageRef(f"{name}.png", None, partial(_png, synthesizer, name, row.label))
        return Example(
            name, row.label, image, number, synthesizer.writer(name), partial(_metadata, synthesizer, name, row.label)
        )

    def picture(self, example: Example) -> RenderedInk:
        """The ink of an example of this reader.

        Raises:
            ImageError: it cannot be drawn.
        """
        return _picture(self._synthesizer, example.id, example.label)


@lru_cache(maxsize=2)  # image and metadata of a row are read one after the other
def _picture(synthesizer: Synthesizer, name: str, label: str) -> RenderedInk:
    try:
        return synthesizer.picture(name, label)
    except LatexSyntaxError as error:
        raise ImageError("layout_failed", f"the label does not parse: {error.reason}") from None


def _png(synthesizer: Synthesizer, name: str, label: str) -> bytes:
    from mumer_data.io.png import encode_png

    return encode_png(_picture(synthesizer, name, label).image)


def _metadata(synthesizer: Synthesizer, name: str, label: str) -> str:
    """As for an InkML file: annotations and each symbol with its box, here in pixels of the image."""
    picture = _picture(synthesizer, name, label)
    boxes = zip(picture.names, picture.boxes.tolist(), strict=True)
    symbols = [{"label": symbol, "box": box} for symbol, box in boxes]
    notes = {"truth": label, "UI": name, "writer": synthesizer.writer(name)}
    return json.dumps({"annotations": notes, "symbols": symbols}, ensure_ascii=False)


def _labels(options: SyntheticOptions, base: Path) -> Reader | LabelLines:
    if options.source is not None:
        kind = reader_class(str(options.source["format"]))
        return kind(kind.Options.model_validate(options.source), base)
    if options.text is not None:
        return LabelLines(None, f"{_TEXT_ID}\t{' '.join(options.text.split())}\n".encode())
    if options.labels is not None:
        return LabelLines(resolve(options.labels, base))
    sample = resources.files("mumer_data.readers") / "demo_labels.txt"
    return LabelLines(sample) if isinstance(sample, Path) else LabelLines(None, sample.read_bytes())
