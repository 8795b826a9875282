"""A head that is said again is known by its bytes, and by nothing less."""

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.gateway.again import Said
from core.gateway.head import Head

LINES = (
    b"POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: x\r\n",
    b"Content-Length: ",
    b"\r\nAuthorization: Bearer sk-studio-x\r\n\r\n",
)
HEAD = Head(b"/v1/chat/completions", b"a=b", [])


def request(body: bytes, length: bytes | None = None) -> bytes:
    """As it goes over the wire."""
    before, name, behind = LINES
    return before + name + (b"%d" % len(body) if length is None else length) + behind + body


def said(body: bytes = b"{}") -> Said[Head]:
    """What is remembered of the first one."""
    found = Said.of(request(body), HEAD)
    assert found is not None
    return found


@given(first=st.binary(max_size=300), then=st.binary(max_size=300))
def test_a_body_of_any_length_is_found_again(first: bytes, then: bytes) -> None:
    """Whatever stands in it, ends of lines included."""
    assert said(first).body(request(then)) == then


class Read:
    """What httptools makes of bytes."""

    def __init__(self, data: bytes) -> None:
        self.lines: list[bytes] = []
        self.bodies: list[bytes] = []
        self.whole = 0
        httptools.HttpRequestParser(self).feed_data(data)

    def on_url(self, url: bytes) -> None:
        """The first line."""
        self.lines.append(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One more."""
        if name.lower() != b"content-length":
            self.lines += (name, value)

    def on_body(self, body: bytes) -> None:
        """A piece."""
        self.bodies.append(body)

    def on_message_complete(self) -> None:
        """One request."""
        self.whole += 1


@given(
    body=st.binary(max_size=40),
    at=st.integers(min_value=0),
    new=st.binary(max_size=3),
    cut=st.integers(min_value=0, max_value=5),
)
def test_what_is_known_again_is_what_the_parser_would_have_read(
    body: bytes, at: int, new: bytes, cut: int
) -> None:
    """Bytes are changed, left out and put in anywhere: it is the same request, or none."""
    wire = request(body)
    at %= len(wire) + 1
    changed = wire[:at] + new + wire[at + cut :]
    found = said(b"something else").body(changed)
    if found is not None:
        read, first = Read(changed), Read(request(b""))
        assert (read.lines, b"".join(read.bodies), read.whole) == (first.lines, found, 1)


@pytest.mark.parametrize(
    "again",
    [
        b"",
        request(b"{}")[:-1],  # the rest is still to come
        request(b"{}") + b"P",  # another one follows
        request(b"")[:-1],  # so is the end of the head
        request(b"")[:-4],
        request(b"{}", b"1"),
        request(b"{}", b""),
        request(b"{}", b"+2"),
        request(b"{}", b" 2"),
        request(b"{}", b"2 "),
        request(b"{}", b"0x2"),
        request(b"{}", "\u0662".encode()),
        request(b"{}", b"2, 2"),
        request(b"{}", b"0000002"),
        request(b"{}").replace(b"sk-studio-x", b"sk-studio-y"),
        request(b"{}").replace(b"Host", b"host"),
        request(b"{}").replace(b"\r\n\r\n", b"\r\nx: y\r\n\r\n"),
    ],
)
def test_what_is_not_the_same_is_read(again: bytes) -> None:
    """Torn, longer, or otherwise said: the parser knows what to make of it."""
    assert said().body(again) is None


@pytest.mark.parametrize(
    "first",
    [
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        request(b"{}") + request(b"{}"),
        request(b"{}")[:-1],
        request(b"")[:-4],
        b"POST / HTTP/1.1\r\n\r\n\r\nContent-Length: 0\r\n",
        b"POST / HTTP/1.1\r\nContent-Length:\t2\r\n\r\n{}",
        b"",
    ],
)
def test_only_one_plain_whole_request_is_remembered(first: bytes) -> None:
    """Of all else nobody could say where its body ends."""
    assert Said.of(first, HEAD) is None
