"""The timeline tells the log in sentences."""

import msgspec
import pytest

from events import codec
from events.facts import AppStarted, AppStopped, MessageAdded
from events.projections.timeline import TimelineFilter, entry, timeline, timeline_page
from events.store import EventStore
from tests.events.conftest import START, append_foreign


def test_the_newest_is_told_first(log: EventStore) -> None:
    """A page of the timeline, and the one before it."""
    log.append_now("app", [AppStopped(reason=str(n)) for n in range(5)], actor="cli")
    assert [told.position for told in timeline(log, limit=2)] == [6, 5]
    assert [told.position for told in timeline(log, before=5, limit=2)] == [4, 3]
    assert [told.position for told in timeline(log, after=4)] == [6, 5]
    assert [told.position for told in timeline(log, newest_first=False, limit=2)] == [1, 2]


def test_an_entry_says_what_when_and_who(log: EventStore) -> None:
    """With the data as it was recorded, for whoever wants to look closer."""
    [recorded] = log.append_now(
        "app", [AppStarted(version="0.1", pid=7)], actor="tray", correlation_id="w"
    )
    told = entry(recorded)
    assert (told.sentence, told.actor) == ("vLLM Studio 0.1 started.", "tray")
    assert (told.recorded_at, told.stream, told.type) == (START, "app", "app-started")
    assert (told.correlation_id, told.causation_id) == ("w", None)
    assert told.data == {"version": "0.1", "pid": 7, "headless": False}
    assert timeline(log, limit=1) == [told]


def test_the_timeline_can_be_narrowed(log: EventStore) -> None:
    """To one thing, or one kind of event."""
    log.append_now("app", [AppStopped(reason="x")], actor="cli")
    log.append_now("other", [AppStopped(reason="y")], actor="cli")
    assert [told.position for told in timeline(log, streams=["other"])] == [3]
    assert [told.position for told in timeline(log, types=["app-stopped"])] == [3, 2]


def test_several_kinds_are_asked_for_at_once(log: EventStore) -> None:
    """With commas between them: types, beginnings of types, streams; nothing stands for more."""
    message = MessageAdded(
        conversation_id="c", message_id="m", role="user", sealed=b"x", parent_id=None
    )
    log.append_now("conversation-c", [message], actor="window")
    log.append_now("app", [AppStopped(reason="x")], actor="cli")

    def found(kind: str) -> list[int]:
        with log.reading() as connection:
            page = timeline_page(connection, TimelineFilter(kind=kind))
        return [one.position for one in page.entries]

    assert found("conversation,message") == [2]
    assert found("app-started,message,app-stopped") == [3, 2]
    assert found("app,conversation-c") == [3, 2]
    assert found("mess,*,app-*,message-add,") == []


def test_an_event_of_a_newer_version_has_its_line(log: EventStore) -> None:
    """Shown with its data, although nobody here knows what it means."""
    append_foreign(log, "app", "comet-passed", b'{"tail_km":3}')
    [told] = timeline(log, limit=1)
    assert (told.type, told.data) == ("comet-passed", {"tail_km": 3})
    assert "comet-passed" in told.sentence


def test_what_is_told_and_what_is_exported_have_the_same_names(log: EventStore) -> None:
    """A field of an event is called on the timeline as it is in the canonical line."""
    [first] = log.read_all()
    line = msgspec.json.decode(codec.canonical_line(first))
    told = msgspec.to_builtins(entry(first))
    shared = told.keys() & line.keys()
    assert told.keys() - shared == {"sentence", "known"}
    assert {name: told[name] for name in shared} == {name: line[name] for name in shared}


def test_ciphertext_is_told_by_its_length(log: EventStore) -> None:
    """A page of the timeline is no place for megabytes that nobody can read."""
    message = MessageAdded(
        conversation_id="c", message_id="m", role="user", sealed=bytes(3000), parent_id=None
    )
    log.append_now("conversation-c", [message], actor="window")
    [told] = timeline(log, limit=1)
    assert told.data["sealed"] == "(4,000 characters)"
    assert told.data["role"] == "user"


def test_a_search_looks_at_so_many_events_at_a_time(
    log: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What matches nothing is told with how far it was looked, in place and time, both ways."""
    monkeypatch.setattr("events.projections.timeline.SCANNED", 10)
    log.append_now("app", [AppStopped(reason=str(n)) for n in range(24)], actor="cli")
    for wanted in (TimelineFilter(kind="comet"), TimelineFilter(text="comet", actor="cli")):
        with log.reading() as connection:
            first = timeline_page(connection, wanted)
            then = timeline_page(connection, wanted, before=first.reached)
            last = timeline_page(connection, wanted, before=then.reached)
            onward = timeline_page(connection, wanted, newest_first=False)
        assert [page.reached for page in (first, then, last)] == [16, 6, None]
        assert first.reached_at == log.read_all(15, 1)[0].recorded_at
        assert (last.reached_at, onward.reached) == (None, 10)
    with log.reading() as connection:
        everything = timeline_page(connection, TimelineFilter(), limit=25)
        found = timeline_page(connection, TimelineFilter(actor="cli"), limit=3)
    assert len(everything.entries) == 25
    assert [one.position for one in found.entries] == [25, 24, 23]
