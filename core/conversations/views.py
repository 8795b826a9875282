"""How conversations look to who may read them, and what of a message is sealed."""

from typing import Literal

import msgspec

from core.conversations.attached import Attachment
from core.conversations.setup import Setup
from core.errors import Invalid
from events.projections.conversations import ConversationRow

MOST_BYTES = 8 * 1024 * 1024  # of one message; the log keeps it for ever
MOST_TITLE = 200  # characters of a title, and of a folder's name

Standing = Literal["open", "erased", "lost"]


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that a model wants called; `arguments` is what it wrote, JSON or not."""

    id: str
    name: str
    arguments: str


class ToolOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of a tool call; its result is the message's text."""

    server: str = ""  # empty: no server was asked, as for a call that could not be read
    tool: str = ""
    outcome: str = "done"  # done | failed | denied | timed-out | cancelled
    duration_ms: float = 0.0  # without the wait for an approval
    truncated: int = 0  # bytes of the result that were left out
    approved: str = ""  # once | conversation | always | policy


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sealed of a message. New fields have defaults: old messages stay readable."""

    text: str = ""
    reasoning: str = ""
    finish: str = ""  # why the model ended, in its own word: stop, length, tool_calls …
    failure: str = ""  # what went wrong, in a sentence
    next_action: str = ""  # and what may mend it
    lane: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    answers: str = ""  # the id of the tool call whose result this is
    attachments: tuple[Attachment, ...] = ()  # files that go with it
    tool: ToolOutcome | None = None  # of that call
    missing: tuple[str, ...] = ()  # tools that were chosen, and could not be offered
    cost: float | None = None  # of the request that brought it, in the user's currency
    first_token_ms: float | None = None  # since it was asked, a load included
    thought_ms: float | None = None  # of those that follow, how long it reasoned
    duration_ms: float | None = None


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way into the log."""

    role: str  # system | user | assistant | tool
    text: str = ""
    said: Said | None = None  # instead of `text`, where there is more to tell
    message_id: str | None = None  # where it was told already; a second time changes nothing
    parent_id: str | None = None
    outcome: str = "whole"  # whole | stopped | cut
    model: str | None = None
    request_id: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation in a list. Times are µs since the epoch."""

    conversation_id: str
    standing: Standing  # lost: its key is not in keys.db, or secrets/erasure-key is another
    title: str | None
    titled_by: str  # person | first-line (of what was said) | model; empty: it has none
    folder: str | None
    pinned: bool
    empty: bool  # nothing is said in it, and nobody prepared it: not listed, and gone in a day
    started_at: int
    started_by: str
    last_at: int
    messages: int
    model: str | None  # who answered last
    prompt_tokens: int
    completion_tokens: int
    erased_at: int | None  # when that was asked for
    erased_by: str | None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `text` is None when it can not be read."""

    message_id: str
    parent_id: str | None
    role: str
    added_at: int  # µs since the epoch
    outcome: str
    model: str | None
    request_id: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    size: int  # bytes of what is sealed
    text: str | None
    said: Said | None  # what was sealed beside it; its text is the one above
    unreadable: str | None  # erased | lost | altered


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with its messages, in the order in which they were added."""

    conversation: ConversationView
    messages: tuple[MessageView, ...]
    chosen: str | None  # the message at which the branch ends that is to be shown
    setup: Setup | None = None  # how it asks its model; None: nobody said, or it can not be read
    earlier: int = 0  # messages that were left out, where the newest were asked for
    places: tuple[int, ...] = ()  # where those stand that were left out, where the rest was asked


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in which words were found; `around` is the text about the newest of them."""

    conversation: ConversationView
    message_id: str | None  # None: in its title
    around: str
    times: int  # messages that hold them


def sealable(message: NewMessage) -> bytes:
    """A message as it is encrypted. Raises Invalid when it is too long or no text."""
    try:
        plain = msgspec.json.encode(message.said or Said(text=message.text))
    except UnicodeEncodeError:
        raise Invalid("the text holds half a character", field="text") from None
    if len(plain) > MOST_BYTES:
        raise Invalid(
            f"a message holds at most {MOST_BYTES // 2**20} MiB, this one {len(plain)} bytes",
            field="text",
        )
    return plain


def line_of(text: str, field: str) -> bytes:
    """A title or a folder's name as it is encrypted. Raises Invalid."""
    stripped = " ".join(text.split())
    if not 0 < len(stripped) <= MOST_TITLE:
        raise Invalid(f"the {field} has 1 to {MOST_TITLE} characters", field=field)
    try:
        return stripped.encode()
    except UnicodeEncodeError:
        raise Invalid(f"the {field} holds half a character", field=field) from None


def view_of(
    row: ConversationRow,
    standing: Standing,
    title: str | None,
    folder: str | None,
    *,
    empty: bool = False,
) -> ConversationView:
    """A row with what could be read of it."""
    return ConversationView(
        conversation_id=row.conversation_id,
        standing=standing,
        title=title,
        titled_by=row.titled_by or "",
        folder=folder,
        pinned=row.pinned,
        empty=empty,
        started_at=row.started_at,
        started_by=row.started_by,
        last_at=row.last_at,
        messages=row.messages,
        model=row.model,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        erased_at=row.erasing_at,
        erased_by=row.erased_by,
    )
