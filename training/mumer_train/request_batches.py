"""Requests -> batches of images of similar size, for recognizers that read several images at a time."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence

from mumer_data.recognizers import Key, Request


def request_batches(
    requests: Sequence[Request], done: Container[Key], batch: int, size: Callable[[Request], int]
) -> Iterator[list[Request]]:
    """The unfinished batches, ordered by ``size``.

    Batches are formed from all requests, finished or not; a partly finished batch is repeated completely.

    Args:
        requests: all requests of the run.
        done: keys of the finished requests.
        batch: requests per batch.
        size: function: request -> size of its image.
    """
    ordered = sorted(requests, key=lambda request: (size(request), request.id, request.sample))
    for begin in range(0, len(ordered), batch):
        part = ordered[begin : begin + batch]
        if any(request.key not in done for request in part):
            yield part
