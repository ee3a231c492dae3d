"""Labels -> a folder of synthetic handwriting: images, InkML, symbol boxes, and rejects with reasons.

Not for shards: a pipeline with the source ``synthetic`` builds those.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from mumer_data.exceptions import ImageError, OutputError, SourceError
from mumer_data.handwriting.export import AnnotatedImage, annotated_image, coco, inkml
from mumer_data.io.atomic import TEMPORARY, atomic_write, file_sha256, remove_stale, write_json
from mumer_data.io.png import encode_png
from mumer_data.io.storage import reached
from mumer_data.jobs.build import drawing_versions, versions
from mumer_data.readers.synthetic import SyntheticReader
from mumer_data.records import Example, Reject, Slice
from mumer_data.shards.manifest import is_as_built
from mumer_data.shards.work import WORK, WorkFolder

log = logging.getLogger(__name__)
Format = Literal["png", "inkml", "coco"]
FORMATS: tuple[Format, ...] = get_args(Format)
_NAME = re.compile(r"[^\s./\\][^/\\\x00-\x1f]*")  # an id that can be a file's name
_ROWS = 250  # images per unit of work
_FOLDERS: dict[Format, tuple[str, str]] = {"png": ("images", ".png"), "inkml": ("inkml", ".inkml")}
RECORD = "record.json"  # of a finished folder: its settings, counts and hashes


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


class _UnusableLabelsError(SourceError):
    """Labels of which no folder can be made, however often it is tried."""


@dataclass(slots=True)
class _Part:
    """The result of one unit; ``sha256`` has the hashes of its files by format, in order."""

    written: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[AnnotatedImage] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    sha256: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: dict[str, Any]) -> _Part:
        """From the JSON values of a marker."""
        boxes, rejects = [AnnotatedImage(**one) for one in raw["boxes"]], [Reject(**one) for one in raw["rejects"]]
        return cls([(name, label) for name, label in raw["written"]], boxes, rejects, raw["sha256"])


@dataclass(frozen=True, slots=True)
class _Unit:
    reader: SyntheticReader
    part: Slice
    out: Path
    formats: tuple[Format, ...]

    @property
    def name(self) -> str:
        return f"labels-{self.part.number:05d}"

    def do(self) -> tuple[dict[str, Any], list[Path]]:
        """Write the files of this part."""
        result, files = _Part(sha256={kind: [] for kind in _FOLDERS if kind in self.formats}), []
        for row in self.reader.read(self.part):
            drawn = row if isinstance(row, Reject) else self._draw(row)
            if isinstance(drawn, Reject):
                result.rejects.append(drawn)
            elif isinstance(row, Example):
                boxes, contents = drawn
                result.written.append((row.id, row.label))
                result.boxes.append(boxes)
                for kind, data in contents.items():
                    files.append(self._save(_file(self.out, kind, row.id), data))
                    result.sha256[kind].append(hashlib.sha256(data).hexdigest())
        return asdict(result), files

    def _draw(self, row: Example) -> tuple[AnnotatedImage, dict[Format, bytes]] | Reject:
        if not _NAME.fullmatch(row.id):
            return Reject(row.id, row.row, "id_unsafe", "the id cannot be the name of a file", None, row.label)
        try:
            picture = self.reader.picture(row)
        except ImageError as error:
            return Reject(row.id, row.row, error.reason, error.message, None, row.label)
        contents: dict[Format, bytes] = {}
        if "png" in self.formats:
            contents["png"] = encode_png(picture.image)
        if "inkml" in self.formats:
            contents["inkml"] = inkml(picture, row.id, row.writer).encode()
        return annotated_image(picture, row.image.name), contents

    def _save(self, path: Path, data: bytes) -> Path:
        """Atomic, for a killed run's workers may write until they notice; not flushed: the marker has the hash."""
        temporary = self.out / WORK / TEMPORARY.format(f"{self.name}.{os.getpid()}")
        temporary.write_bytes(data)
        os.replace(temporary, path)
        return path


def _file(out: Path, kind: Format, name: str) -> Path:
    folder, suffix = _FOLDERS[kind]
    return out / folder / f"{name}{suffix}"


def write_folder(
    reader: SyntheticReader,
    out: Path,
    formats: Sequence[Format] = FORMATS,
    workers: int | None = None,
    *,
    resume: bool = False,
) -> Written:
    """Render every label of a reader as handwriting.

    ``images/ID.png``, ``inkml/ID.inkml``, ``symbols.json`` (COCO), ``caption.txt`` (``id<TAB>label``),
    ``rejects.jsonl`` and, written last, ``record.json``; every row is in ``caption.txt`` or in ``rejects.jsonl``.

    Args:
        reader: provides labels and writers.
        out: a folder that is new, empty, or (with ``resume``) holds a killed run with the same settings.
        formats: what to write.
        workers: processes; ``None`` for one per core. The files do not depend on it.
        resume: do only what is missing; nothing if the folder is finished.

    Raises:
        SourceError: the labels cannot be read, two have one id, or none could be written.
        OutputError: the folder is in use, is not empty, was written with other settings, or cannot be written.
    """
    existed = out.is_dir()
    chosen = tuple(kind for kind in FORMATS if kind in formats)
    settings = reader.settings() | {"formats": chosen, "versions": versions() | drawing_versions()}
    try:
        with reached(out), WorkFolder(out / WORK, out, resume=resume, settings=settings) as work:
            record = None if work.unfinished else _read_record(out)
            if not work.unfinished and not (resume and record):
                _check_empty(out)
            if work.check(record):
                return _finished(out, record or {}, chosen)
            return _write(reader, out, chosen, workers, work)
    except _UnusableLabelsError:
        for folder in (WORK, *(folder for folder, _ in _FOLDERS.values())):
            shutil.rmtree(out / folder, ignore_errors=True)
        if not existed:
            with suppress(OSError):
                out.rmdir()
        raise


