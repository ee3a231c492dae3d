"""The package pmsh-ocr as a program for `mumer predict --recognizer command`: JSON lines in, JSON lines out.

    mumer predict --recognizer command --model "python pmsh_reader.py" --data SOURCE --out predictions.parquet

It can run in a separate environment. Needs: pip install pmsh-ocr
"""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
from pmsh.pmsh_ocr import PMSHOCR


def prepared(path: str) -> np.ndarray:
    """A grey image as pmsh-ocr expects it: dark ink on white, with a margin of a fifth of the height."""
    grey = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    if grey.mean() < 128:
        grey = 255 - grey
    margin = max(10, grey.shape[0] // 5)
    return cv2.copyMakeBorder(grey, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)


def main() -> None:
    """Answer each line of standard input."""
    model = PMSHOCR()
    for line in sys.stdin:
        asked = json.loads(line)
        result = model.inference(cv2.cvtColor(prepared(asked["image_path"]), cv2.COLOR_GRAY2BGR))
        print(json.dumps({"id": asked["id"], "text": result["ctc_text"] if result else ""}), flush=True)


if __name__ == "__main__":
    main()
