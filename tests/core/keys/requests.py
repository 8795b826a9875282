"""Requests as a gate sees them."""

from typing import Any

import msgspec

from core.gateway.body import Body, peek_json
from events.facts import RequestFinished

CHAT = peek_json(b'{"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": "x"}]}')


def chat(**fields: Any) -> Body:
    """A body with these fields."""
    return peek_json(msgspec.json.encode({"model": "m", "messages": []} | fields))


def finished(key_id: str, request_id: str, **fields: Any) -> RequestFinished:
    """A request of this key that ended well."""
    told: dict[str, Any] = {
        "path": "/v1/chat/completions",
        "model": "m",
        "recipe_id": "m",
        "engine_id": "m-1",
        "lane": "gateway",
        "outcome": "ok",
        "status": 200,
        "stream": False,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "ttft_ms": 5.0,
    }
    return RequestFinished(request_id=request_id, actor=f"key:{key_id}", **(told | fields))
