"""A language model that says what it was given, and a payload with it: a server on this machine."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_SENTENCE = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_TEXT = re.compile(r"^-----\n(.*)\n-----\nThe same text in", re.MULTILINE | re.DOTALL)


class Model(ThreadingHTTPServer):
    """`added` goes behind every sentence; empty: the sentences come back as they are.

    What it is to translate comes back with `translated` before it; None: it says nothing.
    """

    added = ""
    translated: str | None = ""
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Answer(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:  # (a name that http.server gives)
        length = int(self.headers["content-length"])
        prompt = json.loads(self.rfile.read(length))["messages"][-1]["content"]
        self.server.asked += 1
        message = {"role": "assistant", "content": self._said(prompt)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        told = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
        body = json.dumps(told | {"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _said(self, prompt: str) -> str:
        text = _TEXT.search(prompt)
        if text is not None:
            before = self.server.translated
            return "" if before is None else before + text[1]
        return "\n".join(f"{found}{self.server.added}" for found in _SENTENCE.findall(prompt))

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def speaking() -> Iterator[Model]:
    """The model, listening."""
    with Model(("127.0.0.1", 0), _Answer) as model:
        thread = threading.Thread(target=model.serve_forever, daemon=True)
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()
