"""Any recogniser as a back-end: callables, programs and web services, with their faults; a killed run goes on."""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mumer_data.jobs.predict import predict
from mumer_data.recognizers import Answer, RecognizerError, Request, Sampling, recognizer
from tests.conftest import caption_folder

PROGRAM = """
import json, os, sys
state = sys.argv[1]
for line in sys.stdin:
    asked = json.loads(line)
    size = os.path.getsize(asked["image_path"])
    mode = sys.argv[2]
    if mode == "dies" and asked["id"] == "b" and not os.path.exists(state):
        open(state, "w").close()
        print("out of memory", file=sys.stderr)
        sys.exit(3)
    if mode == "hangs" and asked["id"] == "b":
        import time
        time.sleep(60)
    if mode == "talks":
        print("loading the model ...", flush=True)
    print(json.dumps({"id": asked["id"], "text": f"x^{size}", "logprob": -0.5}), flush=True)
"""


def requests(*names: str, samples: int = 1) -> list[Request]:
    return [
        Request(name, "d", "x", sample, "Read.", f"{name}.png", name.encode)
        for name in names
        for sample in range(samples)
    ]


def answers_of(name: str, model: str, asked: list[Request], **options: Any) -> dict[tuple[str, int], Answer]:
    instance = recognizer(name, model=model, **options)
    return {
        request.key: answer
        for answered in instance.answers(asked, Sampling(), done={("c", 0)})
        for request, answer in answered
    }


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_reader.py").write_text(
        "calls = []\n"
        "def texts(images):\n    calls.append(len(images))\n    return [image.decode() for image in images]\n"
        "def pairs(images):\n    return [(image.decode(), -1) for image in images]\n"
        "def samples(images):\n    return [[image.decode(), ('y', -2.0)] for image in images]\n"
        "def short(images):\n    return ['x']\n"
        "def numbers(images):\n    return [1 for image in images]\n"
        "class Model:\n    def __call__(self, images):\n        return texts(images)\n"
        "model = Model()\nvalue = 1\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("my_reader", None)
    return "my_reader"


def test_a_callable(module: str) -> None:
    read = answers_of("python", f"{module}:texts", requests("a", "b", "c", "d"), batch=2)
    assert read == {("a", 0): Answer("a"), ("b", 0): Answer("b"), ("d", 0): Answer("d")}
    assert sys.modules[module].calls == [2, 1]
    assert answers_of("python", f"{module}:pairs", requests("a"))["a", 0] == Answer("a", -1.0)
    two = answers_of("python", f"{module}:samples", requests("a", samples=2))
    assert two == {("a", 0): Answer("a"), ("a", 1): Answer("y", -2.0)}
    assert answers_of("python", f"{module}:model", requests("a"))["a", 0].text == "a"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_reader", "write module:callable"),
        ("no_such_module:read", "cannot be imported"),
        ("my_reader:nothing", "has no 'nothing'"),
        ("my_reader:value", "is not callable"),
        ("my_reader:short", "returned 1 results for 2 images"),
        ("my_reader:numbers", "returned int for 'a'"),
    ],
)
def test_a_callable_that_is_none(module: str, name: str, message: str) -> None:
    with pytest.raises(RecognizerError, match=message):
        answers_of("python", name, requests("a", "b"))
    with pytest.raises(RecognizerError, match="sample 2 is missing"):
        answers_of("python", f"{module}:samples", requests("a", samples=3))


def program(tmp_path: Path, mode: str) -> str:
    path = tmp_path / "reader.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return f"'{sys.executable}' '{path}' '{tmp_path / 'state'}' {mode}"


@pytest.mark.parametrize(("mode", "workers"), [("plain", 1), ("plain", 3), ("dies", 1)])
def test_a_program_is_started_once_per_worker_and_again_when_it_dies(tmp_path: Path, mode: str, workers: int) -> None:
    read = answers_of("command", program(tmp_path, mode), requests("a", "b", "c", "d"), workers=workers)
    assert read == {(name, 0): Answer("x^1", -0.5) for name in "abd"}


@pytest.mark.parametrize(
    ("mode", "options", "message"),
    [
        ("hangs", {"timeout": 0.5, "restarts": 0}, r"did not read 'b' \(no answer in 0.5 s\); start again to go on"),
        ("dies", {"restarts": 0}, r"did not read 'b' \(it ended with exit code 3\); it said: out of memory"),
        ("talks", {}, "wrote 'loading the model ...', which is not JSON"),
    ],
)
def test_a_program_that_fails(tmp_path: Path, mode: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecognizerError, match=message):
        answers_of("command", program(tmp_path, mode), requests("a", "b"), **options)


