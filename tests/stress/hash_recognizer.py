"""A recognizer whose answer follows from the image's bytes alone: as a callable, a command and a web service.

It takes 30 ms for an image, so that a kill finds it at work.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECONDS = 0.03


def answer(image: bytes) -> str:
    """Raw LaTeX that differs from image to image; one in four cannot be normalised."""
    time.sleep(SECONDS)
    digest = hashlib.sha256(image).hexdigest()
    return rf"\frac{{{digest[0]}}}{{x_{{{digest[1:3]}}}}}" + ("^{" if digest[3] in "0123" else "")


def read(images: list[bytes]) -> list[tuple[str, float]]:
    """For the recognizer ``python``."""
    return [(answer(image), -0.5) for image in images]


def main() -> None:
    """For the recognizer ``command``: JSON lines in and out."""
    for line in sys.stdin:
        request = json.loads(line)
        text = answer(Path(request["image_path"]).read_bytes())
        print(json.dumps({"id": request["id"], "text": text, "logprob": -0.5}), flush=True)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        image = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"results": [{"latex": answer(image)}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the console."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that was killed is no fault of the server's."""


@contextmanager
def service() -> Iterator[str]:
    """For the recognizer ``http``: the URL of a server that runs meanwhile."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


if __name__ == "__main__":
    main()
