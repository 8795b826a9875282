"""A state that is remembered is the state that folding from the beginning gives, and costs less."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.command_handler import Lately, handle
from core.conversations.commands import Pin, RequestErasure, StartConversation
from core.conversations.conversations import RULES
from core.conversations.decider import Erasing, Open
from core.errors import Refused
from events.envelope import Event
from events.facts import ConversationErasureRequested, ConversationPinned
from events.store import EventStore

STREAM = "conversation-1"
START = StartConversation(conversation_id="1")


def pin(pinned: bool) -> Pin:
    """A wish that changes something each time it is turned."""
    return Pin(conversation_id="1", pinned=pinned)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty log."""
    opened = EventStore.open(tmp_path / "main.db")
    yield opened
    opened.close()


@pytest.fixture
def read(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each reading gave."""
    counts: list[int] = []
    reads = store.read_events

    def counted(stream: str, after: int = 0) -> list[Event]:
        events = reads(stream, after)
        counts.append(len(events))
        return events

    monkeypatch.setattr(store, "read_events", counted)
    return counts


async def test_only_what_is_new_is_read(store: EventStore, read: list[int]) -> None:
    """However long a stream is, a wish costs what came since the one before it."""
    lately = Lately(store, RULES, most=4)
    await handle(store, STREAM, RULES, START, actor="w", lately=lately)
    for at in range(20):
        await handle(store, STREAM, RULES, pin(at % 2 == 0), actor="w", lately=lately)
    assert read == [0] + [1] * 20
    version, state = lately.read(STREAM)
    assert isinstance(state, Open)
    assert (version, state.pinned) == (21, False)


async def test_what_somebody_else_wrote_counts(store: EventStore, read: list[int]) -> None:
    """It is read with the next wish: nothing is refused, doubled or allowed by an old state."""
    lately = Lately(store, RULES, most=4)
    await handle(store, STREAM, RULES, START, actor="w", lately=lately)
    await store.append(STREAM, [ConversationPinned(conversation_id="1")], actor="cli")
    assert await handle(store, STREAM, RULES, pin(True), actor="w", lately=lately) == []
    await handle(store, STREAM, RULES, RequestErasure(conversation_id="1"), actor="cli")
    with pytest.raises(Refused):
        await handle(store, STREAM, RULES, pin(False), actor="w", lately=lately)


async def test_who_was_overtaken_reads_on(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody appends between the reading and the writing: the wish is decided anew."""
    lately = Lately(store, RULES, most=4)
    await handle(store, STREAM, RULES, START, actor="w", lately=lately)
    reads, wished = lately.read, [ConversationErasureRequested(conversation_id="1")]

    def overtaken(stream: str) -> tuple[int, object]:
        known = reads(stream)
        if wished:
            store.append_now(stream, [wished.pop()], actor="cli")
        return known

    monkeypatch.setattr(lately, "read", overtaken)
    with pytest.raises(Refused):
        await handle(store, STREAM, RULES, pin(True), actor="w", lately=lately)
    assert reads(STREAM) == (2, Erasing())


async def test_the_longest_unasked_is_forgotten(store: EventStore, read: list[int]) -> None:
    """Memory is bounded; what was forgotten is folded again, and streams without facts are none."""
    lately = Lately(store, RULES, most=2)
    for which in ("1", "2", "3"):
        start = StartConversation(conversation_id=which)
        await handle(store, f"conversation-{which}", RULES, start, actor="w", lately=lately)
    read.clear()
    asked = ("none", "3", "1", "3", "2")
    assert [lately.read(f"conversation-{which}")[0] for which in asked] == [0, 1, 1, 1, 1]
    assert read == [0, 1, 1, 0, 1]
