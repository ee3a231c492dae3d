"""A sandbox for pages: a folder with everything that their commands name, small and made by us."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mumer_data.typeset.image import typeset
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
FOLDERS = ("data/mine", "data/crohme/train", "data/crohme/2014", "data/mne/N1", "data/mne/N2")
PREDICTIONS = ("predictions.json", "a.json", "b.json", "crohme_2014_3b_pred.json", "predictions/one.json")
REAL = "crohme_2014_3b_pred.json"  # what a page says of it holds of the real one only
MODELS = ("Qwen/Qwen2.5-VL-3B-Instruct", "MODEL")


def lay_out(folder: Path) -> None:
    """Fill a folder: data sets, prediction files, and what a checkout has beside docs/."""
    for name in ("pipelines", "training", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    for number, name in enumerate(FOLDERS):
        caption_folder(folder / name, f"e{number}_" if name.startswith("data/crohme") else "e")
    hme100k(folder / "data" / "hme100k")
    im2latex(folder / "data" / "im2latex")
    ink(folder / "data" / "crohme" / "train" / "ink", "truth")
    mathwriting(folder / "data" / "mathwriting-2024.tgz")
    parquet(folder / "OWNER" / "NAME")
    (folder / "data" / "crohme_test.yaml").write_text(
        "name: crohme_2014\nsource: {format: caption, path: data/crohme/2014}\ntasks: [recognition]\n"
    )
    for name in PREDICTIONS:
        wrong = READ if not name.startswith("b.") else {**READ, 0: "a"}
        rows = [{"img_id": f"e{i}", "gt": label, "pred": wrong.get(i, label)} for i, label in enumerate(LABELS)]
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(rows), encoding="utf-8")
    audited(folder)
    (folder / "wrong.json").write_text('[{"img_id": "a", "gt": "x", "prd": "x"}]', encoding="utf-8")
    (folder / "x.png").write_bytes(typeset(LABELS[0], size=28))
    (folder / "labels.txt").write_text("x^2\n\\frac12\n", encoding="utf-8")


def audited(folder: Path) -> None:
    """Two models on 32 images, and a decision about one label."""
    labels = [f"{label} + {number}" for number in (2, 3, 5, 7) for label in LABELS]
    rows = [{"img_id": f"e{i}", "gt": labels[-1] if i == 4 else label, "pred": label} for i, label in enumerate(labels)]
    for name in ("model_a.json", "model_b.json"):
        (folder / name).write_text(json.dumps(rows), encoding="utf-8")
    decision = f"e4\t{labels[-1]}\t{labels[4]}\ttake\tann\t2026-01-01\n"
    (folder / "corrections.tsv").write_text(decision, encoding="utf-8")


def caption_folder(folder: Path, prefix: str) -> None:
    """A small data set: typeset images and their labels."""
    (folder / "images").mkdir(parents=True)
    for number, label in enumerate(LABELS):
        (folder / "images" / f"{prefix}{number}.png").write_bytes(typeset(label, size=28))
    lines = "".join(f"{prefix}{number}\t{label}\n" for number, label in enumerate(LABELS))
    (folder / "caption.txt").write_text(lines, encoding="utf-8")


def hme100k(folder: Path) -> None:
    """Labels and images in two parts."""
    for part in ("train", "test"):
        caption_folder(folder, f"{part}_")
        (folder / "caption.txt").rename(folder / f"{part}_labels.txt")
        (folder / "images").rename(folder / f"{part}_images")


def im2latex(folder: Path) -> None:
    """Formulas, and pairs of image and formula."""
    images = folder / "formula_images_processed"
    images.mkdir(parents=True)
    for number, label in enumerate(LABELS):
        (images / f"f{number}.png").write_bytes(typeset(label, size=28))
    (folder / "im2latex_formulas.norm.lst").write_text("\n".join(LABELS) + "\n", encoding="utf-8")
    pairs = "".join(f"f{number}.png {number}\n" for number in range(len(LABELS)))
    (folder / "im2latex_train_filter.lst").write_text(pairs, encoding="utf-8")


def ink(folder: Path, annotation: str) -> list[Path]:
    """Two strokes a file."""
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"i{number}.inkml").write_text(
            '<ink xmlns="http://www.w3.org/2003/InkML">'
            f'<annotation type="{annotation}">$x_{number}$</annotation>'
            f'<annotation type="UI">i{number}</annotation><annotation type="sampleId">i{number}</annotation>'
            f"<trace id='0'>0 0, 10 {10 + number}</trace><trace id='1'>10 0, 0 10</trace></ink>",
            encoding="utf-8",
        )
    return sorted(folder.iterdir())


def mathwriting(archive: Path) -> None:
    """Ink in an archive."""
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(archive, "w:gz") as tar:
        for file in ink(Path(scratch) / "train", "normalizedLabel"):
            tar.add(file, f"mathwriting-2024/train/{file.name}")


def parquet(folder: Path) -> None:
    """Rows as somebody else keeps them."""
    folder.mkdir(parents=True)
    rows = [
        {"image": {"bytes": typeset(label, size=28), "path": f"{number}.png"}, "latex": label}
        for number, label in enumerate(LABELS)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")


def lay_real(folder: Path, shared: Path) -> None:
    """The real file that a page walks through, and its images, where they are at hand."""
    import shutil

    (folder / REAL).unlink()
    (folder / REAL).symlink_to(shared / "golden" / "predictions" / REAL)
    shutil.rmtree(folder / "data" / "crohme" / "2014")
    (folder / "data" / "crohme" / "2014").symlink_to(shared / "data" / "crohme" / "2014")


def lay_models(folder: Path) -> None:
    """Tiny models of the right architecture under the names of real ones: what loads there is what loads here."""
    from mumer_train.toy.tiny import Sizes, create_tiny_model

    from tests.training.encoder_decoders import trocr

    for name in MODELS:
        create_tiny_model(folder / name, Sizes(width=96, layers=2))
    trocr(folder / "microsoft/trocr-base-handwritten")


def environment() -> dict[str, str]:
    """For commands: the `mumer` of this interpreter, and this checkout's packages."""
    paths = [str(ROOT), str(ROOT / "training")]
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(paths),
        "COLUMNS": "200",
        "OMP_NUM_THREADS": "1",
        "HF_HOME": str(Path.cwd() / "hf_home"),
        "HF_HUB_DISABLE_XET": "1",
    }
