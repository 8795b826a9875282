"""A long conversation over HTTP: its end, then the rest, which are the whole together."""

import json
from typing import Any

import httpx

from tests.harness.studio import StudioServer

COUNT = 40


def imported(studio: StudioServer) -> str:
    """A conversation of so many messages; its id."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": f"Message {n}."} for n in range(COUNT)]
    body = {"text": json.dumps({"messages": messages})}
    return str(studio.post("/api/conversations/import", body)["imported"][0])


def refused(studio: StudioServer, which: str, **query: Any) -> httpx.Response:
    """What is said against it."""
    path = f"/api/conversations/{which}"
    return studio.http.get(path, params=query, headers=studio.owner())


def test_the_end_and_the_rest_are_the_whole(studio: StudioServer) -> None:
    """Each message is told once, and where it stands."""
    which = imported(studio)
    whole = studio.get(f"/api/conversations/{which}")
    assert (len(whole["messages"]), whole["earlier"]) == (COUNT, 0)
    end = studio.get(f"/api/conversations/{which}", newest=10)
    assert end["messages"] == whole["messages"][-10:]
    assert (end["earlier"], end["chosen"]) == (COUNT - 10, whole["messages"][-1]["message_id"])
    rest = studio.get(f"/api/conversations/{which}", newest=10, but=end["chosen"])
    assert rest["messages"] == whole["messages"][:-10]
    assert rest["places"] == list(range(COUNT - 10, COUNT))
    then = studio.head
    more = {"text": "One more.", "after": end["chosen"]}
    said = studio.post(f"/api/conversations/{which}/messages", more)
    now = studio.get(f"/api/conversations/{which}", newest=10)
    assert now["messages"][-1]["message_id"] == now["chosen"] == said["message_id"]
    past = studio.get(f"/api/conversations/{which}", newest=10, at=then)
    assert (past["messages"], past["chosen"]) == (end["messages"], end["chosen"])


def test_what_can_not_be_asked_is_refused_at_its_field(studio: StudioServer) -> None:
    """No number of messages, and a rest of nothing."""
    which = imported(studio)
    asked: list[tuple[dict[str, Any], str]] = [({"newest": 0}, "newest"), ({"but": "x"}, "but")]
    for query, field in asked:
        answer = refused(studio, which, **query)
        assert answer.status_code in (400, 422), answer.text
        assert field in answer.text
    assert refused(studio, "nobody", newest=10).status_code == 404
    assert studio.http.get(f"/api/conversations/{which}?newest=10").status_code == 403
