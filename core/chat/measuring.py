"""Measures the next request of a conversation: read, counted where an engine can be asked, told."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from core.chat.prompt import turns
from core.chat.room import KINDS, How, Kind, Room, Texts, estimated, room_of, texts_of
from core.chat.tokens import Tokens
from core.chat.tool_text import as_functions
from core.conversations import Conversations, MessageView
from core.conversations.branches import branch_to
from core.errors import Invalid
from core.mcp.toolbox import Toolbox

PATIENCE_S = 10.0  # then it is estimated: an engine may be busy
MOST_DRAFT = 4_000_000  # characters
COUNTED: tuple[Kind, ...] = ("system", "questions", "answers", "results", "draft")

Tool = Mapping[str, Any]


class RoomWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as it would be sent: the branch that ends at `to`, and what is being written."""

    model: str
    conversation_id: str = ""  # empty: it has not begun
    to: str = ""
    system: str = ""
    parameters: dict[str, Any] = {}
    tools: tuple[str, ...] = ()
    draft: str = ""
    attached: int = 0  # tokens of files that go with the draft


class Measuring:
    """The door. Loop-bound."""

    def __init__(
        self, *, conversations: Conversations, tokens: Tokens, toolbox: Toolbox | None = None
    ) -> None:
        self._conversations = conversations
        self._tokens = tokens
        self._toolbox = toolbox

    async def room(self, wish: RoomWish) -> Room:
        """What it would hold. Raises NotFound, Refused, Invalid."""
        if len(wish.draft) > MOST_DRAFT or not 0 <= wish.attached < 2**40:
            raise Invalid(f"a draft has at most {MOST_DRAFT} characters", field="draft")
        branch = await self._branch(wish)
        offered = self._toolbox.offered(wish.tools) if self._toolbox is not None else ()
        tools = as_functions(offered)
        texts = texts_of(
            branch,
            system=wish.system,
            tools=[msgspec.json.encode(tool).decode() for tool in tools],
            draft=wish.draft,
            attached=wish.attached,
        )
        counts = await self._counted(wish, branch, tools, texts)
        how: How = "counted"
        if counts is None:
            counts, how = estimated(texts, branch)
        return room_of(
            wish.model,
            texts,
            counts,
            how=how,
            context=self._tokens.context_of(wish.model),
            context_told=self._tokens.told_context(wish.model),
            answer=_answer(wish.parameters),
        )

    async def _branch(self, wish: RoomWish) -> list[MessageView]:
        if not wish.conversation_id or not wish.to:
            return []
        conversation = await self._conversations.read(wish.conversation_id)
        branch = branch_to(conversation, wish.to)
        if not branch:
            raise Invalid("this conversation has no such message", field="to")
        return branch

    async def _counted(
        self, wish: RoomWish, branch: Sequence[MessageView], tools: Sequence[Tool], texts: Texts
    ) -> dict[Kind, int] | None:
        """By the model's engine; None where it can not tell all of it."""
        if not self._tokens.resident(wish.model):
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._parts(wish, branch, tools, texts)
        except TimeoutError:
            return None

    async def _parts(
        self, wish: RoomWish, branch: Sequence[MessageView], tools: Sequence[Tool], texts: Texts
    ) -> dict[Kind, int] | None:
        messages = turns(branch, system=wish.system)
        if wish.draft or not any(one["role"] == "user" for one in messages):
            messages.append({"role": "user", "content": wish.draft})
        template = _template(wish.parameters)
        whole = await self._tokens.count_request(
            wish.model, messages, tools=tools, template=template
        )
        bare = whole
        if tools:
            bare = await self._tokens.count_request(wish.model, messages, template=template)
        told = [await self._tokens.count(wish.model, texts.texts[kind]) for kind in COUNTED]
        if whole is None or bare is None or None in told:
            return None
        counts: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        counts |= {kind: count or 0 for kind, count in zip(COUNTED, told, strict=True)}
        counts["template"] = max(0, bare - sum(counts.values()))
        counts["tools"] = max(0, whole - bare)
        counts["attachments"] = texts.attachments
        return counts


def _answer(parameters: Mapping[str, Any]) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        value = parameters.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return 0


def _template(parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    given = parameters.get("chat_template_kwargs")
    return given if isinstance(given, dict) else None
