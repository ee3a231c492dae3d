"""The figures of `mumer evaluate` on a file that `mumer predict` has just written."""

from __future__ import annotations

from pathlib import Path

from mumer_data.io.atomic import write_json
from mumer_data.metrics.evaluate import Evaluation, evaluate
from mumer_data.readers.predictions import load_predictions
from mumer_data.report.scores import print_evaluation


def judge(predictions: Path) -> Evaluation:
    """Print the figures, and keep them as ``mumer evaluate FILE --json`` prints them in ``FILE.evaluation.json``."""
    found = evaluate(load_predictions(predictions))
    write_json(
        predictions.with_name(f"{predictions.name}.evaluation.json"), {"file": str(predictions), **found.to_json()}
    )
    print_evaluation(str(predictions), found)
    return found
