"""Models that call tools of a real MCP server in a real studio, and the person who is asked."""

import json
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_chat import answer_of, follow
from tests.harness import tools_server
from tests.harness.scripted_model import Call, Hold, Question, Say, ScriptedModel, Text, Thought
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

SERVER = str(Path(tools_server.__file__))


def add_tools(studio: StudioServer, **policies: str) -> Path:
    """The server `tools`, ready, with these policies; the file in which it notes its calls."""
    notes = studio.home / "notes.txt"
    wish = {
        "transport": "stdio",
        "command": sys.executable,
        "args": [SERVER],
        "env": {"TOOLS_NOTES": str(notes)},
    }
    headers = studio.owner()
    saved = studio.http.put("/api/mcp/servers/tools", json=wish, headers=headers)
    assert saved.is_success, saved.text
    ready = lambda: studio.get("/api/mcp/servers/tools")["state"] == "ready"  # noqa: E731
    eventually(ready, within=60, what="the tools are ready")
    for tool, policy in policies.items():
        path = f"/api/mcp/servers/tools/tools/{tool}/policy"
        answer = studio.http.put(path, json={"policy": policy}, headers=headers)
        assert answer.is_success, answer.text
    return notes


def script(question: Question) -> Iterable[Say]:
    """Calls what is asked for as JSON, and then says what that brought."""
    if question.results:
        refused = "Not called" in question.results[-1]
        yield Text("No." if refused else f"It says: {' / '.join(question.results)}")
        return
    yield Thought("A tool may help.")
    for name, arguments in json.loads(question.asked):
        yield Call(f"tools__{name}", arguments)


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    """One that calls whatever it is asked to call."""
    with ScriptedModel(script) as made:
        yield made


def begun(studio: StudioServer, *calls: tuple[str, dict[str, Any]], **more: Any) -> tuple[str, str]:
    """A conversation in which the model is asked to call these: its path, and the reply's id."""
    which = studio.post("/api/conversations", {"title": "Tools"})["conversation_id"]
    return f"/api/conversations/{which}", asked(
        studio, f"/api/conversations/{which}", *calls, **more
    )


def asked(studio: StudioServer, path: str, *calls: tuple[str, dict[str, Any]], **more: Any) -> str:
    """One more question; the reply's id."""
    after = studio.get(path)["chosen"]
    said = studio.post(f"{path}/messages", {"text": json.dumps(calls), "after": after})
    wish = {"model": "talks", "to": said["message_id"], "tools": ["tools"], **more}
    return str(studio.post(f"{path}/replies", wish)["reply_id"])


def asking(studio: StudioServer, count: int = 1) -> list[dict[str, Any]]:
    """The calls that wait for a person, once there are so many."""

    def look() -> list[dict[str, Any]] | None:
        calls = [one for one in studio.get("/api/mcp/calls")["calls"] if one["state"] == "asking"]
        return calls if len(calls) == count else None

    return eventually(look, within=120, what=f"{count} calls wait")


def ended(studio: StudioServer, path: str, reply: str) -> dict[str, Any]:
    """Its end."""
    return [event for _, event in follow(studio, path, reply)][-1]


def noted(notes: Path) -> list[str]:
    """What the server wrote down."""
    return notes.read_text().split("\n")[:-1] if notes.exists() else []


def chain(studio: StudioServer, path: str) -> list[tuple[str, str, str]]:
    """Role, outcome and text of every message; each follows the one before it."""
    messages = studio.get(path)["messages"]
    parents = [None, *(one["message_id"] for one in messages)]
    assert [one["parent_id"] for one in messages] == parents[:-1]
    return [(one["role"], one["outcome"], one["text"]) for one in messages]


@pytest.fixture
def talks(studio: StudioServer, model: ScriptedModel) -> StudioServer:
    """The studio with the model `talks`."""
    price = {"input_per_million": 1.0, "output_per_million": 2.0}
    recipe = model.recipe("talks", price=price)
    added = studio.http.post("/api/recipes", json=recipe, headers=studio.owner())
    if added.status_code == 409:  # what a test has used lies in the archive
        studio.post("/api/recipes/talks/restore")
    return studio


