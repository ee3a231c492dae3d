"""The marked symbols of ink against labels: differences, and conventions that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mumer_data.jobs.audit import AuditSource, audit_files
from mumer_data.label_audit.rank import rank
from mumer_data.label_audit.rows import AuditRow
from mumer_data.label_audit.segmentation import conflicting_segmentations
from tests.label_audit.test_rank import rows


def row(label: str, ink: str | None, number: int = 0) -> AuditRow:
    return AuditRow(f"e{number}", tuple(label.split()), segmented=None if ink is None else tuple(ink.split()))


@pytest.mark.parametrize(
    ("label", "ink", "difference"),
    [
        ("3 7", "3 7 . 0", "ink: . 0"),
        ("x + 1", "x + i", "ink: i; label: 1"),
        ("x + 1 = 2", "x + 1", "label: 2 ="),
        (r"\frac { a } { b }", "a - b", ""),
        (r"x ^ { \prime }", "x '", ""),
        (r"\mathrm { d } x", "d x", ""),
        (r"\begin{matrix} a & b \end{matrix}", "a", ""),
        ("x", None, ""),
    ],
)
def test_differences(label: str, ink: str | None, difference: str) -> None:
    assert conflicting_segmentations([row(label, ink)]) == [difference]


def test_without_names_only_the_number_is_compared() -> None:
    audited = [replace(row("a + b", None), segmented=("",) * count) for count in (3, 2, 5)]
    assert conflicting_segmentations(audited) == ["", "label: 1 more symbols", "ink: 2 more symbols"]


def test_what_a_source_always_marks_otherwise_is_a_convention() -> None:
    audited = [row(r"\lim x", "l i m x", number) for number in range(20)] + [row("l + x", "i + x", 20)]
    found = conflicting_segmentations(audited)
    assert found[:20] == [""] * 20
    assert found[20] == "label: l"  # i is part of the convention, l in a label is not


def test_a_conflict_raises_the_probability() -> None:
    audited = [replace(one, segmented=tuple(t for t in one.label if t not in "{}^")) for one in rows()]
    assert {finding.signals.segmentation for finding in rank(audited)} == {""}
    audited[9] = replace(audited[9], segmented=(*(audited[9].segmented or ()), "."))
    before = {finding.id: finding.probability for finding in rank(rows())}
    after = {finding.id: finding for finding in rank(audited)}
    assert after["e9"].signals.segmentation == "ink: ."
    assert after["e9"].probability > 5 * before["e9"]
    assert after["e10"].signals.segmentation == ""


def test_an_audit_of_inkml_files(tmp_path: Path) -> None:
    folder = tmp_path / "ink"
    folder.mkdir()
    for number in range(24):
        symbols = ["a", "+", str(number % 10)]
        traces = "".join(f'<trace id="{place}">{place * 9} 0, {place * 9 + 4} 8</trace>' for place in range(3))
        marked = "".join(
            f'<traceGroup><annotation type="truth">{symbol}</annotation>'
            f'<traceView traceDataRef="{place}"/></traceGroup>'
            for place, symbol in enumerate(symbols)
        )
        label = "$a$" if number == 5 else f"$a + {number % 10}$"
        truth = f'<annotation type="truth">{label}</annotation><annotation type="UI">e{number}</annotation>'
        text = f'<ink xmlns="http://www.w3.org/2003/InkML">{truth}{traces}<traceGroup>{marked}</traceGroup></ink>'
        (folder / f"e{number}.inkml").write_text(text, encoding="utf-8")
    pipeline = tmp_path / "ink.yaml"
    pipeline.write_text(
        f"name: ink\nsource: {{format: inkml, path: {folder}}}\ntasks: [recognition]\n", encoding="utf-8"
    )
    findings, _ = audit_files(AuditSource(source=str(pipeline)), tmp_path / "out")
    assert (findings[0].id, findings[0].signals.segmentation) == ("e5", "ink: + 5")
    assert {finding.signals.segmentation for finding in findings[1:]} == {""}
