"""Requests -> batches of images of similar size, for recognizers that read several images at a time."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence

from mumer_data.recognizers import Key, Request


def request_batches(
    requests: Sequence[Request], done: Container[Key], batch: int, size: Callable[[Request], int]
) -> Iterator[list[Request]]:
    """The batches that are not finished, in the order of ``size``.

    Batches are formed over all requests, finished or not; a batch that is finished in part is repeated as a whole.

    Args:
        requests: all of the run.
        done: keys of the finished ones.
        batch: requests per batch.
        size: of a request's image.
    """
    ordered = sorted(requests, key=lambda request: (size(request), request.id, request.sample))
    for begin in range(0, len(ordered), batch):
        part = ordered[begin : begin + batch]
        if any(request.key not in done for request in part):
            yield part
