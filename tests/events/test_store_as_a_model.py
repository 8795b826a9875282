"""The log against a list in memory: whatever is done in whatever order, they tell the same."""

import asyncio
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events import codec
from events.envelope import Recorded
from events.errors import LogUnavailable, VersionConflict
from events.facts import AppStopped
from events.facts.base import Fact
from events.projections import ALL
from events.projections.present import PRESENT
from events.replay import dump, empty, fold, state_at
from events.snapshots import Snapshots
from events.store import EventStore
from tests.events.conftest import StillClock
from tests.events.shapes import facts

STREAMS = st.sampled_from(("one", "two", "three"))
SPACING = 4


class Line(NamedTuple):
    """What the model remembers of an event."""

    position: int
    stream: str
    version: int
    fact: Fact


class LogAsAList(RuleBasedStateMachine):
    """Appends with and without an expectation, batches, reopening, readers, followers, the past."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="log-as-a-list-")
        self.path = Path(self.folder.name) / "main.db"
        self.snapshot_folder = Path(self.folder.name) / "snapshots"
        self.clock = StillClock()
        self.told: list[Line] = []
        self.log: EventStore

    @initialize()
    def begin(self) -> None:
        """An empty log: its own creation is its first line."""
        self._open()
        (first,) = self.log.read_all()
        self.told.append(_line(first))

    @rule(stream=STREAMS, told=st.lists(facts(), min_size=1, max_size=4))
    def append(self, stream: str, told: list[Fact]) -> None:
        """Any facts go to the end."""
        self._remember(stream, told, self.log.append_now(stream, told, actor="cli"))

    @rule(stream=STREAMS, fact=facts())
    def append_as_expected(self, stream: str, fact: Fact) -> None:
        """Who knows the version is let in."""
        expected = self._version(stream)
        self._remember(
            stream, [fact], self.log.append_now(stream, [fact], actor="cli", expected=expected)
        )

    @rule(stream=STREAMS, fact=facts(), off=st.sampled_from((-1, 1, 2)))
    def append_as_not_expected(self, stream: str, fact: Fact, off: int) -> None:
        """Who is behind or ahead is not, and nothing is written."""
        with pytest.raises(VersionConflict):
            self.log.append_now(stream, [fact], actor="cli", expected=self._version(stream) + off)

    @rule(many=st.lists(st.tuples(STREAMS, facts()), min_size=2, max_size=6))
    def append_together(self, many: list[tuple[str, Fact]]) -> None:
        """Writers that come at once are written one after the other."""

        async def all_at_once() -> list[list[Recorded]]:
            return await asyncio.gather(
                *(self.log.append(stream, [fact], actor="cli") for stream, fact in many)
            )

        written = [one for answer in asyncio.run(all_at_once()) for one in answer]
        for one in sorted(written, key=lambda recorded: recorded.position):
            self.told.append(_line(one))
        assert sorted(map(repr, written)) == sorted(
            map(repr, self.log.read_all(len(self.told) - len(many), len(many)))
        )

    @rule(seconds=st.integers(-3, 10))
    def the_clock_goes(self, seconds: int) -> None:
        """Forwards, and back."""
        self.clock.at += seconds * 1_000_000

    @rule()
    def reopen(self) -> None:
        """As after a restart."""
        self.log.close()
        self._open()

    @rule(after=st.integers(0, 40), limit=st.integers(1, 20), newest_first=st.booleans())
    def read_a_range(self, after: int, limit: int, newest_first: bool) -> None:
        """A page of any size from anywhere."""
        wanted = [line for line in self.told if line.position > after]
        wanted = (wanted[::-1] if newest_first else wanted)[:limit]
        found = self.log.read_all(after, limit, newest_first=newest_first)
        assert [_line(one) for one in found] == wanted

    @rule(stream=STREAMS, after=st.integers(0, 5))
    def read_one_stream(self, stream: str, after: int) -> None:
        """The facts about one thing, in order."""
        found = self.log.read_stream(stream, after)
        wanted = [one for one in self.told if one.stream == stream and one.version > after]
        assert [_line(one) for one in found] == wanted

    @rule(after=st.integers(0, 40), more=st.lists(facts(), min_size=1, max_size=3))
    def follow(self, after: int, more: list[Fact]) -> None:
        """What is there already, then what comes while one looks; nothing twice."""
        start = min(after, len(self.told))

        async def listen() -> list[Line]:
            async with self.log.subscribe(after) as following:
                answer = await self.log.append("one", more, actor="cli")
                heard: list[Line] = []
                async for recorded in following:
                    heard.append(_line(recorded))
                    if recorded.position == answer[-1].position:
                        break
            return heard

        heard = asyncio.run(listen())
        version = self._version("one")
        for number, fact in enumerate(more, 1):
            self.told.append(Line(len(self.told) + 1, "one", version + number, _read_back(fact)))
        assert heard == self.told[start:]

    @rule()
    def read_beside_it(self) -> None:
        """A reader of the file sees all of it, and cannot write."""
        reader = EventStore.open(self.path, read_only=True)
        try:
            assert [_line(one) for one in reader.read_all()] == self.told
            with pytest.raises(LogUnavailable):
                reader.append_now("one", [AppStopped(reason="x")], actor="cli")
        finally:
            reader.close()

    @precondition(lambda self: len(self.told) > 1)
    @rule(data=st.data())
    def look_at_the_past(self, data: st.DataObject) -> None:
        """With snapshots, without them, and by folding what the list remembers."""
        position = data.draw(st.integers(0, len(self.told)))
        recorded = [one for one in self.log.read_all() if one.position <= position]
        snapshots = Snapshots(self.log, self.snapshot_folder, spacing=SPACING)
        states = [state_at(self.log, position, PRESENT), snapshots.state_at(position)]
        snapshots.close()
        by_hand = empty(PRESENT)
        fold(by_hand, PRESENT, recorded)
        try:
            first, second, third = (dump(one, PRESENT) for one in (*states, by_hand))
            assert first == second == third
        finally:
            for one in (*states, by_hand):
                one.close()

    @rule(most=st.integers(1, 9))
    def make_snapshots(self, most: int) -> None:
        """As far as it goes."""
        snapshots = Snapshots(self.log, self.snapshot_folder, spacing=SPACING)
        while snapshots.step(most):
            pass
        assert snapshots.positions == tuple(range(SPACING, len(self.told) + 1, SPACING))
        snapshots.close()

    @invariant()
    def the_head_is_the_last_line(self) -> None:
        """Positions count without a gap."""
        if self.told:
            assert self.log.head == len(self.told)
            assert self.log.broken_projections == {}

    def teardown(self) -> None:
        """Let go of the file."""
        self.log.close()
        self.folder.cleanup()

    def _open(self) -> None:
        self.log = EventStore.open(self.path, projections=ALL, now=self.clock)

    def _version(self, stream: str) -> int:
        return sum(line.stream == stream for line in self.told)

    def _remember(self, stream: str, told: list[Fact], answer: list[Recorded]) -> None:
        version = self._version(stream)
        for number, fact in enumerate(told, 1):
            self.told.append(Line(len(self.told) + 1, stream, version + number, _read_back(fact)))
        assert [_line(one) for one in answer] == self.told[-len(told) :]


TestLogAsAList = LogAsAList.TestCase
TestLogAsAList.settings = settings(
    deadline=None,
    max_examples=20,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=st.lists(facts(), max_size=14))
def test_a_snapshot_and_the_tail_are_everything_for_every_prefix(
    told: list[Fact], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """fold(snapshot at k + tail) = fold(all), byte for byte, also for facts that make no sense."""
    folder = tmp_path_factory.mktemp("log")
    log = EventStore.open(folder / "main.db")
    try:
        if told:
            log.append_now("stream", told, actor="cli")
        snapshots = Snapshots(log, folder / "snapshots", spacing=3)
        while snapshots.step(2):
            pass
        for position in range(log.head + 1):
            once, twice = state_at(log, position, PRESENT), state_at(log, position, PRESENT)
            sooner = snapshots.state_at(position)
            assert dump(once, PRESENT) == dump(twice, PRESENT) == dump(sooner, PRESENT)
            for one in (once, twice, sooner):
                one.close()
        snapshots.close()
    finally:
        log.close()


def _line(recorded: Recorded) -> Line:
    assert isinstance(recorded.event, Fact)
    return Line(recorded.position, recorded.stream, recorded.version, recorded.event)


def _read_back(fact: Fact) -> Fact:
    """As the log tells it: -0.0 and whole floats come back as JSON has them."""
    event = codec.CODEC.seal(fact).event
    assert isinstance(event, Fact)
    return event
