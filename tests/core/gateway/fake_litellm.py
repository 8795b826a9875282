"""Stands for LiteLLM where a test is about its supervision: a real process that starts in no time.

Started through a script that takes the place of the runtime's interpreter, with LiteLLM's own
command line. A file `behave` beside the configuration says how it behaves:

    crash    it does not start
    busy     whoever asks who it is hears nothing, but then a piece of every stream moves on
    another  the same, but who asks is told at once that it is somebody else
    stuck    whoever asks anything hears nothing
"""

import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = Path(sys.argv[sys.argv.index("--config") + 1])
PORT = int(sys.argv[sys.argv.index("--port") + 1])
PLUGIN = Path("vllm_studio_plugin.py")
routing: dict[str, object] = {"model_list": []}
looked = threading.Semaphore(0)  # it was asked who it is


def behaviour() -> str:
    """What the test wants of it."""
    file = CONFIG.with_name("behave")
    return file.read_text() if file.exists() else ""


class Door(BaseHTTPRequestHandler):
    """What our plugin answers inside LiteLLM."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """whoami, usage, and for the test the routing."""
        how = behaviour()
        if self.path == "/_studio/usage":
            self.send_error(404)
        elif how == "stuck":
            for_ever()
        elif how == "busy":
            looked.release()
            for_ever()
        elif how == "another":
            looked.release()
            self.answer({"nonce": "another", "plugin": "", "litellm": "1.0"})
        elif self.path == "/_studio/whoami":
            print_ = hashlib.sha256(PLUGIN.read_bytes()).hexdigest()[:16]
            nonce = os.environ["VLLM_STUDIO_NONCE"]
            self.answer({"nonce": nonce, "plugin": print_, "litellm": "1.0"})
        else:
            self.answer(routing)

    def do_POST(self) -> None:
        """A stream, for which somebody has to ask who it is again and again."""
        self.rfile.read(int(self.headers["content-length"]))
        if behaviour() == "stuck":
            for_ever()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while looked.acquire():
            self.wfile.write(b"a\r\ndata: {}\n\n\r\n")

    def do_PUT(self) -> None:
        """The routing."""
        routing.update(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.answer({"ids": []})

    def answer(self, body: object) -> None:
        """JSON."""
        if self.headers["authorization"] != f"Bearer {os.environ['LITELLM_MASTER_KEY']}":
            body = {"refused": True}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""


def for_ever() -> None:
    """Until the process ends."""
    threading.Event().wait()


if behaviour() == "crash":
    print("ImportError: half of it is missing", flush=True)
    sys.exit(3)
ThreadingHTTPServer(("127.0.0.1", PORT), Door).serve_forever()
