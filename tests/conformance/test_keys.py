"""Named keys and their limits: C19."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.harness.days import within_a_day
from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually

BODY = {"messages": [{"role": "user", "content": "Hello!"}]}


def ask(studio: StudioServer, model: str, secret: str) -> httpx.Response:
    """One chat with this key."""
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.post(
        f"{studio.v1}/chat/completions", json={**BODY, "model": model}, headers=headers, timeout=60
    )


def test_c19_a_revoked_key_is_refused_at_once_and_no_secret_is_in_the_log(
    studio: StudioServer,
) -> None:
    """It worked, it is revoked, the next request is 401; facts and records name its id."""
    studio.add(sim_recipe("c19-a", tokens=2))
    issued = studio.post("/api/keys", {"name": "c19"})
    secret, key_id = issued["secret"], issued["key"]["key_id"]
    assert ask(studio, "c19-a", secret).status_code == 200
    port = studio.engines()["c19-a"]["port"]
    revoked = studio.http.delete(f"/api/keys/{key_id}", headers=studio.owner())
    assert revoked.json()["state"] == "revoked"
    refused = ask(studio, "c19-a", secret)
    assert refused.status_code == 401, "not even a second"
    assert refused.headers["www-authenticate"]
    assert "revoked" in refused.json()["error"]["message"]
    with studio.openai(api_key=secret) as client, pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(model="c19-a", messages=[{"role": "user", "content": "x"}])
    assert studio.happened("key-issued", key_id=key_id)
    assert studio.happened("key-revoked", key_id=key_id)
    (booked,) = wait_for_requests(studio.home, "c19-a", 1)
    assert booked.actor == f"key:{key_id}"
    seen = answers_seen_by(port)
    assert len(seen) == 1
    assert secret not in str(seen), "the engine never sees the client's key (C15)"
    for file in (*studio.home.glob("*.db*"), *studio.home.glob("logs/*.log")):
        assert secret.encode() not in file.read_bytes(), file


def test_c19_a_revoked_key_starts_nothing(studio: StudioServer) -> None:
    """The refusal comes before anything is loaded."""
    studio.add(sim_recipe("c19-b", tokens=2))
    secret = studio.post("/api/keys", {"name": "c19-b"})["secret"]
    studio.http.delete("/api/keys/c19-b", headers=studio.owner())
    head = studio.head
    assert ask(studio, "c19-b", secret).status_code == 401
    assert studio.happened("engine-start-requested", after=head) == []


def test_c19_a_key_that_expires_does_so_by_itself(studio: StudioServer) -> None:
    """From that moment on: 401, with the reason."""
    studio.add(sim_recipe("c19-c", tokens=2))
    studio.load("c19-c")
    secret = studio.post("/api/keys", {"name": "c19-c", "expires_in_s": 0.001})["secret"]
    refused = ask(studio, "c19-c", secret)
    assert refused.status_code == 401
    assert "expired" in refused.json()["error"]["message"]


def test_keys_are_the_owners_to_see_and_to_make(studio: StudioServer) -> None:
    """Who can reach the port but can not read the owner's token may not, key or no key."""
    secret = studio.post("/api/keys", {"name": "guest"})["secret"]
    for headers in ({}, {"authorization": f"Bearer {secret}"}):
        assert httpx.get(f"{studio.url}/api/keys", headers=headers).status_code == 403
        made = httpx.post(f"{studio.url}/api/keys", json={"name": "mine"}, headers=headers)
        assert made.status_code == 403
        gone = httpx.delete(f"{studio.url}/api/keys/guest", headers=headers)
        assert gone.status_code == 403
    shown = studio.get("/api/keys")
    assert "guest" in [key["name"] for key in shown["keys"] if key["state"] == "in force"]
    assert "digest" not in str(shown)
    assert secret not in str(shown)
    studio.http.delete("/api/keys/guest", headers=studio.owner())


def test_where_keys_are_demanded_one_of_them_opens_v1_alone(studio: StudioServer) -> None:
    """The setting works from one request to the next, on loopback too."""
    studio.add(sim_recipe("demanded-a", tokens=2))
    secret = studio.post("/api/keys", {"name": "demanded"})["secret"]
    change = {"require_key": True}
    answer = studio.http.patch("/api/settings", json=change, headers=studio.owner())
    assert answer.is_success, answer.text
    try:
        assert studio.chat("demanded-a").status_code == 401
        assert ask(studio, "demanded-a", "sk-none").status_code == 401
        assert studio.engines() == {}
        assert ask(studio, "demanded-a", secret).status_code == 200
        headers = {"x-api-key": secret}
        assert httpx.get(f"{studio.url}/api/status", headers=headers).status_code == 403
        assert httpx.get(f"{studio.url}/api/status").status_code == 401
    finally:
        studio.http.patch("/api/settings", json={"require_key": None}, headers=studio.owner())
        studio.http.delete("/api/keys/demanded", headers=studio.owner())
    assert studio.chat("demanded-a").status_code == 200