NOTE = ("note", {"text": "one"})


def test_a_call_waits_for_a_person_and_its_result_is_told(
    talks: StudioServer, model: ScriptedModel
) -> None:
    """Approved once: it is carried out once, recorded with who approved, and its result answers."""
    notes = add_tools(talks)
    before, head = len(noted(notes)), talks.head
    path, reply = begun(talks, NOTE)
    [call] = asking(talks)
    assert (call["server"], call["tool"], call["arguments"]) == ("tools", "note", {"text": "one"})
    assert noted(notes)[before:] == []
    talks.post(f"/api/mcp/calls/{call['call_id']}/approve", {"scope": "once"})
    end = ended(talks, path, reply)
    assert end["outcome"] == "whole"
    assert chain(talks, path)[1:] == [
        ("assistant", "whole", ""),
        ("tool", "whole", "noted: one"),
        ("assistant", "whole", "It says: noted: one"),
    ]
    assert noted(notes)[before:] == ["one"]
    _, wants, result, answer = talks.get(path)["messages"]
    assert wants["said"]["reasoning"] == "A tool may help."
    assert result["said"]["tool"]["approved"] == "once"
    for one in (wants, answer):
        paid = one["prompt_tokens"] + 2 * one["completion_tokens"]
        assert one["said"]["cost"] == pytest.approx(paid / 1e6)
    which = {"call_id": call["call_id"]}
    for fact in ("tool-call-requested", "tool-call-approved", "tool-call-finished"):
        assert len(talks.happened(fact, after=head, **which)) == 1, fact
    for one in talks.timeline(after=head):
        assert "noted: one" not in json.dumps(one), "what is said stands nowhere in clear"


def test_a_call_that_is_denied_is_not_carried_out(talks: StudioServer) -> None:
    """The model is told so, and answers."""
    notes = add_tools(talks)
    before = len(noted(notes))
    path, reply = begun(talks, NOTE)
    [call] = asking(talks)
    talks.post(f"/api/mcp/calls/{call['call_id']}/deny", {"reason": "not now"})
    assert ended(talks, path, reply)["outcome"] == "whole"
    _, _, result, answer = talks.get(path)["messages"]
    assert result["said"]["tool"]["outcome"] == "denied"
    assert "not now" in result["text"]
    assert answer["text"].startswith("It says: ")
    assert noted(notes)[before:] == []


@pytest.mark.parametrize("scope", ["conversation", "always"])
def test_an_approval_holds_for_the_same_call_and_for_nothing_else(
    talks: StudioServer, scope: str
) -> None:
    """The same call is not asked for again; other arguments are, or another conversation."""
    notes = add_tools(talks)
    before = len(noted(notes))
    same = ("note", {"text": f"the same, {scope}"})
    path, reply = begun(talks, same)
    [call] = asking(talks)
    talks.post(f"/api/mcp/calls/{call['call_id']}/approve", {"scope": scope})
    ended(talks, path, reply)
    ended(talks, path, asked(talks, path, same))
    assert noted(notes)[before:] == [f"the same, {scope}"] * 2
    if scope == "always":
        path, reply = begun(talks, same)
        ended(talks, path, reply)
        reply = asked(talks, path, ("note", {"text": "another"}))
    else:
        path, reply = begun(talks, same)
    asking(talks)
    talks.post(f"{path}/replies/{reply}/stop")
    assert len(noted(notes)) == before + (3 if scope == "always" else 2)


def test_calls_side_by_side_are_asked_for_and_stopped_together(talks: StudioServer) -> None:
    """One is approved and done; a stop keeps its result and ends the other without a call."""
    notes = add_tools(talks)
    before = len(noted(notes))
    path, reply = begun(talks, NOTE, ("note", {"text": "two"}))
    first, second = asking(talks, 2)
    talks.post(f"/api/mcp/calls/{first['call_id']}/approve", {"scope": "once"})
    eventually(lambda: len(chain(talks, path)) == 3, within=30, what="its result is recorded")
    talks.post(f"{path}/replies/{reply}/stop")
    *_, done, stopped = chain(talks, path)
    assert done[:2] == ("tool", "whole")
    assert stopped[:2] == ("tool", "stopped")
    assert "not carried out" in stopped[2]
    assert len(noted(notes)) == before + 1
    answer = talks.http.post(
        f"/api/mcp/calls/{second['call_id']}/approve",
        json={"scope": "once"},
        headers=talks.owner(),
    )
    assert answer.status_code == 404, "nobody waits for it any more"
    assert talks.get(f"{path}/replies")["replies"] == []


