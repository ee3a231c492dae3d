"""Any bytes as an InkML file: strokes that are drawn or refused by name, and metadata that are JSON."""

from __future__ import annotations

import json

from mumer_data.exceptions import ImageError
from mumer_data.images.render_ink import InkStyle, render_ink
from mumer_data.readers.ink_files import document_metadata
from mumer_data.readers.inkml import InkMLError, read_inkml
from tests.readers.test_inkml import BOMB, CROHME, MATHWRITING


def check(data: bytes) -> None:
    try:
        document = read_inkml(data)
    except InkMLError as error:
        assert error.reason in ("inkml_malformed", "ink_invalid")
        return
    json.loads(document_metadata(document))
    try:
        render_ink(list(document.strokes.values()), InkStyle(height=24, padding=2, max_width=64))
    except ImageError:
        pass


def seeds() -> list[bytes]:
    extremes = b"<ink><trace>1e308 -1e308, 1 2</trace><trace>nan inf</trace><trace>0 0, 1e-300 1e300</trace></ink>"
    return [CROHME, MATHWRITING, BOMB, extremes, CROHME.decode().encode("utf-16")]
