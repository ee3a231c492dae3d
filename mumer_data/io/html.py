"""HTML fragments for notebooks: tables and images.

Not for pages: see `mumer_data.report`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape


def table(rows: Iterable[Sequence[object]], header: Sequence[str] = ()) -> str:
    """An HTML table; every cell is escaped."""
    head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr>" if header else ""
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"


def fields(values: Mapping[str, object]) -> str:
    """A table of two columns: name, value."""
    return table(values.items())


def image(data: bytes, kind: str = "png") -> str:
    """An encoded image inside the page."""
    return f'<img src="data:image/{kind};base64,{base64.b64encode(data).decode("ascii")}">'
