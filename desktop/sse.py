"""Server-sent events, read from lines as they arrive."""

from collections.abc import Iterable, Iterator

import msgspec


class ServerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream; `id` is the last one the server named, as browsers keep it."""

    event: str
    data: str
    id: str | None


def server_events(lines: Iterable[bytes]) -> Iterator[ServerEvent]:
    """Events in order; comments (the server's heartbeat) are passed over.

    An event that the connection cut in half, without its closing blank line, is not delivered.
    """
    name, last_id = "message", None
    data: list[str] = []
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if data:
                yield ServerEvent(event=name, data="\n".join(data), id=last_id)
            name, data = "message", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case "id":
                last_id = value
