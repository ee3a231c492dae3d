"""Label and prediction, both typeset, with what CDM matched in green and the rest in red.

Not for scores: see `mumer_data.metrics.cdm`.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from mumer_data.io.atomic import atomic_write
from mumer_data.metrics.cdm import setting_of
from mumer_data.metrics.cdm.match import Marks, match
from mumer_data.typeset.errors import TypesetError
from mumer_data.typeset.formula import TypesetFormula

if TYPE_CHECKING:
    from PIL.Image import Image

MATCHED, UNMATCHED = "#1a7f37", "#cf222e"
_GAP = 24  # pixels between the two formulas
_LINE_HEIGHT = 28  # height of a line of text, in pixels


def overlays(label: str, text: str) -> tuple[str, str]:
    """Both formulas as SVG with boxes; ``""`` for one that cannot be typeset."""
    settings = [_typeset_or_none(formula) for formula in (label, text)]
    ours, theirs = settings
    pairs = match(Marks(*ours.boxes), Marks(*theirs.boxes)).pairs if ours and theirs else None
    drawn = []
    for side, setting in enumerate(settings):
        matched = set() if pairs is None else set(pairs[:, side].tolist())
        drawn.append("" if setting is None else _draw(setting, matched))
    return drawn[0], drawn[1]


def _typeset_or_none(formula: str) -> TypesetFormula | None:
    try:
        return setting_of(formula)
    except TypesetError:
        return None


def _draw(setting: TypesetFormula, matched: set[int]) -> str:
    svg = setting.svg()
    for mark, (left, top, right, bottom) in enumerate(setting.boxes[1].tolist()):
        colour = MATCHED if mark in matched else UNMATCHED
        geometry = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        attributes = {name: f"{value:.2f}" for name, value in geometry.items()}
        style = {"fill": colour, "fill-opacity": "0.12", "stroke": colour, "stroke-width": "1"}
        ElementTree.SubElement(svg, "rect", attributes | style)
    return ElementTree.tostring(svg, encoding="unicode")


def overlay_pictures(label: str, text: str) -> list[Image | None]:
    """Both formulas with boxes; ``None`` for one that cannot be typeset."""
    return [_picture(svg) for svg in overlays(label, text)]


def write_overlay(label: str, text: str, path: Path) -> None:
    """One PNG file: the label above the prediction; raises ``OutputError`` where it cannot be written."""
    with atomic_write(path) as temporary:
        overlay_page(label, text).save(temporary, "PNG")


def overlay_page(label: str, text: str) -> Image:
    """One image: the label above the prediction."""
    from PIL import Image, ImageDraw

    pictures = overlay_pictures(label, text)
    width = max(240, *(picture.width for picture in pictures if picture))
    height = sum((picture.height if picture else 0) + _LINE_HEIGHT + _GAP for picture in pictures)
    page = Image.new("RGB", (width + 2 * _GAP, height), "white")
    draw, y = ImageDraw.Draw(page), 8
    for name, picture in zip(("label", "prediction"), pictures, strict=True):
        draw.text((_GAP, y), name if picture else f"{name}: cannot be typeset", fill="#57606a", font_size=16)
        y += _LINE_HEIGHT
        if picture:
            page.paste(picture, (_GAP, y))
            y += picture.height
        y += _GAP
    return page


def _picture(svg: str) -> Image | None:
    import resvg_py
    from PIL import Image

    if not svg:
        return None
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, background="white", zoom=2)))).convert(
        "RGB"
    )
