"""Clusters for joblib: Dask and Ray. `on` connects; `processes.parallel_map` then runs there.

Not for processes of this machine: see `processes`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from mumer_data.exceptions import PipelineError

Backend = Literal["loky", "dask", "ray"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connected cluster.

    Attributes:
        name: joblib's name of the backend.
        workers: number of worker processes.
        streams: whether results arrive one by one; Ray returns them when a whole call is done.
        lost: exceptions that mean a worker died for good.
    """

    name: Backend
    workers: int
    streams: bool
    lost: tuple[type[Exception], ...]


_ACTIVE: ContextVar[Cluster | None] = ContextVar("cluster", default=None)


def active_cluster() -> Cluster | None:
    """The connected cluster; ``None`` for processes of this machine."""
    return _ACTIVE.get()


@contextmanager
def on(backend: Backend = "loky", address: str | None = None, workers: int | None = None) -> Iterator[None]:
    """Run the parallel work of the block on a cluster.

    Args:
        backend: ``loky`` changes nothing.
        address: address of the scheduler; ``None`` starts a cluster on this machine for the block.
        workers: worker processes of a cluster that is started; ``None`` for one per core.

    Raises:
        PipelineError: the backend's packages are missing, or there is no cluster at the address.
    """
    if backend == "loky":
        if address is not None:
            raise PipelineError("--address goes with --backend dask or ray")
        yield
        return
    with ExitStack() as stack:
        cluster = _CONNECTORS[backend](stack, address, workers)
        token = _ACTIVE.set(cluster)
        try:
            yield
        finally:
            _ACTIVE.reset(token)


def _dask(stack: ExitStack, address: str | None, workers: int | None) -> Cluster:
    try:
        from distributed import Client, LocalCluster
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise PipelineError("Dask is not installed: pip install 'mumer-data[dask]'") from None
    from joblib import parallel_config

    try:
        target = address or stack.enter_context(
            LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        )
        client = stack.enter_context(Client(target))
    except (OSError, TimeoutError, ValueError) as error:
        raise PipelineError(f"no Dask scheduler at {address}: {error}") from None
    stack.enter_context(parallel_config(backend="dask"))
    return Cluster("dask", max(1, sum(client.nthreads().values())), streams=True, lost=(KilledWorker,))


def _ray(stack: ExitStack, address: str | None, workers: int | None) -> Cluster:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise PipelineError("Ray is not installed: pip install 'mumer-data[ray]'") from None
    from joblib import parallel_config

    local_options: dict[str, Any] = {"include_dashboard": False, "num_cpus": workers} if address is None else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local_options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise PipelineError(f"no Ray cluster at {address}: {error}") from None
    stack.callback(ray.shutdown)
    register_ray()
    stack.enter_context(parallel_config(backend="ray"))
    count = int(ray.cluster_resources().get("CPU", 1))
    return Cluster("ray", count, streams=False, lost=(ray.exceptions.RayError,))


_CONNECTORS = {"dask": _dask, "ray": _ray}
