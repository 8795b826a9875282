"""What a model is asked: one branch of a conversation, in OpenAI's words. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from core.attachments.telling import Part, content_of
from core.conversations import MessageView, Said
from core.conversations.branches import calls_of
from core.conversations.parameters import demand_parameters
from core.errors import Refused

SAYING = frozenset({"user", "system"})


def turns(
    branch: Sequence[MessageView],
    *,
    system: str = "",
    files: Mapping[str, Sequence[Part]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The branch as `messages`; `system` goes first. Raises Refused where one can not be read.

    `files`: what goes with messages, by their ids.
    Answers that failed before they said anything are left out, thoughts are not sent back.
    """
    told: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for one in branch:
        if one.text is None:
            raise Refused(
                "a message of this conversation can not be read: it can not go on from there",
                code="conversation-unreadable",
                next_action="go on from a message before it, or start a new conversation",
            )
        turn = _turn(one, one.text, one.said or Said(), files.get(one.message_id, ()))
        if turn is not None:
            told.append(turn)
    return told


def _turn(one: MessageView, text: str, said: Said, files: Sequence[Part]) -> dict[str, Any] | None:
    if one.role == "tool":
        return result_turn(said, text, files)
    if one.role in SAYING:
        return {"role": one.role, "content": content_of(text, files)}
    if said.tool_calls:
        return {"role": "assistant", "content": text or None, "tool_calls": calls_of(said)}
    return {"role": "assistant", "content": text} if text.strip() else None


def result_turn(said: Said, text: str, files: Sequence[Part]) -> dict[str, Any]:
    """What a tool brought. Its pictures go beside it: `mended` puts them where engines take them.

    That a picture can not be seen by this model stands in the text.
    """
    unseen = [one["text"] for one in files if one["type"] == "text"]
    turn: dict[str, Any] = {
        "role": "tool",
        "tool_call_id": said.answers,
        "content": "\n".join((text, *unseen)) if unseen else text,
    }
    shown = [one for one in files if one["type"] != "text"]
    if shown:
        named = f"{said.tool.server} › {said.tool.tool}" if said.tool else "a tool"
        turn |= {"from": named, "pictures": shown}
    return turn


def body_of(
    model: str,
    messages: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    *,
    tools: Sequence[Mapping[str, Any]] = (),
    goes_on: bool = False,
) -> bytes:
    """The request. `goes_on`: the last message is an answer's beginning, to be continued.

    Raises Invalid where parameters are wrong, or would steer what is the studio's.
    """
    demand_parameters(parameters)
    body: dict[str, Any] = {
        **parameters,
        "model": model,
        "messages": list(messages),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if tools:
        body["tools"] = list(tools)
    if goes_on:
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    return msgspec.json.encode(body)
