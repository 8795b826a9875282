"""`/api/conversations`: what was said, for the owner of this machine alone."""

import msgspec
from litestar import delete, get

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.conversations import Conversation, ConversationView
from core.errors import Invalid


class ConversationList(msgspec.Struct, frozen=True, kw_only=True):
    """Every conversation, also the erased ones, the last used first."""

    conversations: list[ConversationView]


@get("/conversations")
async def list_conversations(
    application: Application, asking: Asking, at: int | None = None
) -> ConversationList:
    """Every conversation now, or as they stood after event `at`; erased ones without title."""
    demand_owner(asking, "see conversations")
    return ConversationList(conversations=await application.conversations.list(at=at))


@get("/conversations/{conversation_id:str}")
async def read_conversation(
    application: Application,
    asking: Asking,
    conversation_id: str,
    at: int | None = None,
    newest: int | None = None,
    but: str | None = None,
) -> Conversation:
    """One with its messages, now or as it stood after event `at`; erased ones without text.

    `newest`: only as many of the branch that is shown, and what stands beside them. With `but`, all
    the others: those that are not among the `newest` of the branch that ends at that message.
    """
    demand_owner(asking, "read conversations")
    talks = application.conversations
    if newest is None:
        if but is not None:
            raise Invalid("`but` goes with `newest`", field="but")
        return await talks.read(conversation_id, at=at)
    if newest < 1:
        raise Invalid("`newest` is a number of messages, from 1", field="newest")
    if but is None:
        return await talks.newest(conversation_id, newest, at=at)
    return await talks.rest(conversation_id, newest, but, at=at)


@delete("/conversations/{conversation_id:str}", status_code=200)
async def erase_conversation(
    application: Application, asking: Asking, conversation_id: str
) -> ConversationView:
    """Destroy its key: nobody can read it any more. That it was there stays in the log."""
    demand_owner(asking, "erase conversations")
    await application.chat.end_of(conversation_id)
    await application.titles.end_of(conversation_id)
    try:
        return await application.conversations.erase(conversation_id, actor=asking.actor)
    finally:
        await application.chat.end_of(conversation_id)  # those that were begun meanwhile
        await application.titles.end_of(conversation_id)


HANDLERS = (list_conversations, read_conversation, erase_conversation)