def test_a_failure_may_be_an_empty_answer(tmp_path: Path) -> None:
    options = {"timeout": 0.5, "restarts": 0, "on_failure": "empty"}
    read = answers_of("command", program(tmp_path, "hangs"), requests("a", "b", "d"), **options)
    assert (read["b", 0], read["d", 0].text) == (Answer("", finish="length"), "x^1")
    with pytest.raises(RecognizerError, match="cannot be started"):
        answers_of("command", str(tmp_path / "none"), requests("a"))


class Service(BaseHTTPRequestHandler):
    """Answers with the base64 or the size of what it gets; the first request of each kind may fail."""

    failures: list[int] = []  # noqa: RUF012 - set by the tests
    seen: list[tuple[str, bytes]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        Service.seen.append((self.headers.get("Authorization", ""), data))
        status = Service.failures.pop() if Service.failures else 200
        if self.path == "/raw":
            body = f"y^{len(data)}".encode()
        else:
            image = base64.b64decode(json.loads(data)["input"]["image"])
            body = json.dumps({"results": [{"latex": image.decode(), "score": -1}]}).encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if status == 200 else b"too many")

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Service.failures, Service.seen = [], []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


JSON = {"body": {"input": {"image": "{image}", "text": "{prompt} {id}"}}, "response": "results[0].latex"}


def test_a_service(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert answers_of("http", f"{service}/raw", requests("a", "bb"))["bb", 0] == Answer("y^2")
    monkeypatch.setenv("MY_KEY", "s3cret")
    Service.failures = [503, 429]
    options = {**JSON, "logprob": "results[0].score", "headers": {"Authorization": "Bearer ${MY_KEY}"}, "pause": 0.01}
    read = answers_of("http", f"{service}/json", requests("a", "b"), **options)
    assert read == {("a", 0): Answer("a", -1.0), ("b", 0): Answer("b", -1.0)}
    assert Service.seen[-1][0] == "Bearer s3cret"
    assert json.loads(Service.seen[-1][1])["input"]["text"] in ("Read. a", "Read. b")


@pytest.mark.parametrize(
    ("options", "failures", "message"),
    [
        ({**JSON, "response": "results[0].text"}, [], "has no text at 'results"),
        ({**JSON, "response": "results[["}, [], "is not a JMESPath expression"),
        (JSON, [400], r"refuses 'a' \(400\): too many"),
        ({**JSON, "retries": 1, "pause": 0.0}, [500, 500], r"no answer for 'a' \(status 500\)"),
        ({**JSON, "headers": {"Key": "${NO_SUCH_VARIABLE}"}}, [], "environment variable NO_SUCH_VARIABLE"),
    ],
)
def test_a_service_that_fails(service: str, options: dict[str, Any], failures: list[int], message: str) -> None:
    Service.failures = failures
    with pytest.raises(RecognizerError, match=message):
        answers_of("http", f"{service}/json", requests("a"), **options)


def test_no_service() -> None:
    with pytest.raises(RecognizerError, match="is not a URL"):
        recognizer("http", model="localhost")
    with pytest.raises(RecognizerError, match="no answer for 'a'"):
        answers_of("http", "http://127.0.0.1:9/", requests("a"), retries=0)


def test_raw_answers_are_kept_and_normalised(tmp_path: Path, module: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "fixed_reader.py").write_text(
        "def read(images):\n    return ['$x^2$', '```latex\\n\\\\frac12\\n```', '\\\\frac{a'][: len(images)]\n", "utf-8"
    )
    data = caption_folder(tmp_path / "data", 3)
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(f"name: p\nsource: {{format: caption, path: {data}}}\ntasks: [recognition]\n", "utf-8")
    out = predict(
        lambda: recognizer("python", model="fixed_reader:read"),
        "fixed_reader:read",
        str(pipeline),
        tmp_path / "p.parquet",
    )
    rows = pq.read_table(out).to_pylist()
    assert [row["pred"] for row in rows] == ["x ^ { 2 }", "\\frac { 1 } { 2 }", "\\frac{a"]
    assert [row["answer"] for row in rows] == ["$x^2$", "```latex\n\\frac12\n```", "\\frac{a"]
    assert "3 of 3 predictions are not tokenised" in caplog.text
    assert "1 of 3 predictions cannot be read as LaTeX" in caplog.text
