"""The ranking of doubtful labels: planted mistakes come first, and each signal stands in its own column."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

import mumer_data
from mumer_data.exceptions import SourceError
from mumer_data.images.perceptual_hash import phash
from mumer_data.label_audit.baselines import consensus_entropy, naive_scores
from mumer_data.label_audit.evidence import ErrorCounts, Evidence, error_keys
from mumer_data.label_audit.ink import InkModel, ink_components
from mumer_data.label_audit.plausibility import LabelModel
from mumer_data.label_audit.rank import COLUMNS, rank
from mumer_data.label_audit.rows import Answer, AuditRow, proposal_of, votes_of


def label(number: int) -> str:
    """One of many different labels."""
    letters = ["a", "b", "c", "d", "k", "m", "n", "q", "r", "t"]
    first, second = letters[number % 10], letters[number // 10 % 10]
    return f"{first} ^ {{ {number % 7 + 2} }} + \\frac {{ {second} }} {{ {number % 9 + 1} }} = {first} {second}"


def rows(count: int = 120, models: int = 2) -> list[AuditRow]:
    """Right labels; the models often read k as h, and sometimes q as 9."""
    made = []
    for number in range(count):
        right = label(number)
        read = right.replace("k", "h") if number % 3 == 0 else right.replace("q", "9") if number % 4 == 0 else right
        answers = tuple(Answer(model, tuple(read.split())) for model in range(models))
        made.append(AuditRow(f"e{number}", tuple(right.split()), answers))
    return made


def with_label(row: AuditRow, text: str) -> AuditRow:
    return replace(row, label=tuple(text.split()))


def test_a_label_of_another_row_comes_before_frequent_confusions() -> None:
    audited = rows()
    audited[41] = with_label(audited[41], label(77))
    findings = rank(audited)
    assert findings[0].id == "e41"
    assert findings[0].proposal == label(41)
    assert findings[0].probability > 5 * findings[1].probability > 0
    assert findings[0].swap > findings[0].slip
    assert [finding.rank for finding in findings] == list(range(1, 121))


def test_an_unusual_reading_counts_more_than_a_frequent_confusion() -> None:
    audited = rows()
    assert "k" in label(4)
    audited[5] = with_label(audited[5], label(5).replace("+", "-"))
    by_id = {finding.id: finding for finding in rank(audited)}
    confused = [row for row in audited if row.id != "e5" and row.answers[0].tokens != row.label]
    assert len(confused) > 5
    assert by_id["e5"].rank == 1
    assert all(by_id[row.id].probability < by_id["e5"].probability for row in confused)


def test_one_model_is_enough() -> None:
    audited = rows(models=1)
    audited[50] = with_label(audited[50], label(93))
    assert rank(audited)[0].id == "e50"


def test_equal_input_gives_equal_results() -> None:
    assert rank(rows()) == rank(rows())


def test_without_predictions_only_the_other_signals_speak() -> None:
    audited = [replace(row, answers=()) for row in rows()]
    audited[3] = with_label(audited[3], "\\frac { a")
    findings = rank(audited)
    assert findings[0].id == "e3"
    assert "never closes" in findings[0].signals.syntax
    assert findings[1].probability < 0.1


def test_the_label_as_released_and_the_label_of_a_neighbour() -> None:
    audited = rows()
    audited[10] = replace(audited[10], raw_label=("a", "^", "{", "3", "}"))
    audited[11] = replace(audited[11], raw_label=(*audited[11].label, "\\limits"))
    audited[20] = with_label(audited[20], label(21))
    audited[21] = with_label(audited[21], label(20))
    signals = {finding.id: finding.signals for finding in rank(audited)}
    assert signals["e10"].raw_label == "a ^ { 3 }"
    assert signals["e11"].raw_label == ""  # an image cannot show \limits
    assert {signals["e20"].neighbour, signals["e21"].neighbour} == {"e21", "e20"} or signals["e21"].neighbour == "e20"


def test_a_model_that_reads_the_label_as_released_confirms_it() -> None:
    audited = rows()
    for number, reads_it in ((10, True), (12, False)):
        raw = tuple(label(number).replace("+", "-").split())
        answers = (Answer(0, raw), Answer(1, audited[number].label)) if reads_it else audited[number].answers
        audited[number] = replace(audited[number], raw_label=raw, answers=answers)
    findings = {finding.id: finding for finding in rank(audited)}
    assert findings["e10"].signals.confirmed
    assert not findings["e12"].signals.confirmed
    assert findings["e10"].probability > findings["e12"].probability


def test_errors_are_counted_without_the_row_itself() -> None:
    audited = rows()
    evidence = Evidence.of(audited)
    before = (dict(evidence.errors.models[0]), dict(evidence.labels.grams), evidence.errors.rows)
    for row in audited:
        evidence.features(row)
    after = (dict(evidence.errors.models[0]), dict(evidence.labels.grams), evidence.errors.rows)
    assert {key: count for key, count in before[0].items() if count} == {k: c for k, c in after[0].items() if c}
    assert before[2] == after[2] == 120
    assert {key: count for key, count in before[1].items() if count} == {k: c for k, c in after[1].items() if c}


def test_a_frequent_confusion_has_a_higher_rate_than_a_new_one() -> None:
    counts = ErrorCounts.of(rows())
    often = error_keys(("k", "+", "1"), ("h", "+", "1"))
    never = error_keys(("k", "+", "1"), ("z", "+", "1"))
    assert counts.log_rate(often, [0]) > counts.log_rate(never, [0]) + 2


def test_each_model_has_one_vote_divided_among_its_samples() -> None:
    answers = [Answer(0, ("a",)), Answer(0, ("a",)), Answer(0, ("b",)), Answer(1, ("b",))]
    assert votes_of(answers) == pytest.approx({("a",): 1 / 3, ("b",): 2 / 3})
    proposal = proposal_of(("a",), answers)
    assert proposal is not None
    assert (proposal.tokens, proposal.models) == (("b",), (0, 1))


def test_a_confident_sample_weighs_more() -> None:
    sure, unsure = Answer(0, ("a", "b"), -0.01), Answer(0, ("a", "c"), -2.0)
    votes = votes_of([sure, unsure])
    assert votes["a", "b"] > 0.9


def test_the_language_model_prefers_labels_like_the_others() -> None:
    model = LabelModel.of(row.label for row in rows())
    usual, odd = "a ^ { 2 } + 1", "a ^ { + } 2 1"
    assert model.log_probability(usual.split()) > model.log_probability(odd.split()) + 3


def picture(symbols: int, width: int = 20) -> bytes:
    image = Image.new("L", (30 * symbols + 10, 60), 255)
    draw = ImageDraw.Draw(image)
    for number in range(symbols):
        draw.rectangle((30 * number + 5, 20, 30 * number + 5 + width, 40), fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_components_of_ink() -> None:
    assert [ink_components(picture(number)) for number in (1, 3, 7)] == [1, 3, 7]
    empty = io.BytesIO()
    Image.new("L", (20, 20), 255).save(empty, "PNG")
    assert ink_components(empty.getvalue()) == 0


def test_ink_that_does_not_fit_the_label() -> None:
    rng = np.random.default_rng(0)
    labels = [["a", "=", "b"] * int(rng.integers(1, 6)) for _ in range(60)]
    model = InkModel.fit(labels, [4 * len(one) // 3 for one in labels])  # = has two components
    assert model.weights["="] > model.weights["a"]
    assert model.misfit(["a", "=", "b"] * 4, 16) < 1 < 3 < model.misfit(["a", "=", "b"] * 4, 1)


def test_one_image_under_two_labels() -> None:
    audited = rows()
    rng = np.random.default_rng(1)
    looks = []
    for _ in audited:
        image = Image.fromarray((rng.random((40, 120)) > 0.7).astype(np.uint8) * 255)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        looks.append(phash(buffer.getvalue()))
    looks[30] = looks[31]
    signals = {finding.id: finding.signals.duplicate_of for finding in rank(audited, looks)}
    assert {name: other for name, other in signals.items() if other} == {"e30": "e31", "e31": "e30"}


@pytest.mark.parametrize(
    ("count", "prior", "message"), [(5, 0.02, "5 rows are fewer than 20"), (120, 0.9, "0.9 is not between 0 and 0.5")]
)
def test_unusable_input(count: int, prior: float, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        rank(rows(count), prior=prior)


def test_baselines() -> None:
    audited = [
        AuditRow("agree", ("a",), (Answer(0, ("b",)), Answer(1, ("b",)))),
        AuditRow("differ", ("a",), (Answer(0, ("b",)), Answer(1, ("c",)))),
        AuditRow("right", ("a",), (Answer(0, ("a",)), Answer(1, ("a",)))),
    ]
    assert naive_scores(audited) == [1.0, 0.0, 0.0]
    assert consensus_entropy(audited) == [0.0, 1.0, 0.0]


def test_in_memory() -> None:
    audited = rows()
    references = [" ".join(row.label) for row in audited]
    references[41] = label(77)
    texts = [" ".join(row.answers[0].tokens) for row in audited]
    result = mumer_data.audit({"small": texts, "large": texts}, references, ids=[row.id for row in audited])
    table = result.table
    assert list(table.columns) == COLUMNS
    assert table.loc[0, "id"] == "e41"
    assert result.models == ["small", "large"]
    assert result.doubtful(0.2)[0].id == "e41"
    assert "e41" in result._repr_html_()
    assert callable(mumer_data.audit)  # no module hides the function


def test_in_memory_one_model_with_images_and_released_labels() -> None:
    audited = rows(30, models=1)
    references = [" ".join(row.label) for row in audited]
    raw = list(references)
    raw[7] = "a^2+1"
    images = [picture(8 + number % 3, 8 + number % 13) for number in range(30)]
    texts = [" ".join(row.answers[0].tokens) for row in audited]
    result = mumer_data.audit(texts, references, images, raw)
    found = {finding.id: finding for finding in result.findings}
    assert [one.id for one in result.findings if one.signals.raw_label] == ["7"]
    assert found["7"].signals.raw_label == "a ^ { 2 } + 1"
    alone = {one.id: one.probability for one in mumer_data.audit(texts, references, images).findings}
    assert found["7"].probability > 10 * alone["7"]
    assert found["7"].evidence["ink_known"] == 1.0


def test_lists_that_do_not_match() -> None:
    with pytest.raises(SourceError, match="2 references, 1 images"):
        mumer_data.audit(["a", "b"], ["a", "b"], images=[picture(1)])
    with pytest.raises(SourceError, match="there are no predictions"):
        mumer_data.audit([], ["a"])
