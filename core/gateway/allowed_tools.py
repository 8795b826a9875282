"""`tool_choice` of OpenAI's newest kind, `allowed_tools`, in words that engines know.

A client that sends all its tools each time says with it which of them count now, so that its
prompt begins alike each time. vLLM and SGLang refuse it, and so does LiteLLM before anybody is
asked; to send the allowed tools alone, with the mode as the choice, means the same to a model.
`/v1/responses` spells it otherwise, and vLLM reads it there.
"""

from typing import Literal

import msgspec

from core.errors import Invalid
from core.gateway.body import Body

CHOICE, TOOLS = "tool_choice", "tools"
_MARK = b'"allowed_tools"'


class _Named(msgspec.Struct, frozen=True):
    name: str


class _Tool(msgspec.Struct, frozen=True):
    """As far as it takes to know it again."""

    type: str
    function: _Named | None = None
    custom: _Named | None = None


class _Allowed(msgspec.Struct, frozen=True):
    mode: Literal["auto", "required"]
    tools: list[_Tool]


class _Choice(msgspec.Struct, frozen=True):
    type: Literal["allowed_tools"]
    allowed_tools: _Allowed


_choice = msgspec.json.Decoder(_Choice)
_tool = msgspec.json.Decoder(_Tool)
_tools = msgspec.json.Decoder(list[msgspec.Raw])


def with_allowed_tools(body: Body) -> Body:
    """The body, with the allowed tools alone. Raises Invalid where one of them is not there."""
    if body.fields is None or CHOICE not in body.fields:
        return body
    choice = bytes(body.fields[CHOICE])
    if _MARK not in choice:
        return body
    try:
        allowed = _choice.decode(choice).allowed_tools
        given = [(raw, _tool.decode(raw)) for raw in _tools.decode(body.fields.get(TOOLS, b"[]"))]
    except (msgspec.MsgspecError, RecursionError):
        return body  # whoever reads it will say what is wrong with it
    wanted, there = frozenset(allowed.tools), frozenset(tool for _, tool in given)
    for tool in allowed.tools:
        if tool not in there:
            raise Invalid(
                f"tool_choice allows {_name_of(tool)!r}, which is none of the tools",
                field=CHOICE,
                code="unknown_tool",
                next_action="Name it in `tools`, or leave it out of `tool_choice`.",
            )
    kept = [raw for raw, tool in given if tool in wanted]
    fields = {
        **body.fields,
        TOOLS: msgspec.Raw(msgspec.json.encode(kept)),
        CHOICE: msgspec.Raw(msgspec.json.encode(allowed.mode)),
    }
    return msgspec.structs.replace(body, data=msgspec.json.encode(fields), fields=fields)


def _name_of(tool: _Tool) -> str:
    named = tool.function or tool.custom
    return tool.type if named is None else named.name