@contextmanager
def limited(studio: StudioServer, name: str, **limits: object) -> Iterator[tuple[str, str]]:
    """A key with these limits, for a while; its secret and its id."""
    issued = studio.post("/api/keys", {"name": name, "limits": limits})
    yield issued["secret"], issued["key"]["key_id"]
    studio.http.delete(f"/api/keys/{name}", headers=studio.owner())


def test_a_limit_of_requests_is_told_on_answers_and_refused_when_it_is_reached(
    studio: StudioServer,
) -> None:
    """429 as OpenAI's and Anthropic's clients know it, and one fact for all the refusals."""
    studio.add(sim_recipe("limited-a", tokens=2))
    studio.load("limited-a")
    with limited(studio, "rpm", requests_per_minute=2, tokens_per_minute=9000) as (secret, key_id):
        told = ask(studio, "limited-a", secret).headers
        assert told["x-ratelimit-limit-requests"] == "2"
        assert told["x-ratelimit-remaining-requests"] == "1"
        assert told["x-ratelimit-reset-requests"].endswith("s")
        assert told["x-ratelimit-limit-tokens"] == "9000"
        assert ask(studio, "limited-a", secret).status_code == 200
        refused = ask(studio, "limited-a", secret)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        error = refused.json()["error"]
        assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        assert "2 requests a minute" in error["message"]
        with studio.openai(api_key=secret) as client, pytest.raises(openai.RateLimitError):
            client.chat.completions.create(**_chat("limited-a"))
        with (
            anthropic.Anthropic(base_url=studio.url, api_key=secret, max_retries=0) as claude,
            pytest.raises(anthropic.RateLimitError) as limit,
        ):
            claude.messages.create(max_tokens=9, **_chat("limited-a"))
        assert limit.value.body["error"]["type"] == "rate_limit_error"  # type: ignore[index]
        assert len(studio.happened("key-limit-reached", key_id=key_id)) == 1
        used = studio.get("/api/keys/rpm")["used"]
        assert (used["requests"], used["parallel"]) == (2, 0)


def test_a_key_asks_its_own_models_and_sees_no_others(studio: StudioServer) -> None:
    """By any of their names; anything else is 403, and nothing is loaded for it."""
    studio.add(sim_recipe("limited-b", tokens=2, recipe={"aliases": ["its-alias"]}))
    studio.add(sim_recipe("limited-c", tokens=2))
    head = studio.head
    with limited(studio, "models", models=["limited-b"]) as (secret, _):
        refused = ask(studio, "limited-c", secret)
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "model_not_allowed"
        assert studio.happened("engine-start-requested", after=head) == []
        assert ask(studio, "its-alias", secret).status_code == 200
        with studio.openai(api_key=secret) as client:
            assert [model.id for model in client.models.list()] == ["limited-b"]


def test_a_budget_ends_when_it_is_spent_and_can_be_raised(studio: StudioServer) -> None:
    """By the recipe's prices, once the request's tokens are known."""
    within_a_day(120)
    price = {"input_per_million": 1_000_000.0, "output_per_million": 1_000_000.0}
    studio.add(sim_recipe("limited-d", tokens=2, recipe={"price": price}))
    with limited(studio, "budget", budget_day=0.5) as (secret, _):
        assert ask(studio, "limited-d", secret).status_code == 200
        eventually(
            lambda: studio.get("/api/keys/budget")["used"]["spent_day"] > 1,
            within=30,
            what="the money is counted",
        )
        refused = ask(studio, "limited-d", secret)
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "insufficient_quota"
        assert refused.headers["x-should-retry"] == "false"
        assert int(refused.headers["retry-after"]) <= 86400
        raised = studio.http.patch(
            "/api/keys/budget", json={"budget_day": 1000}, headers=studio.owner()
        )
        assert raised.json()["limits"]["budget_day"] == 1000
        assert ask(studio, "limited-d", secret).status_code == 200


def test_scopes_open_what_they_say(studio: StudioServer) -> None:
    """A manager evicts and asks nothing; an auditor reads; neither sees the keys."""
    with limited(studio, "scopes", scopes=["manage"]) as (secret, _):
        headers = {"authorization": f"Bearer {secret}"}
        evict = {"target": None, "wait": True}
        assert httpx.post(f"{studio.url}/api/evict", json=evict, headers=headers).is_success
        assert ask(studio, "any", secret).status_code == 403
        assert httpx.get(f"{studio.url}/api/keys", headers=headers).status_code == 403
        studio.http.patch("/api/keys/scopes", json={"scopes": ["audit"]}, headers=studio.owner())
        assert httpx.get(f"{studio.url}/api/timeline", headers=headers).status_code == 200
        refused = httpx.post(f"{studio.url}/api/evict", json=evict, headers=headers)
        assert refused.status_code == 403
        assert "audit" in refused.json()["detail"]


def _chat(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
