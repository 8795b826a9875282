"""One way through a conversation, and tool calls in OpenAI's words. Pure."""

from typing import Any

from core.conversations.views import Conversation, MessageView, Said


def branch_to(conversation: Conversation, message_id: str | None) -> list[MessageView]:
    """The messages from the first to this one; none when there is no such message."""
    known = {one.message_id: one for one in conversation.messages}
    branch: list[MessageView] = []
    at = message_id
    while at is not None and at in known:
        branch.append(known[at])
        at = known[at].parent_id
    return branch[::-1]


def calls_of(said: Said) -> list[dict[str, Any]]:
    """The tool calls of an answer, as `tool_calls`."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in said.tool_calls
    ]
