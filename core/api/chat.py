"""What is said in conversations: messages, and replies that come piece by piece."""

import asyncio
from functools import partial
from typing import Annotated, Literal

import msgspec
from litestar import get, patch, post, put
from litestar.params import HeaderParameter
from litestar.response import Response, Stream

from core.api.asking import Asking
from core.api.control import Done, demand_owner
from core.api.sse import numbered, seen, sse_response
from core.application import Application
from core.attachments.filing import keep_files, read_files, taken_along
from core.chat import NewReply, ReplyView
from core.chat.measuring import RoomWish
from core.chat.room import Room
from core.conversations import ConversationView, Found, MessageView, NewMessage, Said
from core.conversations.exchange import Format, exported
from core.conversations.importing import holds_something, imported
from core.conversations.setup import SetupWish, demand_setup
from core.conversations.views import line_of
from core.errors import Invalid

SAID_BY_PEOPLE = ("user", "system")
LARGEST_FILE = 512 * 1024 * 1024  # bytes of an import: files are in it


class NewConversation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A conversation to be started."""

    title: str | None = None
    titled_by: Literal["person", "first-line"] = "person"  # a first line may be bettered
    folder: str | None = None
    setup: SetupWish | None = None


class ConversationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays. `folder` null: in no folder any more."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    titled_by: Literal["person", "first-line"] = "person"
    folder: str | msgspec.UnsetType | None = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    chosen: str | msgspec.UnsetType = msgspec.UNSET  # the message at which the shown branch ends
    setup: SetupWish | msgspec.UnsetType = msgspec.UNSET  # how it asks its model, as a whole


class SaidMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says. `after`: the message it follows; none where it is the first.

    `attachments`: the ids of files that go with it. With some, it needs no text.
    """

    text: str
    role: str = "user"
    after: str | None = None
    attachments: tuple[str, ...] = ()


class UnsentTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What is written and not sent, by conversation; that of a new one by an empty id."""

    unsent: dict[str, str]


class UnsentText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written in a conversation, or with an empty id for a new one; empty: nothing."""

    conversation_id: str = ""
    text: str


class Replies(msgspec.Struct, frozen=True, kw_only=True):
    """The replies that have not ended, oldest first."""

    replies: tuple[ReplyView, ...]


class FoundList(msgspec.Struct, frozen=True, kw_only=True):
    """Conversations in which words were found, the last used first."""

    found: tuple[Found, ...]


class ConversationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file's text: an export as JSON, OpenAI's messages, or an export of another program."""

    text: str


class ImportedConversations(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of the new conversations."""

    imported: list[str]


@get("/conversations/search")
async def search_conversations(application: Application, asking: Asking, text: str) -> FoundList:
    """Those whose title or messages hold every word of `text`."""
    demand_owner(asking, "search conversations")
    if not text.strip():
        raise Invalid("say what is to be found", field="text")
    return FoundList(found=await application.conversations.search(text))


@get("/conversations/{conversation_id:str}/export")
async def export_conversation(
    application: Application, asking: Asking, conversation_id: str, format: Format = "markdown"
) -> Response[str]:
    """One as a file: `markdown` and `openai` the branch that is shown, `json` all of it."""
    demand_owner(asking, "export conversations")
    conversation = await application.conversations.read(conversation_id)
    taken = await taken_along(application.attachments, conversation, format)
    text = await asyncio.to_thread(exported, conversation, format, taken)
    kind = "text/markdown" if format == "markdown" else "application/json"
    return Response(text, media_type=f"{kind}; charset=utf-8")


@post("/conversations/import", status_code=201, request_max_body_size=LARGEST_FILE)
async def import_conversations(
    application: Application, asking: Asking, data: ConversationFile
) -> ImportedConversations:
    """New conversations from a file; all of it is read before the first is started."""
    demand_owner(asking, "import conversations")
    door, attachments = application.conversations, application.attachments
    filed = list(filter(holds_something, await asyncio.to_thread(imported, data.text)))
    read = [await read_files(attachments, one) for one in filed]
    return ImportedConversations(
        imported=[
            await door.take_in(
                one, actor=asking.actor, files=partial(keep_files, attachments, read=files)
            )
            for one, files in zip(filed, read, strict=True)
        ]
    )


@post("/conversations", status_code=201)
async def start_conversation(
    application: Application, asking: Asking, data: NewConversation
) -> ConversationView:
    """Start one, with nothing in it."""
    demand_owner(asking, "start conversations")
    for line, field in ((data.title, "title"), (data.folder, "folder")):
        if line:
            line_of(line, field)  # before there is a conversation that nobody wanted
    if data.setup is not None:
        demand_setup(data.setup)
    which = await application.conversations.start(actor=asking.actor)
    change = ConversationChange(
        title=data.title or msgspec.UNSET,
        folder=data.folder or msgspec.UNSET,
        setup=data.setup if data.setup not in (None, SetupWish()) else msgspec.UNSET,
    )
    return await _changed(application, asking, which, change, titled_by=data.titled_by)


