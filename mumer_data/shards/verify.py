"""Verifies a finished build, or a copy of one: every file against the hash in its manifest.

Not for repairing: build again, or copy again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mumer_data.io.markers import digest_of
from mumer_data.shards.manifest import MANIFEST, is_as_built, known_hashes, read_manifest
from mumer_data.shards.work import WORK


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of `verify`.

    Attributes:
        files: number of files whose hash was compared.
        changed: files with another content, ``manifest.json`` among them.
        missing: files that the manifest names and that do not exist.
        extra: files that the manifest does not name.
        unknown: files of a build by an older version, which recorded no hash of them.
    """

    files: int
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the folder is exactly what was built."""
        return not (self.changed or self.missing or self.extra)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"ok": self.ok, **asdict(self)}


def verify(folder: Path, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Hash every file of a finished build and compare.

    Args:
        folder: of the build.
        progress: called with (files done, files in total).

    Raises:
        OutputError: there is no manifest, or it cannot be read.
    """
    manifest = read_manifest(folder)
    known = dict(known_hashes(manifest))
    result = Verification(len(known))
    if "manifest_sha256" in manifest:
        body = {name: value for name, value in manifest.items() if name != "manifest_sha256"}
        if digest_of(body) != manifest["manifest_sha256"]:
            result.changed.append(MANIFEST)
    for number, (name, sha256) in enumerate(known.items(), 1):
        if not (folder / name).is_file():
            result.missing.append(name)
        elif not is_as_built(folder, name, sha256):
            result.changed.append(name)
        if progress is not None:
            progress(number, len(known))
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in known and name != MANIFEST and not name.startswith(f"{WORK}/"):
            (result.extra if "files" in manifest else result.unknown).append(name)
    return result
