"""One InkML document -> strokes, annotations and symbol segmentation, as CROHME and MathWriting write them.

Refuses document types, so no entity is ever expanded; not for finding files (see `ink_files`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import numpy as np

from mumer_data.exceptions import MumerError
from mumer_data.images.render_ink import Stroke

MAX_BYTES = 32 << 20
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)", re.IGNORECASE)


class InkMLError(MumerError):
    """An InkML document that cannot be read; ``reason`` is a short name for the rejects table."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        return InkMLError, (self.reason, self.message)


@dataclass(frozen=True, slots=True)
class InkSymbol:
    """One segmented symbol: its label, and the ids of its strokes."""

    label: str
    traces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InkDocument:
    """The content of an InkML file.

    Attributes:
        annotations: type -> text, of the document itself (``truth``, ``UI``, ``label``, ``writer``, ...).
        strokes: trace id -> array of shape (points, 2): x to the right, y downwards, in the device's units.
        symbols: the segmentation, where the file has one.
    """

    annotations: dict[str, str]
    strokes: dict[str, Stroke]
    symbols: list[InkSymbol]


@dataclass(slots=True)
class _Group:
    label: str = ""
    traces: list[str] = field(default_factory=list)
    inner: bool = False


def read_inkml(data: bytes) -> InkDocument:
    """Parse one InkML document, with or without its namespace.

    Source: W3C, Ink Markup Language (InkML), 2011; the layouts of CROHME and MathWriting.

    Raises:
        InkMLError: ``inkml_malformed`` (not XML, a DTD, larger than 32 MiB) or ``ink_invalid`` (a trace without
            numbers in pairs).
    """
    if len(data) > MAX_BYTES:
        raise InkMLError("inkml_malformed", f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}")
    handler = _Handler()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, UnicodeError, ValueError, LookupError) as error:
        raise InkMLError("inkml_malformed", f"not well-formed XML: {error}") from None
    return InkDocument(handler.annotations, handler.strokes, handler.symbols)


def _refuse_doctype(*_: Any) -> None:
    raise InkMLError("inkml_malformed", "the file declares a document type, which ink never needs; entity bombs do")


class _Handler:
    """Collects annotations, strokes and symbols from the parser's events."""

    def __init__(self) -> None:
        self.annotations: dict[str, str] = {}
        self.strokes: dict[str, Stroke] = {}
        self.symbols: list[InkSymbol] = []
        self._groups: list[_Group] = []
        self._open: list[str] = []
        self._attributes: dict[str, str] = {}
        self._text: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        self._open.append(tag)
        if tag in ("trace", "annotation"):
            self._attributes, self._text = attributes, []
        elif tag == "traceGroup":
            if self._groups:
                self._groups[-1].inner = True
            self._groups.append(_Group())
        elif tag == "traceView" and self._groups:
            self._groups[-1].traces.append(attributes.get("traceDataRef", "").lstrip("#"))

    def text(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        tag = self._open.pop()
        if tag == "trace":
            number = self._attributes.get("id") or self._attributes.get(ID) or str(len(self.strokes))
            self.strokes[number] = _points("".join(self._text or ()))
        elif tag == "annotation":
            self._annotate("".join(self._text or ()).strip())
        elif tag == "traceGroup":
            group = self._groups.pop()
            if group.traces and not group.inner:
                self.symbols.append(InkSymbol(group.label, tuple(group.traces)))
        if tag in ("trace", "annotation"):
            self._text = None

    def _annotate(self, text: str) -> None:
        kind = self._attributes.get("type", "")
        if self._groups:
            if kind == "truth":
                self._groups[-1].label = text
        elif self._open == ["ink"]:
            self.annotations.setdefault(kind, text)


ID = "http://www.w3.org/XML/1998/namespace id"


def _points(text: str) -> Stroke:
    """``x y, x y t, ...`` -> an array of x and y; other channels are left out."""
    points = [NUMBER.findall(point)[:2] for point in text.split(",") if point.strip()]
    if any(len(point) < 2 for point in points):
        raise InkMLError("ink_invalid", f"a trace has a point without two numbers: {text.strip()[:60]!r}")
    return np.array(points, dtype=np.float64).reshape(-1, 2)
