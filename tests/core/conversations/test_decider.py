"""Given these facts, when this is asked, then these facts."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conversations import decider as rules
from core.conversations.commands import (
    AddMessage,
    ChooseBranch,
    ConversationCommand,
    FinishErasure,
    Pin,
    PutIntoFolder,
    Rename,
    RequestErasure,
    StartConversation,
)
from core.conversations.conversations import RULES
from core.errors import Invalid, NotFound, Refused, StudioError
from events.facts import (
    ConversationBranchChosen,
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
from events.facts.base import Fact

C = {"conversation_id": "c"}
STARTED = ConversationStarted(**C)
ASKED = ConversationErasureRequested(**C)
ERASED = ConversationErased(**C)


def said(message_id: str, parent_id: str | None = None) -> MessageAdded:
    """A message."""
    return MessageAdded(
        conversation_id="c", message_id=message_id, role="user", sealed=b"s", parent_id=parent_id
    )


def add(message_id: str, parent_id: str | None = None, role: str = "user") -> AddMessage:
    """The wish for one."""
    return AddMessage(
        conversation_id="c", message_id=message_id, role=role, sealed=b"s", parent_id=parent_id
    )


def decided(past: list[Fact], command: ConversationCommand) -> list[Fact]:
    """What follows."""
    return list(RULES.decide(command, RULES.fold(past)))


@pytest.mark.parametrize(
    ("past", "command", "facts"),
    [
        ([], StartConversation(**C), [STARTED]),
        ([STARTED], StartConversation(**C), []),
        ([STARTED], add("m1"), [said("m1")]),
        ([STARTED, said("m1")], add("m1"), []),
        ([STARTED, said("m1")], add("m2", "m1"), [said("m2", "m1")]),
        ([STARTED, said("m1")], add("m2"), [said("m2")]),  # an edited first question
        ([STARTED], Rename(**C, sealed=b"t"), [ConversationRenamed(**C, sealed=b"t")]),
        ([STARTED], PutIntoFolder(**C, sealed=b"f"), [ConversationFiled(**C, sealed=b"f")]),
        ([STARTED], PutIntoFolder(**C, sealed=None), []),
        (
            [STARTED, ConversationFiled(**C, sealed=b"f")],
            PutIntoFolder(**C, sealed=None),
            [ConversationUnfiled(**C)],
        ),
        ([STARTED], Pin(**C, pinned=True), [ConversationPinned(**C)]),
        ([STARTED], Pin(**C, pinned=False), []),
        ([STARTED, ConversationPinned(**C)], Pin(**C, pinned=True), []),
        ([STARTED, ConversationPinned(**C)], Pin(**C, pinned=False), [ConversationUnpinned(**C)]),
        ([STARTED, said("m1")], ChooseBranch(**C, message_id="m1"), []),
        (
            [STARTED, said("m1"), said("m2")],
            ChooseBranch(**C, message_id="m1"),
            [ConversationBranchChosen(**C, message_id="m1")],
        ),
        ([STARTED], RequestErasure(**C), [ASKED]),
        ([STARTED, ASKED], RequestErasure(**C), []),
        ([STARTED, ASKED], FinishErasure(**C), [ERASED]),
        ([STARTED], FinishErasure(**C), []),
        ([STARTED, ASKED, ERASED], FinishErasure(**C), []),
        ([STARTED, ASKED, ERASED], RequestErasure(**C), []),
    ],
)
def test_what_follows(past: list[Fact], command: ConversationCommand, facts: list[Fact]) -> None:
    """A repeat is silence; an edit and a second answer are one more message."""
    assert decided(past, command) == facts


@pytest.mark.parametrize(
    ("past", "command", "error"),
    [
        ([], add("m1"), NotFound),
        ([], RequestErasure(**C), NotFound),
        ([], Pin(**C, pinned=True), NotFound),
        ([STARTED], add("m1", "no-such"), Invalid),
        ([STARTED], add("m1", role="owner"), Invalid),
        ([STARTED], ChooseBranch(**C, message_id="m1"), Invalid),
        ([STARTED, ASKED], add("m1"), Refused),
        ([STARTED, ASKED, ERASED], add("m1"), Refused),
        ([STARTED, ASKED, ERASED], Rename(**C, sealed=b"t"), Refused),
        ([STARTED, ASKED, ERASED], StartConversation(**C), Refused),
    ],
)
def test_what_is_refused(
    past: list[Fact], command: ConversationCommand, error: type[StudioError]
) -> None:
    """With a sentence that says why."""
    with pytest.raises(error):
        decided(past, command)


def test_token_counts_fit_in_a_column() -> None:
    """A count beyond any reason is refused before it is a fact for ever."""
    for count in (-1, 2**62):
        wish = msgspec.structs.replace(add("m1"), prompt_tokens=count)
        with pytest.raises(Invalid):
            decided([STARTED], wish)


ANY = st.sampled_from(
    [
        StartConversation(**C),
        add("m1"),
        add("m2", "m1"),
        Rename(**C, sealed=b"t"),
        PutIntoFolder(**C, sealed=b"f"),
        PutIntoFolder(**C, sealed=None),
        Pin(**C, pinned=True),
        ChooseBranch(**C, message_id="m1"),
        RequestErasure(**C),
        FinishErasure(**C),
    ]
)


@given(st.lists(ANY, max_size=25))
def test_nothing_ever_follows_an_erasure(wishes: list[ConversationCommand]) -> None:
    """Whatever is asked in whatever order: after the wish to erase comes its end, and no more."""
    past: list[Fact] = []
    for wish in wishes:
        try:
            past += decided(past, wish)
        except StudioError:
            continue
    if ASKED in past:
        assert past[past.index(ASKED) :] in ([ASKED], [ASKED, ERASED])
    assert isinstance(RULES.fold(past), rules.State)
