"""Pages of other origins, which browsers let see what they are told they may; and other words."""

from typing import Any

import pytest

from tests.core.api.test_guard import OWN, Inside, knock


async def test_another_sites_page_is_refused() -> None:
    """CSRF: a browser says where a request comes from."""
    status, answer, _ = await knock(Inside(), method="POST", origin="https://evil.example")
    assert status == 403
    assert "access-control-allow-origin" not in answer


async def test_our_own_page_is_let_in() -> None:
    """The window's requests carry our own origin."""
    assert (await knock(Inside(), method="POST", origin=OWN))[0] == 200


async def test_a_page_without_origin_may_change_nothing() -> None:
    """`Origin: null` is a sandboxed frame or a file: no state changes for it."""
    assert (await knock(Inside(), method="POST", origin="null"))[0] == 403


async def test_an_allowed_page_may_ask_v1_and_nothing_else() -> None:
    """CORS for the endpoint, never for the controls."""
    page = "https://chat.example"
    status, answer, _ = await preflight("/v1/models", page)
    assert (status, answer["access-control-allow-origin"]) == (204, page)
    status, answer, _ = await knock(Inside(), "/v1/models", allowed=(page,), origin=page)
    assert (status, answer["access-control-allow-origin"]) == (200, page)
    status, answer, _ = await preflight("/api/evict", page)
    assert status == 403
    assert "access-control-allow-origin" not in answer


@pytest.mark.parametrize(
    "wanted",
    [
        "authorization,content-type,x-stainless-lang,x-stainless-os",  # openai in a browser
        "anthropic-dangerous-direct-browser-access, anthropic-version, x-api-key",
    ],
)
async def test_an_allowed_page_may_use_an_official_client(wanted: str) -> None:
    """They send headers of their own, and read some of the answer's."""
    page = "https://chat.example"
    status, answer, _ = await preflight("/v1/messages", page, access_control_request_headers=wanted)
    assert (status, answer["access-control-allow-headers"]) == (204, wanted)
    _, answer, _ = await knock(Inside(), "/v1/models", allowed=(page,), origin=page)
    assert answer["access-control-expose-headers"] == "*"


async def test_names_that_are_none_are_not_told_back() -> None:
    """What a page wants to send stands in our answer's head."""
    page = "https://chat.example"
    for wanted in ("a: b", "x" * 5000, ""):
        _, answer, _ = await preflight("/v1/models", page, access_control_request_headers=wanted)
        assert answer["access-control-allow-headers"] == "authorization, content-type, x-api-key"


async def test_an_allowed_page_learns_why_it_was_refused() -> None:
    """Without the header a browser says that the network failed."""
    page = "https://chat.example"
    for path, seen in (("/v1/models", page), ("/api/status", None)):
        status, answer, _ = await knock(
            Inside(), path, allowed=(page,), origin=page, api_key="secret"
        )
        assert status == (401 if seen else 403)
        assert answer.get("access-control-allow-origin") == seen


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_refusals_are_told_in_the_paths_own_words(path: str) -> None:
    """Anthropic's clients look for another shape than OpenAI's."""
    status, _, body = await knock(Inside(), path, method="POST", api_key="secret")
    assert status == 401
    assert body == {
        "type": "error",
        "error": {
            "type": "authentication_error",
            "message": "a valid API key is required",
            "code": "invalid_api_key",
        },
    }


async def preflight(
    path: str,
    page: str,
    **headers: Any,  # a str each
) -> tuple[int, dict[str, str], Any]:
    """What a browser asks before it lets that page, which is allowed, POST to the path."""
    return await knock(
        Inside(),
        path,
        method="OPTIONS",
        allowed=(page,),
        origin=page,
        access_control_request_method="POST",
        **headers,
    )