@patch("/conversations/{conversation_id:str}")
async def change_conversation(
    application: Application, asking: Asking, conversation_id: str, data: ConversationChange
) -> ConversationView:
    """Give it a title, file it, pin it, choose the branch that is shown, or say how it asks."""
    demand_owner(asking, "change conversations")
    return await _changed(application, asking, conversation_id, data, titled_by=data.titled_by)


async def _changed(
    application: Application,
    asking: Asking,
    which: str,
    change: ConversationChange,
    *,
    titled_by: str = "person",
) -> ConversationView:
    door, actor = application.conversations, asking.actor
    if change.setup is not msgspec.UNSET:  # first: it is what may be wrong
        await door.set_up(which, change.setup, actor=actor)
    if change.title is not msgspec.UNSET:
        await door.rename(which, change.title, actor=actor, origin=titled_by)
    if change.folder is not msgspec.UNSET:
        await door.file(which, change.folder, actor=actor)
    if change.pinned is not msgspec.UNSET:
        await door.pin(which, change.pinned, actor=actor)
    if change.chosen is not msgspec.UNSET:
        await door.choose(which, change.chosen, actor=actor)
    return await door.view(which)


@post("/conversations/room", status_code=200)
async def measure_room(application: Application, asking: Asking, data: RoomWish) -> Room:
    """What the next request would hold, part by part, against what its model can hold."""
    demand_owner(asking, "measure conversations")
    return await application.measuring.room(data)


@get("/conversations/unsent")
async def list_unsent(application: Application, asking: Asking) -> UnsentTexts:
    """What a person was writing when their window was closed."""
    demand_owner(asking, "read conversations")
    return UnsentTexts(unsent=application.chat.unsent.all())


@put("/conversations/unsent", status_code=200)
async def keep_unsent(application: Application, asking: Asking, data: UnsentText) -> Done:
    """Keep it in memory while the studio runs; no log and no disk holds it."""
    demand_owner(asking, "write in conversations")
    text = data.text
    if data.conversation_id:
        view = await application.conversations.view(data.conversation_id)
        text = text if view.standing == "open" else ""
    application.chat.unsent.keep(data.conversation_id, text)
    return Done()


@post("/conversations/{conversation_id:str}/messages", status_code=201)
async def say(
    application: Application, asking: Asking, conversation_id: str, data: SaidMessage
) -> MessageView:
    """Add what a person says; nobody answers by it."""
    demand_owner(asking, "write in conversations")
    if data.role not in SAID_BY_PEOPLE:
        raise Invalid(f"role is one of {', '.join(SAID_BY_PEOPLE)}", field="role")
    if not data.text.strip() and not data.attachments:
        raise Invalid("a message says something", field="text")
    files = await application.attachments.named(conversation_id, data.attachments)
    said = Said(text=data.text, attachments=files)
    message = NewMessage(role=data.role, said=said, parent_id=data.after)
    added = await application.conversations.add(conversation_id, message, actor=asking.actor)
    return await application.conversations.message(conversation_id, added)


@get("/conversations/{conversation_id:str}/replies")
async def list_replies(application: Application, asking: Asking, conversation_id: str) -> Replies:
    """The replies under way, each with what has come so far."""
    demand_owner(asking, "read conversations")
    return Replies(replies=application.chat.under_way(conversation_id))


@post("/conversations/{conversation_id:str}/replies", status_code=202)
async def begin_reply(
    application: Application, asking: Asking, conversation_id: str, data: NewReply
) -> ReplyView:
    """Let a model answer; ask again with another model to compare, or to answer anew."""
    demand_owner(asking, "let models answer in conversations")
    return await application.chat.begin(conversation_id, data, asker=asking)


@get("/conversations/{conversation_id:str}/replies/{reply_id:str}")
async def follow_reply(
    application: Application,
    asking: Asking,
    conversation_id: str,
    reply_id: str,
    after: int = 0,
    last_event_id: Annotated[str | None, HeaderParameter(name="last-event-id")] = None,
) -> Stream:
    """Its events after the first `after`, then as they come; 404 once it has ended a while ago."""
    demand_owner(asking, "read conversations")
    start = seen(last_event_id)
    events = application.chat.follow(conversation_id, reply_id, after if start is None else start)
    return sse_response(numbered("reply", events, application.stopping))


@post("/conversations/{conversation_id:str}/replies/{reply_id:str}/stop", status_code=200)
async def stop_reply(
    application: Application, asking: Asking, conversation_id: str, reply_id: str
) -> Done:
    """End it; what has come is kept as its answer."""
    demand_owner(asking, "stop replies")
    await application.chat.stop(conversation_id, reply_id)
    return Done()


HANDLERS = (
    search_conversations,
    export_conversation,
    import_conversations,
    start_conversation,
    change_conversation,
    measure_room,
    list_unsent,
    keep_unsent,
    say,
    list_replies,
    begin_reply,
    follow_reply,
    stop_reply,
)
