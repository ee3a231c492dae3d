"""Labels -> a folder of synthetic handwriting: images, InkML, symbol boxes, and rejects with reasons.

Not for shards: a pipeline with the source ``synthetic`` builds those.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

from mumer_data.exceptions import ImageError, OutputError, SourceError
from mumer_data.handwriting.export import AnnotatedImage, annotated_image, coco, inkml
from mumer_data.io.atomic import TEMPORARY
from mumer_data.io.png import encode_png
from mumer_data.io.processes import parallel_map
from mumer_data.readers.synthetic import SyntheticReader
from mumer_data.records import Example, Reject, Slice

Format = Literal["png", "inkml", "coco"]
FORMATS: tuple[Format, ...] = get_args(Format)
_NAME = re.compile(r"[^\s./\\][^/\\\x00-\x1f]*")  # an id that can be a file's name
_ROWS = 250  # labels a worker does at a time


@dataclass(slots=True)
class Written:
    """The result of `write_folder`.

    Attributes:
        written: (id, label) of each expression in the folder.
        rejects: the others.
        symbols: boxes in all.
    """

    written: list[tuple[str, str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    symbols: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    reader: SyntheticReader
    part: Slice
    folder: Path
    formats: tuple[Format, ...]

    def run(self) -> tuple[list[tuple[str, str]], list[AnnotatedImage], list[Reject]]:
        written, boxes, rejects = [], [], []
        for row in self.reader.read(self.part):
            made = row if isinstance(row, Reject) else self._write(row)
            if isinstance(made, Reject):
                rejects.append(made)
            elif isinstance(row, Example):
                written.append((row.id, row.label))
                boxes.append(made)
        return written, boxes, rejects

    def _write(self, row: Example) -> AnnotatedImage | Reject:
        if not _NAME.fullmatch(row.id):
            return Reject(row.id, row.row, "id_unsafe", "the id cannot be the name of a file", None, row.label)
        try:
            picture = self.reader.picture(row)
        except ImageError as error:
            return Reject(row.id, row.row, error.reason, error.message, None, row.label)
        if "png" in self.formats:
            (self.folder / "images" / row.image.name).write_bytes(encode_png(picture.image))
        if "inkml" in self.formats:
            text = inkml(picture, row.id, row.writer)
            (self.folder / "inkml" / f"{row.id}.inkml").write_text(text, encoding="utf-8")
        return annotated_image(picture, row.image.name)


def write_folder(
    reader: SyntheticReader, out: Path, formats: Sequence[Format] = FORMATS, workers: int | None = None
) -> Written:
    """Render every label of a reader as handwriting; the folder appears complete or not at all.

    ``images/ID.png``, ``inkml/ID.inkml``, ``symbols.json`` (COCO), ``caption.txt`` (``id<TAB>label``) and
    ``rejects.jsonl``: no row is in none of them.

    Args:
        reader: gives the labels and the hands.
        out: a new or empty folder.
        formats: what to write.
        workers: processes; ``None`` for one per core. The files do not depend on it.

    Raises:
        SourceError: the labels cannot be read, two have one id, or none could be written.
        OutputError: the folder is not empty, or cannot be written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise OutputError(f"{out} is there already and not an empty folder: name a new one")
    parts = reader.plan(_ROWS, 1 << 40)
    temporary = out.with_name(TEMPORARY.format(out.name))
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        for name in [name for kind, name in (("png", "images"), ("inkml", "inkml")) if kind in formats]:
            (temporary / name).mkdir(parents=True)
        temporary.mkdir(parents=True, exist_ok=True)
        jobs = [_Job(reader, part, temporary, tuple(formats)) for part in parts]
        found = _gathered(jobs, temporary, workers)
        with suppress(FileNotFoundError):
            out.rmdir()
        temporary.rename(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return found


def _gathered(jobs: list[_Job], folder: Path, workers: int | None) -> Written:
    """Run the jobs, then write what is about all of them."""
    found, pictures, seen = Written(), [], set()
    for written, boxes, rejects in parallel_map(_Job.run, jobs, workers, ordered=True):
        for name, _ in written:
            if name in seen:
                raise SourceError(f"the id {name!r} is there twice: its files would overwrite each other")
            seen.add(name)
        found.written += written
        found.rejects += rejects
        pictures += boxes
    if not found.written:
        first = found.rejects[0]
        raise SourceError(f"not one label could be written; the first: {first.label or first.id}: {first.message}")
    found.symbols = sum(len(one.names) for one in pictures)
    if "coco" in jobs[0].formats:
        (folder / "symbols.json").write_text(json.dumps(coco(pictures), ensure_ascii=False), encoding="utf-8")
    captions = "".join(f"{name}\t{label}\n" for name, label in found.written)
    (folder / "caption.txt").write_text(captions, encoding="utf-8")
    lines = "".join(json.dumps(asdict(reject), ensure_ascii=False) + "\n" for reject in found.rejects)
    (folder / "rejects.jsonl").write_text(lines, encoding="utf-8")
    return found
