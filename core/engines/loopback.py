"""The smallest HTTP client that can ask an engine on this machine whether it answers.

HTTP/1.0 and one connection per question: no pool that could hold a dead engine's socket, no
proxy variables, no redirects. Not for traffic; that is the gateway's.
"""

import asyncio
import contextlib

import msgspec

HOST = "127.0.0.1"
LARGEST = 4 * 1024 * 1024  # bytes of an answer; a probe that gets more is not talking to an engine


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300


async def ask(
    port: int,
    path: str,
    *,
    timeout_s: float,
    key: str | None = None,
    body: bytes | None = None,
) -> Answer | None:
    """GET the path, or POST when there is a body. None: nobody answered properly in time."""
    with contextlib.suppress(OSError, TimeoutError, ValueError, asyncio.LimitOverrunError):
        async with asyncio.timeout(timeout_s):
            return await _exchange(port, _request(port, path, key, body))
    return None


def _request(port: int, path: str, key: str | None, body: bytes | None) -> bytes:
    lines = [
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.0",
        f"Host: {HOST}:{port}",
        "User-Agent: vllm-studio",
        "Connection: close",
    ]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


async def _exchange(port: int, request: bytes) -> Answer:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(request)
        await writer.drain()
        raw = await _all_of(reader)
    finally:
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise ValueError("not HTTP")
    return Answer(status=int(rest[:3]), body=body)


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """Until the other side closes, or its Content-Length is there."""
    raw = b""
    while len(raw) < LARGEST and (chunk := await reader.read(65536)):
        raw += chunk
        head, found, body = raw.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            break
    return raw


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return LARGEST
