"""A client that sends all its tools and says which of them count now."""

import json
from typing import Any

import pytest

from core.errors import Invalid
from core.gateway import allowed_tools
from core.gateway.allowed_tools import with_allowed_tools
from core.gateway.body import Body, peek_json

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"x": 1}}}
TIME = {"type": "function", "function": {"name": "time"}}


def asked(choice: object, tools: object = (WEATHER, TIME)) -> Body:
    """A chat with these tools."""
    return peek_json(json.dumps({"model": "m", "tools": tools, "tool_choice": choice}).encode())


def allowing(*names: str, mode: str = "auto") -> dict[str, Any]:
    """The choice as OpenAI's client writes it."""
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_only_the_allowed_tools_go_on_and_the_mode_is_the_choice(mode: str) -> None:
    """As they were written."""
    body = with_allowed_tools(asked(allowing("weather", mode=mode)))
    assert json.loads(body.data) == {"model": "m", "tools": [WEATHER], "tool_choice": mode}
    assert body.fields is not None
    assert json.loads(bytes(body.fields["tools"])) == [WEATHER]


def test_they_keep_the_order_in_which_they_were_given() -> None:
    """A prompt that begins alike is what the client wants."""
    body = with_allowed_tools(asked(allowing("time", "weather")))
    assert json.loads(body.data)["tools"] == [WEATHER, TIME]


def test_one_that_is_not_there_is_told_by_name() -> None:
    """As OpenAI does."""
    with pytest.raises(Invalid, match="'music'") as refused:
        with_allowed_tools(asked(allowing("weather", "music")))
    assert (refused.value.field, refused.value.code) == ("tool_choice", "unknown_tool")


@pytest.mark.parametrize(
    "choice",
    [
        "auto",
        {"type": "function", "function": {"name": "allowed_tools"}},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "time"}]},
        {"type": "allowed_tools", "allowed_tools": {"mode": "never", "tools": []}},
    ],
)
def test_every_other_choice_is_left_alone(choice: object) -> None:
    """That of /v1/responses, and what nobody understands, too."""
    body = asked(choice)
    assert with_allowed_tools(body) is body


def test_many_tools_are_not_each_compared_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of some megabytes, which anybody may send, would hold up everybody for minutes."""
    tool, compared = allowed_tools._Tool, 0
    same = tool.__eq__

    def counted(one: object, other: object) -> bool:
        nonlocal compared
        compared += 1
        return bool(same(one, other))

    monkeypatch.setattr(tool, "__eq__", counted)
    names = [f"tool{n}" for n in range(300)]
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    body = with_allowed_tools(asked(allowing(*names[::-1]), tools))
    assert json.loads(body.data)["tools"] == tools
    assert compared < 10 * len(names)
