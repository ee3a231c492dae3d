"""The published figures: against the published files, and against NLTK and editdistance on any tokens."""

from __future__ import annotations

from pathlib import Path

import editdistance
import numpy as np
import pytest
from hypothesis import given
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu

from mumer_data.metrics.evaluate import evaluate
from mumer_data.metrics.pairs import pair_up
from mumer_data.readers.predictions import load_predictions
from tests.metrics.files import files, predictions, published_results


@pytest.mark.parametrize("model", ["3b", "7b"])
def test_real_files_give_the_published_figures(shared: Path, model: str) -> None:
    folder = shared / "golden" / "predictions"
    found = evaluate(load_predictions(folder / f"crohme_2014_{model}_pred.json"), metrics=["published"]).to_json()
    expected = published_results(folder / f"crohme_2014_{model}_results.txt")
    assert found["n"] == 986
    assert {name: round(found[name], 4) for name in expected} == expected


@given(files)
def test_as_nltk_and_editdistance_have_it(pairs: list[tuple[str, str]]) -> None:
    found = evaluate(predictions(*pairs), metrics=["published"]).figures
    labels, texts = [label.split() for label, _ in pairs], [text.split() for _, text in pairs]
    edits = [editdistance.eval(label, text) for label, text in zip(labels, texts, strict=True)]
    bleu = corpus_bleu([[label] for label in labels], texts, smoothing_function=SmoothingFunction().method4)
    scores = [1 - edit / max(len(a), len(b)) for edit, a, b in zip(edits, labels, texts, strict=True)]
    assert found["exprate"].value == pytest.approx(100 * np.mean([edit == 0 for edit in edits]))
    assert found["le2"].value == pytest.approx(100 * np.mean([edit <= 2 for edit in edits]))
    assert found["edit_score"].value == pytest.approx(100 * np.mean(scores))
    assert found["cer_published"].value == pytest.approx(sum(edits) / sum(len(label) for label, _ in pairs))
    assert found["bleu4"].value == pytest.approx(100 * float(bleu))


def test_more_kinds_of_tokens_than_there_are_characters() -> None:
    label = " ".join(f"t{number}" for number in range(70_000))
    found = pair_up(predictions((label, label.replace("t69999", "x"))))
    assert found.token_distances.tolist() == [1]
