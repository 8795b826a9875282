"""How conversations ask, over the real app: setups, presets, titles, the room of a request."""

from typing import Any

import httpx
import pytest

from tests.e2e.test_chat import begun, follow, recorded
from tests.harness.scripted_model import ScriptedModel, Text
from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer, words
from tests.harness.waiting import eventually

SECRET = "speak like the heron of Halifax"
DIRECT: dict[str, Any] = {"lane": "direct"}


def patch(studio: StudioServer, path: str, body: object) -> httpx.Response:
    """A change, as the window makes it."""
    return studio.http.patch(path, json=body, headers=studio.owner("window"))


def ended(studio: StudioServer, path: str, reply: str) -> dict[str, Any]:
    """The end of a reply."""
    return [event for _, event in follow(studio, path, reply)][-1]


def test_a_setup_is_kept_with_its_conversation_and_never_in_clear(studio: StudioServer) -> None:
    """What is wrong in it is told at its field, and nothing is kept of that."""
    setup = {"system": SECRET, "parameters": {"temperature": 0.25, "stop": ["x"]}, "tools": ["t"]}
    which = studio.post("/api/conversations", {"title": "Birds", "setup": setup})["conversation_id"]
    path = f"/api/conversations/{which}"
    assert studio.get(path)["setup"] == setup
    empty = studio.post("/api/conversations", {"setup": {"model": ""}})["conversation_id"]
    assert studio.happened("conversation-set-up", conversation_id=empty) == []
    wrong = patch(studio, path, {"setup": {"parameters": {"top_p": 7}}})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "setup.parameters.top_p")
    assert patch(studio, path, {"setup": {"sistem": "x"}}).status_code == 400
    assert studio.get(path)["setup"] == setup
    nobody = studio.http.post("/api/conversations/room", json={"model": "x"})
    assert nobody.status_code == 403
    log = b"".join(file.read_bytes() for file in studio.home.glob("main.db*"))
    assert SECRET.encode() not in log
    exported = studio.http.get(f"{path}/export", params={"format": "json"}, headers=studio.owner())
    assert exported.json()["setup"] == setup


def test_presets_are_saved_renamed_and_removed(studio: StudioServer) -> None:
    """For the owner alone, and in no file in clear."""
    wish = {"system": SECRET, "parameters": {"seed": 4}}
    headers = studio.owner("window")
    path = "/api/presets/Heron%20%231"
    saved = studio.http.put(path, json=wish, headers=headers).json()
    assert (saved["name"], saved["saved_by"]) == ("Heron #1", "window")
    renamed = studio.http.put(path, json={**wish, "name": "Stork"}, headers=headers).json()
    assert names_of(studio) & {"Heron #1", "Stork"} == {"Stork"}
    assert renamed["preset_id"] == saved["preset_id"]
    bad = studio.http.put("/api/presets/Bad", json={"parameters": {"seed": "x"}}, headers=headers)
    assert (bad.status_code, bad.json()["field"]) == (400, "parameters.seed")
    assert studio.http.get("/api/presets").status_code == 403
    log = b"".join(file.read_bytes() for file in studio.home.glob("main.db*"))
    assert SECRET.encode() not in log
    assert b"Stork" not in log
    assert studio.http.delete("/api/presets/Stork", headers=headers).status_code == 204
    assert "Stork" not in names_of(studio)
    assert len(studio.happened("preset-removed", preset_id=saved["preset_id"])) == 1
    assert studio.http.get("/api/presets/Stork", headers=headers).status_code == 404


def names_of(studio: StudioServer) -> set[str]:
    """Of every preset there is."""
    return {one["name"] for one in studio.get("/api/presets")["presets"]}


def title(question: Any) -> Any:
    """Answers questions, and finds titles."""
    yield Text("Herons of Halifax" if "title" in question.text else "They fish at dawn.")


def test_the_model_that_answered_finds_a_title(studio: StudioServer) -> None:
    """Counted in usage as the asker's; with the setting off, nobody is asked."""
    with ScriptedModel(title) as model:
        studio.add(model.recipe("titles"))
        studio.load("titles")
        first = {"title": "what do herons do", "titled_by": "first-line"}
        path, reply = asked(studio, "titles", first)
        assert ended(studio, path, reply)["outcome"] == "whole"
        view = eventually(
            lambda: named_by(studio, path, "model"), within=60, what="the model's title"
        )
        assert view["title"] == "Herons of Halifax"
        assert len(model.asked) == 2
        requests = eventually(
            lambda: two(studio, "titles"), within=60, what="both requests are recorded"
        )
        assert {one["actor"] for one in requests} == {"cli"}
        studio.http.patch("/api/settings", json={"chat_titles": False}, headers=studio.owner())
        try:
            path, reply = asked(studio, "titles", first)
            ended(studio, path, reply)
            path, reply = begun(studio, "titles")  # named by a person
            ended(studio, path, reply)
        finally:
            studio.http.patch("/api/settings", json={"chat_titles": True}, headers=studio.owner())
        assert len(model.asked) == 4


