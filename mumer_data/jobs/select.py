"""Prediction files -> the images that a person should label first.

Not for the choice: see `mumer_data.voting.selection`. `mumer report` shows the file with its images.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mumer_data.io.atomic import atomic_write
from mumer_data.jobs.vote import read_sources
from mumer_data.voting.selection import doubtful_of, select


def select_files(paths: Sequence[Path], budget: int, out: Path, *, preset: str | None = None) -> dict[str, Any]:
    """Write the images to label as JSON lines: ``img_id``, ``gt``, ``pred`` (what most say), ``doubt``, ``readings``.

    Args:
        paths: predictions of the same images by several models or samples; labels are copied, and not used.
        budget: images to select, at most; those on which all agree are never selected.
        out: the file.
        preset: of the normaliser; see `answer_normalizer`.

    Returns:
        ``images``, ``disagreements``, ``selected``, ``confusions`` (different ones in all), ``covered``.

    Raises:
        SourceError: a file cannot be read.
        VoteError: there is one source only.
    """
    sources, _ = read_sources(paths, preset)
    keys = list(dict.fromkeys(key for source in sources for key in source.rows))
    rows = [[source.rows[key] for source in sources if key in source.rows] for key in keys]
    found = [doubtful_of(place, [row.text for row in group]) for place, group in enumerate(rows)]
    doubtful = [one for one in found if one is not None]
    chosen = select(doubtful, budget)
    with atomic_write(out) as partial, partial.open("w", encoding="utf-8") as file:
        for one in chosen:
            first = rows[one.place][0]
            row: dict[str, Any] = {"img_id": first.id, "gt": first.label, "pred": one.label}
            row |= {"image_path": first.image} if first.image else {}
            row |= {"dataset": first.dataset} if first.dataset else {}
            readings = list(dict.fromkeys(row.text for row in rows[one.place]))
            row |= {"doubt": round(one.doubt, 4), "confusions": one.confusions, "readings": readings}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = {"images": len(rows), "disagreements": len(doubtful), "selected": len(chosen)}
    counts["confusions"] = len({pair for one in doubtful for pair in one.confusions})
    return counts | {"covered": len({pair for one in chosen for pair in one.confusions})}
