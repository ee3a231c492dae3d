"""`mumer generate labels` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from mumer_data.latex.parser import parse
from mumer_data.readers.labels import read_labels
from mumer_data.report.confusions import CONFUSION_SCHEMA
from tests.cli.test_cli import mumer
from tests.generate.test_grammar import CORPUS


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"c{n}\t{label}\n" for n, label in enumerate(CORPUS)), encoding="utf-8")
    return path


def test_labels_of_a_grammar_end_to_end(corpus: Path, tmp_path: Path) -> None:
    out, record = tmp_path / "new.txt", tmp_path / "new.txt.json"
    command = ("generate", "labels", "--grammar", corpus, "--count", 120, "--out", out, "--seed", 2)
    done = mumer(*command, "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert b"120 labels in" in done.stdout
    labels = read_labels(out)
    assert len(set(labels.values())) == 120
    assert not set(labels.values()) & set(CORPUS)
    assert next(iter(labels)) == "grammar-2-000001"
    written = json.loads(record.read_text())
    assert sum(written["counts"].values()) == written["drawn"]
    assert written["counts"]["kept"] == 120 == sum(one["kept"] for one in written["bins"])
    assert written["corpus"]["different"] == len(set(CORPUS))
    before = out.read_bytes(), record.read_bytes()
    test = tmp_path / "test.txt"
    test.write_text(
        "".join(f"{name}\t{label.replace(' ', '')}\n" for name, label in list(labels.items())[:50] if "\\" not in label)
    )
    excluded = set(read_labels(test))
    again = mumer(*command, "--workers", 2)
    assert (again.returncode, (out.read_bytes(), record.read_bytes())) == (0, before)
    assert mumer(*command, "--exclude", test).returncode == 0
    assert excluded
    assert not {labels[name] for name in excluded} & set(read_labels(out).values())


def test_a_finished_file_is_resumed_only_with_its_settings(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.txt"
    command = ("generate", "labels", "--grammar", corpus, "--count", 50, "--out", out, "--resume", "--workers", 1)
    first = mumer(*command)
    assert first.returncode == 0, first.stderr
    before = out.read_bytes()
    again = mumer(*command)
    assert (again.returncode, again.stdout, out.read_bytes()) == (0, first.stdout, before)
    assert b"finished already, with the same settings: nothing is generated" in again.stderr
    other = mumer(*command, "--seed", 4)
    assert (other.returncode, b"other settings: asked.seed (0, now 4): it" in other.stderr) == (2, True), other.stderr
    corpus.write_text(corpus.read_text() + "more\tx + x + x\n")
    other = mumer(*command)
    assert (other.returncode, b"other settings: inputs.grammar: it" in other.stderr) == (2, True), other.stderr
    out.write_text("e\tx\n")
    changed = mumer(*command)
    assert (changed.returncode, b"has changed since it was generated" in changed.stderr) == (2, True), changed.stderr


def test_labels_of_sympy_build_into_shards(tmp_path: Path) -> None:
    out = tmp_path / "facts.txt"
    done = mumer("generate", "labels", "--sympy", "algebra,calculus", "--count", 25, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert sum(json.loads(done.stdout)["kinds"].values()) == 25
    for label in read_labels(out).values():
        parse(label, strict=True)
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(yaml.safe_dump({"name": "p", "source": {"format": "typeset", "labels": str(out)}}))
    assert mumer("build", pipeline, "--out", tmp_path / "shards", "--workers", 1).returncode == 0
    more = tmp_path / "more.txt"
    done = mumer(
        "generate", "labels", "--grammar", tmp_path / "shards" / "p", "--count", 30, "--out", more, "--depth", "1-2"
    )
    assert done.returncode == 0, done.stderr
    assert all(1 <= parse(label).depth <= 2 for label in read_labels(more).values())


def test_confusions_make_symbols_frequent(corpus: Path, tmp_path: Path) -> None:
    rows = [("symbol", "z", "2", 5), ("symbol", "", "u", 1), ("structure", "\\frac", "", 9)]
    table = [dict(zip(("kind", "label_symbol", "predicted_symbol", "count"), row, strict=True)) for row in rows]
    pq.write_table(pa.Table.from_pylist(table, CONFUSION_SCHEMA), tmp_path / "confusions.parquet")
    command = ("generate", "labels", "--grammar", corpus, "--count", 200, "--out", tmp_path / "new.txt", "--json")
    done = mumer(*command, "--confusions", tmp_path / "confusions.parquet", "--confused", 0.4)
    assert done.returncode == 0, done.stderr
    symbols = json.loads(done.stdout)["symbols"]
    assert symbols["z"]["asked"] > symbols["z"]["corpus"]
    assert symbols["z"]["drawn"] > 1.3 * symbols["z"]["corpus"]
    wrong = mumer(*command, "--confusions", corpus)
    assert wrong.returncode == 2
    assert b"not a table of confusions" in wrong.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), b"Invalid value"),
        (("--grammar", "CORPUS", "--sympy", "all"), b"Invalid value"),
        (("--grammar", "nothing.yaml"), b"no pipeline file"),
        (("--grammar", "CORPUS", "--exclude", "nothing"), b"no pipeline file"),
        (("--grammar", "CORPUS", "--length", "9-3"), b"is not a length"),
        (("--grammar", "CORPUS", "--depth", "x"), b"not a depth"),
        (("--grammar", "CORPUS", "--depth", "7"), b"no label of depth"),
        (("--grammar", "CORPUS", "--length", "1-2"), b"found only"),
        (("--grammar", "CORPUS", "--rare", "0.9", "--normalize", "nobody"), b"unknown preset"),
        (("--sympy", "poetry"), b"unknown family"),
    ],
)
def test_demands_that_cannot_be_met(options: tuple[str, ...], message: bytes, corpus: Path, tmp_path: Path) -> None:
    given = [str(corpus) if option == "CORPUS" else option for option in options]
    out = tmp_path / "new.txt"
    done = mumer("generate", "labels", "--count", 3000, "--out", out, "--workers", 1, *given)
    assert done.returncode == 2
    assert message in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.txt"]


def test_real_labels_are_learned_and_a_test_set_kept_out(shared: Path, tmp_path: Path) -> None:
    crohme = shared / "data" / "crohme"
    out = tmp_path / "new.txt"
    done = mumer(
        *("generate", "labels", "--grammar", crohme / "train", "--exclude", crohme / "2014", "--count", 3000),
        *("--out", out, "--json"),
    )
    assert done.returncode == 0, done.stderr
    labels = set(read_labels(out).values())
    assert not labels & set(read_labels(crohme / "2014" / "caption.txt").values())
    assert not labels & set(read_labels(crohme / "train" / "caption.txt").values())
    assert json.loads(done.stdout)["counts"]["excluded"] > 0


def test_a_corpus_of_one_label_per_line(tmp_path: Path) -> None:
    labels = [f"{a} + {b} = {c} ^ {{ 2 }}" for a in "abcd" for b in "xyz" for c in "uvw"]
    corpus = tmp_path / "labels.txt"
    corpus.write_text("\n".join(labels) + "\n", encoding="utf-8")
    out = tmp_path / "new.txt"
    done = mumer("generate", "labels", "--grammar", str(corpus), "--count", "5", "--known", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert len(out.read_text(encoding="utf-8").splitlines()) == 5
