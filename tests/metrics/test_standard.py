"""Error rates against editdistance, BLEU against sacreBLEU itself."""

from __future__ import annotations

import editdistance
import pytest
from hypothesis import given
from sacrebleu.metrics.bleu import BLEU

from mumer_data.metrics.evaluate import evaluate
from tests.metrics.files import files, predictions


@given(files)
def test_as_sacrebleu_and_editdistance_have_it(pairs: list[tuple[str, str]]) -> None:
    found = evaluate(predictions(*pairs), metrics=["standard"]).figures
    labels, texts = [label for label, _ in pairs], [text for _, text in pairs]
    bleu = BLEU(tokenize="none", force=True).corpus_score(texts, [labels]).score
    characters = sum(editdistance.eval(label, text) for label, text in pairs)
    tokens = sum(editdistance.eval(label.split(), text.split()) for label, text in pairs)
    assert found["sacrebleu"].value == pytest.approx(bleu)
    assert found["cer"].value == pytest.approx(characters / sum(map(len, labels)))
    assert found["token_error_rate"].value == pytest.approx(tokens / sum(len(label.split()) for label in labels))
