"""What may happen to a conversation. Pure: facts in, facts out.

    Absent ── started ──► Open ── erasure requested ──► Erasing ── erased ──► Erased
                          │  ▲
                          └──┘ messages, title, folder, pin, branch, how it asks

Between the wish to erase and its end lies the destruction of the key, which is no business of
this file. A crash in between leaves `Erasing`, and whoever starts next goes on from there.
"""

from typing import assert_never

import msgspec

from core.conversations.commands import (
    AddMessage,
    ChooseBranch,
    ConversationCommand,
    FinishErasure,
    Pin,
    PutIntoFolder,
    Rename,
    RequestErasure,
    SetUp,
    StartConversation,
)
from core.errors import Invalid, NotFound, Refused
from events.facts import (
    ConversationBranchChosen,
    ConversationErased,
    ConversationErasureRequested,
    ConversationFiled,
    ConversationPinned,
    ConversationRenamed,
    ConversationSetUp,
    ConversationStarted,
    ConversationUnfiled,
    ConversationUnpinned,
    MessageAdded,
)
from events.facts.base import Fact

ROLES = ("system", "user", "assistant", "tool")
OUTCOMES = ("whole", "stopped", "cut")
ORIGINS = ("person", "first-line", "model")  # who found a title
MOST_TOKENS = 2**40  # of one message; the sums of many must fit in a column

# State


class Ids:
    """A set of ids that only grows. A larger one shares what it has with the one it came from.

    Telling a conversation anew adds its messages one by one: copying the set each time would cost
    the square of their number.
    """

    __slots__ = ("_places", "_size")

    def __init__(self, places: dict[str, int] | None = None, size: int = 0) -> None:
        self._places: dict[str, int] = {} if places is None else places
        self._size = size

    def __contains__(self, one: str) -> bool:
        return self._places.get(one, self._size) < self._size

    def __len__(self) -> int:
        return self._size

    def with_one(self, one: str) -> "Ids":
        """These and one more."""
        if one in self:
            return self
        places = self._places
        if len(places) != self._size:  # somebody else has gone on from here already
            places = {had: at for had, at in places.items() if at < self._size}
        places[one] = self._size
        return Ids(places, self._size + 1)


class Absent(msgspec.Struct, frozen=True):
    """Nobody started it."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """It can be read and goes on."""

    messages: Ids = msgspec.field(default_factory=Ids)
    chosen: str | None = None
    filed: bool = False
    pinned: bool = False
    named: bool = False  # by a person


class Erasing(msgspec.Struct, frozen=True):
    """Its key is to be destroyed, and may be destroyed already."""


class Erased(msgspec.Struct, frozen=True):
    """Nobody can read it any more, for ever."""


State = Absent | Open | Erasing | Erased
initial: State = Absent()


# Decide


def decide(command: ConversationCommand, state: State) -> list[Fact]:
    """The facts that follow from the wish, or a refusal."""
    which = command.conversation_id
    match command:
        case StartConversation():
            return _start(which, state)
        case RequestErasure():
            return _request_erasure(which, state)
        case FinishErasure():
            erasing = isinstance(state, Erasing)
            return [ConversationErased(conversation_id=which)] if erasing else []
        case _:
            return _go_on(command, demand_open(which, state))


def _start(which: str, state: State) -> list[Fact]:
    match state:
        case Absent():
            return [ConversationStarted(conversation_id=which)]
        case Open():
            return []
        case Erasing() | Erased():
            raise _was_erased(which)
        case _:
            assert_never(state)


def _request_erasure(which: str, state: State) -> list[Fact]:
    match state:
        case Absent():
            raise not_found(which)
        case Open():
            return [ConversationErasureRequested(conversation_id=which)]
        case Erasing() | Erased():
            return []
        case _:
            assert_never(state)


def demand_open(which: str, state: State) -> Open:
    """Raise NotFound or Refused unless it can go on."""
    match state:
        case Open():
            return state
        case Absent():
            raise not_found(which)
        case Erasing() | Erased():
            raise _was_erased(which)
        case _:
            assert_never(state)


Goes = AddMessage | Rename | SetUp | PutIntoFolder | Pin | ChooseBranch


def _go_on(command: Goes, state: Open) -> list[Fact]:
    which = command.conversation_id
    match command:
        case AddMessage():
            return _add(command, state)
        case Rename():
            return _rename(command, state)
        case SetUp(sealed=sealed):
            return [ConversationSetUp(conversation_id=which, sealed=sealed)]
        case PutIntoFolder(sealed=bytes() as sealed):
            return [ConversationFiled(conversation_id=which, sealed=sealed)]
        case PutIntoFolder():
            return [ConversationUnfiled(conversation_id=which)] if state.filed else []
        case Pin(pinned=pinned):
            if pinned == state.pinned:
                return []
            fact = ConversationPinned if pinned else ConversationUnpinned
            return [fact(conversation_id=which)]
        case ChooseBranch(message_id=message_id):
            _demand_message(message_id, state, "message_id")
            chosen = ConversationBranchChosen(conversation_id=which, message_id=message_id)
            return [] if message_id == state.chosen else [chosen]
        case _:
            assert_never(command)


def _rename(command: Rename, state: Open) -> list[Fact]:
    if command.origin not in ORIGINS:
        raise Invalid(f"origin is one of {', '.join(ORIGINS)}", field="origin")
    if command.origin != "person" and state.named:
        return []
    return [ConversationRenamed(**msgspec.structs.asdict(command))]


def _add(command: AddMessage, state: Open) -> list[Fact]:
    if command.message_id in state.messages:
        return []
    if command.parent_id is not None:
        _demand_message(command.parent_id, state, "parent_id")
    for field, known in (("role", ROLES), ("outcome", OUTCOMES)):
        if getattr(command, field) not in known:
            raise Invalid(f"{field} is one of {', '.join(known)}", field=field)
    for field in ("prompt_tokens", "completion_tokens"):
        if not 0 <= (getattr(command, field) or 0) <= MOST_TOKENS:
            raise Invalid(f"{field} is a count of tokens", field=field)
    return [MessageAdded(**msgspec.structs.asdict(command))]


def _demand_message(message_id: str, state: Open, field: str) -> None:
    if message_id not in state.messages:
        raise Invalid("this conversation has no such message", field=field)


def not_found(which: str) -> NotFound:
    """There never was such a conversation."""
    return NotFound(
        f"there is no conversation {which!r:.80}",
        code="conversation-not-found",
        next_action="`vllm-studio conversations list` shows the conversations there are",
    )


def _was_erased(which: str) -> Refused:
    return Refused(
        f"the conversation {which} was erased: it can not go on",
        code="conversation-erased",
        next_action="start a new one",
    )


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after the fact. What is not about a conversation changes nothing."""
    match fact:
        case ConversationStarted():
            return Open()
        case ConversationErasureRequested():
            return Erasing()
        case ConversationErased():
            return Erased()
        case _:
            return _further(state, fact) if isinstance(state, Open) else state


def _further(state: Open, fact: Fact) -> Open:
    change = msgspec.structs.replace
    match fact:
        case MessageAdded(message_id=message_id):
            return change(state, messages=state.messages.with_one(message_id), chosen=message_id)
        case ConversationBranchChosen(message_id=message_id):
            return change(state, chosen=message_id)
        case ConversationRenamed(origin=origin):
            return change(state, named=origin == "person")
        case ConversationFiled():
            return change(state, filed=True)
        case ConversationUnfiled():
            return change(state, filed=False)
        case ConversationPinned():
            return change(state, pinned=True)
        case ConversationUnpinned():
            return change(state, pinned=False)
        case _:
            return state
