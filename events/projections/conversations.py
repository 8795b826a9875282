"""Which conversations were there, how long and with whom; and which were erased?

What was said is not here. Titles and folders are as the log holds them: sealed.
"""

import sqlite3

import msgspec
from sqlite_utils import Database

from events.envelope import Recorded
from events.facts import (
    ConversationErased,
    ConversationErasureRequested,
    ConversationFiled,
    ConversationPinned,
    ConversationRenamed,
    ConversationStarted,
    ConversationUnfiled,
    ConversationUnpinned,
    MessageAdded,
)


class ConversationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation from outside. Times are µs since the epoch."""

    conversation_id: str
    started_at: int
    started_by: str
    last_at: int  # when its newest message was added; before there is one, when it was started
    messages: int
    model: str | None  # who answered last
    prompt_tokens: int
    completion_tokens: int
    title: bytes | None  # sealed
    titled_by: str | None  # person | first-line | model
    folder: bytes | None  # sealed
    pinned: bool
    erasing_at: int | None  # since then nobody is shown it
    erased_at: int | None  # since then nobody can read it
    erased_by: str | None


class Conversations:
    """One row a conversation that was ever started."""

    name = "conversations"
    version = 2
    tables = ("conversations",)
    reads = (
        ConversationStarted,
        MessageAdded,
        ConversationRenamed,
        ConversationFiled,
        ConversationUnfiled,
        ConversationPinned,
        ConversationUnpinned,
        ConversationErasureRequested,
        ConversationErased,
    )

    def create(self, db: Database) -> None:
        """Make the empty table."""
        table = db.table("conversations")
        table.create(
            {
                "conversation_id": str,
                "started_at": int,
                "started_by": str,
                "last_at": int,
                "messages": int,
                "model": str,
                "prompt_tokens": int,
                "completion_tokens": int,
                "title": bytes,
                "titled_by": str,
                "folder": bytes,
                "pinned": int,
                "erasing_at": int,
                "erased_at": int,
                "erased_by": str,
            },
            pk="conversation_id",
            strict=True,
        )
        table.create_index(["last_at"])

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        at, change = recorded.recorded_at, "update conversations set "
        match recorded.event:
            case ConversationStarted(conversation_id=which):
                connection.execute(
                    "insert or ignore into conversations values"
                    " (?, ?, ?, ?, 0, null, 0, 0, null, null, null, 0, null, null, null)",
                    (which, at, recorded.actor, at),
                )
            case MessageAdded() as message:
                connection.execute(
                    f"{change}last_at = ?, messages = messages + 1, model = coalesce(?, model),"
                    " prompt_tokens = prompt_tokens + ?,"
                    " completion_tokens = completion_tokens + ? where conversation_id = ?",
                    (
                        at,
                        message.model,
                        message.prompt_tokens or 0,
                        message.completion_tokens or 0,
                        message.conversation_id,
                    ),
                )
            case ConversationRenamed(conversation_id=which, sealed=sealed, origin=origin):
                connection.execute(
                    f"{change}title = ?, titled_by = ? where conversation_id = ?",
                    (sealed, origin, which),
                )
            case ConversationFiled(conversation_id=which, sealed=sealed):
                connection.execute(f"{change}folder = ? where conversation_id = ?", (sealed, which))
            case ConversationUnfiled(conversation_id=which):
                connection.execute(f"{change}folder = null where conversation_id = ?", (which,))
            case ConversationPinned(conversation_id=which):
                connection.execute(f"{change}pinned = 1 where conversation_id = ?", (which,))
            case ConversationUnpinned(conversation_id=which):
                connection.execute(f"{change}pinned = 0 where conversation_id = ?", (which,))
            case ConversationErasureRequested(conversation_id=which):
                connection.execute(
                    f"{change}erasing_at = ?, erased_by = ?, title = null, titled_by = null,"
                    " folder = null where conversation_id = ?",
                    (at, recorded.actor, which),
                )
            case ConversationErased(conversation_id=which):
                connection.execute(f"{change}erased_at = ? where conversation_id = ?", (at, which))


def conversations(connection: sqlite3.Connection) -> list[ConversationRow]:
    """List every conversation, also erased ones, the last used first."""
    return _rows(connection, " order by last_at desc, conversation_id desc")


def conversation(connection: sqlite3.Connection, conversation_id: str) -> ConversationRow | None:
    """One of them; None when it was never started."""
    found = _rows(connection, " where conversation_id = ?", conversation_id)
    return found[0] if found else None


def conversations_to_erase(connection: sqlite3.Connection) -> list[ConversationRow]:
    """List those whose erasure was asked for, whether or not it was finished."""
    return _rows(connection, " where erasing_at is not null order by erasing_at")


def _rows(connection: sqlite3.Connection, rest: str, *values: str) -> list[ConversationRow]:
    fields = ConversationRow.__struct_fields__
    rows = connection.execute(f"select {', '.join(fields)} from conversations{rest}", values)
    return [
        msgspec.convert(dict(zip(fields, row, strict=True)), ConversationRow, strict=False)
        for row in rows.fetchall()
    ]
