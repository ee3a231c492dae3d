"""The manifest of a finished build: reading it, and the hashes that it records.

Not for writing it: see `run`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mumer_data.exceptions import OutputError
from mumer_data.io.atomic import file_sha256
from mumer_data.shards.work import WORK

MANIFEST = "manifest.json"


def read_manifest(out: Path) -> dict[str, Any]:
    """The manifest of a finished build; raises ``OutputError`` where there is none."""
    try:
        manifest: dict[str, Any] = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "the build is unfinished: go on with --resume" if (out / WORK).is_dir() else "it is not a build"
        raise OutputError(f"no {MANIFEST} in {out}: {hint}") from None
    except ValueError as error:
        raise OutputError(f"{out / MANIFEST} is not readable: {error}") from error
    return manifest


def licence_of(folder: Path) -> str:
    """The licence that a build declares for its source; ``""`` where it is not a finished build, or declares none."""
    if not (folder / MANIFEST).is_file():
        return ""
    manifest = read_manifest(folder)
    return str(manifest.get("pipeline", {}).get("licence") or manifest.get("licence") or "")


def known_hashes(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(file, sha256) of every file that the manifest records; builds before version 0.2 record shards only."""
    for config in manifest["configs"].values():
        for shard in config["shards"]:
            yield shard["file"], shard["sha256"]
    yield from manifest.get("files", {}).items()


def is_as_built(folder: Path, name: str, sha256: str) -> bool:
    """Whether a file is there and has its hash."""
    return (folder / name).is_file() and file_sha256(folder / name) == sha256
