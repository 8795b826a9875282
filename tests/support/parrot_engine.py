"""A server that says everything it should keep to itself: a program that nobody should trust.

It prints its environment and its command line, then answers chats with an error that repeats the
headers and the body it was sent, as some providers do. `--dies` makes it end with the value of
that variable in its last words. Standard library only.
"""

import argparse
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Parrot(BaseHTTPRequestHandler):
    """Everything comes back."""

    protocol_version = "HTTP/1.1"
    model = "parrot"

    def do_GET(self) -> None:
        """Health, and the model it pretends to have."""
        self._answer(200, {"object": "list", "data": [{"id": self.model, "object": "model"}]})

    def do_POST(self) -> None:
        """Refuse, loudly."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        told = f"Incorrect request: {dict(self.headers)!r} {body}"
        status = 500 if '"seed": 500' in body or '"seed":500' in body else 400
        error = {"message": told, "type": "invalid_request_error", "param": None, "code": None}
        self._answer(status, {"error": error})

    def _answer(self, status: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Its requests are not what it is about."""


def main() -> None:
    """Say everything, then serve."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--model", default="parrot")
    options.add_argument("--dies", metavar="VARIABLE")
    given = options.parse_args()
    print(dict(os.environ), sys.argv, flush=True)
    for name, value in os.environ.items():
        print(f"export {name}={value}", flush=True)
    if given.dies:
        print(f"RuntimeError: 401 from the hub with {os.environ[given.dies]}", flush=True)
        sys.exit(3)
    Parrot.model = given.model
    ThreadingHTTPServer(("127.0.0.1", given.port), Parrot).serve_forever()


if __name__ == "__main__":
    main()
