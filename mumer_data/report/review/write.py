"""The review page: one file with images, typeset labels and proposals, and the grammar that checks edits.

Not for applying decisions: see `mumer_data.readers.corrections`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mumer_data.exceptions import ImageError, MumerError
from mumer_data.io.atomic import atomic_write
from mumer_data.label_audit.rank import Finding
from mumer_data.latex.grammar import load_grammar
from mumer_data.latex.lalr import MUST_STAND_ALONE
from mumer_data.report.overlay import overlays

_KINDS = ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"RIFF", "webp"))


def write_review(
    findings: Sequence[Finding], images: Mapping[str, Callable[[], bytes]], path: Path, *, name: str
) -> None:
    """Write the page, which needs no other file and no network.

    Args:
        findings: the rows to review, in order.
        images: id -> a function that reads its image; rows without one show a note.
        path: path of the page.
        name: name of the data set; the browser stores decisions under this name.

    Raises:
        OutputError: the page cannot be written.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("mumer_data.report.review", "parts"), autoescape=True)
    rows = [_row(finding, images.get(finding.id)) for finding in findings]
    page = environment.get_template("review.html").render(
        name=name,
        count=len(rows),
        rows=_script_json(rows),
        grammar=_script_json(grammar_tables()),
        key=_script_json(name),
    )
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def grammar_tables() -> dict[str, Any]:
    """What a checker of labels needs: terminals, the LALR(1) table, first and last state."""
    grammar = load_grammar()
    return {
        "exact": grammar.exact,
        "regexes": grammar.regexes,
        "actions": grammar.actions,
        "start": grammar.start,
        "end": grammar.end,
        "alone": sorted(MUST_STAND_ALONE),
    }


def _script_json(value: Any) -> str:
    """JSON that cannot end a script element."""
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return packed.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _row(finding: Finding, read: Callable[[], bytes] | None) -> dict[str, Any]:
    label, proposal = drawings(finding.label, finding.proposal)
    return {
        "id": finding.id,
        "label": finding.label,
        "proposal": finding.proposal,
        "probability": round(finding.probability, 3),
        "signals": {key: value for key, value in asdict(finding.signals).items() if value},
        "agreement": round(finding.evidence["agreement"], 2),
        "misfit": round(finding.evidence["ink_misfit"], 1),
        "labelSvg": label,
        "proposalSvg": proposal,
        "image": _data_url(read),
    }


def drawings(label: str, proposal: str) -> tuple[str, str]:
    """Label and proposal as SVG, what differs in red; ``""`` for a text that cannot be typeset."""
    try:
        one, other = overlays(label, proposal or label)
    except (MumerError, ValueError, KeyError):
        return "", ""
    return one, other if proposal else ""


def _data_url(read: Callable[[], bytes] | None) -> str:
    if read is None:
        return ""
    try:
        data = read()
    except (ImageError, OSError):
        return ""
    kind = next((kind for magic, kind in _KINDS if data.startswith(magic)), "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
