"""The data of each wrong prediction on the report page; scores, edit scripts and drawings come from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mumer_data.alignment.align import EditScript, align
from mumer_data.alignment.confusions import Confusion, confusions_of
from mumer_data.exceptions import ImageError, LatexSyntaxError
from mumer_data.images.canonicalize import canonical_image
from mumer_data.images.check import check_image
from mumer_data.io.png import encode_png
from mumer_data.latex.serialize import label_text
from mumer_data.metrics.cdm import one_picture_spellings, setting_of
from mumer_data.metrics.cdm.equal import visually_equal
from mumer_data.metrics.cdm.match import Marks, match
from mumer_data.metrics.pairs import Pairs
from mumer_data.metrics.rating import explain_row
from mumer_data.readers.files import ImageStore
from mumer_data.records import Prediction
from mumer_data.report.page.drawing import Outlines
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.formula import TypesetFormula

_IMAGE_WIDTH = 420  # pixels
_MARGIN = 6  # pixels left around the ink
_MAX_TOKENS = 400  # tokens of a text that is drawn and compared in full


@dataclass(frozen=True)
class Pictures:
    """Where the images are, and how many of them are embedded in the page."""

    store: ImageStore | None
    most: int


def wrong_rows(
    pairs: Pairs, outlines: Outlines, pictures: Pictures, cells: dict[tuple[str, str], int]
) -> Iterator[dict[str, Any]]:
    """One record for each prediction that is not its label, in the order of the file.

    Args:
        pairs: labels and predictions.
        outlines: collects the outlines that the drawings use.
        pictures: images to embed.
        cells: (label symbol, predicted symbol) -> number of the cell of the heat map.
    """
    embedded = 0
    for index, exact in enumerate(pairs.exact.tolist()):
        if exact:
            continue
        row, label, text = pairs.rows[index], pairs.labels[index], pairs.predictions[index]
        image = _image(row, pictures.store) if embedded < pictures.most else ""
        embedded += bool(image)
        script = align(label, _truncate(text))
        rating = explain_row(row)
        yield {
            "id": row.id,
            "label": label,
            "text": text,
            "edits": int(pairs.token_distances[index]),
            "length": int(pairs.label_lengths[index]),
            "rating": round(rating.value, 1),
            "from_tokens": rating.basis == "text",
            "image": image,
            "diff": _diff(script),
            "cells": sorted({cells[key] for key in map(_key, confusions_of(script)) if key in cells}),
            "trees": [_tree(label), _tree(text)],
            **_drawings(label, text, outlines),
        }


def _key(confusion: Confusion) -> tuple[str, str]:
    return confusion.label, confusion.prediction


def _truncate(text: str) -> str:
    return " ".join(text.split()[:_MAX_TOKENS])


def _diff(script: EditScript) -> list[list[str]]:
    """Runs of (kind, prediction's tokens, label's tokens); the kind is ``=`` where they agree."""
    segments: list[list[str]] = []
    position = 0
    for span in script.spans():
        if span.prediction_at > position:
            segments.append(["=", " ".join(script.prediction[position : span.prediction_at])])
        segments.append([span.kind, " ".join(span.prediction_tokens), " ".join(span.label_tokens)])
        position = span.prediction_at + len(span.prediction_tokens)
    if position < len(script.prediction):
        segments.append(["=", " ".join(script.prediction[position:])])
    return segments


def _tree(text: str) -> str:
    try:
        return label_text(_truncate(text), "slt") if text else ""
    except LatexSyntaxError as error:
        return f"does not parse: {error.reason}"


def _drawings(label: str, text: str, outlines: Outlines) -> dict[str, Any]:
    """Both drawings, ``null`` for one that cannot be typeset, and the scores."""
    ours, theirs = _typeset_or_none(label), _typeset_or_none(text)
    record: dict[str, Any] = {"a": None, "b": None, "f1": 0 if ours else None, "viseq": False}
    matched: tuple[set[int], set[int]] = (set(), set())
    if ours and theirs:
        matching = match(Marks(*ours.boxes), Marks(*theirs.boxes))
        record |= {"f1": matching.f1, "viseq": visually_equal(ours, theirs) or bool(one_picture_spellings(label, text))}
        matched = (_numbers(ours, matching.pairs[:, 0].tolist()), _numbers(theirs, matching.pairs[:, 1].tolist()))
    for key, setting, marks in (("a", ours, matched[0]), ("b", theirs, matched[1])):
        if setting is not None:
            record[key] = outlines.drawing(setting, marks)
    return record


def _numbers(setting: TypesetFormula, positions: list[int]) -> set[int]:
    """Numbers of marks, given their positions among the marks that leave ink."""
    visible_marks = sorted({shape.mark for shape in setting.shapes if shape.mark >= 0})
    return {visible_marks[position] for position in positions}


def _typeset_or_none(text: str) -> TypesetFormula | None:
    try:
        return setting_of(text)
    except TypesetError:
        return None


def _image(row: Prediction, store: ImageStore | None) -> str:
    """The row's image as a data URL, cut to its ink and no wider than shown; ``""`` where there is none."""
    if store is None:
        return ""
    for name in filter(None, (row.image, Path(row.image).name, row.id)):
        try:
            return _data_url(store.read(store.find(name)))
        except (ImageError, OSError):
            continue
    return ""


def _data_url(data: bytes) -> str:
    from PIL import Image, ImageChops, ImageOps

    check_image(data)
    picture = canonical_image(data).convert("L")
    paper = int(np.asarray(picture)[0, 0])
    ink = ImageChops.difference(picture, Image.new("L", picture.size, paper)).getbbox()
    if ink:
        picture = ImageOps.expand(picture.crop(ink), _MARGIN, paper)
    picture.thumbnail((_IMAGE_WIDTH, _IMAGE_WIDTH))
    encoded = base64.b64encode(encode_png(picture.quantize(16), optimize=True))
    return "data:image/png;base64," + encoded.decode("ascii")
