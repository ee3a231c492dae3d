"""The files of a build that are published, and those that are not.

Not for uploading. Shards are published unchanged; local paths are removed from the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mumer_data.exceptions import OutputError
from mumer_data.hub.card import card_text
from mumer_data.hub.folder import Build
from mumer_data.hub.licences import Terms
from mumer_data.hub.picture import sample_sheet
from mumer_data.hub.redact_paths import redact_paths
from mumer_data.io.atomic import file_sha256
from mumer_data.shards.manifest import MANIFEST

CARD = "README.md"
PICTURE = "samples.png"
# Files of mining and corruption beside the shards. Rejects are not published: raw rows, messages with local paths.
EXTRAS = ("mining.json", "confusions.parquet", "confusions.png", "channel.json", "doubts.parquet")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a publication.

    Attributes:
        path: path in the repository.
        source: the file, or its bytes if it is generated for the push.
        size: size in bytes.
        sha256: hexadecimal.
        closing: whether it makes the other files visible, and so must be uploaded last.
    """

    path: str
    source: Path | bytes
    size: int
    sha256: str
    closing: bool = False

    def data(self) -> bytes:
        """The whole file."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def blob_id(self) -> str:
        """The git hash by which the Hub identifies a file that is not in LFS."""
        data = self.data()
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def publication(build: Build, terms: Sequence[Terms], repo: str, revision: str = "") -> list[Upload]:
    """All files, the closing ones last. Raises ``OutputError`` if a file cannot be read."""
    uploads = [
        Upload(shard.file, build.folder / shard.file, shard.size, shard.sha256)
        for config in build.configs
        for shard in config.shards
    ]
    try:
        for name in EXTRAS:
            path = build.folder / name
            if path.is_file():
                uploads.append(Upload(name, path, path.stat().st_size, file_sha256(path)))
        listing = (build.folder / "dataset_info.json").read_bytes()
    except OSError as error:
        raise OutputError(f"cannot read {error.filename}: {error.strerror}") from error
    picture = sample_sheet(build)
    card = card_text(build, terms, repo, picture=PICTURE if picture else "", revision=revision)
    manifest = json.dumps(redact_paths(build.manifest), indent=2, ensure_ascii=False) + "\n"
    if picture:
        uploads.append(_generated(PICTURE, picture))
    uploads.append(_generated("dataset_info.json", listing))
    uploads.append(_generated(MANIFEST, manifest.encode()))
    uploads.append(_generated(CARD, card.encode()))
    return uploads


def _generated(path: str, data: bytes) -> Upload:
    return Upload(path, data, len(data), hashlib.sha256(data).hexdigest(), closing=True)


def not_uploaded(build: Build, uploads: Sequence[Upload]) -> list[str]:
    """Names of the files in the folder of the build that are not published."""
    sent = {upload.path.partition("/")[0] for upload in uploads}
    return sorted(path.name for path in build.folder.iterdir() if path.name not in sent)
