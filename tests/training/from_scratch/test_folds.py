"""Training images of a cross-validation: every image is held out once, and all images of a label together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="pip install 'mumer-data[train]'")

from mumer_train.from_scratch.image_store import ImageStore
from mumer_train.from_scratch.prepare import label_fold

from mumer_data.typeset.image import typeset
from tests.cli.test_mining import run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two images of each of 12 labels."""
    folder = tmp_path / "source"
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in range(24):
        label = f"{number % 12} + x"
        (folder / "images" / f"e{number}.png").write_bytes(typeset(label, size=24 + number // 12))
        lines.append(f"e{number}\t{label}\n")
    (folder / "caption.txt").write_text("".join(lines), encoding="utf-8")
    return folder


def test_folds_by_label(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Counter[str]()
    for fold in range(3):
        out, held = tmp_path / f"train-{fold}", tmp_path / f"held-{fold}"
        named = ["--out", str(out), "--held-out", str(held), "--folds", "3", "--fold", str(fold)]
        assert run(["reader", "real", str(source), *named], monkeypatch) == 0
        kept, others = ImageStore(out), ImageStore(held)
        assert len(kept) + len(others) == 24
        assert not set(kept.labels) & set(others.labels)
        assert {label_fold(label, 3) for label in others.labels} <= {fold}
        read.update(others[number].name for number in range(len(others)))
    assert read == Counter(f"e{number}" for number in range(24))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--folds", "3"], "give both --folds and --fold"),
        (["--folds", "3", "--fold", "3", "--held-out", "x"], "give both --folds and --fold"),
        (["--folds", "3", "--fold", "1"], "give --held-out"),
        (["--folds", "3", "--fold", "1", "--held-out", "x", "--hold-out", "0.1"], "give --held-out"),
    ],
)
def test_options_that_contradict(
    options: list[str],
    message: str,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["reader", "real", str(source), "--out", str(tmp_path / "out"), *options], monkeypatch) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
