"""Upload of a build: missing files are stored, one commit makes them visible, then every checksum is compared.

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

COMMIT_FILES = 500  # the Hub may time out on a larger commit; see `_chunks`
_HUB_FILES = (".gitattributes",)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push.

    Attributes:
        repo, revision, commit: repository, branch and commit id.
        private: whether the repository is private.
        sent, unchanged, removed: files that changed, that did not change, and that the build no longer has.
        size: bytes of the files that changed; what was in the Hub's storage already was not sent.
        verified: files whose checksum on the Hub equals that of the local file.
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
    """Publish files; a second call sends no file again, and compares all checksums again.

    Args:
        repository: the target; created if it does not exist.
        uploads: the files; see `publication`.
        message: commit message.
        private: make the repository private, or refuse if it is public.
        agree: called with the findings about the repository; raises to stop the push before anything is sent.
        progress: called with (bytes done, bytes in total).

    Raises:
        HubError: the push failed; the message says why and what to do. Nothing of it is visible, except shards
            of a build with more than `COMMIT_FILES` files, which no card names.
    """
    parent = repository.open(private)
    remote = repository.files(parent)
    missing = [upload for upload in uploads if not _is_same(upload, remote.get(upload.path))]
    removed = _shards_to_remove(repository, parent, remote, uploads, agree)
    total, done = sum(upload.size for upload in missing), 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress(done, total)

    if missing or removed:
        repository.check_card(_content(uploads, CARD).decode())
        operations = dict(zip((u.path for u in missing), repository.store(missing, advance), strict=True))
        chunks = _chunks(missing, remote)
        for number, chunk in enumerate(chunks, 1):
            deleted = removed if number == len(chunks) else []
            parent = _commit(repository, chunk, operations, deleted, message, parent)
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


def _content(uploads: Sequence[Upload], path: str) -> bytes:
    return next(upload.data() for upload in uploads if upload.path == path)


def _is_same(upload: Upload, remote: RepoFile | None) -> bool:
    """Whether the file on the Hub equals the local one, by the Hub's checksum."""
    if remote is None or remote.size != upload.size:
        return False
    return remote.lfs.sha256 == upload.sha256 if remote.lfs is not None else remote.blob_id == upload.blob_id()


def _different(repository: Repository, commit: str, uploads: Sequence[Upload]) -> list[str]:
    remote = repository.files(commit)
    return [upload.path for upload in uploads if not _is_same(upload, remote.get(upload.path))]


def _chunks(missing: Sequence[Upload], remote: dict[str, RepoFile]) -> list[list[Upload]]:
    """The files of each commit, usually one commit.

    With very many files, those with new names are committed first: the published card does not match them, since its
    patterns contain the number of files. Files that replace others, and the new card, are in the last commit.
    """
    if len(missing) <= COMMIT_FILES:
        return [list(missing)]
    fresh = [upload for upload in missing if not upload.closing and upload.path not in remote]
    last = [upload for upload in missing if upload.closing or upload.path in remote]
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
    def is_committed(head: str) -> bool:
        files = repository.files(head)
        return all(_is_same(upload, files.get(upload.path)) for upload in chunk) and not any(
            path in files for path in removed
        )

    return repository.commit([operations[upload.path] for upload in chunk], removed, message, parent, is_committed)


def _shards_to_remove(
    repository: Repository,
    parent: str,
    remote: dict[str, RepoFile],
    uploads: Sequence[Upload],
    agree: Callable[[list[Finding]], None],
) -> list[str]:
    """The shards of the previous build; passes the findings about the repository to ``agree``."""
    ours = {upload.path for upload in uploads}
    published: set[str] = set()
    findings = []
    if MANIFEST in remote:
        name, published = _published_shards(repository.text(MANIFEST, parent))
        if name != json.loads(_content(uploads, MANIFEST))["name"]:
            findings.append(Finding("warning", "repository", f"it holds another build, {name!r}: this one replaces it"))
    removed = sorted(published & remote.keys() - ours)
    if CARD in remote and written_by_hand(repository.text(CARD, parent)):
        message = f"its {CARD} was written or changed by hand, and is replaced; the old one stays in the history"
        findings.append(Finding("warning", "repository", message))
    other = sorted(remote.keys() - ours - published - set(_HUB_FILES))
    if other:
        findings.append(Finding("note", "repository", f"{len(other):,} other files in it stay, such as {other[0]}"))
    if removed:
        findings.append(Finding("note", "repository", f"{len(removed):,} shards of the previous build are removed"))
    agree(findings)
    return removed


def _published_shards(text: str) -> tuple[str, set[str]]:
    """Name and shards of the published build by its manifest; empty if it is not a manifest of this library."""
    try:
        manifest = json.loads(text)
        shards = {str(shard["file"]) for config in manifest["configs"].values() for shard in config["shards"]}
        return str(manifest["name"]), {path for path in shards if path.endswith(".parquet")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", set()
