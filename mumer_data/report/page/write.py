"""Collects figures, slices, confusions and wrong rows of one file of predictions, and writes them as one page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mumer_data.alignment.confusions import Confusions
from mumer_data.io.atomic import atomic_write
from mumer_data.metrics import DEFAULT
from mumer_data.metrics.evaluate import Evaluation, Figure, evaluate_pairs
from mumer_data.metrics.pairs import pair_up
from mumer_data.readers.files import open_store
from mumer_data.records import Prediction
from mumer_data.report.page.drawing import Outlines
from mumer_data.report.page.rows import Pictures, wrong_rows
from mumer_data.report.scores import title, with_interval, written

_HEADLINE = ("exprate", "le1", "le2", "exprate_cdm", "viseq", "cdm_f1", "rating", "struct_rate")
_SLICED = ("length", "depth", "structure", "dataset")
_MAX_SLICES = 14  # rows of a table of slices
_MAX_CELLS = 70  # cells of the heat map
_NOTHING = "∅"


def write_report(
    predictions: Sequence[Prediction],
    folder: Path,
    *,
    name: str,
    images: Path | None = None,
    most_images: int = 2_000,
    normalizer: str = "none",
) -> Path:
    """Write ``index.html``, which needs no other file and no network.

    Args:
        predictions: at least one.
        folder: made where it is missing.
        name: name of the predictions, for the heading.
        images: folder or archive in which images are looked up by path, file name or id.
        most_images: how many images are embedded in the page; the rows after them have none.
        normalizer: as in `evaluate`.

    Raises:
        OutputError: the page cannot be written.
        SourceError: ``images`` is not a folder or archive.
    """
    pairs = pair_up(predictions)
    evaluation = evaluate_pairs([pairs], metrics=[*DEFAULT, "cdm", "rating"], normalizer=normalizer, by=_SLICED)
    confusions = Confusions()
    for row in predictions:
        confusions.add_prediction(row.label, row.prediction, row.id)
    outlines = Outlines()
    heat, cells = _heat_map(confusions)
    pictures = Pictures(None if images is None else open_store(images), most_images)
    rows = list(wrong_rows(pairs, outlines, pictures, cells))
    data = {"rows": rows, "outlines": outlines.paths}
    page = _page(evaluation, name, heat, data)
    path = folder / "index.html"
    with atomic_write(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _page(evaluation: Evaluation, name: str, heat: dict[str, Any], data: dict[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader

    # "<" is escaped in the data: no text of a model can end the script element.
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    packed = packed.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    environment = Environment(loader=PackageLoader("mumer_data.report.page", "parts"), autoescape=True)
    signatures = dict.fromkeys(figure.signature.partition("|")[2] for figure in evaluation.figures.values())
    return environment.get_template("page.html").render(
        name=name,
        n=evaluation.n,
        wrong=len(data["rows"]),
        counts=evaluation.counts,
        figures=[_card(key, evaluation.figures[key]) for key in _HEADLINE if key in evaluation.figures],
        others=[(title(k), with_interval(k, f)) for k, f in evaluation.figures.items() if k not in _HEADLINE],
        slices=_slices(evaluation),
        heat=heat,
        signatures=list(signatures),
        data=packed,
    )


def _card(name: str, figure: Figure) -> dict[str, Any]:
    maximum = {"cdm_f1": 1.0, "rating": 10.0}.get(name, 100.0)
    share = [min(100.0, max(0.0, value / maximum * 100)) for value in (figure.low, figure.value, figure.high)]
    interval = f"{written(name, figure.low)} – {written(name, figure.high)}"
    return {"title": title(name), "value": written(name, figure.value), "interval": interval, "share": share}


def _slices(evaluation: Evaluation) -> list[dict[str, Any]]:
    tables = []
    for key, slices in evaluation.slices.items():
        if key == "dataset" and len(slices) < 2:
            continue
        lines = [
            {
                "name": name,
                "n": n,
                **_card("exprate", figures["exprate"]),
                "viseq": written("viseq", figures["viseq"].value),
            }
            for name, (n, figures) in list(slices.items())[:_MAX_SLICES]
        ]
        tables.append({"key": key, "lines": lines})
    return tables


def _heat_map(confusions: Confusions) -> tuple[dict[str, Any], dict[tuple[str, str], int]]:
    """The most frequent confusions as a table, and the number of each cell."""
    counts: dict[tuple[str, str], list[float]] = {}
    for row in confusions.all_datasets().rows():
        if len(counts) == _MAX_CELLS and (row.confusion.label, row.confusion.prediction) not in counts:
            continue
        cell = counts.setdefault((row.confusion.label, row.confusion.prediction), [0, 0.0])
        cell[0] += row.count
        cell[1] += row.rate
    numbers = {key: number for number, key in enumerate(counts)}
    down = sorted({label for label, _ in counts}, key=_by_name)
    across = sorted({text for _, text in counts}, key=_by_name)
    largest = max((count for count, _ in counts.values()), default=1)
    table = [
        (
            label or _NOTHING,
            [
                None
                if (label, text) not in counts
                else {
                    "number": numbers[label, text],
                    "count": int(counts[label, text][0]),
                    "rate": f"{counts[label, text][1]:.1%}",
                    "shade": round((counts[label, text][0] / largest) ** 0.5, 3),
                    "text": text or _NOTHING,
                }
                for text in across
            ],
        )
        for label in down
    ]
    return {"across": [text or _NOTHING for text in across], "rows": table}, numbers


def _by_name(name: str) -> tuple[bool, str, str]:
    return not name, name.lstrip("\\").casefold(), name
