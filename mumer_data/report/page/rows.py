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
_WHITE = 6  # pixels left around the ink
_LONGEST = 400  # tokens of a text that is drawn and compared in full


@dataclass(frozen=True)
class Pictures:
    """Where images are, and how many of them the page takes in."""

    store: ImageStore | None
    most: int


def wrong_rows(
    pairs: Pairs, outlines: Outlines, pictures: Pictures, cells: dict[tuple[str, str], int]
) -> Iterator[dict[str, Any]]:
    """One record for each prediction that is not its label, in the order of the file.

    Args:
        pairs: labels and predictions.
        outlines: takes the outlines that the drawings need.
        pictures: images to take in.
        cells: (label symbol, predicted symbol) -> number of the cell of the heat map.
    """
    taken = 0
    for place, exact in enumerate(pairs.exact.tolist()):
        if exact:
            continue
        row, label, text = pairs.rows[place], pairs.labels[place], pairs.predictions[place]
        image = _image(row, pictures.store) if taken < pictures.most else ""
        taken += bool(image)
        script = align(label, _cut(text))
        rating = explain_row(row)
        yield {
            "id": row.id,
            "label": label,
            "text": text,
            "edits": int(pairs.token_distances[place]),
            "length": int(pairs.label_lengths[place]),
            "rating": round(rating.value, 1),
            "from_tokens": rating.basis == "text",
            "image": image,
            "diff": _diff(script),
            "cells": sorted({cells[key] for key in map(_key, confusions_of(script)) if key in cells}),
            "trees": [_tree(label), _tree(text)],
            **_drawn(label, text, outlines),
        }


def _key(confusion: Confusion) -> tuple[str, str]:
    return confusion.label, confusion.prediction


def _cut(text: str) -> str:
    return " ".join(text.split()[:_LONGEST])


def _diff(script: EditScript) -> list[list[str]]:
    """Runs of (kind, prediction's tokens, label's tokens); the kind is ``=`` where they agree."""
    found: list[list[str]] = []
    place = 0
    for span in script.spans():
        if span.prediction_at > place:
            found.append(["=", " ".join(script.prediction[place : span.prediction_at])])
        found.append([span.kind, " ".join(span.prediction_tokens), " ".join(span.label_tokens)])
        place = span.prediction_at + len(span.prediction_tokens)
    if place < len(script.prediction):
        found.append(["=", " ".join(script.prediction[place:])])
    return found


def _tree(text: str) -> str:
    try:
        return label_text(_cut(text), "slt") if text else ""
    except LatexSyntaxError as error:
        return f"does not parse: {error.reason}"


def _drawn(label: str, text: str, outlines: Outlines) -> dict[str, Any]:
    """Both drawings, ``null`` for one that cannot be set, and the scores."""
    ours, theirs = _setting(label), _setting(text)
    record: dict[str, Any] = {"a": None, "b": None, "f1": 0 if ours else None, "viseq": False}
    matched: tuple[set[int], set[int]] = (set(), set())
    if ours and theirs:
        found = match(Marks(*ours.boxes), Marks(*theirs.boxes))
        record |= {"f1": found.f1, "viseq": visually_equal(ours, theirs) or bool(one_picture_spellings(label, text))}
        matched = (_numbers(ours, found.pairs[:, 0].tolist()), _numbers(theirs, found.pairs[:, 1].tolist()))
    for key, setting, marks in (("a", ours, matched[0]), ("b", theirs, matched[1])):
        if setting is not None:
            record[key] = outlines.drawing(setting, marks)
    return record


def _numbers(setting: TypesetFormula, places: list[int]) -> set[int]:
    """Numbers of marks from their places among those that leave ink."""
    inked = sorted({shape.mark for shape in setting.shapes if shape.mark >= 0})
    return {inked[place] for place in places}


def _setting(text: str) -> TypesetFormula | None:
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
        picture = ImageOps.expand(picture.crop(ink), _WHITE, paper)
    picture.thumbnail((_IMAGE_WIDTH, _IMAGE_WIDTH))
    encoded = base64.b64encode(encode_png(picture.quantize(16), optimize=True))
    return "data:image/png;base64," + encoded.decode("ascii")
