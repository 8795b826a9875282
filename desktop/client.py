"""The running app over HTTP, from the terminal.

The standard library's client is enough for loopback, starts in no time, and reads streams line by
line, so an answer is printed while it is made.
"""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlencode

import msgspec

from desktop.problems import AppRefused, NotRunning
from desktop.sse import ServerEvent, server_events

Json = Any  # what a JSON document decodes to

QUICK_S = 30.0
PIECE = 2**16


class Client:
    """One caller's way to one app; every call is a connection of its own."""

    def __init__(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        owner_token: str | None = None,
        api_key: str | None = None,
        actor: str = "cli",
    ) -> None:
        self.host = host
        self.port = port
        self._headers = {"x-studio-actor": actor, "accept": "application/json"}
        if owner_token:
            self._headers["x-studio-owner"] = owner_token
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"

    @property
    def url(self) -> str:
        """Where the window and browsers find the app."""
        return f"http://{self.host}:{self.port}/"

    def get(self, path: str, *, timeout_s: float = QUICK_S, **query: object) -> Json:
        """Read something; raises AppRefused, NotRunning."""
        return self._call("GET", _with_query(path, query), timeout_s=timeout_s)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = QUICK_S,
    ) -> Json:
        """Ask for something; raises AppRefused, NotRunning."""
        return self._call("POST", path, body or {}, timeout_s=timeout_s)

    def put(self, path: str, body: Mapping[str, Any]) -> Json:
        """Replace something; raises AppRefused, NotRunning."""
        return self._call("PUT", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        """Change part of something; raises AppRefused, NotRunning."""
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Json:
        """Remove something; raises AppRefused, NotRunning."""
        return self._call("DELETE", path)

    @contextmanager
    def stream(
        self,
        path: str,
        *,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        timeout_s: float | None = 60.0,
        **query: object,
    ) -> Iterator[Iterator[ServerEvent]]:
        """Server-sent events for as long as the block lasts; leaving it hangs up.

        `timeout_s` bounds the silence between two lines; the app's heartbeat comes every 15 s.
        The iterator ends when the app closes the stream and raises NotRunning when it vanishes.
        """
        connection = self._connection(timeout_s)
        try:
            response = self._send(connection, method, _with_query(path, query), body)
            yield _told_when_cut(server_events(response))
        finally:
            connection.close()

    def download(
        self, path: str, target: IO[bytes], *, timeout_s: float = 60.0, **query: object
    ) -> Iterator[tuple[int, Mapping[str, str]]]:
        """Write an answer of any length into a file; yields how many bytes came, and the headers.

        `timeout_s` bounds the silence between two pieces. Raises AppRefused, and NotRunning also
        when the answer is cut off.
        """
        connection = self._connection(timeout_s)
        try:
            response = self._send(connection, "GET", _with_query(path, query), None)
            headers = {name.lower(): value for name, value in response.getheaders()}
            came = 0
            while piece := _piece(response):
                target.write(piece)
                came += len(piece)
                yield came, headers
        finally:
            connection.close()

    # -- one exchange ---------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = QUICK_S,
    ) -> Json:
        connection = self._connection(timeout_s)
        try:
            response = self._send(connection, method, path, body)
            return _content(response)
        finally:
            connection.close()

    def _connection(self, timeout_s: float | None) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
    ) -> http.client.HTTPResponse:
        headers = dict(self._headers)
        payload = None
        if body is not None:
            payload = msgspec.json.encode(body)
            headers["content-type"] = "application/json"
        try:
            connection.request(method, path, body=payload, headers=headers)
            response = connection.getresponse()
        except TimeoutError as error:
            raise NotRunning(f"no answer on port {self.port} in time") from error
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning() from error
        if response.status >= 400:
            raise AppRefused(response.status, _problem(response))
        return response


def _with_query(path: str, query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _content(response: http.client.HTTPResponse) -> Json:
    content = response.read()
    if not content:
        return None
    if "json" in (response.getheader("content-type") or ""):
        return msgspec.json.decode(content)
    return content.decode("utf-8", "replace")


def _piece(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(PIECE)
    except (OSError, http.client.HTTPException) as error:
        raise NotRunning("the connection to vLLM Studio was lost") from error


def _problem(response: http.client.HTTPResponse) -> Mapping[str, Any]:
    """The app's problem document; OpenAI's error object is turned into one."""
    try:
        problem = msgspec.json.decode(response.read())
    except (msgspec.DecodeError, OSError, http.client.HTTPException):
        problem = None
    if not isinstance(problem, dict):
        return {"title": response.reason, "status": response.status, "code": "no-problem-document"}
    error = problem.get("error")
    if isinstance(error, dict):
        return {"detail": error.get("message"), "code": error.get("code") or "refused", **error}
    return problem


def _told_when_cut(events: Iterator[ServerEvent]) -> Iterator[ServerEvent]:
    try:
        yield from events
    except (OSError, http.client.HTTPException) as error:
        raise NotRunning("the connection to vLLM Studio was lost") from error
