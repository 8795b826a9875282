"""Which headers go on, and which come back.

On: an allow-list, because LiteLLM takes orders from headers too (`x-litellm-*`), and a client's
key is nobody's business further on. Back: everything but what belongs to one connection, what the
server says itself, and what LiteLLM tells about its inside (`x-litellm-model-api-base`, …). An
engine has no such inside: of its answers all the rest comes back, in its order.
"""

from collections.abc import Iterable, Mapping

from core.errors import Invalid
from core.gateway.routes import Direct, Header, Route

JSON: Header = (b"content-type", b"application/json")
TTL = b"x-studio-ttl"  # seconds that the model is to stay after this request; 0: for ever
LOAD = b"x-studio-load"  # never: answered by a model in memory, or by nobody
PASSED_ON = frozenset(
    {
        b"accept",
        b"anthropic-beta",
        b"anthropic-version",
        b"content-type",
        b"traceparent",
        b"tracestate",
        b"user-agent",
    }
)
KEPT_BACK = frozenset(
    {
        b"connection",
        b"date",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"request-id",
        b"server",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-accel-buffering",
        b"x-request-id",
    }
)
TO_ENGINE = PASSED_ON | {b"x-data-parallel-rank"}  # no accept-encoding: answers are counted
TO_ENGINE_JSON = TO_ENGINE - {b"content-type"}  # which is ours to say: it was read as JSON
KEPT_BACK_PREFIXES = (b"x-litellm-", b"llm_provider-", b"x-ratelimit-", b"access-control-")


def on_to_gateway(
    headers: Iterable[Header], route: Route, request_id: str, *, is_json: bool = False
) -> list[Header]:
    """The request's headers for LiteLLM: the client's harmless ones and ours."""
    passed = [(name, value) for name, value in headers if name in PASSED_ON]
    if is_json:  # it was read as JSON, whatever `curl -d` called it
        passed = [header for header in passed if header[0] != b"content-type"]
        passed.append(JSON)
    return [*passed, (b"x-litellm-call-id", request_id.encode()), *route.headers]


def on_to_engine(
    headers: Iterable[Header],
    direct: Direct,
    request_id: str,
    *,
    is_json: bool = False,
) -> list[Header]:
    """The request's headers for the engine itself: the client's harmless ones, and its key.

    What it accepts is not among them: a compressed answer would go by uncounted, and limits with
    it, while between two programs of one machine it saves nothing.
    """
    wanted = TO_ENGINE_JSON if is_json else TO_ENGINE
    passed = [header for header in headers if header[0] in wanted]
    if is_json:
        passed.append(JSON)
    passed.append((b"x-request-id", request_id.encode()))
    passed += direct.headers
    return passed


def wished_ttl(headers: Mapping[bytes, bytes]) -> float | None:
    """How long a request wants its model to stay after it; None: as the recipe says.

    Raises Invalid for what is no number of seconds, before anything is loaded for it.
    """
    value = headers.get(TTL)
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if not text.isdigit() or len(text) > 9:
        raise Invalid(
            f"x-studio-ttl should be a whole number of seconds, not {text!r:.40}",
            field="x-studio-ttl",
            next_action="600 keeps the model for ten minutes, 0 for ever.",
        )
    return float(text)


def may_load(headers: Mapping[bytes, bytes]) -> bool:
    """Whether its model may be loaded for it. Raises Invalid for what is no word on that."""
    value = headers.get(LOAD)
    if value is None:
        return True
    wish = value.strip().lower()
    if wish not in (b"never", b"if-needed"):
        raise Invalid(
            f"x-studio-load should be never or if-needed, not {value[:40]!r}",
            field="x-studio-load",
        )
    return wish == b"if-needed"


def back_to_client(headers: Iterable[Header]) -> list[Header]:
    """LiteLLM's headers for the client."""
    return [
        (name, value)
        for name, value in headers
        if name not in KEPT_BACK and not name.startswith(KEPT_BACK_PREFIXES)
    ]


def back_from_engine(headers: Iterable[Header]) -> list[Header]:
    """An engine's headers for the client.

    A stream is sent without its length, should it have one: it may end otherwise than planned.
    """
    kept = [
        header
        for header in headers
        if header[0] not in KEPT_BACK and not header[0].startswith(b"access-control-")
    ]
    for name, value in kept:
        if name == b"content-type" and _is_events(value):
            return [header for header in kept if header[0] != b"content-length"]
    return kept


def _is_events(content_type: bytes) -> bool:
    return content_type[:17].lower() == b"text/event-stream"
