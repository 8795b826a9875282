"""Head and body of a request as LiteLLM, or the engine itself, gets it."""

from typing import NamedTuple

from core.gateway.body import Filter
from core.gateway.head import Head
from core.gateway.headers import on_to_engine, on_to_gateway
from core.gateway.hooks import Asked
from core.gateway.native import engine_path
from core.gateway.query import on_to_gateway as query_to_gateway
from core.gateway.request_record import Call
from core.gateway.routes import Direct, Route
from core.gateway.upstream import request_lines


def written(
    call: Call, asked: Asked, route: Route, lane: str, through: Filter | None
) -> tuple[Route | Direct, bytes, bytes]:
    """To whom, head, body; the exchange knows afterwards whether token counts were asked for."""
    body, direct = asked.body, route.direct if lane == "direct" else None
    if direct is not None:
        counts = body.stream and direct.tells_usage and body.may_ask_usage(asked.path, through)
        data = body.sent(direct.model, through, ask_usage=counts)
    else:
        counts = False
        data = body.sent(route.upstream_model, through)
    call.exchange.asked_usage = counts
    to = direct or route
    head, is_json = call.head, body.fields is not None
    onward = head.onward
    if not isinstance(onward, Onward) or onward.to is not to or onward.is_json is not is_json:
        onward = head.onward = Onward.of(head, to, is_json=is_json)
    request_id = call.request_id.encode()
    return to, b"%b%b%b%d\r\n\r\n" % (onward.before, request_id, onward.behind, len(data)), data


class Onward(NamedTuple):
    """What a head becomes for one engine or LiteLLM, but for the id and the length."""

    to: Route | Direct
    is_json: bool
    before: bytes
    behind: bytes

    @classmethod
    def of(cls, head: Head, to: Route | Direct, *, is_json: bool) -> "Onward":
        """The id stands before what is `to`'s own, and the length behind it."""
        if isinstance(to, Direct):
            path, query = engine_path(head.path), head.query
            headers = on_to_engine(head.raw_headers, to, "", is_json=is_json)
        else:
            path, query = head.path, query_to_gateway(head.query)
            headers = on_to_gateway(head.raw_headers, to, "", is_json=is_json)
        target = path + b"?" + query if query else path
        own = len(headers) - len(to.headers)
        before = request_lines(b"POST", target, to.host, to.port, headers[:own])
        behind = b"".join(b"%b: %b\r\n" % header for header in headers[own:])
        return cls(to, is_json, before, b"\r\n%bcontent-length: " % behind)


def merged(first: Filter | None, then: Filter | None) -> Filter | None:
    """Both filters as one; where they disagree, `then` has the last word."""
    if first is None or then is None:
        return first or then
    kept = tuple((name, raw) for name, raw in first.put if name not in then.strip)
    return Filter(strip=first.strip | then.strip, put=(*kept, *then.put))
