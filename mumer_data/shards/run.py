"""The output folder of one run: what is planned, which slices are done, and the files that close it.

Not for making rows. Layout: ``NAME*/SPLIT-00000-of-00004.parquet``, ``manifest.json``, ``rejects.parquet``,
``dataset_info.json``, ``README.md``; and ``_work/`` while the run is under way.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import atomic_write, file_sha256, remove_stale, write_json
from mumer_data.io.markers import digest_of
from mumer_data.io.processes import parallel_map
from mumer_data.io.storage import is_remote, reached
from mumer_data.records import Slice
from mumer_data.shards.listing import dataset_card, dataset_info
from mumer_data.shards.manifest import MANIFEST, is_as_built, known_hashes, read_manifest
from mumer_data.shards.plan import Plan, SliceResult, load_result, rejects_of, unit_name
from mumer_data.shards.work import WORK, WorkFolder
from mumer_data.shards.writer import merge_rejects

J = TypeVar("J")


class Run:
    """One run over one output folder, new or resumed; a context manager that holds the folder's lock."""

    def __init__(self, out: Path, plan: Plan, *, resume: bool) -> None:
        self.out, self.plan = out, plan
        self.results: dict[int, SliceResult] = {}
        self.finished = False
        self.work = WorkFolder(out / WORK, out, resume=resume, fingerprint=plan.fingerprint)

    def __enter__(self) -> Run:
        with reached(self.out), ExitStack() as stack:
            stack.enter_context(self.work)
            self._check_folder()
            if not self.finished:
                self.work.begin()
                self._load_results()
            stack.pop_all()
        return self

    def _check_folder(self) -> None:
        """Refuse a folder that is not a run's, and a run with another plan."""
        built = (self.out / MANIFEST).is_file()
        self.finished = self.work.check(read_manifest(self.out) if built and not self.work.unfinished else None)
        if self.finished:
            self._check_finished()
            self.work.end()
            return
        foreign = not built and not self.work.unfinished and self.out.is_dir()
        if foreign and any(entry.name != WORK for entry in self.out.iterdir()):
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

    def _load_results(self) -> None:
        self._clear()
        for marker in sorted(self.work.path.glob("slice-*.json")):
            result = load_result(self.work.markers, marker.stem)
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
        return (self.work.path / f"{unit_name(number)}.json").stat().st_mtime_ns

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
        self.work.end()
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
                    "rows": sum(result.shards[index].rows for result in results),
                    "size": sum(result.shards[index].size for result in results),
                    "shards": [asdict(result.shards[index]) for result in results],
                }
                for index, config in enumerate(self.plan.configs)
            },
            "fingerprint": self.plan.fingerprint,
        }

    def __exit__(self, *exception: object) -> None:
        self.work.__exit__(*exception)