def test_what_a_tool_says_is_data(talks: StudioServer, model: ScriptedModel) -> None:
    """A page that writes a call, and a model that says it after it: nothing is called."""
    notes = add_tools(talks, page="always", note="always")
    before = len(noted(notes))
    path, reply = begun(talks, ("page", {"address": "x"}))
    assert ended(talks, path, reply)["outcome"] == "whole"
    told = model.asked[-1].messages[-1]
    assert told["role"] == "tool"
    assert "<tool_call>" not in told["content"], "it reaches no model as what it pretends to be"
    assert [one[0] for one in chain(talks, path)] == ["user", "assistant", "tool", "assistant"]
    assert tools_server.HOSTILE in chain(talks, path)[2][2], "and is shown as it was"
    assert "stolen" in answer_of(talks, path)["text"]
    assert noted(notes)[before:] == []
    for policy in ("page", "note"):
        talks.http.put(
            f"/api/mcp/servers/tools/tools/{policy}/policy",
            json={"policy": "ask"},
            headers=talks.owner(),
        )


def test_kill_minus_nine_in_a_call_is_told_and_repeats_nothing(
    quick_studio: StudioServer, model: ScriptedModel
) -> None:
    """What was recorded stays; the call has an unknown end; going on does not call it again."""
    studio = quick_studio
    notes = add_tools(studio, note="always", wait="always")
    studio.add(model.recipe("talks"))
    path, _ = begun(studio, NOTE, ("wait", {"name": "never"}))
    eventually(lambda: len(noted(notes)) == 2, within=60, what="both were called")
    eventually(lambda: len(chain(studio, path)) == 3, within=30, what="one is recorded")
    studio.kill()
    studio.start()
    assert chain(studio, path)[1:3] == [
        ("assistant", "whole", ""),
        ("tool", "whole", "noted: one"),
    ]
    role, outcome, text = chain(studio, path)[3]
    assert (role, outcome) == ("tool", "cut")
    assert "not known" in text
    assert not any((studio.home / "drafts").iterdir())
    last = studio.get(path)["messages"][-1]["message_id"]
    wish = {"model": "talks", "to": last, "goes_on": True, "tools": ["tools"]}
    again = studio.post(f"{path}/replies", wish)["reply_id"]
    assert ended(studio, path, again)["outcome"] == "whole"
    assert "noted: one / " in answer_of(studio, path)["text"]
    assert sorted(noted(notes)) == ["one", "wait never"]


def test_kill_minus_nine_in_an_answer_keeps_the_steps_before_it(quick_studio: StudioServer) -> None:
    """They are messages; the answer was cut, and can be continued."""
    never = threading.Event()

    def slow(question: Question) -> Iterable[Say]:
        if question.results:
            yield Text("So far")
            yield Hold(never)
        else:
            yield Call("tools__note", {"text": "one"})

    studio = quick_studio
    notes = add_tools(studio, note="always")
    with ScriptedModel(slow) as model:
        studio.add(model.recipe("talks"))
        path, reply = begun(studio, NOTE)
        for _, event in follow(studio, path, reply):
            if event["kind"] == "grew":
                break
        eventually(lambda: _drafted(studio), within=60, what="it is kept", every=1.2)
        studio.kill()
        studio.start()
    assert [one[:2] for one in chain(studio, path)] == [
        ("user", "whole"),
        ("assistant", "whole"),
        ("tool", "whole"),
        ("assistant", "cut"),
    ]
    assert noted(notes) == ["one"]


def _drafted(studio: StudioServer) -> bool:
    return any((studio.home / "drafts").iterdir())
