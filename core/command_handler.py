"""Five steps, always the same: how a wish becomes facts.

1. read the stream
2. fold it to state
3. decide
4. append, expecting the version that was read
5. hand back what was recorded; if somebody else appended first, start again
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from events.envelope import Event, Recorded
from events.errors import VersionConflict
from events.facts.base import Fact
from events.store import EventStore

C = TypeVar("C")
S = TypeVar("S")

ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True)
class Decider(Generic[C, S]):
    """The rules of one concept: all three parts are pure."""

    initial: S
    decide: Callable[[C, S], Sequence[Fact]]
    evolve: Callable[[S, Fact], S]

    def fold(self, facts: Sequence[Fact], state: S | None = None) -> S:
        """State after `facts`, from `state` or from the beginning."""
        folded = self.initial if state is None else state
        for fact in facts:
            folded = self.evolve(folded, fact)
        return folded


class Lately(Generic[C, S]):
    """The states of the streams that were asked for last, so that a long one is folded once.

    What is in a log never changes, so a state at a version is right for good; what came after it,
    whoever wrote it, is read and folded each time. Only for states that hold nothing private.
    Loop-bound.
    """

    def __init__(self, store: EventStore, decider: Decider[C, S], *, most: int) -> None:
        """`most`: streams that are remembered."""
        self._store = store
        self._decider = decider
        self._most = most
        self._known: OrderedDict[str, tuple[int, S]] = OrderedDict()

    def read(self, stream: str) -> tuple[int, S]:
        """The version that a stream is at, and the state there."""
        version, state = self._known.pop(stream, (0, self._decider.initial))
        further = self._store.read_events(stream, version)
        known = version + len(further), self._decider.fold(known_facts(further), state)
        if known[0]:  # what nobody began takes nobody's place
            self._known[stream] = known
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return known


async def handle(
    store: EventStore,
    stream: str,
    decider: Decider[C, S],
    command: C,
    *,
    actor: str,
    correlation_id: str | None = None,
    lately: Lately[C, S] | None = None,
) -> list[Recorded]:
    """Carry `command` through the five steps; no new facts means it was already so.

    `lately`: asked for the first two, where streams grow long.
    Raises whatever `decide` refuses with, and VersionConflict when the stream would not hold still.
    """
    lately = Lately(store, decider, most=1) if lately is None else lately
    for attempt in range(ATTEMPTS):
        version, state = lately.read(stream)  # 1, 2
        facts = list(decider.decide(command, state))  # 3
        if not facts:
            return []
        try:
            return await store.append(  # 4
                stream,
                facts,
                actor=actor,
                expected=version,
                correlation_id=correlation_id,
            )
        except VersionConflict:  # 5
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable: the loop returns or raises")


def known_facts(events: Sequence[Event]) -> list[Fact]:
    """The facts this version understands; a newer version's are kept in the log and passed over."""
    return [event for event in events if isinstance(event, Fact)]
