"""Pushes by the real client to a Hub on loopback: what is there afterwards, and what happens when things go wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mumer_data.exceptions import HubError
from mumer_data.hub import push as pushing
from mumer_data.hub.checks import Finding
from mumer_data.hub.folder import open_build
from mumer_data.hub.licences import terms_of
from mumer_data.hub.publication import Upload, publication
from mumer_data.hub.push import Pushed, push
from mumer_data.hub.repository import Repository
from mumer_data.jobs.config import load_source
from tests.hub.conftest import TOKEN
from tests.hub.server import Fault, Hub
from tests.hub.store import Blob, Repo

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # of the client to its own library
NAME = "ann/mine"


def uploads_of(folder: Path, repo: str = NAME, revision: str = "") -> list[Upload]:
    build = open_build(folder)
    return publication(build, terms_of(build), repo, revision)


def push_to(repo: str, folder: Path, *, private: bool = False, revision: str = "") -> Pushed:
    uploads = uploads_of(folder, repo, revision)
    return push(Repository(repo, revision), uploads, "a build", private=private)


def shards_of(folder: Path) -> dict[str, bytes]:
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in folder.glob("*/*.parquet")}


def test_all_that_is_published_is_there_to_the_byte(hub: Hub, built: Path) -> None:
    moved: list[tuple[int, int]] = []
    uploads = uploads_of(built)
    found = push(Repository("mine"), uploads, "a build", progress=lambda done, total: moved.append((done, total)))
    repo = hub.store.repos[NAME]
    tree = repo.tree()
    assert (found.repo, found.revision, found.private, found.unchanged) == (NAME, "main", False, 0)
    assert found.commit == repo.history["main"][-1]
    assert found.sent == found.verified == len(uploads) == len(tree) - 1  # and the Hub's .gitattributes
    assert {path: blob.data for path, blob in tree.items() if path.endswith(".parquet")} == shards_of(built)
    assert len(repo.history["main"]) == 2, "one commit after the Hub's own"
    assert moved[-1] == (found.size, found.size) == (sum(one.size for one in uploads),) * 2
    assert "rejects.parquet" not in tree


def test_what_is_published_loads_by_its_card_alone(
    hub: Hub, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets
    from huggingface_hub import DatasetCard, HfApi

    push_to(NAME, built)
    folder = Path(HfApi().snapshot_download(NAME, repo_type="dataset", local_dir=tmp_path / "copy"))
    reader = load_source(folder).reader()
    assert [part.rows for part in reader.plan(100, 1 << 30)] == [60], "a copy is a folder of shards again"
    for file in ("manifest.json", "dataset_info.json"):
        (folder / file).unlink()
    card = DatasetCard.load(folder / "README.md")
    assert [config["config_name"] for config in card.data.configs] == ["mine", "mine_tree", "mine_can"]
    for config in ("mine", "mine_tree", "mine_can"):
        rows = datasets.load_dataset(str(folder), config, split="train", cache_dir=str(tmp_path / "cache"))
        assert rows.num_rows == 60
        assert rows[17]["images"][0].size == (12, 8)
        assert rows[17]["messages"][-1]["value"].endswith(r"x _ { 1 7 } + \frac { a } { b }")


def test_a_second_push_sends_nothing_and_compares_everything(hub: Hub, built: Path) -> None:
    first = push_to(NAME, built)
    hub.asked.clear()
    second = push_to(NAME, built)
    assert (second.sent, second.size, second.removed) == (0, 0, 0)
    assert second.commit == first.commit
    assert second.verified == second.unchanged == first.sent
    assert hub.count("PUT", ".") == hub.count("POST", "/(commit|preupload|batch)") == 0


def test_large_files_go_in_parts(hub: Hub, built: Path) -> None:
    hub.multipart_from = 1
    push_to(NAME, built)
    tree = hub.store.repos[NAME].tree()
    assert {path: tree[path].data for path in shards_of(built)} == shards_of(built)


def test_a_private_repository_and_a_branch(hub: Hub, built: Path) -> None:
    found = push_to(NAME, built, private=True, revision="v1/new")
    repo = hub.store.repos[NAME]
    assert found.private
    assert repo.private
    assert set(repo.tree("main")) == {".gitattributes"}
    assert "README.md" in repo.tree("v1/new")
    assert 'revision="v1/new")' in repo.tree("v1/new")["README.md"].data.decode()


def test_a_public_repository_is_not_taken_for_a_private_one(hub: Hub, built: Path) -> None:
    hub.store.create(NAME)
    with pytest.raises(HubError, match="ann/mine is there already, and public"):
        push_to(NAME, built, private=True)
    assert hub.count("POST", "preupload") == 0


def test_of_very_many_files_the_card_comes_last(hub: Hub, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "COMMIT_FILES", 4)
    push_to(NAME, built)
    repo = hub.store.repos[NAME]
    *before, last = [repo.commits[oid] for oid in repo.history["main"]]
    assert len(before) == 4
    assert all("README.md" not in tree and "manifest.json" not in tree for tree in before)
    assert {"README.md", "manifest.json", *shards_of(built)} <= set(last)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        pytest.param(Fault("PUT", "/storage/", times=99, skip=4), "the connection to the Hub broke", id="drop"),
        pytest.param(Fault("PUT", "/storage/", 500, times=99, skip=4), r"trouble \(HTTP 500\)", id="500"),
        pytest.param(Fault("PUT", "/storage/", 429, times=99, skip=4), "too many requests", id="429"),
        pytest.param(Fault("POST", "/batch", 503, times=99), r"trouble \(HTTP 503\)", id="503 of the batch"),
        pytest.param(Fault("POST", "/preupload", 413, said="too large"), "HTTP 413.*too large", id="413"),
        pytest.param(Fault("POST", "/commit", 500, times=99), r"committing.*HTTP 500", id="500 of the commit"),
        pytest.param(Fault("POST", "/commit", 0, times=99), "committing.*broke", id="drop of the commit"),
    ],
)
def test_a_push_that_breaks_off_publishes_nothing_and_goes_on(
    hub: Hub, built: Path, fault: Fault, message: str
) -> None:
    hub.faults.append(fault)
    with pytest.raises(HubError, match=message) as raised:
        push_to(NAME, built)
    assert TOKEN not in str(raised.value)
    assert set(hub.store.repos[NAME].tree()) == {".gitattributes"}, "nothing half-published"
    stored = dict(hub.store.storage)
    assert stored or fault.method == "POST", "some files came through"
    hub.faults.clear()
    hub.asked.clear()
    push_to(NAME, built)
    again = {path.split("/")[2] for method, path, _ in hub.asked if method == "PUT"}
    assert not again & stored.keys(), "what was stored is not sent again"
    assert {path: hub.store.repos[NAME].tree()[path].data for path in shards_of(built)} == shards_of(built)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("PUT", "/storage/", 0, times=2), id="drop"),
        pytest.param(Fault("PUT", "/storage/", 500, times=2), id="500"),
        pytest.param(Fault("PUT", "/storage/", 429, headers={"Retry-After": "1"}), id="429"),
        pytest.param(Fault("GET", "/api/whoami", 429), id="429 of whoami"),
        pytest.param(Fault("POST", "/api/repos/create", 502), id="502 of create"),
        pytest.param(Fault("GET", "/tree/", 0), id="drop of the listing"),
        pytest.param(Fault("POST", "/commit", 503, times=2), id="503 of the commit"),
        pytest.param(Fault("POST", "/validate-yaml", 502, said="<html>", skip=1), id="page instead of JSON"),
    ],
)
def test_passing_trouble_is_sat_out(hub: Hub, built: Path, fault: Fault) -> None:
    hub.faults.append(fault)
    push_to(NAME, built)
    assert not fault.times, "the fault came"
    assert "README.md" in hub.store.repos[NAME].tree()


@pytest.mark.parametrize("status", [0, 504])
def test_a_commit_whose_answer_is_lost_is_not_made_twice(hub: Hub, built: Path, status: int) -> None:
    hub.faults.append(Fault("POST", "/commit", status, after=True))
    found = push_to(NAME, built)
    assert hub.store.repos[NAME].history["main"][1:] == [found.commit]


def test_somebody_else_commits_meanwhile(hub: Hub, built: Path) -> None:
    def other(repo: Repo) -> None:
        repo.add("main", repo.tree() | {"notes.txt": Blob(b"mine", False)})

    hub.before_commit = other
    with pytest.raises(HubError, match=r"changed by somebody else.*A commit has happened since"):
        push_to(NAME, built)
    assert set(hub.store.repos[NAME].tree()) == {".gitattributes", "notes.txt"}
    push_to(NAME, built)
    assert {"README.md", "notes.txt"} <= set(hub.store.repos[NAME].tree())


@pytest.mark.parametrize(
    ("token", "repo", "message"),
    [
        ("", NAME, "no token: log in by `hf auth login`, or set HF_TOKEN"),
        ("hf_wrong", NAME, "does not accept the token"),
        ("hf_reader", NAME, "the token may not write to ann/mine .*may only read"),
        (TOKEN, "bob/mine", "may not write to bob/mine.*belong to it"),
        (TOKEN, "no such/name", "not a name of a repository: write OWNER/NAME"),
        (TOKEN, "a/b/c", "not a name of a repository: write OWNER/NAME"),
    ],
)
def test_wrong_tokens_and_names(
    hub: Hub, built: Path, monkeypatch: pytest.MonkeyPatch, token: str, repo: str, message: str
) -> None:
    from huggingface_hub import constants

    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere/token")
    with pytest.raises(HubError, match=message) as raised:
        push_to(repo, built)
    assert not token or token not in str(raised.value)
    assert not hub.store.repos


def test_a_licence_that_the_hub_does_not_know(hub: Hub, built: Path) -> None:
    build = open_build(built)
    uploads = publication(build, terms_of(build, "my-own"), NAME)
    with pytest.raises(HubError, match=r'checking the card: "license" must be one of'):
        push(Repository(NAME), uploads, "a build")
    assert hub.count("POST", "preupload") == hub.count("PUT", ".") == 0


def test_a_repository_that_vanishes(hub: Hub, built: Path) -> None:
    hub.faults.append(Fault("POST", "/preupload", 404, headers={"X-Error-Code": "RepoNotFound"}))
    with pytest.raises(HubError, match="the Hub has no ann/mine"):
        push_to(NAME, built)


def test_offline(hub: Hub, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE: unset it"):
        push_to(NAME, built)


def test_a_file_that_arrives_otherwise_is_found(hub: Hub, built: Path) -> None:
    def spoil(repo: Repo) -> None:
        oid = next(blob.sha256 for blob in [Blob((built / "mine" / SHARD).read_bytes(), True)])
        hub.store.storage[oid] = b"rot" + hub.store.storage[oid][3:]

    hub.before_commit = spoil
    with pytest.raises(HubError, match=f"does not hold what was sent: mine/{SHARD} differs"):
        push_to(NAME, built)


SHARD = "train-00001-of-00003.parquet"


def test_a_rebuild_replaces_the_build_before(hub: Hub, built: Path, my_build: Path) -> None:
    push_to(NAME, built)
    manifest = json.loads((my_build / "manifest.json").read_text())
    del manifest["configs"]["mine_can"]
    manifest["name"] = "other"
    (my_build / "manifest.json").write_text(json.dumps(manifest))
    tree = hub.store.repos[NAME].tree()
    edited = tree | {"README.md": Blob(tree["README.md"].data.replace(b"# mine", b"# My data"), False)}
    hub.store.repos[NAME].add("main", edited | {"notes.txt": Blob(b"mine", False)})
    said: list[Finding] = []
    found = push(Repository(NAME), uploads_of(my_build), "again", agree=said.extend)
    assert [finding.level for finding in said] == ["warning", "warning", "note", "note"]
    assert "another build, 'mine'" in said[0].message
    assert "changed by hand" in said[1].message
    assert found.removed == 3
    after = hub.store.repos[NAME].tree()
    assert "notes.txt" in after
    assert not any(path.startswith("mine_can/") for path in after)
    header = yaml.safe_load(after["README.md"].data.decode().split("---\n")[1])
    assert [config["config_name"] for config in header["configs"]] == ["mine", "mine_tree"]


def test_no_leads_to_nothing_sent(hub: Hub, built: Path) -> None:
    def no(findings: list[Finding]) -> None:
        raise HubError("no")

    with pytest.raises(HubError, match="no"):
        push(Repository(NAME), uploads_of(built), "a build", agree=no)
    assert hub.count("POST", "preupload") == hub.count("PUT", ".") == 0


def test_the_token_is_in_no_request_but_where_it_belongs(hub: Hub, built: Path) -> None:
    push_to(NAME, built)
    everything = b"".join(blob.data for blob in hub.store.repos[NAME].tree().values())
    assert TOKEN.encode() not in everything
    assert str(built).encode() not in everything
