"""Export of rendered ink: InkML with segmentation, and symbol boxes in COCO format.

Not for reading InkML (see `readers.inkml`) nor for writing files.
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


def inkml(rendered: RenderedInk, name: str, writer: str = "") -> str:
    """InkML as CROHME writes it: strokes in pixels of the image, the label, and the strokes of each symbol.

    Args:
        rendered: see `ink.draw`.
        name: id of the expression, annotation ``UI``.
        writer: name of the writer, annotation ``writer``.

    Source: W3C, Ink Markup Language (InkML), 2011; H. Mouchère et al., CROHME 2011 to 2019.
    """
    notes = {"truth": f"${rendered.writing.label}$", "UI": name, "writer": writer}
    lines = [_HEAD.rstrip(), *(_annotation(kind, text) for kind, text in notes.items() if text)]
    for number, stroke in enumerate(rendered.strokes):
        points = ", ".join(f"{x:.2f} {y:.2f}" for x, y in stroke.tolist())
        lines.append(f'<trace id="{number}">{points}</trace>')
    lines += ['<traceGroup xml:id="all">', _annotation("truth", "Segmentation")]
    for mark, symbol in enumerate(rendered.names):
        views = "".join(
            f'<traceView traceDataRef="{number}"/>'
            for number, owner in enumerate(rendered.writing.marks)
            if owner == mark
        )
        lines.append(f'<traceGroup xml:id="s{mark}">{_annotation("truth", symbol)}{views}</traceGroup>')
    return "\n".join([*lines, "</traceGroup>", "</ink>", ""])


def _annotation(kind: str, text: str) -> str:
    return f"<annotation type={quoteattr(kind)}>{escape(text)}</annotation>"


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """One image with its symbol boxes (left, top, right, bottom in pixels)."""

    file: str
    width: int
    height: int
    label: str
    names: Sequence[str]
    boxes: Sequence[Sequence[int]]


def annotated_image(rendered: RenderedInk, file: str) -> AnnotatedImage:
    """The input of `coco` for one rendered expression; ``file`` is the name of its image."""
    label, boxes = rendered.writing.label, rendered.boxes.tolist()
    return AnnotatedImage(file, rendered.image.width, rendered.image.height, label, rendered.names, boxes)


def coco(images: Iterable[AnnotatedImage]) -> dict[str, Any]:
    """Images and symbol boxes as a COCO detection data set; categories are tokens, numbered from 1 in sorted order.

    Source: the data format of COCO, https://cocodataset.org/#format-data
    """
    annotated = list(images)
    names = sorted({name for image in annotated for name in image.names})
    numbers = {name: number for number, name in enumerate(names, 1)}
    pictures: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(annotated, 1):
        size = {"width": image.width, "height": image.height}
        pictures.append({"id": number, "file_name": image.file, **size, "label": image.label})
        for name, (left, top, right, bottom) in zip(image.names, image.boxes, strict=True):
            box = [left, top, right - left, bottom - top]
            owner = {"id": len(annotations) + 1, "image_id": number, "category_id": numbers[name]}
            annotations.append(owner | {"bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": number, "name": name, "supercategory": "symbol"} for name, number in numbers.items()]
    return {"images": pictures, "annotations": annotations, "categories": categories}