def _check_empty(out: Path) -> None:
    if out.exists() and not (out.is_dir() and all(entry.name == WORK for entry in out.iterdir())):
        raise OutputError(f"{out} is there already and not an empty folder: name a new one")


def _write(
    reader: SyntheticReader, out: Path, formats: tuple[Format, ...], workers: int | None, work: WorkFolder
) -> Written:
    parts = reader.plan(_ROWS, 1 << 40)
    work.begin()
    remove_stale(out)
    for kind in _FOLDERS:
        if kind in formats:
            _file(out, kind, "").parent.mkdir(exist_ok=True)
    written, boxes, seen = Written(), [], set()
    hashes: dict[str, list[str]] = {kind: [] for kind in _FOLDERS if kind in formats}
    for part in map(_Part.of, work.results([_Unit(reader, part, out, formats) for part in parts], workers)):
        for name, _ in part.written:
            if name in seen:
                raise _UnusableLabelsError(f"the id {name!r} is there twice: its files would overwrite each other")
            seen.add(name)
        written.written += part.written
        written.rejects += part.rejects
        boxes += part.boxes
        for name, of_part in part.sha256.items():
            hashes[name] += of_part
    if not written.written:
        first = written.rejects[0]
        message = f"not one label could be written; the first: {first.label or first.id}: {first.message}"
        raise _UnusableLabelsError(message)
    written.symbols = sum(len(one.names) for one in boxes)
    texts = _texts(written, boxes, formats)
    for name, text in texts.items():
        with atomic_write(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    _write_record(out, written, work, hashes, texts)
    work.end()
    return written


def _texts(written: Written, boxes: list[AnnotatedImage], formats: tuple[Format, ...]) -> dict[str, str]:
    """The files about all labels: name -> content."""
    texts = {
        "caption.txt": "".join(f"{name}\t{label}\n" for name, label in written.written),
        "rejects.jsonl": "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in written.rejects),
    }
    if "coco" in formats:
        texts["symbols.json"] = json.dumps(coco(boxes), ensure_ascii=False)
    return texts


# ---- the record of a finished folder ------------------------------------------------------------------------------


def _write_record(
    out: Path, written: Written, work: WorkFolder, hashes: dict[str, list[str]], names: Iterable[str]
) -> None:
    reasons = Counter(reject.reason for reject in written.rejects)
    counts = {"written": len(written.written), "rejected": len(written.rejects), "symbols": written.symbols}
    record = {
        "settings": work.settings,
        "fingerprint": work.markers.fingerprint,
        "counts": counts | {"reasons": dict(sorted(reasons.items()))},
        "files": {name: file_sha256(out / name) for name in sorted(names)},
        "sha256": {kind: _digest(of_kind) for kind, of_kind in hashes.items()},
    }
    write_json(out / RECORD, record)


def _digest(hashes: Iterable[str]) -> str:
    """One hash of many files in order."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def _read_record(out: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((out / RECORD).read_text(encoding="utf-8"))
        return {name: record[name] for name in ("settings", "fingerprint", "counts", "files", "sha256")}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OutputError(f"{out / RECORD} is damaged: delete the folder and write it again") from None


def _finished(out: Path, record: dict[str, Any], formats: tuple[Format, ...]) -> Written:
    """What a finished folder holds; raises ``OutputError`` if a file is damaged or missing."""
    wrong = [name for name, sha256 in record["files"].items() if not is_as_built(out, name, sha256)]
    if not wrong:
        captions = (line.partition("\t") for line in (out / "caption.txt").read_text("utf-8").split("\n") if line)
        written = Written([(name, label) for name, _, label in captions])
        for kind, sha256 in record["sha256"].items():
            try:
                same = _digest(file_sha256(_file(out, kind, name)) for name, _ in written.written) == sha256
            except OSError:
                same = False
            wrong += [] if same else [_FOLDERS[kind][0]]
    if wrong:
        raise OutputError(
            f"{out} is finished, but changed or missing are: {', '.join(wrong)}; delete the folder and write it again"
        )
    lines = (out / "rejects.jsonl").read_text("utf-8").split("\n")  # not splitlines: a label may hold U+2028
    written.rejects = [Reject(**json.loads(line)) for line in lines if line]
    written.symbols = record["counts"]["symbols"]
    log.warning("%s is finished already, with the same settings: nothing is written", out)
    return written
