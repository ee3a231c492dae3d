"""Uploads a build: missing files are stored, one commit makes them visible, then every checksum is compared.

Not for deciding whether a build may be published: see `checks`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mumer_data.exceptions import HubError
from mumer_data.hub.card import written_by_hand
from mumer_data.hub.checks import Finding
from mumer_data.hub.publication import CARD, Upload
from mumer_data.hub.repository import Repository
from mumer_data.shards.manifest import MANIFEST

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.hf_api import RepoFile

COMMIT_FILES = 500  # beyond, the Hub may give up on a commit; see `_chunks`
_HUBS_OWN = (".gitattributes",)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push.

    Attributes:
        repo, revision, commit: where it is.
        private: whether only its owner sees it.
        sent, unchanged, removed: files that changed, that were there already, and that the build no longer has.
        size: bytes of the files that changed; what the Hub had in its storage was not sent.
        verified: files whose checksum on the Hub is that of the file here.
    """

    repo: str
    revision: str
    commit: str
    private: bool
    sent: int
    unchanged: int
    removed: int
    size: int
    verified: int


def push(
    repository: Repository,
    uploads: Sequence[Upload],
    message: str,
    *,
    private: bool = False,
    agree: Callable[[list[Finding]], None] = lambda findings: None,
    progress: Progress | None = None,
) -> Pushed:
    """Publish files; a second call sends no file that is there already, and compares all checksums again.

    Args:
        repository: where to; created if it is not there.
        uploads: what; see `publication`.
        message: of the commit.
        private: make the repository private, or refuse if it is public.
        agree: given what the repository holds that matters; raises to stop the push before anything is sent.
        progress: called with (bytes done, bytes in total).

    Raises:
        HubError: it did not succeed; the message says why and what to do. Nothing of it is visible, but for shards
            of a build of more than `COMMIT_FILES` files, which no card names.
    """
    parent = repository.open(private)
    there = repository.files(parent)
    missing = [upload for upload in uploads if not _same(upload, there.get(upload.path))]
    removed = _removed(repository, parent, there, uploads, agree)
    total, done = sum(upload.size for upload in missing), 0

    def sent(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress(done, total)

    if missing or removed:
        repository.check_card(_data(uploads, CARD).decode())
        operations = dict(zip((u.path for u in missing), repository.store(missing, sent), strict=True))
        chunks = _chunks(missing, there)
        for number, chunk in enumerate(chunks, 1):
            gone = removed if number == len(chunks) else []
            parent = _commit(repository, chunk, operations, gone, message, parent)
    wrong = _different(repository, parent, uploads)
    if wrong:
        raise HubError(
            f"{repository.name} does not hold what was sent: {', '.join(wrong[:5])} "
            f"{'differs' if len(wrong) == 1 else 'differ'} at commit {parent}; push again"
        )
    return Pushed(
        repository.name,
        repository.revision,
        parent,
        repository.private,
        len(missing),
        len(uploads) - len(missing),
        len(removed),
        total,
        len(uploads),
    )


def _data(uploads: Sequence[Upload], path: str) -> bytes:
    return next(upload.data() for upload in uploads if upload.path == path)


def _same(upload: Upload, there: RepoFile | None) -> bool:
    """Whether the file on the Hub is the one here, by the checksum that the Hub gives."""
    if there is None or there.size != upload.size:
        return False
    return there.lfs.sha256 == upload.sha256 if there.lfs is not None else there.blob_id == upload.blob_id()


def _different(repository: Repository, commit: str, uploads: Sequence[Upload]) -> list[str]:
    there = repository.files(commit)
    return [upload.path for upload in uploads if not _same(upload, there.get(upload.path))]


def _chunks(missing: Sequence[Upload], there: dict[str, RepoFile]) -> list[list[Upload]]:
    """What goes into which commit: mostly one.

    Of very many files those with new names come first. The card that is there names its files with their number, so
    none of them is among its own. What replaces a file, and the new card, are in the last commit.
    """
    if len(missing) <= COMMIT_FILES:
        return [list(missing)]
    fresh = [upload for upload in missing if not upload.closing and upload.path not in there]
    last = [upload for upload in missing if upload.closing or upload.path in there]
    chunks = [fresh[start : start + COMMIT_FILES] for start in range(0, len(fresh), COMMIT_FILES)]
    return [*chunks, last]


def _commit(
    repository: Repository,
    chunk: Sequence[Upload],
    operations: dict[str, CommitOperationAdd],
    removed: Sequence[str],
    message: str,
    parent: str,
) -> str:
    def there(head: str) -> bool:
        files = repository.files(head)
        return all(_same(one, files.get(one.path)) for one in chunk) and not any(path in files for path in removed)

    return repository.commit([operations[one.path] for one in chunk], removed, message, parent, there)


def _removed(
    repository: Repository,
    parent: str,
    there: dict[str, RepoFile],
    uploads: Sequence[Upload],
    agree: Callable[[list[Finding]], None],
) -> list[str]:
    """Shards of the build that was there before; asks whether all that the repository holds may be as it is."""
    ours = {upload.path for upload in uploads}
    before: set[str] = set()
    findings = []
    if MANIFEST in there:
        name, before = _shards_before(repository.text(MANIFEST, parent))
        if name != json.loads(_data(uploads, MANIFEST))["name"]:
            findings.append(Finding("warning", "repository", f"it holds another build, {name!r}: this one replaces it"))
    removed = sorted(before & there.keys() - ours)
    if CARD in there and written_by_hand(repository.text(CARD, parent)):
        message = f"its {CARD} was written or changed by hand, and is replaced; the old one stays in the history"
        findings.append(Finding("warning", "repository", message))
    other = sorted(there.keys() - ours - before - set(_HUBS_OWN))
    if other:
        findings.append(Finding("note", "repository", f"{len(other):,} other files in it stay, such as {other[0]}"))
    if removed:
        findings.append(Finding("note", "repository", f"{len(removed):,} shards of the build before are removed"))
    agree(findings)
    return removed


def _shards_before(text: str) -> tuple[str, set[str]]:
    """Name and shards of the build whose manifest is there; nothing where it is not one of ours."""
    try:
        manifest = json.loads(text)
        shards = {str(shard["file"]) for config in manifest["configs"].values() for shard in config["shards"]}
        return str(manifest["name"]), {path for path in shards if path.endswith(".parquet")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", set()
