"""What a caller may say in the query, and to whom."""

import pytest

from core.gateway.query import on_to_gateway
from tests.core.gateway.bench import bench, post
from tests.core.gateway.tiny_upstream import json_answer, upstream

COMPLETION = b'{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":5}}'


@pytest.mark.parametrize(
    "part",
    [
        "model=b",
        "mod%65l=b",
        "Model=b",
        "api-version=1",
        "api_base=x",
        "user_api_key_alias=x",
        "extra_body=%7B%7D",
    ],
)
def test_nobody_steers_the_gateway_through_the_query(part: str) -> None:
    """LiteLLM takes `?model=` before the body's model, and other names where the body has none."""
    assert on_to_gateway(f"a=%2F&{part}&b".encode()) == b"a=%2F&b"
    assert on_to_gateway(part.encode()) == b""


async def test_the_gateway_is_asked_for_no_other_model_than_the_body_names() -> None:
    """A key that may ask "m" alone gets nothing else by naming it in the query."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve(server.port)
        await post(made, path="/v1/chat/completions?model=another&beta=true")
        assert server.received[0].head == "POST /v1/chat/completions?beta=true HTTP/1.1"


async def test_an_engine_gets_the_query_as_it_was_written() -> None:
    """The direct lane changes nothing; an engine has one model."""
    async with upstream(json_answer(COMPLETION)) as server, bench() as made:
        made.serve_directly(server.port)
        await post(made, path="/v1/chat/completions?api-version=1")
        assert server.received[0].head == "POST /v1/chat/completions?api-version=1 HTTP/1.1"
