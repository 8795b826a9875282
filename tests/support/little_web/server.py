"""The server of the little web: one port, many hosts, each answer as somebody really gives it.

    python -m tests.support.little_web.server [--port P]      serves until it is ended
    with LittleWeb() as web: web.url("atlas", "/mount-ada")   in a test

A host is the first label of the name it is asked by: `atlas.localhost` is `atlas`.
"""

import argparse
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.little_web import searching
from tests.support.little_web.articles import ARTICLES, Article
from tests.support.little_web.documents import page
from tests.support.little_web.hostile import VISIBLE
from tests.support.little_web.odd import HTML, ODD, ROBOTS
from tests.support.little_web.searching import Answer

# What a search finds besides prose: the odd pages that a research will run into.
_ALSO_FOUND = (
    ("survey", "/report.pdf", "Report on the survey of 2019: height of Mount Ada"),
    ("survey", "/method.md", "How heights are measured"),
    ("news", "/gone", "Mount Ada: all about its height"),
    ("news", "/subscribers", "The height of Mount Ada, for subscribers"),
    ("news", "/busy", "New height of Mount Ada"),
    ("slow", "/page", "Ines Varga, born 1902"),
    ("hostile", "/hidden", "The summit of Mount Ada"),
    ("hostile", "/zero-width", "The hut of the alpine club below Mount Ada"),
    ("detour", "/home", "Secrets about the height of Mount Ada"),
    ("broken", "/scripts", "Mount Ada, interactive"),
    ("huge", "/bomb", "Mount Ada in every detail"),
)
FINDABLE = (
    *(one for one in ARTICLES if one.found),
    *VISIBLE,
    *(Article(host=host, path=path, title=title, text=title) for host, path, title in _ALSO_FOUND),
)
_PROSE = {(one.host, one.path): one for one in (*ARTICLES, *VISIBLE)}


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    host: str  # as the little web calls it
    target: str
    headers: dict[str, str]  # lower case
    body: bytes

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path


class LittleWeb:
    """Serves in threads of its own while the `with` lasts."""

    def __init__(self, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._closing = threading.Event()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._server = _Server(("127.0.0.1", port), self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> "LittleWeb":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, host: str, path: str = "/") -> str:
        """The address of a page."""
        return f"http://{host}.localhost:{self.port}{path}"

    def times(self, host: str, path: str) -> int:
        """How often this was asked for."""
        return self._counts[host, path]

    def wait(self, seconds: float) -> bool:
        """Sleep, at most until the server stops; whether it stops."""
        return self._closing.wait(seconds)

    def hosts(self) -> set[str]:
        """Every host that was asked for anything."""
        return {one.host for one in self.asked}

    def answer(self, asked: Asked) -> Answer | Iterator[bytes]:
        """What this host says to that."""
        self.asked.append(asked)
        self._counts[asked.host, asked.path] += 1
        if asked.path == "/robots.txt":
            status, body = ROBOTS.get(asked.host, (404, b"none"))
            return Answer(status, "text/plain", body)
        engine = _engine(asked, f"localhost:{self.port}")
        if engine is not None:
            return engine
        if (asked.host, asked.path) in ODD:
            return ODD[asked.host, asked.path](self)
        prose = _PROSE.get((asked.host, asked.path))
        if prose is None:
            return Answer(404, HTML, b"<html><body><h1>Not found</h1></body></html>")
        return Answer(200, HTML, page(prose).encode())


def _engine(asked: Asked, address: str) -> Answer | None:
    """The answer of a search engine, where the host is one."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.target).query).items()}
    match asked.host, asked.path:
        case "search", "/search":
            if query.get("format") != "json":
                return Answer(200, HTML, b"<html><body>Results</body></html>")
            return searching.searxng(_found(query.get("q", ""), address), query.get("q", ""))
        case "htmlonly", "/search":  # an instance whose administrator allows no JSON
            return Answer(403, HTML, b"<html><title>403 Forbidden</title></html>")
        case "brave", "/res/v1/web/search":
            words, token = query.get("q", ""), asked.headers.get("x-subscription-token", "")
            return searching.brave(_found(words, address), words, token)
        case "tavily", "/search":
            words = str(json.loads(asked.body or b"{}").get("query", ""))
            bearer = asked.headers.get("authorization", "")
            return searching.tavily(_found(words, address), words, bearer)
        case "duck", "/html/":
            form = parse_qs(asked.body.decode())
            words = form.get("q", [query.get("q", "")])[0]
            return searching.duckduckgo(_found(words, address), words)
        case "wiki", "/w/api.php":
            mine = [one for one in ARTICLES if one.host == "wiki"]
            return searching.mediawiki(searching.find(query.get("srsearch", ""), mine, address), "")
    return None


def _found(query: str, address: str) -> list[searching.Found]:
    return searching.find(query, FINDABLE, address, most=20)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # all are joined: a test that is over leaves nothing behind
    block_on_close = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], web: LittleWeb) -> None:
        self.web = web
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.close_connection = True
        answer = self.server.web.answer(self._asked())
        if isinstance(answer, Answer):
            self._say(answer)
            return
        for piece in answer:
            self.wfile.write(piece)
            self.wfile.flush()

    def _asked(self) -> Asked:
        host = self.headers.get("Host", "").rpartition(":")[0]
        return Asked(
            method=self.command,
            host=host.removesuffix(".localhost"),
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


def main() -> None:
    """Serve until ended."""
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--port", type=int, default=0)
    with LittleWeb(wanted.parse_args().port) as web:
        print(json.dumps({"port": web.port}), flush=True)
        web.wait(float(threading.TIMEOUT_MAX))


if __name__ == "__main__":
    main()
