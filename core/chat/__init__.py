"""Chat: replies to conversations, which go on without a window."""

from core.chat.chat import Chat, NewReply, ReplyDone
from core.chat.reply import Ended, Event, Grew, ReplyView

__all__ = ["Chat", "Ended", "Event", "Grew", "NewReply", "ReplyDone", "ReplyView"]
