"""Any bytes as the label file of each other reader: examples and rejects, or ``SourceError``."""

from __future__ import annotations

import atexit
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from mumer_data.exceptions import ImageError, SourceError
from mumer_data.readers import Reader, reader_class
from mumer_data.records import Example, Reject
from tests.conftest import png

FOLDER = Path(tempfile.mkdtemp(prefix="mumer-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
# format -> the file that is written, and options beside the path of its folder (or of itself)
KINDS: list[tuple[str, str, dict[str, str]]] = [
    ("caption", "caption.txt", {}),
    ("sharegpt", "a.jsonl", {}),
    ("sharegpt", "a.json", {}),
    ("im2latex", "im2latex_train_filter.lst", {"images": "images", "formulas": "caption.txt"}),
    ("im2latex", "pairs.csv", {"images": "images", "pairs": "pairs.csv"}),
    ("shards", "shards/a.parquet", {}),
    ("shards", "build/manifest.json", {}),
]
READERS = {
    name: reader_class(name) for name, _, _ in KINDS
}  # imported here, where Atheris instruments what is imported
TURNS = [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "x"}]


def check(data: bytes) -> None:
    format_name, file, options = KINDS[data[0] % len(KINDS) if data else 0]
    folder = Path(tempfile.mkdtemp(dir=FOLDER))  # a new one: readers keep what they know of a path
    for name in ("images", "shards", "build"):
        (folder / name).mkdir()
    (folder / "images" / "e0.png").write_bytes(png(0))
    (folder / "caption.txt").write_text("e0\tx\n", encoding="utf-8")
    (folder / file).write_bytes(data[1:])
    path = folder / file if format_name == "sharegpt" else (folder / file).parent if "/" in file else folder
    try:
        _read(format_name, path, options)
    except SourceError:
        pass
    finally:
        for where, folders, files in os.walk(folder, topdown=False):
            for name in files:
                os.unlink(os.path.join(where, name))
            for name in folders:
                os.rmdir(os.path.join(where, name))
        folder.rmdir()


def _read(format_name: str, path: Path, options: dict[str, str]) -> None:
    kind = READERS[format_name]
    made: Any = kind.Options.model_validate({"format": format_name, "path": str(path), **options})
    found: Reader = kind(made, path)
    for part in found.plan(2, 10**6):
        rows = list(found.read(part))
        assert len(rows) == part.rows
        for row in rows:
            assert isinstance(row, Example | Reject)
            if isinstance(row, Example):
                try:
                    row.image.read()
                except ImageError as error:
                    assert error.reason.startswith("image_")


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"id": "a", "messages": TURNS, "images": [{"bytes": png(0), "path": "a.png"}]}] * 3
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer, compression="none", row_group_size=2)
    return buffer.getvalue()


def seeds() -> list[bytes]:
    record = json.dumps({"images": ["images/e0.png"], "messages": TURNS}).encode()
    contents = [
        b"e0\tx ^ { 2 }\n\ne1\ty\n\xff\n",
        record + b"\n" + record,
        b"[" + record + b"," + record + b"]",
        b"e0.png 0\ne0.png 7\n",
        b'formula,image\n"x , ""y""",e0.png\n,\n',
        parquet(),
        b'{"configs": {"t": {}}}',
    ]
    return [bytes([number]) + content for number, content in enumerate(contents)]
