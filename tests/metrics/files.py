"""Predictions for tests: strategies of pairs of token strings, and the published files."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import strategies as st

from mumer_data.records import Prediction

TOKENS = ("x", "y", "2", "+", "{", "}", "^", "_", "\\frac", "\\alpha")
texts = st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join)
labels = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12).map(" ".join)
files = st.lists(st.tuples(labels, texts), min_size=1, max_size=8)


def predictions(*pairs: tuple[str, str]) -> list[Prediction]:
    """Rows with the ids 0, 1, ..."""
    return [Prediction(str(row), label, text, row=row) for row, (label, text) in enumerate(pairs)]


def published_results(path: Path) -> dict[str, float]:
    """The figures of a results file, under our names."""
    text = path.read_text(encoding="utf-8")
    names = {
        "exprate": r"Exact Match Rate:",
        "le1": r"Error ≤ 1:",
        "le2": r"Error ≤ 2:",
        "le3": r"Error ≤ 3:",
        "edit_score": r"Mean Edit Score:",
        "bleu4": r"BLEU-4 Score:",
        "cer_published": r"Character Error Rate:",
    }
    return {name: float(re.search(rf"{title}\s+([\d.]+)", text)[1]) for name, title in names.items()}  # type: ignore[index]
