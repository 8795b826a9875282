"""Conversations over the real app: replies that go on without a window, and survive its death."""

import json
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

SLOW: dict[str, Any] = {"tokens": 3000, "tokens_per_second": 50}


def begun(studio: StudioServer, model: str, text: str = "Who are you?") -> tuple[str, str]:
    """A conversation with a question that a model answers: its path, and the reply's id."""
    which = studio.post("/api/conversations", {"title": "A talk"})["conversation_id"]
    path = f"/api/conversations/{which}"
    question = studio.post(f"{path}/messages", {"text": text})["message_id"]
    return path, studio.post(f"{path}/replies", {"model": model, "to": question})["reply_id"]


def follow(
    studio: StudioServer, path: str, reply_id: str, after: int = 0
) -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Numbers and events of a reply, as they come."""
    headers = {**studio.owner(), "last-event-id": str(after)}
    with httpx.stream(
        "GET", f"{studio.url}{path}/replies/{reply_id}", headers=headers, timeout=60
    ) as answer:
        assert answer.status_code == 200, answer.read()
        number = 0
        for line in answer.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                yield number, json.loads(line[6:])


def answer_of(studio: StudioServer, path: str) -> dict[str, Any]:
    """The last message of a conversation."""
    message: dict[str, Any] = studio.get(path)["messages"][-1]
    return message


def recorded(studio: StudioServer, answer: dict[str, Any]) -> dict[str, Any]:
    """The record of the request that brought an answer, once it is written."""
    which = {"request_id": answer["request_id"]}
    found = eventually(
        lambda: studio.get("/api/requests", **which)["requests"] or None,
        within=60,
        what="its record",
    )
    return dict(found[0])


@pytest.mark.parametrize("lane", ["direct", "gateway"])
def test_a_reply_loads_its_model_streams_and_is_kept(studio: StudioServer, lane: str) -> None:
    """Its request is one of the usage log's; what it says is in no event in clear."""
    model = f"talks-{lane}"
    studio.add(sim_recipe(model, tokens=12, recipe={"lane": lane}))
    path, reply = begun(studio, model)
    events = [event for _, event in follow(studio, path, reply)]
    *grown, ended = events
    assert "".join(one.get("text", "") for one in grown) == words(12)
    assert ended["outcome"] == "whole"
    answer = answer_of(studio, path)
    assert answer == ended["message"]
    assert (answer["text"], answer["message_id"]) == (words(12), reply)
    assert answer["completion_tokens"] == 12
    record = recorded(studio, answer)
    assert (record["lane"], record["actor"], record["outcome"]) == (lane, "cli", "ok")
    for fact in studio.happened("message-added"):
        assert words(3) not in json.dumps(fact)


def test_a_window_that_comes_back_gets_the_rest(studio: StudioServer) -> None:
    """By the number of the last event it has seen; a stop ends engine and reply, and keeps it."""
    studio.add(sim_recipe("long-talk", **SLOW, recipe={"lane": "direct"}))
    path, reply = begun(studio, "long-talk")
    first = follow(studio, path, reply)
    seen, event = next(first)
    first.close()
    [view] = eventually(
        lambda: (
            [one for one in studio.get(f"{path}/replies")["replies"] if one["events"] > seen]
            or None
        ),
        within=60,
        what="it goes on without a window",
    )
    assert view["text"].startswith(event["text"])
    rest = follow(studio, path, reply, after=seen)
    _, more = next(rest)
    studio.post(f"{path}/replies/{reply}/stop")
    end = [one for _, one in rest][-1]
    assert end["outcome"] == "stopped"
    answer = answer_of(studio, path)
    assert answer["text"].startswith(event["text"] + more["text"])
    assert words(3000).startswith(answer["text"])
    port = studio.engines()["long-talk"]["port"]
    eventually(
        lambda: answers_seen_by(port)[-1].get("outcome") != "running",
        within=60,
        what="the engine has stopped",
    )
    assert recorded(studio, answer)["outcome"] == "client_gone"


def test_kill_minus_nine_loses_at_most_a_second_of_a_reply(quick_studio: StudioServer) -> None:
    """After the next start it is an answer that was cut, and can be continued."""
    studio = quick_studio
    studio.add(sim_recipe("cut-talk", **SLOW, recipe={"lane": "direct"}))
    path, reply = begun(studio, "cut-talk")
    text = ""
    for _, event in follow(studio, path, reply):
        text += event["text"]
        if len(text) > 1200:  # some four seconds
            break
    studio.kill()
    studio.start()
    answer = answer_of(studio, path)
    assert (answer["message_id"], answer["outcome"]) == (reply, "cut")
    assert len(answer["text"]) > 200
    assert words(3000).startswith(answer["text"])
    assert not any((studio.home / "drafts").iterdir())
    again = studio.post(f"{path}/replies", {"model": "cut-talk", "to": reply, "goes_on": True})
    _, event = next(follow(studio, path, again["reply_id"]))
    assert event["text"]
    studio.post(f"{path}/replies/{again['reply_id']}/stop")
    goes_on = answer_of(studio, path)
    assert goes_on["text"].startswith(answer["text"])
    assert goes_on["parent_id"] == answer["parent_id"]


def test_what_is_refused_is_an_answer_that_says_why(studio: StudioServer) -> None:
    """A model that does not exist: it stands in the thread, with what to do."""
    path, reply = begun(studio, "no-such-model")
    eventually(
        lambda: studio.get(f"{path}/replies")["replies"] == [] or None, within=60, what="its end"
    )
    answer = answer_of(studio, path)
    assert (answer["message_id"], answer["outcome"], answer["text"]) == (reply, "cut", "")
    assert "no-such-model" in answer["said"]["failure"]


def test_a_conversation_is_filed_branched_and_erased_while_it_talks(studio: StudioServer) -> None:
    """Titles and folders change; an erasure ends what is under way, and leaves no draft."""
    studio.add(sim_recipe("erased-talk", **SLOW, recipe={"lane": "direct"}))
    path, reply = begun(studio, "erased-talk")
    change = {"title": "Another", "folder": "Work", "pinned": True}
    headers = studio.owner("window")
    changed = studio.http.patch(path, json=change, headers=headers).json()
    assert (changed["title"], changed["folder"], changed["pinned"]) == ("Another", "Work", True)
    out = studio.http.patch(path, json={"folder": None}, headers=headers).json()
    assert (out["title"], out["folder"]) == ("Another", None)
    next(follow(studio, path, reply))
    erased = studio.http.delete(path, headers=headers).json()
    assert erased["standing"] == "erased"
    assert studio.get(f"{path}/replies")["replies"] == []
    assert not any((studio.home / "drafts").iterdir())
    refused = studio.http.post(
        f"{path}/replies", json={"model": "erased-talk", "to": reply}, headers=headers
    )
    assert refused.status_code == 409


def test_conversations_are_the_owners(studio: StudioServer) -> None:
    """Who only has the endpoint can neither start one nor let a model answer in it."""
    assert studio.http.post("/api/conversations", json={}).status_code == 403
    assert studio.http.get("/api/conversations/x/replies").status_code == 403
