"""The backend `openai`: against a real server, and against one that fails in every way."""

from __future__ import annotations

import base64
import io
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from mumer_data.jobs.predict import predict
from mumer_data.recognizers import RecognizerError, Sampling, recognizer

pytest.importorskip("openai", reason="needs openai: pip install '.[train]'")
SERVE = Path(__file__).with_name("serve.py")


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.fixture(scope="module")
def served(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`transformers serve` with the tiny model, on loopback."""
    for name in ("fastapi", "uvicorn"):
        pytest.importorskip(name, reason=f"transformers serve needs {name}")
    port, log = free_port(), tmp_path_factory.mktemp("serve") / "log"
    options = ["--port", str(port), "--host", "127.0.0.1", "--device", "cpu"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(SERVE), "serve", str(tiny), *options], stdout=output, stderr=output
        )
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


def test_a_real_server_says_what_the_model_says_here(served: str, tiny: Path, shards: Path, tmp_path: Path) -> None:
    sampling = Sampling(max_tokens=8)
    remote = partial(recognizer, "openai", model=str(tiny), url=served, concurrency=2)
    local = partial(recognizer, "transformers", model=str(tiny))
    found = [
        pd.read_parquet(
            predict(maker, str(tiny), str(shards / "few"), tmp_path / name, sampling=sampling, keep=lambda e: e.row < 8)
        )
        for name, maker in (("remote.parquet", remote), ("local.parquet", local))
    ]
    assert found[0]["answer"].str.strip().tolist() == found[1]["answer"].str.strip().tolist()
    assert found[0]["finish_reason"].tolist() == found[1]["finish_reason"].tolist()


Fault = Callable[["_Handler", int], bool]


class _Handler(BaseHTTPRequestHandler):
    """Answers with the width of the image, after a fault or two."""

    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][0]["content"]
        url = content[0]["image_url"]["url"]
        with self.server.lock:
            self.server.asked[url] += 1
            tries = self.server.asked[url]
        if self.server.fault(self, tries):
            return
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
            text = f"{content[1]['text'][:6]} {image.width} {body['seed']}"
        self.reply(200, completion(text))

    def reply(self, code: int, value: Any, length: int | None = None) -> None:
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length or len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


def completion(text: str | None, finish: str | None = "stop") -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}


class _Server(ThreadingHTTPServer):
    def __init__(self, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault, self.asked, self.lock = fault, Counter[str](), threading.Lock()


@contextmanager
def faulty(fault: Fault) -> Iterator[tuple[str, _Server]]:
    server = _Server(fault)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", server
    finally:
        server.shutdown()
        server.server_close()


def refuse(code: int, until: int) -> Fault:
    def fault(handler: _Handler, tries: int) -> bool:
        if tries <= until:
            handler.reply(code, {"error": {"message": f"fault {code}"}})
        return tries <= until

    return fault


def slow(handler: _Handler, tries: int) -> bool:
    if tries == 1:
        time.sleep(1.5)
    return False


def truncated(handler: _Handler, tries: int) -> bool:
    if tries == 1:
        handler.reply(200, completion("half"), length=10_000)
        handler.close_connection = True
    return tries == 1


def garbled(handler: _Handler, tries: int) -> bool:
    if tries == 1:
        handler.send_response(200)
        handler.send_header("Content-Length", "5")
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.wfile.write(b'{"cho')
    return tries == 1


def unfinished(handler: _Handler, tries: int) -> bool:
    if tries == 1:
        handler.reply(200, completion(None, None))
    return tries == 1


def dropped(handler: _Handler, tries: int) -> bool:
    if tries == 1:
        handler.close_connection = True
    return tries == 1


def ask(url: str, shards: Path, out: Path, retries: int = 3, timeout: float = 1.0, samples: int = 1) -> pd.DataFrame:
    maker = partial(
        recognizer, "openai", model="m", url=url, concurrency=4, timeout=timeout, retries=retries, pause=0.01
    )
    return pd.read_parquet(predict(maker, "m", str(shards / "few"), out, samples=samples))


@pytest.mark.parametrize(
    "fault",
    [refuse(429, 2), refuse(500, 2), refuse(503, 1), slow, truncated, garbled, unfinished, dropped],
    ids=["429", "500", "503", "slow", "truncated", "garbled", "unfinished", "dropped"],
)
def test_faults_lose_nothing_and_double_nothing(fault: Fault, shards: Path, tmp_path: Path) -> None:
    with faulty(fault) as (url, server):
        rows = ask(url, shards, tmp_path / "p.parquet")
    assert len(rows) == rows["img_id"].nunique() == 32
    assert rows["answer"].str.match(r"I have \d+ 0$").all()
    assert max(server.asked.values()) <= 3


def test_samples_have_seeds_of_their_own(shards: Path, tmp_path: Path) -> None:
    with faulty(lambda handler, tries: False) as (url, _):
        rows = ask(url, shards, tmp_path / "p.parquet", samples=3)
    assert sorted(rows["pred"].str.split().str[-1].unique()) == ["0", "1", "2"]


def test_a_refusal_for_good_ends_the_run_and_keeps_what_there_is(shards: Path, tmp_path: Path) -> None:
    out, seen = tmp_path / "p.parquet", Counter[str]()

    def fault(handler: _Handler, tries: int) -> bool:
        seen["asked"] += 1
        if seen["asked"] > 10:
            handler.reply(401, {"error": {"message": "no key"}})
        return seen["asked"] > 10

    with faulty(fault) as (url, _), pytest.raises(RecognizerError, match=r"refuses .* \(401\): .*no key"):
        ask(url, shards, out)
    kept = (tmp_path / "p.parquet.journal").read_bytes().count(b"\n") - 1
    assert 1 <= kept <= 10
    with faulty(lambda handler, tries: False) as (url, server):
        rows = ask(url, shards, out)
    assert len(rows) == 32
    assert sum(server.asked.values()) == 32 - kept


def test_what_is_under_way_at_a_refusal_is_still_kept(shards: Path, tmp_path: Path) -> None:
    out, lock, seen = tmp_path / "p.parquet", threading.Lock(), Counter[str]()

    def fault(handler: _Handler, tries: int) -> bool:
        with lock:
            seen["asked"] += 1
            number = seen["asked"]
        if number == 2:
            handler.reply(401, {"error": {"message": "no key"}})
        else:
            time.sleep(0.3)
        return number == 2

    with faulty(fault) as (url, server), pytest.raises(RecognizerError, match="401"):
        ask(url, shards, out, timeout=20.0)
    answered = sum(server.asked.values()) - 1
    assert answered >= 1
    assert (out.parent / "p.parquet.journal").read_bytes().count(b"\n") - 1 == answered
    with faulty(lambda handler, tries: False) as (url, again):
        assert len(ask(url, shards, out)) == 32
    assert sum(again.asked.values()) == 32 - answered


def test_the_server_may_say_how_long_to_wait(shards: Path, tmp_path: Path) -> None:
    waited: dict[str, float] = {}

    def fault(handler: _Handler, tries: int) -> bool:
        if not waited:
            waited["from"] = time.monotonic()
            data = b'{"error": {"message": "later"}}'
            handler.send_response(429)
            for name, value in (("Retry-After", "1"), ("Content-Length", str(len(data)))):
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(data)
            return True
        waited.setdefault("until", time.monotonic()) if tries == 2 else None
        return False

    with faulty(fault) as (url, server):
        rows = ask(url, shards, tmp_path / "p.parquet", timeout=20.0)
    assert len(rows) == 32
    assert max(server.asked.values()) == 2
    assert waited["until"] - waited["from"] >= 1


def test_nobody_there_is_an_error_that_says_how_to_go_on(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(RecognizerError, match=r"no answer for .* after 2 tries .*start again"):
        ask(f"http://127.0.0.1:{free_port()}/v1", shards, tmp_path / "p.parquet", retries=1)
    with pytest.raises(RecognizerError, match="needs --url"):
        ask("", shards, tmp_path / "q.parquet")
