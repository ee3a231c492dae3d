"""Sources and builds behind URLs: a real S3 server on loopback, and a file system in memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joblib.externals.loky import get_reusable_executor

from mumer_data.exceptions import OutputError, SourceError
from mumer_data.io.storage import fetched, is_url, lock_of, storage_path
from mumer_data.jobs.build import build
from mumer_data.jobs.config import load_pipeline, load_source
from tests.conftest import caption_folder
from tests.shards.folders import bytes_of

SETTINGS = ["source.path=s3://bucket/data", "shards.max_rows=10"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    running = moto.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An empty bucket, as an s3fs file system; the environment leads there."""
    import s3fs

    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MUMER_CACHE": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    fetched.cache_clear()
    get_reusable_executor().shutdown(wait=True)  # workers of earlier tests have another environment
    files = s3fs.S3FileSystem()
    files.mkdir("bucket")
    yield files
    files.rm("bucket", recursive=True)
    get_reusable_executor().shutdown(wait=True)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def uploaded(bucket: Any, tmp_path: Path) -> Path:
    folder = caption_folder(tmp_path / "data", 60)
    bucket.put(str(folder), "bucket/data", recursive=True)
    return folder


def below(files: Any, folder: str) -> dict[str, bytes]:
    return {name.removeprefix(f"{folder}/"): files.cat_file(name) for name in files.find(folder)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_build_from_and_to_s3_is_that_of_a_local_one(
    workers: int, bucket: Any, uploaded: Path, tmp_path: Path
) -> None:
    pipeline = load_pipeline("crohme", SETTINGS)
    build(pipeline, storage_path("s3://bucket/out"), workers=workers)
    build(pipeline, tmp_path / "out", workers=1)
    assert below(bucket, "bucket/out") == bytes_of(tmp_path / "out")


def test_a_killed_build_to_s3_goes_on(bucket: Any, uploaded: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mumer_data", "build", "crohme", "--out", "s3://bucket/out", "--workers", "1"]
    command += [part for setting in SETTINGS for part in ("--set", setting)]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end and killed.poll() is None:
        bucket.invalidate_cache()
        if bucket.exists("bucket/out/_work/slice-00001.json"):
            break
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    pipeline = load_pipeline("crohme", SETTINGS)
    if not bucket.exists("bucket/out/manifest.json"):
        with pytest.raises(OutputError, match="go on with --resume"):
            build(pipeline, storage_path("s3://bucket/out"), workers=1)
    build(pipeline, storage_path("s3://bucket/out"), workers=1, resume=True)
    build(pipeline, tmp_path / "out", workers=1)
    bucket.invalidate_cache()
    assert below(bucket, "bucket/out") == bytes_of(tmp_path / "out")


def test_what_is_fetched_is_fetched_once_and_again_when_it_changes(bucket: Any, uploaded: Path) -> None:
    first = fetched("s3://bucket/data")
    assert bytes_of(first) == bytes_of(uploaded)
    fetched.cache_clear()
    assert fetched("s3://bucket/data") == first
    bucket.pipe_file("bucket/data/caption.txt", b"e1\tx\n")
    fetched.cache_clear()
    bucket.invalidate_cache()
    second = fetched("s3://bucket/data")
    assert second != first
    assert (second / "caption.txt").read_bytes() == b"e1\tx\n"


def test_a_build_on_s3_is_a_source(bucket: Any, uploaded: Path) -> None:
    build(load_pipeline("crohme", SETTINGS), storage_path("s3://bucket/out"), workers=1)
    assert sum(part.rows for part in load_source("s3://bucket/out").reader().plan(100, 1 << 30)) == 60


def test_a_missing_source_is_an_error_with_its_url(bucket: Any) -> None:
    with pytest.raises(SourceError, match=r"s3://bucket/nothing does not exist"):
        load_pipeline("crohme", ["source.path=s3://bucket/nothing"]).reader()


def test_a_missing_bucket_is_an_error_with_its_url(bucket: Any, uploaded: Path) -> None:
    with pytest.raises(OutputError, match=r"s3://no-such-bucket/out"):
        build(load_pipeline("crohme", SETTINGS), storage_path("s3://no-such-bucket/out"), workers=1)


def test_a_held_remote_lock_is_an_error_and_can_be_taken_over() -> None:
    lock = storage_path("memory://locks/lock")
    with lock_of(lock, take_over=False):
        with pytest.raises(TimeoutError), lock_of(lock, take_over=False):
            pass
        with lock_of(lock, take_over=True):
            pass
    assert not lock.exists()


@pytest.mark.parametrize(
    ("name", "url"), [("s3://a/b", True), ("data/mine", False), ("C:/data", False), ("/a://b", False)]
)
def test_urls_are_told_from_paths(name: str, url: bool) -> None:
    assert is_url(name) is url


def test_an_unknown_scheme_is_an_error() -> None:
    with pytest.raises(OutputError, match="nosuch"):
        storage_path("nosuch://bucket/out")
