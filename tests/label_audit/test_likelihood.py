"""The likelihood of labels and proposals under a recogniser: columns, ranking, and the bundled model at work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import mumer_data
from mumer_data.exceptions import SourceError
from mumer_data.jobs.audit import AuditSource, audit_files
from mumer_data.label_audit.likelihood import with_likelihoods
from mumer_data.label_audit.rank import rank
from mumer_data.label_audit.rows import Answer
from mumer_data.recognizers.onnx import BUNDLED, OnnxModel
from mumer_data.typeset.image import typeset
from tests.label_audit.test_rank import label, rows

Tokens = tuple[str, ...]


def of_image(row_id: str, texts: Sequence[Tokens]) -> list[float | None]:
    """The images show the labels of `rows`; each token that differs costs 3."""
    shown = label(int(row_id[1:])).split()
    return [-1.0 - 3.0 * sum(a != b for a, b in zip(shown, text, strict=False)) for text in texts]


def test_what_the_image_shows_tells_a_wrong_label_from_a_frequent_mistake() -> None:
    audited = rows()
    wrong = next(n for n in range(50) if "k" in label(n) and n % 3)  # the models read the label, right, as it is shown
    audited[wrong] = replace(
        audited[wrong],
        label=tuple(label(wrong).replace("k", "h").split()),
    )
    without = {finding.id: finding for finding in rank(audited)}
    scored = {finding.id: finding for finding in rank(audited, scorer=of_image)}
    assert without[f"e{wrong}"].evidence["image_known"] == 0
    assert scored[f"e{wrong}"].rank == 1
    assert scored[f"e{wrong}"].probability > without[f"e{wrong}"].probability
    evidence = scored[f"e{wrong}"].evidence
    count = sum(token == "k" for token in label(wrong).split())
    assert evidence["image_gain"] == pytest.approx(3.0 * count)
    assert evidence["image_gain_per_event"] == pytest.approx(3.0 * count)  # k read as h is one event
    misread = next(n for n in range(50) if "k" in label(n) and n % 3 == 0)  # the models read h, the image shows k
    assert scored[f"e{misread}"].evidence["image_gain"] < 0
    assert scored[f"e{misread}"].probability < scored[f"e{wrong}"].probability


def test_texts_that_cannot_be_scored_are_not_known() -> None:
    audited = rows(40)
    findings = rank(audited, scorer=lambda _, texts: [None] * len(texts))
    assert {finding.evidence["image_known"] for finding in findings} == {0.0}
    assert [finding.id for finding in findings] == [finding.id for finding in rank(audited)]


def test_each_image_is_asked_for_once_with_all_of_its_texts() -> None:
    asked: dict[str, list[Tokens]] = {}

    def scorer(row_id: str, texts: Sequence[Tokens]) -> list[float | None]:
        assert row_id not in asked
        asked[row_id] = list(texts)
        return [-1.0] * len(texts)

    audited = rows(30)
    audited[0] = replace(audited[0], answers=(Answer(0, ("x",)),))
    found = with_likelihoods(audited, scorer, [replace(audited[1], label=("y",))])
    assert asked["e0"] == [audited[0].label, ("x",)]
    assert ("y",) in asked["e1"]
    assert set(found[1].likelihoods) == set(asked["e1"])


def test_the_bundled_model_scores_typeset_images(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    shown = [f"x + {number % 10} = {number // 10}" for number in range(24)]
    lines = []
    for number, text in enumerate(shown):
        (folder / "images" / f"e{number}.png").write_bytes(typeset(text, size=32))
        lines.append(f"e{number}\t{'x - 3 = 1' if number == 7 else text}\n")
    (folder / "caption.txt").write_text("".join(lines), encoding="utf-8")
    answers = tmp_path / "a.jsonl"
    read = ["x + 2 = 1" if number == 13 else text.replace("8", "9") for number, text in enumerate(shown)]
    lines = [json.dumps({"img_id": f"e{n}", "gt": text, "pred": read[n]}) + "\n" for n, text in enumerate(shown)]
    answers.write_text("".join(lines), encoding="utf-8")
    source = AuditSource([answers], str(folder), score_with="mini")
    findings, _ = audit_files(source, tmp_path / "out")
    by_id = {finding.id: finding for finding in findings}
    assert by_id["e7"].evidence["image_gain"] > 2 > 0 > by_id["e13"].evidence["image_gain"]
    assert json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["score_with"] == "mini"
    columns = pq.read_table(tmp_path / "out" / "audit.parquet").to_pylist()
    assert {row["image_known"] for row in columns} == {1.0}
    images = [folder / "images" / f"e{number}.png" for number in range(24)]
    labels = ["x - 3 = 1" if number == 7 else text for number, text in enumerate(shown)]
    again = mumer_data.audit(read, labels, images, ids=[f"e{number}" for number in range(24)], score_with="mini")
    assert {one.id: one.evidence["image_gain"] for one in again.findings} == {
        one.id: one.evidence["image_gain"] for one in findings
    }


def test_scoring_needs_images(tmp_path: Path) -> None:
    answers = tmp_path / "a.jsonl"
    answers.write_text(
        "".join(json.dumps({"img_id": f"e{n}", "gt": label(n), "pred": label(n)}) + "\n" for n in range(30)),
        encoding="utf-8",
    )
    with pytest.raises(SourceError, match="name a source with images"):
        audit_files(AuditSource([answers], score_with="mini"), tmp_path / "out")


def test_the_score_of_a_reading_is_the_log_probability_of_that_reading() -> None:
    pytest.importorskip("onnxruntime")
    model = OnnxModel(BUNDLED)
    image = typeset("x + 7 = 1", size=32)
    text, log_probability, _ = model.read_one(image)
    reading = tuple(text.split())
    assert model.score(image, [reading]) == [pytest.approx(log_probability, abs=1e-3)]
    right, wrong, unknown = model.score(image, [reading, (*reading, "z"), ("x", "\\nosuchcommand")])
    assert right is not None
    assert wrong is not None
    assert right > wrong + 1
    assert unknown is None
    assert model.score(typeset("x", size=32), [("x",) * 500]) == [None]
