"""Builds on Dask and Ray give the same bytes as in one process, and a worker that dies costs nothing."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from mumer_data.exceptions import PipelineError
from mumer_data.io.cluster import active_cluster, on
from mumer_data.io.processes import parallel_map
from mumer_data.jobs.build import build
from mumer_data.jobs.config import Pipeline, load_pipeline
from tests.conftest import caption_folder
from tests.shards.folders import bytes_of


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    folder = caption_folder(tmp_path / "data", 60)
    return load_pipeline("crohme", [f"source.path={folder}", "shards.max_rows=5"])


@pytest.fixture
def alone(pipeline: Pipeline, tmp_path: Path) -> dict[str, bytes]:
    build(pipeline, tmp_path / "alone", workers=1)
    return bytes_of(tmp_path / "alone")


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_a_cluster_gives_the_same_bytes(
    backend: str, pipeline: Pipeline, alone: dict[str, bytes], tmp_path: Path
) -> None:
    pytest.importorskip({"dask": "distributed", "ray": "ray"}[backend], reason=f"{backend} is not installed")
    with on(backend, workers=2):  # type: ignore[arg-type]
        cluster = active_cluster()
        assert cluster is not None
        assert (cluster.name, cluster.workers) == (backend, 2)
        build(pipeline, tmp_path / "out")
    assert active_cluster() is None
    assert bytes_of(tmp_path / "out") == alone


def _slow_pid(number: int) -> tuple[int, int]:
    time.sleep(0.2)
    return number, os.getpid()


def test_a_killed_worker_loses_and_doubles_nothing(pipeline: Pipeline, alone: dict[str, bytes], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="dask is not installed")
    with on("dask", workers=2):
        results = parallel_map(_slow_pid, list(range(20)))
        first = next(results)
        os.kill(first[1], signal.SIGKILL)
        found = sorted(number for number, _ in [first, *results])
        assert found == list(range(20))

        killer = threading.Timer(0.2, os.kill, (_a_worker(), signal.SIGKILL))
        killer.start()
        build(pipeline, tmp_path / "out")
        killer.join()
    assert bytes_of(tmp_path / "out") == alone


def _a_worker() -> int:
    from distributed import get_client

    pids = get_client().run(os.getpid)
    return int(next(iter(pids.values())))


def test_an_address_wants_a_cluster() -> None:
    with pytest.raises(PipelineError, match="--address goes with"), on(address="tcp://127.0.0.1:1"):
        pass


def test_no_scheduler_at_the_address_is_an_error() -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    import dask

    assert distributed is not None
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(PipelineError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"),
        on("dask", "tcp://127.0.0.1:9"),
    ):
        pass
