"""Chat: replies to conversations, which go on without a window, and may call tools."""

from core.chat.chat import Chat, NewReply, ReplyDone
from core.chat.reply import Added, Called, CallRow, Ended, Event, Grew, ReplyView

__all__ = [
    "Added",
    "CallRow",
    "Called",
    "Chat",
    "Ended",
    "Event",
    "Grew",
    "NewReply",
    "ReplyDone",
    "ReplyView",
]
