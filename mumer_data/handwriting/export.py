"""A picture of handwriting as others read it: InkML with its segmentation, symbol boxes as COCO has them.

Not for reading ink (see `readers.inkml`) nor for putting files into a folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from mumer_data.handwriting.ink import RenderedInk

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<ink xmlns="http://www.w3.org/2003/InkML">
<traceFormat><channel name="X" type="decimal"/><channel name="Y" type="decimal"/></traceFormat>
"""


def inkml(picture: RenderedInk, name: str, writer: str = "") -> str:
    """The strokes in pixels of the image, the label, and which strokes are which symbol, as CROHME writes them.

    Args:
        picture: see `writing.draw`.
        name: the id, annotation ``UI``.
        writer: annotation ``writer``.

    Source: W3C, Ink Markup Language (InkML), 2011; H. Mouchère et al., CROHME 2011 to 2019.
    """
    notes = {"truth": f"${picture.writing.label}$", "UI": name, "writer": writer}
    lines = [_HEAD.rstrip(), *(_annotation(kind, text) for kind, text in notes.items() if text)]
    for number, stroke in enumerate(picture.strokes):
        points = ", ".join(f"{x:.2f} {y:.2f}" for x, y in stroke.tolist())
        lines.append(f'<trace id="{number}">{points}</trace>')
    lines += ['<traceGroup xml:id="all">', _annotation("truth", "Segmentation")]
    for mark, symbol in enumerate(picture.names):
        views = "".join(
            f'<traceView traceDataRef="{number}"/>'
            for number, owner in enumerate(picture.writing.marks)
            if owner == mark
        )
        lines.append(f'<traceGroup xml:id="s{mark}">{_annotation("truth", symbol)}{views}</traceGroup>')
    return "\n".join([*lines, "</traceGroup>", "</ink>", ""])


def _annotation(kind: str, text: str) -> str:
    return f"<annotation type={quoteattr(kind)}>{escape(text)}</annotation>"


@dataclass(frozen=True, slots=True)
class Boxed:
    """One image with its symbol boxes (left, top, right, bottom in pixels)."""

    file: str
    width: int
    height: int
    label: str
    names: Sequence[str]
    boxes: Sequence[Sequence[int]]


def boxed(picture: RenderedInk, file: str) -> Boxed:
    """What `coco` wants to know of a picture."""
    label, boxes = picture.writing.label, picture.boxes.tolist()
    return Boxed(file, picture.image.width, picture.image.height, label, picture.names, boxes)


def coco(images: Iterable[Boxed]) -> dict[str, Any]:
    """Images and symbol boxes as a COCO detection set; categories are tokens, numbered from 1 by their names.

    Source: the data format of COCO, https://cocodataset.org/#format-data
    """
    held = list(images)
    names = sorted({name for image in held for name in image.names})
    numbers = {name: number for number, name in enumerate(names, 1)}
    pictures: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(held, 1):
        size = {"width": image.width, "height": image.height}
        pictures.append({"id": number, "file_name": image.file, **size, "label": image.label})
        for name, (left, top, right, bottom) in zip(image.names, image.boxes, strict=True):
            box = [left, top, right - left, bottom - top]
            owner = {"id": len(annotations) + 1, "image_id": number, "category_id": numbers[name]}
            annotations.append(owner | {"bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": number, "name": name, "supercategory": "symbol"} for name, number in numbers.items()]
    return {"images": pictures, "annotations": annotations, "categories": categories}
