"""Conversations: what was said, encrypted in the log, and erasable."""

from core.conversations.conversations import Conversations
from core.conversations.views import (
    Conversation,
    ConversationView,
    Found,
    MessageView,
    NewMessage,
    Said,
    ToolCall,
    ToolOutcome,
)

__all__ = [
    "Conversation",
    "ConversationView",
    "Conversations",
    "Found",
    "MessageView",
    "NewMessage",
    "Said",
    "ToolCall",
    "ToolOutcome",
]
