"""What a Hub keeps, in memory: repositories with branches, commits and files, and a storage of large files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n*.png filter=lfs diff=lfs merge=lfs -text\n"
LARGE = (".parquet", ".png")


@dataclass(frozen=True)
class Blob:
    """One file at one commit; ``large`` ones are named by their sha256, others by their git hash."""

    data: bytes
    large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def oid(self) -> str:
        return git_hash(self.pointer() if self.large else self.data)

    def pointer(self) -> bytes:
        text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.data)}\n"
        return text.encode()

    def listed(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "file", "path": path, "size": len(self.data), "oid": self.oid}
        if self.large:
            found["lfs"] = {"oid": self.sha256, "size": len(self.data), "pointerSize": len(self.pointer())}
        return found


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


Tree = dict[str, Blob]


@dataclass
class Repo:
    """A repository; ``commits`` are trees by id, ``history`` the ids of each branch, oldest first."""

    private: bool = False
    commits: dict[str, Tree] = field(default_factory=dict)
    history: dict[str, list[str]] = field(default_factory=dict)

    def add(self, branch: str, tree: Tree) -> str:
        names = "".join(f"{path} {blob.oid}\n" for path, blob in sorted(tree.items()))
        before = self.history.get(branch, [])
        oid = hashlib.sha1(f"{branch} {len(before)} {before[-1:]} {names}".encode()).hexdigest()
        self.commits[oid] = dict(tree)
        self.history[branch] = [*before, oid]
        return oid

    def commit_of(self, revision: str) -> str | None:
        if revision in self.history:
            return self.history[revision][-1]
        return revision if revision in self.commits else None

    def tree(self, revision: str = "main") -> Tree:
        oid = self.commit_of(revision)
        assert oid is not None
        return self.commits[oid]


@dataclass
class Store:
    """All that a Hub keeps.

    Attributes:
        repos: by name.
        storage: large files by sha256, committed or not.
        parts: of uploads under way.
        tokens: token -> user name, and whether it may write.
    """

    repos: dict[str, Repo] = field(default_factory=dict)
    storage: dict[str, bytes] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def create(self, name: str, private: bool = False) -> Repo:
        repo = Repo(private)
        repo.add("main", {".gitattributes": Blob(ATTRIBUTES, False)})
        self.repos[name] = repo
        return repo
