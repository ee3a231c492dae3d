"""Label graphs: objects by their places, relations as CROHME names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from mumer_data.exceptions import OutputError
from mumer_data.latex.parser import parse
from mumer_data.metrics.label_graph import label_graph, write_label_graphs
from mumer_data.metrics.pairs import pair_up
from tests.latex.labels import labels
from tests.metrics.files import predictions


@pytest.mark.parametrize(
    ("label", "objects", "relations"),
    [
        ("x ^ { 2 } y", ["x", "2", "y"], {("x", "2", "Sup"), ("x", "y", "Right")}),
        ("\\frac { a } { b }", ["-", "a", "b"], {("-", "a", "Above"), ("-", "b", "Below")}),
        ("\\sum \\limits _ { i } i", ["\\sum", "i", "i"], {("\\sum", "i", "Below"), ("\\sum", "i", "Right")}),
        ("\\sqrt [ 3 ] { x }", ["\\sqrt", "3", "x"], {("\\sqrt", "3", "Above"), ("\\sqrt", "x", "Inside")}),
        ("{ { a } b }", ["a", "b"], {("a", "b", "Right")}),
        ("a , b", ["a", "COMMA", "b"], {("a", "COMMA", "Right"), ("COMMA", "b", "Right")}),
    ],
)
def test_graphs(label: str, objects: list[str], relations: set[tuple[str, str, str]]) -> None:
    found = label_graph(parse(label))
    names = dict(found.objects)
    assert sorted(names.values()) == sorted(objects)
    assert {(names[parent], names[child], name) for parent, child, name in found.relations} == relations


@given(labels())
def test_a_graph_is_a_tree_with_names_of_its_own(label: str) -> None:
    found = label_graph(parse(label))
    paths = [path for path, _ in found.objects]
    assert len(set(paths)) == len(paths)
    children = [child for _, child, _ in found.relations]
    assert len(set(children)) == len(children)
    assert {*children, *(parent for parent, _, _ in found.relations)} <= set(paths)


def test_files_pair_up(tmp_path: Path) -> None:
    pairs = pair_up(predictions(("x ^ { 2 }", "x _ { 2 }"), ("x", "x ^ {")))
    assert write_label_graphs(pairs, tmp_path) == 2
    assert (tmp_path / "labels" / "0.lg").read_text().splitlines() == [
        "# IUD, 0",
        "# Objects(2):",
        "O, O1, x, 1.0, O1",
        "O, O1Sup1, 2, 1.0, O1Sup1",
        "# Relations(1):",
        "R, O1, O1Sup1, Sup, 1.0",
    ]
    assert "O1Sub1" in (tmp_path / "predictions" / "0.lg").read_text()
    assert "# Objects(0):" in (tmp_path / "predictions" / "1.lg").read_text()


def test_two_rows_never_share_a_file(tmp_path: Path) -> None:
    rows = predictions(("x", "x"))
    with pytest.raises(OutputError, match="two rows would be written to 0"):
        write_label_graphs(pair_up(rows * 2), tmp_path)
