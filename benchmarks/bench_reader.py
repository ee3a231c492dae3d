"""How well a small reader that has seen synthetic handwriting only reads real ink: CROHME 2013 chooses, 2014 reports.

Usage: python benchmarks/bench_reader.py FOLDER_OF_CROHME [--seed N] [--work FOLDER] [--out FILE]. It takes 20 minutes:
`run.py` runs it only where it is named. One thread, a fixed budget: `BUDGET`. With --work a stopped run continues.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from figures import Data, Figure, show

from mumer_data.handwriting.alphabets import BUNDLED_FILE
from mumer_data.io.atomic import write_json

CROHME = "data/crohme"
BUDGET: dict[str, Any] = {
    "labels": 10_000,  # of `mumer reader labels`: no label of a corpus
    "images": 14_000,
    "font_share": 0.5,  # of the images, in the bundled fonts; the others are drawn
    "images_seen": 30_000,  # with 10,000 no reader reads a formula, and all handwriting is equally good
}
QUICK = BUDGET | {"labels": 20, "images": 24, "images_seen": 40}
SETS = ("crohme_2013", "crohme_2014")


def settings_file(work: Path, budget: dict[str, Any], seed: int, quick: bool) -> Path:
    """The settings of the run, for `train_reader`."""
    seen = budget["images_seen"]
    settings = {
        "out": str(work / "run"),
        "synthetic": [str(work / "synthetic")],
        "validation": {"crohme_2013": str(work / "crohme_2013")},
        "validation_images": 4 if quick else 200,
        "encoder_first": seen // 4,
        "largest_image": 22_000,
        "validate_images": seen // 3,
        "checkpoint_images": 2_000,
        "seed": seed,
        "schedule": {
            "learning_rate": 2e-3,
            "warmup_images": seen // 12,
            "decay_at": seen * 2 // 3,
            "decay_images": seen - seen * 2 // 3,
        },
    }
    path = work / "reader.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")  # YAML holds JSON
    return path


def prepare(crohme: Path, work: Path, budget: dict[str, Any], quick: bool) -> None:
    """Training images and both test sets, as far as they are not there."""
    from mumer_train.from_scratch.image_store import write_store
    from mumer_train.from_scratch.prepare import SyntheticHands, caption_images, prepare_synthetic, write_school_labels

    for name in SETS:
        if not (work / name).exists():
            images = caption_images(crohme / name.removeprefix("crohme_"))
            write_store(work / name, islice(images, 4 if quick else None))
    if not (work / "synthetic").exists():
        write_school_labels(work / "labels.txt", budget["labels"])
        hands = SyntheticHands(fonts=BUNDLED_FILE, font_share=budget["font_share"])
        prepare_synthetic(work / "labels.txt", work / "synthetic", hands, limit=budget["images"])


def scores(model: Path, images: Path) -> dict[str, Any]:
    """ExpRate in percent, edits per token of the labels, and the edits of each image, of one set."""
    from editdistance import distance
    from mumer_train.from_scratch.decoding import read_images
    from mumer_train.from_scratch.image_store import ImageStore
    from mumer_train.from_scratch.processor import load_reader

    reader, processor = load_reader(model)
    store = ImageStore(images)
    rows = [store[place] for place in range(len(store))]
    texts = [processor.decode(tokens) for tokens, _ in read_images(reader, [row.pixels for row in rows])]
    labels = [row.label.split() for row in rows]
    edits = [distance(text.split(), label) for text, label in zip(texts, labels, strict=True)]
    return {
        "n": len(rows),
        "exprate": round(100 * edits.count(0) / len(rows), 4),
        "token_error_rate": round(sum(edits) / sum(map(len, labels)), 6),
        "edits": edits,
    }


def trained(crohme: Path, work: Path, seed: int = 0, quick: bool = False) -> dict[str, Any]:
    """Prepare, train and read.

    Returns:
        ``budget``, ``seed``, and for each of `SETS` ``n``, ``exprate``, ``token_error_rate`` and ``edits``.
    """
    import torch
    from mumer_train.from_scratch.run import BEST, train_reader

    budget = QUICK if quick else BUDGET
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        prepare(crohme, work, budget, quick)
        train_reader(settings_file(work, budget, seed, quick))
        return {"budget": budget, "seed": seed} | {name: scores(work / "run" / BEST, work / name) for name in SETS}
    finally:
        torch.set_num_threads(threads)


def figures(results: dict[str, Any]) -> list[Figure]:
    """The figures of `trained`."""
    return [
        figure
        for name in SETS
        for figure in (
            Figure(f"{name}: ExpRate", results[name]["exprate"], "%", note=f"{results[name]['n']:,} images"),
            Figure(f"{name}: token error rate", results[name]["token_error_rate"], "edits/token"),
        )
    ]


def measure(data: Data) -> list[Figure]:
    """CROHME 2013 and 2014."""
    crohme = data.need(CROHME)
    with tempfile.TemporaryDirectory() as work:
        return figures(trained(crohme, Path(work), quick=data.quick))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crohme", type=Path, help="folder with 2013 and 2014.")
    parser.add_argument(
        "--work", type=Path, help="folder of the run, kept; images in WORK/synthetic are used as they are."
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the training, not of the images.")
    parser.add_argument("--out", type=Path, help="JSON file of the results.")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        results = trained(options.crohme, work, options.seed)
    if options.out is not None:
        write_json(options.out, results)
    show(figures(results))


if __name__ == "__main__":
    main()