def asked(studio: StudioServer, model: str, start: object) -> tuple[str, str]:
    """A new conversation with a question under way."""
    which = studio.post("/api/conversations", start)["conversation_id"]
    path = f"/api/conversations/{which}"
    question = studio.post(f"{path}/messages", {"text": "What do herons do?"})["message_id"]
    return path, studio.post(f"{path}/replies", {"model": model, "to": question})["reply_id"]


def named_by(studio: StudioServer, path: str, whom: str) -> dict[str, Any] | None:
    """The conversation, once its title comes from there."""
    view: dict[str, Any] = studio.get(path)["conversation"]
    return view if view["titled_by"] == whom else None


def two(studio: StudioServer, model: str) -> list[dict[str, Any]] | None:
    """Both records."""
    found: list[dict[str, Any]] = studio.get("/api/requests", model=model)["requests"]
    return found if len(found) == 2 else None


def test_nothing_is_loaded_for_a_title(studio: StudioServer) -> None:
    """A request that forbids it is refused at once, and the model stays where it is."""
    studio.add(sim_recipe("far-away", tokens=3, recipe=DIRECT))
    body = {"model": "far-away", "messages": [{"role": "user", "content": "x"}]}
    answer = httpx.post(
        f"{studio.v1}/chat/completions", json=body, headers={"x-studio-load": "never"}, timeout=60
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not-resident")
    recipes = {one["id"]: one["state"] for one in studio.status()["recipes"]}
    assert recipes["far-away"] == "stopped"


def test_the_next_request_is_measured(studio: StudioServer) -> None:
    """A guess while the model is away, its engine's own count once it is there."""
    studio.add(sim_recipe("measured", tokens=7, max_model_len=64, recipe=DIRECT))
    wish = {"model": "measured", "system": "be brief", "draft": "what is this"}
    away = studio.post("/api/conversations/room", wish)
    assert (away["how"], away["context"]) == ("guessed", None)
    path, reply = begun(studio, "measured")
    assert ended(studio, path, reply)["message"]["text"] == words(7)
    told = {"conversation_id": path.rpartition("/")[2], "to": reply}
    room = studio.post("/api/conversations/room", {**wish, **told, "parameters": {"max_tokens": 9}})
    assert (room["how"], room["context"], room["context_told"]) == ("counted", 64, True)
    parts = {part["kind"]: part["tokens"] for part in room["parts"]}
    assert (parts["system"], parts["draft"], parts["questions"], parts["answers"]) == (2, 3, 3, 7)
    assert room["used"] + room["answer"] + room["free"] == 64
    over = studio.post("/api/conversations/room", {**wish, "draft": "x " * 100})
    assert over["over"] > 36
    assert "shorter-question" in over["help"]
    port = studio.engines()["measured"]["port"]
    asked = [one["path"] for one in answers_seen_by(port)]
    assert asked.count("/v1/chat/completions") == 1
    assert len(studio.get("/api/requests", model="measured")["requests"]) <= 1


@pytest.mark.parametrize("at_once", [True, False])
def test_two_models_answer_the_same_question(studio: StudioServer, at_once: bool) -> None:
    """Beside each other, each loaded for it; the branch that is gone on with is the chosen one."""
    names = [f"left-{at_once}".lower(), f"right-{at_once}".lower()]
    for name in names:
        studio.add(sim_recipe(name, tokens=5, recipe=DIRECT))
    before = studio.get("/api/settings")["settings"]["max_resident"]
    studio.http.patch(
        "/api/settings", json={"max_resident": 0 if at_once else 1}, headers=studio.owner()
    )
    try:
        which = studio.post("/api/conversations", {})["conversation_id"]
        path = f"/api/conversations/{which}"
        question = studio.post(f"{path}/messages", {"text": "Who?"})["message_id"]
        replies = [
            studio.post(f"{path}/replies", {"model": name, "to": question})["reply_id"]
            for name in names
        ]
        assert [ended(studio, path, reply)["outcome"] for reply in replies] == ["whole", "whole"]
    finally:
        studio.http.patch("/api/settings", json={"max_resident": before}, headers=studio.owner())
    messages = {one["message_id"]: one for one in studio.get(path)["messages"]}
    assert [messages[reply]["parent_id"] for reply in replies] == [question] * 2
    assert [messages[reply]["model"] for reply in replies] == names
    assert patch(studio, path, {"chosen": replies[0]}).status_code == 200
    assert studio.get(path)["chosen"] == replies[0]
    assert recorded(studio, messages[replies[0]])["outcome"] == "ok"
