"""Unloading and stopping: C51–C56."""

import os
import threading
import time

import httpx

from tests.harness.processes import group_members
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually


def test_c51_unloading_drains_unless_forced_and_may_be_repeated(studio: StudioServer) -> None:
    """Default: the answer is finished. Forced: it is cut with an error event. Twice: still 200."""
    studio.add(sim_recipe("c51-a", tokens=60, tokens_per_second=40))
    studio.add(sim_recipe("c51-b", tokens=5000, tokens_per_second=40))
    polite = studio.stream("c51-a")
    polite.wait_for_text()
    studio.post("/api/evict", {"target": "c51-a", "wait": True})
    polite.finish()
    assert polite.text == words(60)
    assert polite.saw_done

    cut = studio.stream("c51-b")
    cut.wait_for_text()
    studio.post("/api/evict", {"target": "c51-b", "force": True, "wait": True})
    cut.finish()
    assert cut.text != words(5000)
    assert cut.errors or cut.error, "a cut stream must not look complete"

    again = studio.http.post(
        "/api/evict", json={"target": "c51-b", "wait": True}, headers=studio.owner()
    )
    assert again.status_code == 200
    unknown = studio.http.post(
        "/api/evict", json={"target": "nobody", "wait": True}, headers=studio.owner()
    )
    assert unknown.status_code == 404


def test_c53_waiters_hear_at_once_that_their_model_was_unloaded(studio: StudioServer) -> None:
    """Who waits for a load that is given up is told within a second."""
    studio.add(sim_recipe("c53-a", load_seconds=30))
    answers: list[tuple[float, httpx.Response]] = []

    def wait() -> None:
        answer = studio.chat("c53-a")
        answers.append((time.monotonic(), answer))

    waiting = threading.Thread(target=wait)
    waiting.start()
    studio.wait_for_state("c53-a", "loading", within=30)
    asked = time.monotonic()
    studio.post("/api/evict", {"target": "c53-a", "wait": False})
    waiting.join(60)
    (heard, answer), *_ = answers
    assert answer.status_code >= 400
    assert answer.json()["error"]["message"]
    assert heard - asked < 10, "a second is promised; the machine may be busy"
    eventually(lambda: not studio.engines(), within=30, what="it is gone")


def test_c54_what_ignores_sigterm_is_killed_when_its_grace_is_over(studio: StudioServer) -> None:
    """SIGKILL comes at the end of the grace period: not before, and not much after."""
    studio.add(sim_recipe("c54-a", ignore_sigterm=True, recipe={"stop_grace_s": 2.0}))
    studio.load("c54-a")
    head = studio.head
    studio.post("/api/evict", {"target": "c54-a", "wait": True})
    (stopped,) = studio.happened("engine-stopped", after=head, recipe_id="c54-a")
    assert stopped["data"]["forced"] is True
    assert 1.9 <= stopped["data"]["seconds"] <= 10.0


def test_c56_a_grandchild_that_stays_behind_does_not_hold_up_the_stop(
    studio: StudioServer,
) -> None:
    """The whole group is gone, also a process that holds the output open and ignores SIGTERM."""
    studio.add(
        sim_recipe(
            "c56-a", fork_grandchild=True, abandon_grandchild=True, recipe={"stop_grace_s": 2.0}
        )
    )
    group = os.getpgid(studio.load("c56-a")["pid"])
    assert len(group_members(group)) == 2
    studio.post("/api/evict", {"target": "c56-a", "wait": True}, timeout=30)
    assert group_members(group) == []
