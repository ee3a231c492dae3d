"""Recognizer `command`: a program that is started once per worker and answers JSON lines.

It reads ``{"id", "sample", "image_path", "prompt"}`` on standard input and writes ``{"id", "text", "logprob"?}`` on
standard output, one line each, in order. Not for shell syntax: the command line is split, not interpreted.
"""

from __future__ import annotations

import json
import os
import queue
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import Field

from mumer_data.recognizers import Answer, Answered, Key, RecognizerError, RecognizerOptions, Request, Sampling

_MAX_STDERR = 2_000  # characters of standard error that an error shows


class CommandRecognizer:
    """A program that reads images; ``model`` is its command line."""

    class Options(RecognizerOptions):
        """Options of the back-end ``command``.

        Attributes:
            workers: processes at a time.
            timeout: seconds per image, the start of the program included for the first.
            restarts: how often the program is started again for one image, after it died or ran out of time.
            on_failure: what to do with an image that fails for good: ``stop`` the run (start it again to go on), or
                record an ``empty`` answer.
        """

        workers: int = Field(1, ge=1)
        timeout: float = Field(60.0, gt=0)
        restarts: int = Field(2, ge=0)
        on_failure: Literal["stop", "empty"] = "stop"

    def __init__(self, model: str, options: Options) -> None:
        try:
            self._command = shlex.split(model)
        except ValueError as error:
            raise RecognizerError(f"the command {model!r} cannot be split: {error}") from None
        if not self._command:
            raise RecognizerError("the recognizer command needs a command line as --model")
        self._options = options

    def answers(self, requests: Sequence[Request], sampling: Sampling, done: Container[Key] = ()) -> Iterator[Answered]:
        """In order; every worker has its own process."""
        pending = [request for request in requests if request.key not in done]
        local = threading.local()
        workers: list[_Worker] = []

        def read(request: Request) -> tuple[Request, Answer]:
            if not hasattr(local, "worker"):
                local.worker = _Worker(self._command, self._options, folder)
                workers.append(local.worker)
            return request, local.worker.read(request)

        with tempfile.TemporaryDirectory(prefix="mumer-images-") as folder:
            try:
                with ThreadPoolExecutor(self._options.workers) as pool:
                    futures = [pool.submit(read, request) for request in pending]
                    try:
                        for future in futures:
                            yield [future.result()]
                    finally:
                        for future in futures:
                            future.cancel()
            finally:
                for worker in workers:
                    worker.stop()


class _Worker:
    """One process and the thread that reads its lines."""

    def __init__(self, command: list[str], options: CommandRecognizer.Options, folder: str) -> None:
        self._command, self._options, self._folder = command, options, Path(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._errors: IO[bytes] | None = None

    def read(self, request: Request) -> Answer:
        """The answer for one image; the process is started if it is not running."""
        image = self._folder / f"{threading.get_ident()}.png"
        image.write_bytes(request.read())
        line = {
            "id": request.id,
            "sample": request.sample,
            "image_path": str(image),
            "prompt": request.prompt,
        }
        problem = ""
        for _ in range(self._options.restarts + 1):
            try:
                return self._ask(line)
            except RecognizerError:
                self.stop()
                raise
            except (OSError, TimeoutError, EOFError) as error:
                problem = str(error)
                tail = self._error_text()
                self.stop()
        if self._options.on_failure == "empty":
            return Answer("", finish="length")
        stderr = f"; it said: {tail}" if tail else ""
        raise RecognizerError(
            f"{self._command[0]} did not read {request.id!r} ({problem}){stderr}; start again to go on"
        )

    def _ask(self, line: dict[str, Any]) -> Answer:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(line).encode() + b"\n")
        process.stdin.flush()
        try:
            data = self._lines.get(timeout=self._options.timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer in {self._options.timeout:g} s") from None
        if not data:
            raise EOFError(f"it ended with exit code {process.wait()}")
        return self._answer(data, line["id"])

    def _answer(self, data: bytes, example_id: str) -> Answer:
        shown = data[:200].decode("utf-8", errors="replace").strip()
        try:
            value = json.loads(data)
        except ValueError:
            raise RecognizerError(f"{self._command[0]} wrote {shown!r}, which is not JSON") from None
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            raise RecognizerError(f"{self._command[0]} wrote {shown!r}: write an object with 'id' and 'text'")
        if value.get("id", example_id) != example_id:
            raise RecognizerError(f"{self._command[0]} answered {value['id']!r} when asked for {example_id!r}")
        logprob = value.get("logprob")
        if logprob is not None and not isinstance(logprob, int | float):
            raise RecognizerError(f"{self._command[0]} wrote {shown!r}: 'logprob' is not a number")
        return Answer(value["text"], None if logprob is None else float(logprob))

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except OSError as error:
            raise RecognizerError(f"{self._command[0]} cannot be started: {error.strerror or error}") from None
        self._lines = queue.Queue()
        threading.Thread(target=_forward_lines, args=(self._process.stdout, self._lines), daemon=True).start()
        return self._process

    def _error_text(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - _MAX_STDERR))
        return self._errors.read().decode("utf-8", errors="replace").strip()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            if self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()
            try:
                self._process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._errors is not None:
            self._errors.close()
            self._errors = None


def _forward_lines(stream: IO[bytes] | None, lines: queue.Queue[bytes]) -> None:
    """Put each line into the queue; an empty one marks the end of the stream."""
    assert stream is not None
    with suppress(OSError):
        for line in stream:
            if line.strip():
                lines.put(line)
    lines.put(b"")
