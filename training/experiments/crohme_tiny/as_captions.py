"""What `mumer pretrain-vision` wrote, as a folder that `mumer build` reads: `python as_captions.py PICTURES OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq


def main(pictures: str, out: str) -> None:
    """Write ``images/`` and ``caption.txt``."""
    (Path(out) / "images").mkdir(parents=True)
    table = pq.read_table(pictures, columns=["label", "image"])
    rows = list(zip(table["label"].to_pylist(), table["image"].to_pylist(), strict=True))
    for number, (_, image) in enumerate(rows):
        (Path(out) / "images" / f"s{number}.png").write_bytes(image)
    captions = "".join(f"s{number}\t{label}\n" for number, (label, _) in enumerate(rows))
    (Path(out) / "caption.txt").write_text(captions, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
