"""Keys and origins: C13–C16."""

import base64
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness import runtimes
from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer

KEY = "sk-the-key-of-this-test"
BODY = {"model": "locked", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture(scope="module")
def locked(litellm_runtime: None) -> Iterator[StudioServer]:
    """A studio that demands a key, with one recipe."""
    home = Path(tempfile.mkdtemp(prefix="studio-"))
    runtimes.link(home, ["litellm"])
    server = StudioServer(home, {"VLLM_STUDIO_API_KEY": KEY})
    try:
        server.start()
        server.wait_for_gateway()
        server.add(sim_recipe("locked", tokens=2))
        yield server
    finally:
        server.close()
        shutil.rmtree(home, ignore_errors=True)


def ask(server: StudioServer, **headers: str) -> httpx.Response:
    """One chat with these headers."""
    return httpx.post(f"{server.v1}/chat/completions", json=BODY, headers=headers, timeout=60)


def test_c13_without_the_key_nothing_is_answered_and_nothing_starts(locked: StudioServer) -> None:
    """401 in the client's own dialect, with `WWW-Authenticate`, and no engine."""
    locked.evict_all()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"x-api-key": "wrong"}):
        answer = ask(locked, **headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"]
        error = answer.json()["error"]
        assert error["message"]
        assert error["code"] == "invalid_api_key"
    assert httpx.get(f"{locked.url}/api/status").status_code == 401
    assert httpx.get(f"{locked.url}/health").status_code == 200
    assert locked.engines() == {}


def test_c14_the_key_is_accepted_in_each_of_its_three_places(locked: StudioServer) -> None:
    """Bearer, `x-api-key` and the password of Basic."""
    basic = base64.b64encode(f"anyone:{KEY}".encode()).decode()
    places = (
        {"Authorization": f"Bearer {KEY}"},
        {"x-api-key": KEY},
        {"Authorization": f"Basic {basic}"},
    )
    answers = [ask(locked, **place) for place in places]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_c15_the_engine_never_sees_the_clients_key(locked: StudioServer) -> None:
    """What reaches the engine carries our internal key, if any."""
    assert ask(locked, Authorization=f"Bearer {KEY}").status_code == 200
    assert ask(locked, **{"x-api-key": KEY}).status_code == 200
    received = answers_seen_by(locked.engines()["locked"]["port"])
    assert received
    assert [one for one in received if KEY in str(one)] == []


def test_c16_a_preflight_is_answered_for_our_origin_only(studio: StudioServer) -> None:
    """Our own page gets 204 and the headers; a foreign page gets no permission."""
    ours = f"http://127.0.0.1:{studio.port}"
    wish = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    allowed = httpx.options(f"{studio.v1}/chat/completions", headers={"Origin": ours, **wish})
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == ours
    assert "POST" in allowed.headers["access-control-allow-methods"]
    for path in ("/api/switch", "/api/recipes", "/v1/chat/completions"):
        foreign = {"Origin": "https://elsewhere.example", **wish}
        answer = httpx.options(studio.url + path, headers=foreign)
        assert "access-control-allow-origin" not in answer.headers, path


def test_a_foreign_page_can_change_nothing(studio: StudioServer) -> None:
    """Neither by its origin (CSRF) nor by another name for this host (DNS rebinding)."""
    studio.add(sim_recipe("c16-a"))
    for headers in ({"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}):
        answer = httpx.post(f"{studio.url}/api/switch", json={"target": "c16-a"}, headers=headers)
        assert answer.status_code == 403
    assert studio.engines() == {}
