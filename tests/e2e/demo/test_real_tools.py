"""The demo model calls tools in real vLLM, and in transformers, which reads no calls."""

from typing import Any

import pytest

from tests.e2e.demo.conftest import LOAD
from tests.e2e.test_chat import follow
from tests.e2e.test_tools_in_chat import add_tools, asking
from tests.harness.studio import StudioServer


@pytest.fixture
def two_engines(demo_studio: StudioServer) -> StudioServer:
    """Both demo recipes resident at once, and the tools that the model has learned."""
    for recipe in ("demo", "demo-vllm"):
        demo_studio.post("/api/load", {"target": recipe, "wait": True}, timeout=LOAD)
    assert set(demo_studio.engines()) == {"demo", "demo-vllm"}
    add_tools(demo_studio)
    return demo_studio


def say(studio: StudioServer, path: str, text: str) -> str:
    """A question after what is shown; its id."""
    after = studio.get(path)["chosen"]
    return str(studio.post(f"{path}/messages", {"text": text, "after": after})["message_id"])


def answered(
    studio: StudioServer, path: str, model: str, to: str, *, tool: str = ""
) -> list[dict[str, Any]]:
    """The events of an answer; a call of `tool` is approved on the way."""
    wish: dict[str, Any] = {"model": model, "to": to, "tools": ["tools"] if tool else []}
    wish["parameters"] = {"temperature": 0}
    reply = studio.post(f"{path}/replies", wish, timeout=LOAD)["reply_id"]
    if tool:
        [call] = asking(studio)
        assert call["tool"] == tool
        studio.post(f"/api/mcp/calls/{call['call_id']}/approve", {"scope": "once"})
    return [event for _, event in follow(studio, path, reply)]


def outline(studio: StudioServer, path: str) -> list[tuple[str, str, str]]:
    """Role, text and thoughts of every message."""
    messages = studio.get(path)["messages"]
    return [(one["role"], one["text"], one["said"].get("reasoning", "")) for one in messages]


@pytest.mark.timeout(900)
def test_the_demo_model_thinks_calls_tools_and_is_compared(two_engines: StudioServer) -> None:
    """A dialogue of two steps with a tool each, on both engines; then one question to both."""
    studio = two_engines
    dialogues = [_a_dialogue_of_two_steps(studio, model) for model in ("demo-vllm", "demo")]
    assert dialogues[0] == dialogues[1], "one model, two engines, two ways to call"
    _side_by_side(studio)


def _a_dialogue_of_two_steps(studio: StudioServer, model: str) -> list[tuple[str, str, str]]:
    which = studio.post("/api/conversations", {"title": model})["conversation_id"]
    path = f"/api/conversations/{which}"
    first = say(studio, path, "What is the weather in Paris?")
    events = answered(studio, path, model, first, tool="get_weather")
    assert [one["kind"] for one in events][-1] == "ended"
    assert any(one.get("reasoning") for one in events), "thoughts come as they are thought"
    second = say(studio, path, "What is 17 * 23?")
    answered(studio, path, model, second, tool="calculate")
    told = outline(studio, path)
    assert told == [
        ("user", "What is the weather in Paris?", ""),
        ("assistant", "", told[1][2]),
        ("tool", "18 °C, sunny", ""),
        ("assistant", "It is 18 °C and sunny in Paris.", told[3][2]),
        ("user", "What is 17 * 23?", ""),
        ("assistant", "", told[5][2]),
        ("tool", "391", ""),
        ("assistant", "17 * 23 = 391", told[7][2]),
    ]
    assert "weather tool" in told[1][2]
    assert [call["name"] for call in studio.get(path)["messages"][1]["said"]["tool_calls"]] == [
        "get_weather"
    ]
    return [(role, text, reasoning.strip()) for role, text, reasoning in told]


def _side_by_side(studio: StudioServer) -> None:
    """Two replies to one question go on at once, each by its own engine, and stand beside."""
    which = studio.post("/api/conversations", {"title": "Beside"})["conversation_id"]
    path = f"/api/conversations/{which}"
    question = say(studio, path, "Count to sixty.")
    wish = {"to": question, "parameters": {"temperature": 0}}
    replies = [
        studio.post(f"{path}/replies", {**wish, "model": model})["reply_id"]
        for model in ("demo-vllm", "demo")
    ]
    running = studio.get(f"{path}/replies")["replies"]
    assert [one["reply_id"] for one in running] == replies, "both are under way"
    for reply in replies:
        *grown, end = [event for _, event in follow(studio, path, reply)]
        assert end["outcome"] == "whole"
        assert len(grown) >= 4, "it comes piece by piece"
    answers = [one for one in studio.get(path)["messages"] if one["role"] == "assistant"]
    assert {one["model"] for one in answers} == {"demo-vllm", "demo"}
    assert {one["parent_id"] for one in answers} == {question}
    assert answers[0]["text"] == answers[1]["text"]
    assert answers[0]["text"].endswith("58, 59, 60.")
