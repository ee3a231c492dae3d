"""Prediction files -> the images to label first.

Not for the selection: see `mumer_data.voting.selection`. `mumer report` shows the file with its images.
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
    """Write the images to label as JSON lines.

    Fields: ``img_id``, ``gt``, ``pred`` (the label with most votes), ``doubt``, ``confusions``, ``readings``.

    Args:
        paths: predictions of the same images by several models or samples; labels are copied, not used.
        budget: maximum number of images; those on which all sources agree are never selected.
        out: the file to write.
        preset: preset of the normaliser; see `normalized_sources`.

    Returns:
        ``images``, ``disagreements``, ``selected``, ``confusions`` (number of different ones), ``covered``.

    Raises:
        SourceError: a file cannot be read.
        VoteError: there is only one source.
    """
    sources, _ = read_sources(paths, preset)
    keys = list(dict.fromkeys(key for source in sources for key in source.rows))
    rows = [[source.rows[key] for source in sources if key in source.rows] for key in keys]
    results = [doubtful_of(index, [row.prediction for row in group]) for index, group in enumerate(rows)]
    doubtful = [image for image in results if image is not None]
    chosen = select(doubtful, budget)
    with atomic_write(out) as partial, partial.open("w", encoding="utf-8") as file:
        for image in chosen:
            first = rows[image.index][0]
            row: dict[str, Any] = {"img_id": first.id, "gt": first.label, "pred": image.label}
            row |= {"image_path": first.image} if first.image else {}
            row |= {"dataset": first.dataset} if first.dataset else {}
            readings = list(dict.fromkeys(row.prediction for row in rows[image.index]))
            row |= {"doubt": round(image.doubt, 4), "confusions": image.confusions, "readings": readings}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    counts = {"images": len(rows), "disagreements": len(doubtful), "selected": len(chosen)}
    counts["confusions"] = len({pair for image in doubtful for pair in image.confusions})
    return counts | {"covered": len({pair for image in chosen for pair in image.confusions})}
