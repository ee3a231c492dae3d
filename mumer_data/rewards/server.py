"""A service of rewards over HTTP and JSON, for trainers in other processes; it listens on the loopback interface.

Not for strangers: there is no authentication, so it refuses to listen anywhere else.
"""

from __future__ import annotations

import ipaddress
import json
import logging
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mumer_data.rewards.weighted import RewardError, WeightedReward, rewards_from

log = logging.getLogger(__name__)
MAX_BODY = 64 << 20
"""Bytes of a request, at most."""
MAX_COMPLETIONS = 100_000
"""Completions in one request, at most."""
_COLUMNS = ("prompts", "task")
_KEYS = ("completions", "labels", "rewards", "normalize", *_COLUMNS)


def score_request(request: object, default: WeightedReward) -> dict[str, Any]:
    """The answer to one request.

    Args:
        request: ``completions`` and ``labels`` (lists of one length, or one label for all), and optionally ``prompts``,
            ``task``, ``rewards`` (name: weight) and ``normalize``.
        default: the rewards of a request that names none.

    Returns:
        ``total`` (list), ``rewards`` (name -> list) and ``signature``; ``None`` marks a reference left out.

    Raises:
        RewardError: the request is wrong.
    """
    if not isinstance(request, Mapping):
        raise RewardError(f"expected an object with {', '.join(_KEYS)}, found {type(request).__name__}")
    unknown = [key for key in request if key not in _KEYS]
    if unknown:
        raise RewardError(f"unknown key {unknown[0]!r}: known are {', '.join(_KEYS)}")
    completions, labels = request.get("completions"), request.get("labels")
    if not isinstance(completions, list) or not isinstance(labels, list | str):
        raise RewardError("expected 'completions' (a list) and 'labels' (a list, or one text for all)")
    if isinstance(labels, list) and len(labels) != len(completions):
        raise RewardError(f"{len(completions):,} completions and {len(labels):,} labels: send one label per completion")
    if len(completions) > MAX_COMPLETIONS:
        raise RewardError(f"{len(completions):,} completions: send at most {MAX_COMPLETIONS:,} in one request")
    own = {key: request[key] for key in ("rewards", "normalize") if key in request}
    reward = rewards_from({"rewards": default.weights, "normalize": default.normalize} | own, "request")
    parts = reward.parts(completions, labels, **{key: request[key] for key in _COLUMNS if key in request})
    return {"total": reward.total(parts), "rewards": parts, "signature": reward.signature}


def reward_server(default: WeightedReward, host: str = "127.0.0.1", port: int = 8765) -> ThreadingHTTPServer:
    """The server, bound but not yet serving: call ``serve_forever``. ``POST /score`` scores, ``GET /health`` answers.

    Args:
        default: the rewards of requests that name none.
        host: a loopback address.
        port: 0 for any that is free; see ``server_address``.

    Raises:
        RewardError: the address is not a loopback one, or cannot be bound.
    """
    if host != "localhost" and not _is_loopback(host):
        raise RewardError(
            f"host {host}: the service has no authentication and only listens on a loopback address such as 127.0.0.1; "
            f"trainers on other machines reach it through a tunnel: ssh -L {port}:127.0.0.1:{port} MACHINE"
        )

    class Handler(_Handler):
        reward = default

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise RewardError(
            f"cannot listen on {host}:{port} ({error.strerror or error}): choose another --port"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Handler(BaseHTTPRequestHandler):
    """One request; ``reward`` is set by `reward_server`."""

    reward: WeightedReward
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a client may be silent in the middle of a request

    def do_GET(self) -> None:
        """``/health``: the signature of the rewards."""
        if self.path == "/health":
            self._answer(200, {"status": "ok", "signature": self.reward.signature})
        else:
            self._answer(404, {"error": f"unknown path {self.path}: GET /health or POST /score"})

    def do_POST(self) -> None:
        """``/score``: see `score_request`."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY:
            self.close_connection = True
            self._answer(413, {"error": f"send a Content-Length of at most {MAX_BODY:,} bytes"})
            return
        body = self.rfile.read(int(length))
        if self.path != "/score":
            self._answer(404, {"error": f"unknown path {self.path}: GET /health or POST /score"})
            return
        try:
            self._answer(200, score_request(json.loads(body), self.reward))
        except (ValueError, RecursionError) as error:
            self._answer(400, {"error": f"the request is not JSON: {error}"})
        except Exception as error:  # MumerError, or a reward of a plug-in
            self._answer(400, {"error": str(error)})

    def _answer(self, status: int, value: Mapping[str, Any]) -> None:
        data = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Requests go to the log, not to standard error."""
        log.debug(format, *args)
