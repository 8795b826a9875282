"""Facts about conversations. Stream: `conversation-<conversation_id>`.

What was said never comes here as it was: `sealed` is its ciphertext, under a key of the
conversation's own that lies outside the log. Who destroys that key erases the conversation, and
every fact here stays as it is, with its hash. In clear are who, when, which model, how much.

Messages are a tree: each names the one before it. An edited question and an answer that was made
again are further messages with the same parent, so nothing is replaced; which branch is shown is
the newest, until another is chosen.
"""

from events.facts.base import Fact


class ConversationStarted(Fact, frozen=True, kw_only=True, tag="conversation-started"):
    """The conversation {conversation_id} was started."""

    conversation_id: str


class MessageAdded(Fact, frozen=True, kw_only=True, tag="message-added"):
    """A message ({role}, {outcome}) was added to the conversation {conversation_id}."""

    conversation_id: str
    message_id: str
    role: str  # system | user | assistant | tool
    sealed: bytes
    parent_id: str | None = None  # the message before it; None: it is a first one
    outcome: str = "whole"  # whole | stopped (by a person) | cut (by a failure)
    model: str | None = None  # who answered
    request_id: str | None = None  # the request that brought it, in the usage log
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ConversationRenamed(Fact, frozen=True, kw_only=True, tag="conversation-renamed"):
    """The conversation {conversation_id} was given a title."""

    conversation_id: str
    sealed: bytes
    origin: str = "person"  # who found it: person | first-line (of what was said) | model


class ConversationSetUp(Fact, frozen=True, kw_only=True, tag="conversation-set-up"):
    """It was set how the conversation {conversation_id} asks its model."""

    conversation_id: str
    sealed: bytes  # model, system prompt, parameters, tools, preset


class ConversationFiled(Fact, frozen=True, kw_only=True, tag="conversation-filed"):
    """The conversation {conversation_id} was put into a folder."""

    conversation_id: str
    sealed: bytes  # the folder's name


class ConversationUnfiled(Fact, frozen=True, kw_only=True, tag="conversation-unfiled"):
    """The conversation {conversation_id} was taken out of its folder."""

    conversation_id: str


class ConversationPinned(Fact, frozen=True, kw_only=True, tag="conversation-pinned"):
    """The conversation {conversation_id} was pinned."""

    conversation_id: str


class ConversationUnpinned(Fact, frozen=True, kw_only=True, tag="conversation-unpinned"):
    """The conversation {conversation_id} is pinned no more."""

    conversation_id: str


class ConversationBranchChosen(Fact, frozen=True, kw_only=True, tag="conversation-branch-chosen"):
    """In the conversation {conversation_id} the branch that ends at {message_id} was chosen."""

    conversation_id: str
    message_id: str


class ConversationErasureRequested(
    Fact, frozen=True, kw_only=True, tag="conversation-erasure-requested"
):
    """The conversation {conversation_id} is to be erased."""

    conversation_id: str


class ConversationErased(Fact, frozen=True, kw_only=True, tag="conversation-erased"):
    """The conversation {conversation_id} was erased: its key is destroyed."""

    conversation_id: str
