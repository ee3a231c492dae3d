"""One dataset repository on the Hub, by the Hub's own client: listing, storing, committing.

Not for selecting files. Large files are stored first, invisible, and then named in a commit; the client's
`upload_folder` is not used, since it commits while it uploads, possibly the card first.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mumer_data.exceptions import HubError
from mumer_data.hub.errors import TransientHubError, hub_errors
from mumer_data.hub.publication import Upload

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.hf_api import RepoFile

T = TypeVar("T")
_log = logging.getLogger(__name__)
KIND = "dataset"
MAIN = "main"
RETRY_DELAYS = (1.0, 4.0, 16.0)  # seconds before a retry; the client itself retries uploads only
GROUP_FILES, GROUP_BYTES = 64, 1 << 30


def full_name(repo: str) -> str:
    """The name, validated; raises ``HubError``."""
    from huggingface_hub.utils import validate_repo_id

    with hub_errors("checking the name", repo):
        validate_repo_id(repo)
    return repo


class Repository:
    """A repository and one branch of it; ``name`` becomes ``OWNER/NAME`` when it is opened."""

    def __init__(self, name: str, revision: str = "") -> None:
        from huggingface_hub import HfApi

        self.name = full_name(name)
        self.revision = revision or MAIN
        self.private = False
        self._api = HfApi(library_name="mumer-data")

    def add_owner(self) -> None:
        """Complete a name without an owner by the owner of the token."""
        user = self._call("asking whose the token is", lambda: self._api.whoami(cache=True)["name"])
        if "/" not in self.name:
            self.name = f"{user}/{self.name}"

    def open(self, private: bool) -> str:
        """Create repository and branch if they do not exist; returns the commit at the head of the branch.

        Raises:
            HubError: no token, no right to write, or a repository that is public though ``private`` is asked for.
        """
        self.add_owner()
        self._call(
            f"creating {self.name}",
            lambda: self._api.create_repo(self.name, repo_type=KIND, private=private or None, exist_ok=True),
        )
        info = self._call(f"looking at {self.name}", lambda: self._api.repo_info(self.name, repo_type=KIND))
        self.private = bool(info.private)
        if private and not self.private:
            raise HubError(
                f"{self.name} is there already, and public: make it private in its settings, or name another"
            )
        if self.revision != MAIN and not self.revision.startswith("refs/"):
            self._call(
                f"creating the branch {self.revision}",
                lambda: self._api.create_branch(self.name, branch=self.revision, repo_type=KIND, exist_ok=True),
            )
        return self.head()

    def head(self) -> str:
        """The commit at the head of the branch."""
        info = self._call(
            f"looking at {self.name}",
            lambda: self._api.repo_info(self.name, repo_type=KIND, revision=self.revision),
        )
        return str(info.sha)

    def files(self, commit: str) -> dict[str, RepoFile]:
        """Every file at a commit, by path."""
        from huggingface_hub.hf_api import RepoFile

        def list_files() -> dict[str, RepoFile]:
            tree = self._api.list_repo_tree(self.name, recursive=True, revision=commit, repo_type=KIND)
            return {entry.path: entry for entry in tree if isinstance(entry, RepoFile)}

        return self._call(f"listing {self.name}", list_files)

    def text(self, path: str, commit: str) -> str:
        """A small text file at a commit."""
        with tempfile.TemporaryDirectory() as folder:

            def download() -> str:
                file = self._api.hf_hub_download(
                    self.name, path, repo_type=KIND, revision=commit, local_dir=folder, force_download=True
                )
                return Path(file).read_text(encoding="utf-8", errors="replace")

            return self._call(f"reading {path} of {self.name}", download)

    def check_card(self, text: str) -> None:
        """Let the Hub validate a card before anything is sent; raises ``HubError``."""
        from huggingface_hub import DatasetCard

        self._call("checking the card", lambda: DatasetCard(text).validate())

    def store(self, uploads: Sequence[Upload], advance: Callable[[int], None]) -> list[CommitOperationAdd]:
        """Put files into the Hub's storage; they are invisible until they are committed.

        Files in the storage are not sent again: the Hub knows them by sha256. ``advance`` is called with bytes done.
        """
        from huggingface_hub import CommitOperationAdd

        operations: list[CommitOperationAdd] = []
        for group in _groups(uploads):
            with hub_errors(f"sending {group[0].path}", self.name):
                added = [CommitOperationAdd(upload.path, upload.source) for upload in group]
                self._api.preupload_lfs_files(self.name, added, repo_type=KIND, revision=self.revision)
            operations += added
            advance(sum(upload.size for upload in group))
        return operations

    def commit(
        self,
        operations: Sequence[CommitOperationAdd],
        removed: Sequence[str],
        message: str,
        parent: str,
        is_committed: Callable[[str], bool],
    ) -> str:
        """Make one commit on top of ``parent``; returns its id.

        Args:
            operations: result of `store`.
            removed: paths to delete.
            message: commit message.
            parent: the expected head; another head is a conflict.
            is_committed: whether a commit already holds all changes; called if the Hub's answer was lost.
        """
        from huggingface_hub import CommitOperationDelete

        deleted = [CommitOperationDelete(path, is_folder=False) for path in removed]
        for delay in (*RETRY_DELAYS, None):
            try:
                with hub_errors(f"committing to {self.name}", self.name):
                    info = self._api.create_commit(
                        self.name,
                        [*operations, *deleted],
                        commit_message=message,
                        repo_type=KIND,
                        revision=self.revision,
                        parent_commit=parent,
                    )
                return str(info.oid)
            except TransientHubError:
                head = self.head()
                if head != parent and is_committed(head):
                    return head
                if delay is None:
                    raise
                _wait(f"committing to {self.name}", delay)
        raise AssertionError("unreachable")

    def _call(self, action: str, request: Callable[[], T]) -> T:
        for delay in RETRY_DELAYS:
            try:
                with hub_errors(action, self.name):
                    return request()
            except TransientHubError:
                _wait(action, delay)
        with hub_errors(action, self.name):
            return request()


def _wait(action: str, seconds: float) -> None:
    _log.warning("%s failed: retry in %.0f s", action, seconds)
    time.sleep(seconds)


def _groups(uploads: Sequence[Upload]) -> Iterator[list[Upload]]:
    group: list[Upload] = []
    size = 0
    for upload in uploads:
        if group and (len(group) >= GROUP_FILES or size + upload.size > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(upload)
        size += upload.size
    if group:
        yield group
