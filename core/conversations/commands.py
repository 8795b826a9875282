"""What may be asked of a conversation. Ids and ciphertexts are made by whoever asks."""

import msgspec


class StartConversation(msgspec.Struct, frozen=True, kw_only=True):
    """Begin one, with nothing in it."""

    conversation_id: str


class AddMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Put a message after another, or at the beginning."""

    conversation_id: str
    message_id: str
    role: str
    sealed: bytes
    parent_id: str | None = None
    outcome: str = "whole"
    model: str | None = None
    request_id: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Rename(msgspec.Struct, frozen=True, kw_only=True):
    """Give it a title. One that no person chose never takes the place of one that was chosen."""

    conversation_id: str
    sealed: bytes
    origin: str = "person"  # person | first-line | model


class SetUp(msgspec.Struct, frozen=True, kw_only=True):
    """Say how it asks its model."""

    conversation_id: str
    sealed: bytes


class PutIntoFolder(msgspec.Struct, frozen=True, kw_only=True):
    """File it under a folder's name, or under none."""

    conversation_id: str
    sealed: bytes | None


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """Keep it on top, or no more."""

    conversation_id: str
    pinned: bool


class ChooseBranch(msgspec.Struct, frozen=True, kw_only=True):
    """Show the branch that ends at this message."""

    conversation_id: str
    message_id: str


class RequestErasure(msgspec.Struct, frozen=True, kw_only=True):
    """Show it to nobody any more; its key is about to be destroyed."""

    conversation_id: str


class FinishErasure(msgspec.Struct, frozen=True, kw_only=True):
    """Its key is destroyed."""

    conversation_id: str


ConversationCommand = (
    StartConversation
    | AddMessage
    | Rename
    | SetUp
    | PutIntoFolder
    | Pin
    | ChooseBranch
    | RequestErasure
    | FinishErasure
)
