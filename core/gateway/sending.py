"""Head and body of a request as LiteLLM, or the engine itself, gets it."""

from core.gateway.body import Filter
from core.gateway.headers import on_to_engine, on_to_gateway
from core.gateway.hooks import Asked
from core.gateway.native import engine_path
from core.gateway.query import on_to_gateway as query_to_gateway
from core.gateway.request_record import Call
from core.gateway.routes import Direct, Header, Route
from core.gateway.upstream import request_head


def written(
    call: Call, asked: Asked, route: Route, lane: str, through: Filter | None
) -> tuple[Route | Direct, bytes, bytes]:
    """To whom, head, body; the exchange knows afterwards whether token counts were asked for."""
    if route.direct is not None and lane == "direct":
        return _to_engine(call, asked, route.direct, through)
    call.exchange.asked_usage = False
    data = asked.body.sent(route.upstream_model, through)
    is_json = asked.body.fields is not None
    headers = on_to_gateway(call.raw_headers, route, call.request_id, is_json=is_json)
    return route, _head(asked.path, query_to_gateway(asked.query), route, headers, data), data


def _to_engine(
    call: Call, asked: Asked, direct: Direct, through: Filter | None
) -> tuple[Direct, bytes, bytes]:
    body = asked.body
    call.exchange.asked_usage = counts = direct.tells_usage and body.may_ask_usage(
        asked.path, through
    )
    data = body.sent(direct.model, through, ask_usage=counts)
    is_json = body.fields is not None
    headers = on_to_engine(call.raw_headers, direct, call.request_id, is_json=is_json)
    return direct, _head(engine_path(asked.path), asked.query, direct, headers, data), data


def _head(
    path: bytes, query: bytes, to: Route | Direct, headers: list[Header], data: bytes
) -> bytes:
    target = path + b"?" + query if query else path
    return request_head(b"POST", target, to.host, to.port, headers, len(data))


def merged(first: Filter | None, then: Filter | None) -> Filter | None:
    """Both filters as one; where they disagree, `then` has the last word."""
    if first is None or then is None:
        return first or then
    kept = tuple((name, raw) for name, raw in first.put if name not in then.strip)
    return Filter(strip=first.strip | then.strip, put=(*kept, *then.put))
