"""Stands for LiteLLM where a test is about its supervision: a real process that starts in no time.

Started through a script that takes the place of the runtime's interpreter, with LiteLLM's own
command line. A file `behave` beside the configuration says "crash" or "deaf".
"""

import hashlib
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = Path(sys.argv[sys.argv.index("--config") + 1])
PORT = int(sys.argv[sys.argv.index("--port") + 1])
PLUGIN = Path("vllm_studio_plugin.py")
routing: dict[str, object] = {"model_list": []}


def behaviour() -> str:
    """What the test wants of it."""
    file = CONFIG.with_name("behave")
    return file.read_text() if file.exists() else ""


class Door(BaseHTTPRequestHandler):
    """What our plugin answers inside LiteLLM."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """whoami, usage, and for the test the routing."""
        if self.path == "/_studio/usage":
            self.send_error(404)
        elif self.path == "/_studio/whoami":
            print_ = hashlib.sha256(PLUGIN.read_bytes()).hexdigest()[:16]
            nonce = os.environ["VLLM_STUDIO_NONCE"]
            self.answer({"nonce": nonce, "plugin": print_, "litellm": "1.0"})
        else:
            self.answer(routing)

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


if behaviour() == "crash":
    print("ImportError: half of it is missing", flush=True)
    sys.exit(3)
ThreadingHTTPServer(("127.0.0.1", PORT), Door).serve_forever()
