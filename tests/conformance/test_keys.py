"""Named keys: C19."""

import httpx
import openai
import pytest

from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests

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
