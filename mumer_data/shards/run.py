"""The output folder of one run: what is planned, which slices are done, and the files that close it.

Not for making rows. Layout: ``NAME*/SPLIT-00000-of-00004.parquet``, ``manifest.json``, ``rejects.parquet``,
``dataset_info.json``, ``README.md``; and ``_work/`` while the run is under way.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write, file_sha256, remove_stale, write_json
from mumer_data.io.markers import digest_of
from mumer_data.io.processes import parallel_map
from mumer_data.io.storage import is_remote, lock_of, reached, remove_folder
from mumer_data.records import Slice
from mumer_data.shards.listing import dataset_card, dataset_info
from mumer_data.shards.manifest import MANIFEST, is_as_built, known_hashes, read_manifest
from mumer_data.shards.plan import WORK, Plan, SliceResult, load_result, marker_of, rejects_of
from mumer_data.shards.writer import merge_rejects

J = TypeVar("J")
UNFINISHED = "plan.json"  # in the folder of work, as long as there is something to go on with


def _fingerprint_in(plan_file: Path) -> str | None:
    """The fingerprint of an unfinished run; ``None`` where the file is damaged: each slice has it too."""
    try:
        return str(json.loads(plan_file.read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


class Run:
    """One run over one output folder, new or resumed; a context manager that holds the folder's lock."""

    def __init__(self, out: Path, plan: Plan, *, resume: bool) -> None:
        self.out, self.plan, self.resume = out, plan, resume
        self.results: dict[int, SliceResult] = {}
        self.finished = self._done = False
        self._lock = lock_of(out / WORK / "lock", take_over=resume)

    def __enter__(self) -> Run:
        work = self.out / WORK
        done = self.out / MANIFEST
        with reached(self.out):
            held = not is_remote(work) and work.is_dir()
            if held:  # so that a folder in use is said to be in use, rather than unfinished
                self._hold()
            try:
                self._check_folder(work, done)
                if not held:
                    if not is_remote(work):  # there, a folder is but the beginning of a name, a bucket not ours to make
                        work.mkdir(parents=True, exist_ok=True)
                    self._hold()
                    held = True
                self._load_results(work)
            except BaseException:
                if held:
                    self._lock.__exit__(None, None, None)
                raise
        return self

    def _hold(self) -> None:
        try:
            self._lock.__enter__()
        except TimeoutError:
            hint = "; if it was killed, --resume takes its place" if is_remote(self.out) else ""
            message = f"another run is writing to {self.out}: wait for it, or choose another folder{hint}"
            raise OutputError(message) from None

    def _check_folder(self, work: Path, manifest: Path) -> None:
        """Refuse what is not ours, and what was planned otherwise."""
        plan_file = work / UNFINISHED
        if plan_file.is_file() and not self.resume:
            raise OutputError(f"{self.out} holds an unfinished run: go on with --resume, or delete the folder")
        if plan_file.is_file() or manifest.is_file():
            if not self.resume:
                raise OutputError(f"{self.out} holds a build already: choose another folder, or delete it")
            known = _fingerprint_in(plan_file) if plan_file.is_file() else read_manifest(self.out).get("fingerprint")
            if known is not None and known != self.plan.fingerprint:
                raise OutputError(
                    f"{self.out} was begun with another pipeline, input or version: it cannot be resumed; "
                    "choose another folder, or delete it"
                )
            self.finished = not plan_file.is_file()
            if self.finished:
                self._check_finished()
        elif self.out.is_dir() and any(entry.name != WORK for entry in self.out.iterdir()):
            raise OutputError(f"{self.out} is not empty and holds no build: choose another folder")

    def _check_finished(self) -> None:
        """Refuse to call a damaged build finished."""
        hashes = known_hashes(read_manifest(self.out))
        wrong = [name for name, sha256 in hashes if not is_as_built(self.out, name, sha256)]
        if wrong:
            raise OutputError(
                f"{self.out} is a finished build, but damaged or missing are: {', '.join(wrong[:3])} "
                f"({len(wrong)} in all); delete the folder and build again"
            )

    def _load_results(self, work: Path) -> None:
        if self.finished:
            return
        self._clear()
        write_json(work / UNFINISHED, {"fingerprint": self.plan.fingerprint})
        for marker in sorted(work.glob("slice-*.json")):
            result = load_result(marker, self.plan)
            if result is not None:
                self.results[result.number] = result

    def _clear(self) -> None:
        """Remove what processes left that were killed; remote folders show only what is whole."""
        if not is_remote(self.out):
            for folder in (self.out / WORK, self.out, *(self.out / config.name for config in self.plan.configs)):
                remove_stale(folder)

    @property
    def pending(self) -> list[Slice]:
        """The slices that are still to be done."""
        if self.finished:
            return []
        return [part for part in self.plan.slices if part.number not in self.results]

    def do(
        self,
        function: Callable[[J], SliceResult],
        jobs: Sequence[J],
        workers: int | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Do the slices that are pending, in any process and order.

        Args:
            function: does one slice, a pure function of its job.
            jobs: one per pending slice.
            workers: processes; ``None`` for one per core.
            progress: called with (rows done, rows in total) at the start and after every slice.
        """
        total = sum(part.rows for part in self.plan.slices)
        done = total - sum(part.rows for part in self.pending)
        for result in chain((None,), parallel_map(function, jobs, workers)):
            if result is not None:
                self.results[result.number] = result
                done += result.read
            if progress is not None:
                progress(done, total)

    def forget(self, numbers: Iterable[int]) -> None:
        """Do these slices again, though they are done: their input has changed."""
        for number in numbers:
            self.results.pop(number, None)

    def done_at(self, number: int) -> int:
        """When a slice was marked as done, in nanoseconds."""
        return marker_of(self.out, number).stat().st_mtime_ns

    def close(self) -> dict[str, Any]:
        """Check that the counts add up, write the closing files, and give the manifest."""
        if self.finished:
            return read_manifest(self.out)
        self._clear()  # a cluster does a dead worker's slice again elsewhere
        results = [self.results[part.number] for part in self.plan.slices]
        manifest = self._manifest(results)
        merge_rejects(
            [rejects_of(self.out, part.number) for part in self.plan.slices],
            self.out / "rejects.parquet",
        )
        write_json(self.out / "dataset_info.json", dataset_info(manifest, self.plan.columns.chat))
        with atomic_write(self.out / "README.md") as card:
            card.write_text(dataset_card(manifest, self.plan.split), encoding="utf-8")
        manifest["files"] = {
            path.name: file_sha256(path)
            for path in sorted(self.out.iterdir())
            if path.is_file() and path.name != MANIFEST
        }
        manifest["manifest_sha256"] = digest_of(manifest)
        write_json(self.out / MANIFEST, manifest)
        self._done = True
        return manifest

    def _manifest(self, results: list[SliceResult]) -> dict[str, Any]:
        reasons: Counter[str] = Counter()
        for part, result in zip(self.plan.slices, results, strict=True):
            reasons.update(result.reasons)
            written = {shard.rows for shard in result.shards}
            if result.read != part.rows or result.read != result.accepted + result.rejected + result.unused:
                raise OutputError(f"slice {part.number}: {part.rows} rows planned, but {result}: nothing may be lost")
            if written != {result.accepted * result.each}:
                planned = f"{result.accepted} rows accepted, {result.each} to be written of each"
                raise OutputError(f"slice {part.number}: {planned}, but shards hold {written}")
        digest = hashlib.sha256("".join(result.images_sha256 for result in results).encode()).hexdigest()
        unused = sum(result.unused for result in results)
        images = {
            "count": sum(result.accepted for result in results),
            "size": sum(result.images_size for result in results),
            "sha256": digest,
        }
        return {
            **self.plan.facts,
            "inputs": {**self.plan.facts["inputs"], "images": images},
            "counts": {
                "read": sum(result.read for result in results),
                "accepted": sum(result.accepted for result in results),
                "rejected": sum(result.rejected for result in results),
                **({"unused": unused} if unused else {}),
                "reasons": dict(sorted(reasons.items())),
            },
            "configs": {
                config.name: {
                    "task": config.task,
                    "rows": sum(result.shards[place].rows for result in results),
                    "size": sum(result.shards[place].size for result in results),
                    "shards": [asdict(result.shards[place]) for result in results],
                }
                for place, config in enumerate(self.plan.configs)
            },
            "fingerprint": self.plan.fingerprint,
        }

    def __exit__(self, *exception: object) -> None:
        over = self.finished or self._done
        if over:  # first of all, for a kill may come: a folder without a plan is nothing to go on with
            with suppress(OSError):
                (self.out / WORK / UNFINISHED).unlink(missing_ok=True)
        self._lock.__exit__(None, None, None)
        if over:
            with suppress(OSError):
                remove_folder(self.out / WORK)
