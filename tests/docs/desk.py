"""A desk to try pages on: a folder with everything that their commands name, small and made by us."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from mumer_data.images.typeset import typeset
from tests.docs.pages import ROOT

LABELS = [
    r"\frac { a ^ { 2 } + 1 } { b }",
    r"x _ { 1 } + x _ { 2 } = - p",
    r"\sqrt { x + 1 }",
    r"s / V",
    r"\sum _ { n = 1 } ^ { N } n",
    r"\sin ( 2 x ) = 2 \sin x \cos x",
    r"a + b",
    r"C = c",
]
READ = {3: "s / v", 5: r"\sin ( 2 x ) = 2 \sin x \cos X", 7: "c = c"}  # what a model reads otherwise
FOLDERS = ("data/mine", "data/crohme/train", "data/crohme/2014", "data/hme100k/train", "data/mne/train")
PREDICTIONS = ("predictions.json", "a.json", "b.json", "crohme_2014_3b_pred.json", "predictions/one.json")
MODELS = ("Qwen/Qwen2.5-VL-3B-Instruct", "MODEL")


def lay_out(desk: Path) -> None:
    """Fill a folder: data sets, prediction files, and what a checkout has beside docs/."""
    for name in ("pipelines", "training", "benchmarks"):
        (desk / name).symlink_to(ROOT / name)
    for number, name in enumerate(FOLDERS):
        caption_folder(desk / name, f"e{number}_" if name.startswith("data/crohme") else "e")
    for name in PREDICTIONS:
        wrong = READ if not name.startswith("b.") else {**READ, 0: "a"}
        rows = [{"img_id": f"e{i}", "gt": label, "pred": wrong.get(i, label)} for i, label in enumerate(LABELS)]
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).write_text(json.dumps(rows), encoding="utf-8")
    (desk / "wrong.json").write_text('[{"img_id": "a", "gt": "x", "prd": "x"}]', encoding="utf-8")
    (desk / "labels.txt").write_text("x^2\n\\frac12\n", encoding="utf-8")


def caption_folder(folder: Path, prefix: str) -> None:
    """A small data set: typeset images and their labels."""
    (folder / "images").mkdir(parents=True)
    for number, label in enumerate(LABELS):
        (folder / "images" / f"{prefix}{number}.png").write_bytes(typeset(label, size=28))
    lines = "".join(f"{prefix}{number}\t{label}\n" for number, label in enumerate(LABELS))
    (folder / "caption.txt").write_text(lines, encoding="utf-8")


def lay_models(desk: Path) -> None:
    """Tiny models of the right architecture under the names of real ones: what loads there is what loads here."""
    from mumer_train.tiny import make_tiny

    for name in MODELS:
        make_tiny(desk / name, width=96, layers=2)


def environment() -> dict[str, str]:
    """For commands: the `mumer` of this interpreter, and this checkout's packages."""
    paths = [str(ROOT), str(ROOT / "training")]
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "COLUMNS": "200",
        "OMP_NUM_THREADS": "1",
    }
