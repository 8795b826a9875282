"""What can be seen from outside of what is loaded, for how long, and whether all works.

C03, C08, C50.
"""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually


def listed(studio: StudioServer) -> dict[str, str]:
    """The status of each listed model."""
    models = httpx.get(f"{studio.v1}/models").json()["data"]
    return {model["id"]: model["status"] for model in models}


def test_c03_the_status_in_the_list_follows_each_load_and_eviction(
    studio: StudioServer, tmp_path: Path
) -> None:
    """At once; a model that is still loading does not count, and one alone says the same."""
    studio.add(sim_recipe("c03-c", load_until=tmp_path / "go on"))
    assert listed(studio)["c03-c"] == "unloaded"
    studio.post("/api/switch", {"target": "c03-c"})
    studio.wait_for_state("c03-c", "loading")
    assert listed(studio)["c03-c"] == "unloaded"
    (tmp_path / "go on").touch()
    studio.load("c03-c")
    assert listed(studio)["c03-c"] == "loaded"
    assert httpx.get(f"{studio.v1}/models/c03-c").json()["status"] == "loaded"
    studio.evict_all()
    assert listed(studio)["c03-c"] == "unloaded"


def test_c08_an_app_that_hangs_is_not_ready(own_studio: StudioServer) -> None:
    """Whatever holds it up, the deep check does not say 200; when it moves again, it does.

    That a hanging scheduler alone is found is tested where one can be made to hang:
    tests/core/switching/test_readiness.py.
    """
    assert own_studio.process is not None
    ready = f"{own_studio.url}/health/ready"
    assert httpx.get(ready, timeout=10).status_code == 200
    os.kill(own_studio.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(httpx.TimeoutException):
            httpx.get(ready, timeout=3)
    finally:
        os.kill(own_studio.process.pid, signal.SIGCONT)
    eventually(
        lambda: httpx.get(ready, timeout=10).status_code == 200, within=30, what="it is ready"
    )


def test_c08_readiness_answers_while_a_load_and_a_wait_are_under_way(
    studio: StudioServer,
) -> None:
    """A long load and a queue behind it are daily life, not a fault."""
    studio.add(sim_recipe("c08-a", load_seconds=8))
    studio.add(sim_recipe("c08-b"))
    studio.post("/api/switch", {"target": "c08-a"})
    studio.wait_for_state("c08-a", "loading")
    studio.post("/api/load", {"target": "c08-b"})
    began = time.monotonic()
    while time.monotonic() - began < 6:
        answer = httpx.get(f"{studio.url}/health/ready", timeout=10)
        assert answer.status_code == 200, answer.text
        assert answer.json()["checks"]["switching"] == "ok"
        time.sleep(0.5)
    studio.wait_for_state("c08-a", "ready")


def test_c50_a_ttl_of_zero_means_never(studio: StudioServer) -> None:
    """It stays while a neighbour that came later is unloaded for being idle."""
    studio.add(sim_recipe("c50-a", tokens=2, recipe={"ttl_s": 0.0}))
    studio.add(sim_recipe("c50-b", tokens=2, recipe={"ttl_s": 1.0}))
    studio.http.patch("/api/settings", json={"max_resident": 2}, headers=studio.owner())
    try:
        assert studio.chat("c50-a").status_code == 200
        assert studio.chat("c50-b").status_code == 200
        eventually(lambda: "c50-b" not in studio.engines(), within=30, what="its neighbour goes")
        (stop,) = studio.happened("engine-stop-requested", recipe_id="c50-b")
        assert "TTL" in stop["data"]["reason"]
        assert list(studio.engines()) == ["c50-a"]
    finally:
        studio.http.patch("/api/settings", json={"max_resident": 1}, headers=studio.owner())
