"""A screen nobody sees, and a page that tells what it sees."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

WAIT_S = 40.0

PAGE = b"""<!doctype html><meta charset=utf-8><title>page</title><body>
<a id=out href="http://localhost:54321/elsewhere">elsewhere</a>
<a target=_blank href="https://example.org/" style="position:fixed;inset:40px">new</a>
<script>
  const visits = 1 + Number(localStorage.getItem("visits") || 0);
  localStorage.setItem("visits", visits);
  const tell = (what) => fetch("/told?" + new URLSearchParams(what));
  tell({path: location.pathname, hash: location.hash, visits});
  if (location.pathname === "/out") document.getElementById("out").click();
</script>"""


@contextmanager
def screen() -> Iterator[str]:
    """A display of our own: its name for DISPLAY."""
    program = shutil.which("Xvfb")
    assert program is not None, "needs the Debian package xvfb"
    read, write = os.pipe()
    command = [program, "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as process:
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        try:
            yield f":{number}"
        finally:
            process.terminate()


class Site:
    """The page's server: what it was told, in order."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.told: Queue[dict[str, str]] = Queue()

    def next(self) -> dict[str, str]:
        """The next thing a page said."""
        return self.told.get(timeout=WAIT_S)


class Handler(BaseHTTPRequestHandler):
    """Every path is the page, but /told."""

    site: Site

    def log_message(self, format: str, *args: Any) -> None:
        """Tests speak for themselves."""

    def do_GET(self) -> None:
        """The page, or what a page says."""
        parts = urlsplit(self.path)
        if parts.path == "/told":
            self.site.told.put({k: v[0] for k, v in parse_qs(parts.query).items()})
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)


@contextmanager
def site() -> Iterator[Site]:
    """The page, served."""
    handler = type("BoundHandler", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    served = Site(server.server_port)
    handler.site = served  # type: ignore[attr-defined]  # made above
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
