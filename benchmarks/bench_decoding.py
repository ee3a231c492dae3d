"""Effect of beam search and of the grammar on an exported reader: ExpRate and time of each setting.

Usage: python benchmarks/bench_decoding.py CROHME_FOLDER [--model mini] [--limit N] [--json FILE]

The folder has ``caption.txt`` and ``images``. Differences are from the first setting, greedy decoding;
their intervals are paired.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import Data, Figure

import mumer_data
from mumer_data.recognizers.onnx import MINI, OnnxModel, SearchOptions, model_folder

SETTINGS = {
    "greedy": SearchOptions(),
    "greedy, constrained": SearchOptions(constrained=True),
    "5 beams": SearchOptions(num_beams=5),
    "5 beams, constrained": SearchOptions(num_beams=5, constrained=True),
    "10 beams, constrained": SearchOptions(num_beams=10, constrained=True),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What one setting reads.

    Attributes:
        exprate, interval: in percent.
        difference, difference_interval: from the first setting, in points of ExpRate, paired.
        milliseconds: processor time per image.
    """

    exprate: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]
    milliseconds: float


def _read(model: OnnxModel, images: list[bytes], options: SearchOptions) -> tuple[list[str], float]:
    """The texts, and milliseconds of processor time per image."""
    begin = time.process_time()
    read = model.read_one if options.greedy else lambda image: model.search(image, options)
    texts = [read(image)[0] for image in images]
    return texts, (time.process_time() - begin) / len(images) * 1000


def settings(folder: Path, model: str, limit: int | None = None) -> dict[str, Setting]:
    """Every setting on the same images."""
    lines = (folder / "caption.txt").read_text(encoding="utf-8").splitlines()[:limit]
    rows = [line.split("\t") for line in lines]
    paths = {path.stem: path for path in (folder / "images").iterdir()}
    images = [paths[name].read_bytes() for name, _ in rows]
    labels = [mumer_data.normalize(label, preset="crohme") for _, label in rows]
    reader = OnnxModel(model_folder(model))
    results: dict[str, Setting] = {}
    first: list[str] = []
    for name, options in SETTINGS.items():
        texts, milliseconds = _read(reader, images, options)
        first = first or texts
        whole = mumer_data.evaluate(texts, labels, normalize="off").to_json()
        change = mumer_data.compare(first, texts, labels, normalize="off")
        interval = tuple(whole["intervals"]["exprate"])
        results[name] = Setting(whole["exprate"], interval, change.difference, (change.low, change.high), milliseconds)
        print(f"{name}: {results[name]}", flush=True)
    return results


def measure(data: Data) -> list[Figure]:
    """ExpRate and time of each setting on images of CROHME 2013, with the bundled model."""
    results = settings(data.need("data/crohme/2013"), MINI, data.size(300, 60))
    first = results["greedy"]
    figures = []
    for name, one in results.items():
        if one is not first:
            figures.append(Figure(f"{name}: ExpRate", one.exprate, "%", "greedy", first.exprate))
            figures.append(
                Figure(f"{name}: time", one.milliseconds, "ms", "greedy", first.milliseconds, smaller_is_better=True)
            )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=MINI)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = settings(options.folder, options.model, options.limit)
    if options.json:
        content = {name: asdict(one) for name, one in results.items()}
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
