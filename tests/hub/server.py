"""A Hub on loopback that the real client can talk to: the endpoints of a push and of a download, and faults on order.

Only what `huggingface_hub` asks in a push, by HTTP and the LFS protocol; the Xet protocol has a storage service of its
own behind a native client and is switched off in the tests (HF_HUB_DISABLE_XET).
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.hub.store import LARGE, Blob, Repo, Store

PART = 100_000  # bytes of a part, where a file is sent in parts
LICENCES = ("apache-2.0", "cc-by-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0")
PAGE = 7  # entries of a page of a listing


@dataclass
class Fault:
    """What goes wrong, with which requests, and how often.

    Attributes:
        method, path: of the requests; ``path`` is a regular expression.
        status: answered; 0 breaks the connection off.
        times: how often; each request that matches counts.
        skip: requests that match and go well first.
        after: do what is asked, then answer so: the answer is lost on the way.
        headers, said: of the answer.
        stall: nothing is answered before this is set.
    """

    method: str
    path: str
    status: int = 0
    times: int = 1
    skip: int = 0
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    said: str = ""
    stall: threading.Event | None = None


@dataclass
class Hub:
    """A running server: what it keeps, what it was asked, what shall go wrong."""

    url: str
    store: Store
    asked: list[tuple[str, str, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    multipart_from: int = 1 << 60
    before_commit: Callable[[Repo], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str, path: str) -> int:
        return sum(1 for asked, where, _ in self.asked if asked == method and re.search(path, where))

    def sent(self) -> int:
        """Bytes that came into the storage."""
        return sum(size for method, where, size in self.asked if method == "PUT" and where.startswith("/storage/"))

    def fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.method == method and re.search(fault.path, path) and fault.times:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None


@contextmanager
def running_hub() -> Iterator[Hub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    hub = Hub(f"http://127.0.0.1:{server.server_address[1]}", Store())
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str = "", said: str = "") -> None:
        self.status, self.code, self.said = status, code, said


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer is one write: else the client's system waits 40 ms for the second half

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

    @property
    def hub(self) -> Hub:
        found: Hub = self.server.hub  # type: ignore[attr-defined]
        return found

    def _serve(self) -> None:
        place = urlsplit(self.path)
        fault = self.hub.fault(self.command, place.path)
        if fault is not None and fault.stall is not None:
            fault.stall.wait(60)
            self._break()
            return
        if fault is not None and not fault.after and fault.status == 0:
            self.rfile.read(min(1000, int(self.headers.get("Content-Length") or 0)))  # some of it, then nothing
            self._break()
            return
        self.body = self._read_body()
        self.hub.asked.append((self.command, place.path, len(self.body)))
        if fault is not None and not fault.after:
            page = fault.said.encode() if fault.said.startswith("<") else None
            self._answer(fault.status, page or ({"error": fault.said} if fault.said else {}), fault.headers)
            return
        try:
            status, value, headers = self._route(place.path, parse_qs(place.query))
        except _RefusedError as refused:
            status, value = refused.status, {"error": refused.said}
            headers = {"X-Error-Code": refused.code} if refused.code else {}
        if fault is not None:
            if fault.status == 0:
                self._break()
                return
            status, value, headers = fault.status, {}, {}
        self._answer(status, value, headers)

    def _break(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            found = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, value: Any, headers: dict[str, str]) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        if not isinstance(value, bytes):
            self.send_header("Content-Type", "application/json")
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    # What is asked

    def _route(self, path: str, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        if path.startswith("/storage/"):
            return self._storage(path)
        if path == "/api/validate-yaml":
            return self._validate()
        user = self._user(write=self.command != "GET" and self.command != "HEAD")
        if path == "/api/whoami-v2":
            return 200, {"name": user, "type": "user", "orgs": []}, {}
        if path == "/api/repos/create":
            return self._create(user)
        if found := re.fullmatch(r"/datasets/(.+)\.git/info/lfs/objects/batch", path):
            self._repo(found[1])
            return self._batch()
        if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._resolve(self._repo(found[1]), unquote(found[2]), unquote(found[3]))
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/(\w[\w-]*)(?:/(.+))?)?", path):
            repo = self._repo(found[1])
            rest, below = map(unquote, (found[3] or "").partition("/")[::2])
            calls: dict[str, Callable[[], tuple[int, Any, dict[str, str]]]] = {
                "": lambda: self._info(found[1], repo, "main"),
                "revision": lambda: self._info(found[1], repo, rest),
                "branch": lambda: self._branch(repo, rest),
                "tree": lambda: self._tree(path, repo, rest, below, query),
                "preupload": lambda: self._preupload(repo, rest),
                "commit": lambda: self._commit(found[1], repo, rest),
            }
            if (found[2] or "") in calls:
                return calls[found[2] or ""]()
        raise _RefusedError(404, "", f"no endpoint {self.command} {path}")

    def _user(self, write: bool) -> str:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.hub.store.tokens:
            raise _RefusedError(401, "", "Invalid credentials in Authorization header")
        name, may_write = self.hub.store.tokens[token]
        if write and not may_write:
            raise _RefusedError(403, "", "this token may only read")
        return name

    def _repo(self, name: str) -> Repo:
        if name not in self.hub.store.repos:
            raise _RefusedError(404, "RepoNotFound", "Repository not found")
        return self.hub.store.repos[name]

    def _validate(self) -> tuple[int, Any, dict[str, str]]:
        header = yaml.safe_load(json.loads(self.body)["content"].split("---\n")[1])
        if header.get("license") in (None, *LICENCES):
            return 200, {"errors": [], "warnings": []}, {}
        return 400, {"errors": [{"message": '"license" must be one of [apache-2.0, ...]'}], "warnings": []}, {}

    def _create(self, user: str) -> tuple[int, Any, dict[str, str]]:
        asked = json.loads(self.body)
        owner = asked["organization"] or user
        name = f"{owner}/{asked['name']}"
        assert asked["type"] == "dataset"
        if owner != user:
            raise _RefusedError(403, "", f"You don't have the rights to create a dataset under the namespace {owner!r}")
        there = name in self.hub.store.repos
        if not there:
            self.hub.store.create(name, asked.get("visibility") == "private" or bool(asked.get("private")))
        url = f"{self.hub.url}/datasets/{name}"
        return (409 if there else 200), {"url": url, "name": name, "error": "You already created this repo"}, {}

    def _info(self, name: str, repo: Repo, revision: str) -> tuple[int, Any, dict[str, str]]:
        oid = self._oid(repo, revision)
        siblings = [{"rfilename": path} for path in sorted(repo.commits[oid])]
        return 200, {"id": name, "sha": oid, "private": repo.private, "siblings": siblings, "tags": []}, {}

    def _oid(self, repo: Repo, revision: str) -> str:
        oid = repo.commit_of(revision)
        if oid is None:
            raise _RefusedError(404, "RevisionNotFound", "Invalid rev id")
        return oid

    def _branch(self, repo: Repo, name: str) -> tuple[int, Any, dict[str, str]]:
        if name in repo.history:
            raise _RefusedError(409, "", "Reference already exists")
        repo.history[name] = list(repo.history["main"])
        return 200, {}, {}

    def _tree(
        self, path: str, repo: Repo, revision: str, below: str, query: dict[str, list[str]]
    ) -> tuple[int, Any, dict[str, str]]:
        tree = repo.commits[self._oid(repo, revision)]
        entries = [blob.listed(name) for name, blob in sorted(tree.items())]
        folders = sorted({name.rpartition("/")[0] for name in tree if "/" in name})
        entries += [{"type": "directory", "path": name, "oid": "0" * 40, "size": 0} for name in folders]
        start = f"{below}/" if below else ""
        recursive = query["recursive"][0].lower() == "true"
        entries = [e for e in entries if e["path"].startswith(start)]
        entries = [e for e in entries if recursive or "/" not in e["path"].removeprefix(start)]
        if below and not entries:
            raise _RefusedError(404, "EntryNotFound", f"{below} does not exist")
        cursor = int(query.get("cursor", ["0"])[0])
        more = cursor + PAGE
        following = f"{self.hub.url}{path}?recursive={recursive}&cursor={more}"
        link = {"Link": f'<{following}>; rel="next"'} if more < len(entries) else {}
        return 200, entries[cursor:more], link

    def _preupload(self, repo: Repo, revision: str) -> tuple[int, Any, dict[str, str]]:
        tree = repo.commits[self._oid(repo, revision)]
        files = []
        for file in json.loads(self.body)["files"]:
            mode = "lfs" if file["path"].endswith(LARGE) else "regular"
            there = tree.get(file["path"])
            oid = None if there is None else there.sha256 if there.large else there.oid
            files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return 200, {"files": files}, {}

    def _batch(self) -> tuple[int, Any, dict[str, str]]:
        objects = []
        for asked in json.loads(self.body)["objects"]:
            oid, size = asked["oid"], asked["size"]
            found: dict[str, Any] = {"oid": oid, "size": size}
            if oid not in self.hub.store.storage:
                action: dict[str, Any] = {"href": f"{self.hub.url}/storage/{oid}", "header": {}}
                if size >= self.hub.multipart_from:
                    parts = range(1, -(-size // PART) + 1)
                    urls = {str(part): f"{self.hub.url}/storage/{oid}/{part}" for part in parts}
                    action["header"] = {"chunk_size": str(PART), **urls}
                verify = {"href": f"{self.hub.url}/storage/{oid}/verify", "header": {}}
                found["actions"] = {"upload": action, "verify": verify}
            objects.append(found)
        return 200, {"transfer": "basic", "objects": objects}, {}

    def _storage(self, path: str) -> tuple[int, Any, dict[str, str]]:
        _, _, oid, *rest = path.split("/")
        store = self.hub.store
        if rest == ["verify"]:
            if oid not in store.storage or json.loads(self.body)["size"] != len(store.storage[oid]):
                raise _RefusedError(404, "", "no such object")
            return 200, {}, {}
        if rest:
            store.parts.setdefault(oid, {})[int(rest[0])] = self.body
            return 200, {}, {"ETag": f"part-{rest[0]}"}
        if self.command == "POST":  # all parts are there
            parts = store.parts.pop(oid)
            assert [part["partNumber"] for part in json.loads(self.body)["parts"]] == sorted(parts)
            data = b"".join(parts[number] for number in sorted(parts))
        else:
            data = self.body
        if Blob(data, True).sha256 != oid:
            raise _RefusedError(400, "", "the checksum differs")
        store.storage[oid] = data
        return 200, {}, {}

    def _commit(self, name: str, repo: Repo, branch: str) -> tuple[int, Any, dict[str, str]]:
        if self.hub.before_commit is not None:
            act, self.hub.before_commit = self.hub.before_commit, None
            act(repo)
        header, *lines = [json.loads(line) for line in self.body.splitlines()]
        head = self._oid(repo, branch)
        if header["value"].get("parentCommit", head) != head:
            raise _RefusedError(412, "", "A commit has happened since. Please refresh and try again.")
        tree = dict(repo.commits[head])
        for line in lines:
            value = line["value"]
            if line["key"] == "lfsFile":
                if value["oid"] not in self.hub.store.storage:
                    raise _RefusedError(400, "", f"LFS pointer to an object that is not there: {value['path']}")
                tree[value["path"]] = Blob(self.hub.store.storage[value["oid"]], True)
            elif line["key"] == "file":
                tree[value["path"]] = Blob(base64.b64decode(value["content"]), False)
            else:
                assert line["key"] == "deletedFile"
                del tree[value["path"]]
        oid = repo.add(branch, tree)
        return 200, {"commitUrl": f"{self.hub.url}/datasets/{name}/commit/{oid}", "commitOid": oid}, {}

    def _resolve(self, repo: Repo, revision: str, path: str) -> tuple[int, Any, dict[str, str]]:
        oid = self._oid(repo, revision)
        blob = repo.commits[oid].get(path)
        if blob is None:
            raise _RefusedError(404, "EntryNotFound", "Entry not found")
        return 200, blob.data, {"X-Repo-Commit": oid, "ETag": f'"{blob.sha256 if blob.large else blob.oid}"'}
