"""Websockets: C67."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.harness.sim import seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually


def realtime(studio: StudioServer, model: str, **more: Any) -> ClientConnection:
    """An open websocket to a model."""
    address = f"ws://127.0.0.1:{studio.port}/v1/realtime?model={model}"
    socket: ClientConnection = connect(address, proxy=None, open_timeout=60, **more)
    return socket


def test_c67_a_websocket_passes_both_ways_and_is_booked(studio: StudioServer) -> None:
    """To a ready model, by an alias, with the lane told; the engine has its own key's request."""
    studio.add(sim_recipe("c67-a", recipe={"aliases": ["c67-alias"]}))
    port = studio.load("c67-a")["port"]
    with realtime(studio, "c67-alias") as socket:
        assert socket.response is not None
        assert socket.response.headers["x-studio-lane"] == "direct"
        for message in ("hello", b"\x00\xff", "x" * 70_000, "Grüße 🌍"):
            socket.send(message)
            assert socket.recv(timeout=10) == message
        eventually(lambda: studio.status()["in_flight"] == 1, within=30, what="it counts")
        (running,) = studio.get("/api/requests/running")["requests"]
        assert (running["model"], running["state"]) == ("c67-alias", "running")
    (booked,) = wait_for_requests(studio.home, "c67-alias", 1)
    assert (booked.outcome, booked.status, booked.lane) == ("ok", 101, "direct")
    assert booked.recipe_id == "c67-a"
    (upgrade,) = [one for one in seen_by(port) if one["path"] == "/v1/realtime"]
    assert upgrade["query"] == "model=c67-a"


def test_c67_an_idle_websocket_does_not_keep_its_model(studio: StudioServer) -> None:
    """Its TTL runs although it is open; when the model goes, the client is told to come back."""
    changed = studio.http.patch(
        "/api/settings", json={"websocket_idle_s": 0.5}, headers=studio.owner()
    )
    assert changed.is_success, changed.text
    try:
        studio.add(sim_recipe("c67-b", recipe={"ttl_s": 1.0}))
        with realtime(studio, "c67-b") as socket:
            socket.send("x")
            assert socket.recv(timeout=10) == "x"
            eventually(lambda: "c67-b" not in studio.engines(), within=30, what="it is unloaded")
            eventually(lambda: socket.close_code, within=30, what="it is closed")
            assert socket.close_code in (1001, 1012)
    finally:
        studio.http.patch("/api/settings", json={"websocket_idle_s": None}, headers=studio.owner())


def test_c67_a_websocket_is_refused_as_a_request_would_be(studio: StudioServer) -> None:
    """Unknown model, revoked key, foreign page: in words, and nothing starts."""
    secret = studio.post("/api/keys", {"name": "c67"})["secret"]
    studio.http.delete("/api/keys/c67", headers=studio.owner())
    studio.add(sim_recipe("c67-c"))
    head = studio.head
    refusals: list[tuple[str, dict[str, Any], int]] = [
        ("nobody", {}, 404),
        ("c67-c", {"additional_headers": {"authorization": f"Bearer {secret}"}}, 401),
        ("c67-c", {"origin": "https://elsewhere.example"}, 403),
    ]
    for model, more, status in refusals:
        with pytest.raises(InvalidStatus) as refused:
            realtime(studio, model, **more)
        assert refused.value.response.status_code == status
        assert refused.value.response.body
    assert studio.happened("engine-start-requested", after=head) == []
