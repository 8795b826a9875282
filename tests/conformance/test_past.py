"""Why something happened, asked of a real studio: from a request to the engine that stopped."""

import json
import subprocess
import sys
from typing import Any

from tests.conformance.test_keys import ask
from tests.harness.sim import sim_recipe
from tests.harness.studio import ROOT, StudioServer
from tests.harness.usage import wait_for_requests


def terminal(studio: StudioServer, *words: str) -> Any:
    """What the command line answers for programs."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", *words, "--json"],
        cwd=ROOT,
        env=studio.env,
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


def test_why_was_a_model_evicted(studio: StudioServer) -> None:
    """The answer is the request that asked for another one, whose id leads to its record."""
    for name in ("past-a", "past-b"):
        studio.add(sim_recipe(name, tokens=2))
    studio.load("past-a")
    before = studio.head
    secret = studio.post("/api/keys", {"name": "past laptop"})["secret"]
    assert ask(studio, "past-b", secret).status_code == 200
    stopped = studio.wait_for_fact("engine-stopped", after=before, recipe_id="past-a")
    (record,) = wait_for_requests(studio.home, "past-b", 1)

    why = studio.get(f"/api/timeline/{stopped['position']}/why")
    assert why["answer"].startswith("past-a was evicted at ")
    assert why["answer"].endswith(
        f"because the request {record.request_id} of key past laptop asked for past-b."
    )
    types = [one["type"] for one in why["thread"]]
    assert types[0] == "switch-requested"
    assert types[-2:] == ["engine-stop-requested", "engine-stopped"]
    assert why["request_id"] == record.request_id
    assert why["request"]["outcome"] == "ok"
    (found,) = studio.get("/api/requests", request_id=why["request_id"])["requests"]
    assert found["model"] == "past-b"
    assert (
        studio.get("/api/timeline/why", model="past-a")["answer"]
        == (studio.get("/api/timeline/why", model="past-a", at="now")["answer"])
    )
    told = terminal(studio, "why", "past-a")
    assert told["request_id"] == record.request_id

    came = studio.get(f"/api/timeline/{why['thread'][0]['position']}/consequences")
    facts = {(one["type"], one["data"].get("recipe_id")) for one in came["entries"]}
    assert {
        ("engine-stopped", "past-a"),
        ("switch-eviction-finished", "past-a"),
        ("engine-start-requested", "past-b"),
        ("engine-became-ready", "past-b"),
        ("switch-completed", None),
    } <= facts
    wish = studio.get("/api/timeline", correlation=record.request_id, limit=1000)["entries"]
    assert {one["position"] for one in came["entries"]} < {one["position"] for one in wish}


def test_the_state_before_the_switch_and_what_it_changed(studio: StudioServer) -> None:
    """Shown as of a position, through the API and in the terminal alike."""
    for name in ("past-c", "past-d"):
        studio.add(sim_recipe(name, tokens=2))
    studio.load("past-c")
    before = studio.head
    studio.load("past-d")
    then = studio.get("/api/state", at=before)
    assert then["ready"] == ["past-c"]
    assert studio.get("/api/state")["ready"] == ["past-d"]
    shown = terminal(studio, "replay", "--at", str(before))
    assert {**shown, "head": 0, "usage": None} == {**then, "head": 0, "usage": None}
    after = studio.head  # whatever else is recorded comes later
    differences = studio.get("/api/state/diff", **{"from": before, "to": after})["differences"]
    engines = {
        (one["change"], field["before"] or field["after"])
        for one in differences
        if one["what"] == "engine"
        for field in one["fields"]
        if field["field"] == "recipe_id"
    }
    assert engines == {("removed", "past-c"), ("added", "past-d")}
    told = terminal(studio, "replay", "--diff", str(before), str(after))
    assert told["differences"] == differences
