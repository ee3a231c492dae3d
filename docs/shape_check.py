"""Which drawn shapes does the bundled reader take for another symbol? Writes data/shape_check.json.

Each shape stands undeformed in a formula: ``3 + S - 8``, or ``3 S 8`` for operators and relations. It is misread where
the reader's label does not have the symbol. Large operators, brackets and dots are left out: they need other formulas.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from handwriting import undeformed

from mumer_data.handwriting.glyphs.builtin import builtin_glyphs
from mumer_data.handwriting.glyphs.glyph import Glyph
from mumer_data.recognizers.onnx import BUNDLED, OnnxModel

RESULTS = Path(__file__).parent / "data" / "shape_check.json"
GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "θ": "theta", "λ": "lambda", "μ": "mu", "π": "pi"}
GREEK |= {"σ": "sigma", "ϕ": "phi", "ω": "omega", "Δ": "Delta"}
BETWEEN = {"+": "+", "<": "<", ">": ">", "×": "\\times", "÷": "\\div", "±": "\\pm", "≤": "\\leq", "≥": "\\geq"}
BETWEEN |= {"≠": "\\neq", "→": "\\rightarrow", "∈": "\\in", "=": "="}


def context(text: str) -> tuple[str, list[str]] | None:
    """The token of a symbol, and a formula with ``S`` in its place; ``None`` where it is left out."""
    if text in BETWEEN:
        return BETWEEN[text], ["3", "S", "8"]
    if text in GREEK or (text.isascii() and text.isalnum()):
        return f"\\{GREEK[text]}" if text in GREEK else text, ["3", "+", "S", "−", "8"]
    return None


def image(glyphs: Sequence[Glyph]) -> bytes:
    """The glyphs side by side, as PNG."""
    strokes, x = [], 0.0
    for glyph in glyphs:
        strokes += [stroke + np.array([x, 0.0]) for stroke in glyph.strokes]
        x += glyph.width + 0.35
    buffer = io.BytesIO()
    undeformed(strokes, size=40, padding=4).save(buffer, "PNG")
    return buffer.getvalue()


def check() -> dict[str, object]:
    """Number of shapes, and for each symbol with misread shapes what they were read as."""
    model, drawn, shapes = OnnxModel(BUNDLED), builtin_glyphs(), 0
    misread: dict[str, list[str]] = {}
    for text, glyphs in drawn.items():
        if (one := context(text)) is None:
            continue
        token, formula = one
        for glyph in glyphs:
            read, _, _ = model.read_one(image([glyph if part == "S" else drawn[part][0] for part in formula]))
            shapes += 1
            if token not in read.split():
                misread.setdefault(token, []).append(read)
    return {"shapes": shapes, "misread": misread}


if __name__ == "__main__":
    RESULTS.write_text(json.dumps(check(), indent=1) + "\n", encoding="utf-8")
