"""Raw predictions are noticed in every place that compares them with labels, and never score a silent 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import mumer_data
from mumer_data.exceptions import PipelineError
from mumer_data.jobs.evaluate import LabelledFile, compare_files, evaluate_file
from mumer_data.jobs.mine import mine
from mumer_data.mining.candidates import MiningOptions
from mumer_data.mining.counting import count_confusions
from mumer_data.readers.normalized import TokenisedCounts
from mumer_data.records import Prediction
from mumer_data.report.page import write_report

LABELS = ["x ^ { 2 }", "\\frac { a } { b }", "a = b", "a = b", "\\sqrt { y }"]
RAW = ["$x^2$", "The formula is: \\frac{a}{b}", "a=b", "a = b", "\\sqrt{z}"]
NOTICE = "4 of 5 predictions are not tokenised: both sides are normalised with preset crohme"


def written(path: Path, texts: list[str]) -> Path:
    rows = [
        {"img_id": f"i{n}", "gt": label, "pred": text}
        for n, (label, text) in enumerate(zip(LABELS, texts, strict=True))
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_evaluate_normalises_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    evaluation = evaluate_file(LabelledFile(written(tmp_path / "p.jsonl", RAW)))
    assert evaluation["exprate"].value == 80
    assert "norm:crohme" in evaluation["exprate"].signature
    assert NOTICE in caplog.text
    named = evaluate_file(LabelledFile(tmp_path / "p.jsonl"), preset="crohme")
    assert named.to_json() == evaluation.to_json()
    assert evaluate_file(LabelledFile(tmp_path / "p.jsonl"), preset="off")["exprate"].value == 20


def test_the_first_raw_prediction_may_come_late(tmp_path: Path) -> None:
    rows = [{"img_id": str(n), "gt": "x", "pred": "x"} for n in range(45_000)] + [{"gt": "x + 1", "pred": "x+1"}]
    path = tmp_path / "p.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    evaluation = evaluate_file(LabelledFile(path), metrics=["published"])
    assert (evaluation.n, evaluation["exprate"].value) == (45_001, 100)


def test_tokenised_predictions_are_compared_as_they_stand(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = ["x ^ 2", "\\dfrac { a } { b }", "a = b", "a = b", "\\sqrt { y }"]
    evaluation = evaluate_file(LabelledFile(written(tmp_path / "p.jsonl", texts)))
    assert evaluation["exprate"].value == 60
    assert "norm:none" in evaluation["exprate"].signature
    assert not caplog.text


@pytest.mark.parametrize(
    "use",
    [
        lambda path: count_confusions([path]).predictions,
        lambda path: compare_files(path, path).exprate_a,
        lambda path: mumer_data.evaluate(RAW, LABELS)["exprate"].value,
        lambda path: mumer_data.compare(RAW, RAW, LABELS).exprate_b,
        lambda path: mumer_data.mine_errors(RAW, LABELS).counts["correct"],
        lambda path: mine([path], path.parent / "mined", "mined", MiningOptions(), workers=1).counts["correct"],
    ],
)
def test_every_way_to_compare_notices(
    use: Callable[[Path], float], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert use(written(tmp_path / "p.jsonl", RAW)) in (4, 5, 80)
    assert "predictions are not tokenised: both sides are normalised with preset crohme" in caplog.text


def test_a_pair_is_normalised_too() -> None:
    assert mumer_data.cdm("a=b", "a = b").f1 == 1


def test_the_report_normalises(tmp_path: Path) -> None:
    from mumer_data.jobs.evaluate import normalized_file

    rows, preset = normalized_file(LabelledFile(written(tmp_path / "p.jsonl", RAW)), None)
    assert preset == "crohme"
    assert write_report(rows, tmp_path, name="p", normalizer=preset).exists()
    assert [row.prediction for row in rows] == [*LABELS[:4], "\\sqrt { z }"]


def test_the_preset_is_the_one_that_leaves_the_labels() -> None:
    counts = TokenisedCounts()
    for label in ("\\left ( x \\right )", "\\sin x", "\\mathbf { x }"):
        counts.add(Prediction("", label, "x^2"))
    chosen = counts.preset()
    changed = {
        preset: sum(mumer_data.normalize(label, preset) != label for label in counts._sample)
        for preset in ("crohme", "hme100k", "mathwriting", "im2latex")
    }
    assert changed[chosen] == min(changed.values()) < changed["crohme"]


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(PipelineError, match="unknown preset 'chrome'"):
        mumer_data.evaluate(["x"], ["x"], normalize="chrome")


def test_builds_name_the_preset(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"image": mumer_data.handwrite("x").image, "label": label} for label in ("22", "a=b", "x^2", "x")]
    built = mumer_data.build_dataset(rows)
    assert (built.read, built.accepted) == (4, 1)
    assert "3 labels are raw LaTeX, not tokenised: add 'normalize: {preset: crohme}'" in caplog.text
    caplog.clear()
    assert mumer_data.build_dataset(rows, preset="crohme").accepted == 4
    assert not caplog.text


def test_a_pipeline_defines_macros() -> None:
    rows = [{"image": mumer_data.handwrite("x").image, "label": r"x \in \R"}]
    normalize = {"preset": "crohme", "macros": {r"\R": r"\mathbb{R}"}}
    assert mumer_data.build_dataset(rows, normalize=normalize)["recognition"]["label"][:] == [r"x \in \mathbb { R }"]
    with pytest.raises(PipelineError, match="macros need a normalisation preset"):
        mumer_data.build_dataset(rows, normalize={"macros": {r"\R": "R"}})
    with pytest.raises(PipelineError, match="'R' is not the name of a command"):
        mumer_data.build_dataset(rows, normalize={"preset": "crohme", "macros": {"R": "x"}})
