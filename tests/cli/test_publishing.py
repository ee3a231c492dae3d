"""`mumer push` as a user meets it: a process of its own, told by its environment where the Hub is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.conftest import TOKEN
from tests.hub.conftest import built as built
from tests.hub.server import Fault, Hub, running_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as found:
        found.store.tokens[TOKEN] = ("ann", True)
        yield found


def started(hub: Hub | None, home: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """A push under way. The Xet protocol is off: it needs a storage service that no test can play."""
    environment = os.environ | {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "COLUMNS": "200"}
    environment.pop("HF_TOKEN", None)
    if hub is not None:
        environment |= {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN}
    command = [sys.executable, "-m", "mumer_data", "push", *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def pushed(hub: Hub | None, home: Path, *arguments: object) -> tuple[int, str, str]:
    """Exit code, output and errors of a push; neither may hold the token."""
    process = started(hub, home, *arguments)
    out, err = process.communicate(timeout=120)
    assert TOKEN.encode() not in out + err
    return process.returncode, out.decode(), err.decode()


def test_a_dry_run_needs_no_hub_and_no_token(built: Path, tmp_path: Path) -> None:
    code, out, err = pushed(None, tmp_path, built, "ann/mine", "--dry-run", "--card", tmp_path / "card")
    assert code == 0
    assert "mine_tree/train-*-of-00003.parquet" in out
    assert "stays here: rejects.parquet" in out
    assert "warning: licence: the licence is not known" in err
    assert (tmp_path / "card" / "README.md").read_text().startswith("---\n")
    assert (tmp_path / "card" / "samples.png").read_bytes().startswith(b"\x89PNG")


def test_warnings_want_a_yes(hub: Hub, built: Path, tmp_path: Path) -> None:
    code, _, err = pushed(hub, tmp_path, built, "ann/mine")
    assert code == 2
    assert "not pushed because of the warnings above" in err
    assert not hub.asked, "the Hub is not asked before"
    code, out, err = pushed(hub, tmp_path, built, "mine", "--yes", "--private", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["repo"], found["private"], found["verified"]) == ("ann/mine", True, 13)
    code, out, err = pushed(hub, tmp_path, built, "ann/mine", "--licence", "cc-by-4.0")
    assert code == 0, err
    assert "files: 1 changed" in out
    assert "12 there already" in out
    assert "13 checksums on the Hub compared" in out
    assert b"license: cc-by-4.0\n" in hub.store.repos["ann/mine"].tree()["README.md"].data


def test_a_test_set_that_is_in_it_is_found(built: Path, tmp_path: Path) -> None:
    code, _, err = pushed(None, tmp_path, built, "ann/mine", "--dry-run", "--test-set", built, "--workers", "1")
    assert code == 0
    assert "warning: leakage: 60 of the 60 images of" in err


def test_a_push_that_is_killed_goes_on(hub: Hub, built: Path, tmp_path: Path) -> None:
    release = threading.Event()
    hub.faults.append(Fault("PUT", "/storage/", skip=6, times=99, stall=release))
    process = started(hub, tmp_path, built, "ann/mine", "--licence", "cc-by-4.0")
    waiting = threading.Event()
    while len(hub.store.storage) < 6 and process.poll() is None:
        waiting.wait(0.02)
    process.kill()
    process.communicate()
    hub.faults.clear()
    release.set()
    stored = set(hub.store.storage)
    assert len(stored) == 6
    assert set(hub.store.repos["ann/mine"].tree()) == {".gitattributes"}
    hub.asked.clear()
    code, _, err = pushed(hub, tmp_path, built, "ann/mine", "--licence", "cc-by-4.0")
    assert code == 0, err
    assert not stored & {path.split("/")[2] for method, path, _ in hub.asked if method == "PUT"}
    tree = hub.store.repos["ann/mine"].tree()
    for file in built.glob("*/*.parquet"):
        assert tree[f"{file.parent.name}/{file.name}"].data == file.read_bytes()


def test_it_loads_from_the_hub_by_its_name(hub: Hub, built: Path, tmp_path: Path) -> None:
    code, out, err = pushed(hub, tmp_path, built, "ann/mine", "--licence", "cc-by-4.0", "--revision", "v1")
    assert code == 0, err
    line = next(line.partition("datasets.")[2] for line in out.splitlines() if line.startswith("load it:"))
    assert line == "load_dataset('ann/mine', 'mine', revision='v1')"
    code_to_run = f"import datasets; rows = datasets.{line}['train']; print(len(rows), rows[59]['images'][0].size)"
    environment = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
    places = {"HF_HOME": str(tmp_path), "HF_DATASETS_CACHE": str(tmp_path / "datasets")}
    loaded = subprocess.run(
        [sys.executable, "-c", code_to_run], env=os.environ | environment | places, capture_output=True, check=False
    )
    assert loaded.stdout.decode().strip() == "60 (12, 8)", loaded.stderr.decode()[-2000:]
