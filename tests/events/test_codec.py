"""Facts survive being written, whatever stands in them, and nothing foreign is fatal."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import CODEC, FACT_TYPES, Codec, canonical_line, decode, encode, plain, wire_name
from events.envelope import Recorded, UnknownEvent
from events.errors import NotRecordable
from events.facts import AppStarted, EngineBecameReady, GatewayStopped, SettingChanged
from events.facts.base import Fact
from events.upcasting import UPCASTERS, Upcasters
from tests.events.shapes import facts, facts_of


@pytest.mark.parametrize("kind", FACT_TYPES, ids=wire_name)
def test_a_fact_reads_back_as_it_was_written(kind: type[Fact]) -> None:
    """Every kind of fact, with any values its types allow, survives the round trip."""

    @given(facts_of(kind))
    def round_trip(fact: Fact) -> None:
        assert decode(wire_name(kind), UPCASTERS.current(wire_name(kind)), encode(fact)) == fact

    round_trip()


@given(facts())
def test_the_type_stands_beside_the_data_not_in_it(fact: Fact) -> None:
    """The data of a fact is its own fields, all of them, in their order."""
    assert tuple(json.loads(encode(fact))) == fact.__struct_fields__


@given(facts())
def test_what_is_told_live_is_what_replay_will_tell(fact: Fact) -> None:
    """A sealed fact is the decoded one, so that a live fold and a replayed fold see the same."""
    sealed = CODEC.seal(fact)
    assert sealed.event == decode(sealed.type, sealed.schema, sealed.data)


def test_wire_names_are_unique() -> None:
    """No two kinds of fact share a name in the log."""
    assert len({wire_name(kind) for kind in FACT_TYPES}) == len(FACT_TYPES)


def test_every_fact_that_is_written_down_is_known() -> None:
    """No fact type is forgotten in the list of facts, or it could be appended but not read."""
    listed = set(FACT_TYPES)
    assert {kind for kind in _leaves(Fact) if kind.__module__.startswith("events.facts")} == listed


def _leaves(kind: type[Fact]) -> list[type[Fact]]:
    """The kinds nothing is derived from: what only shares fields is no fact."""
    below = kind.__subclasses__()
    return [leaf for each in below for leaf in _leaves(each)] if below else [kind]


def test_a_fact_without_its_optional_fields_is_read_with_their_defaults() -> None:
    """A field that was added later does not make an old fact unreadable."""
    assert decode("app-started", 1, b'{"version":"1","pid":7}') == AppStarted(version="1", pid=7)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    """An older build reads a newer fact that only gained a field."""
    assert decode("gateway-stopped", 1, b'{"exit_code":3,"mood":"calm"}') == GatewayStopped(
        exit_code=3
    )


@given(st.text(max_size=20), st.integers(1, 9), st.binary(max_size=40))
def test_decoding_never_raises(type: str, schema: int, data: bytes) -> None:
    """Whatever stands in the file, reading it gives an event."""
    assert decode(type, schema, data) is not None


@pytest.mark.parametrize(
    ("type", "schema", "data"),
    [
        ("comet-passed", 1, b'{"seen":true}'),
        ("app-started", 2, b'{"seen":true}'),
        ("app-started", 1, b'{"seen":true}'),
    ],
    ids=["unknown type", "newer schema", "data that does not fit"],
)
def test_what_is_not_understood_is_kept(type: str, schema: int, data: bytes) -> None:
    """An event of another version is shown with all that stands in it."""
    assert decode(type, schema, data) == UnknownEvent(type=type, data={"seen": True})


def test_what_does_not_fit_is_said_once_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The application's log names the shape, not what stood in it."""
    codec = Codec([AppStarted], Upcasters())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            codec.decode("app-started", 1, b'{"version":"hunter2"}')
    assert len(caplog.records) == 1
    assert "app-started" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    "fact",
    [
        SettingChanged(key="a", value=object()),
        SettingChanged(key="\ud800", value=1),
        EngineBecameReady(engine_id="e", recipe_id="r", seconds=float("nan")),
        AppStarted(version=7, pid=1),  # type: ignore[arg-type]  # the mistake under test
    ],
    ids=["not JSON", "not text", "not a number", "not its type"],
)
def test_a_fact_that_would_not_read_back_is_refused(fact: Fact) -> None:
    """Nothing gets into the log that cannot come out again."""
    with pytest.raises(NotRecordable):
        CODEC.seal(fact)


def test_a_fact_of_an_unlisted_kind_is_refused() -> None:
    """A type that no reader knows cannot be appended by mistake."""

    class Nobody(Fact, frozen=True, kw_only=True, tag="nobody-knows"):
        """Not among the facts."""

    with pytest.raises(NotRecordable, match="nobody-knows"):
        CODEC.seal(Nobody())


@given(st.binary(max_size=30))
def test_plain_data_is_always_an_object(data: bytes) -> None:
    """Broken data shows as empty instead of stopping the timeline."""
    assert isinstance(plain(data), dict)


def test_a_canonical_line_has_its_fields_in_the_fixed_order() -> None:
    """The order is part of every hash, so it is never changed."""
    line = canonical_line(
        Recorded(
            position=1,
            id="i",
            stream="s",
            version=2,
            type="t",
            schema=3,
            recorded_at=4,
            actor="a",
            correlation_id=None,
            causation_id="c",
            event=UnknownEvent(type="t", data={}),
            data=b'{"b":1,"a":"\xc3\xa9"}',
            leaf=bytes(32),
        )
    )
    assert line.decode() == (
        '{"position":1,"id":"i","stream":"s","version":2,"type":"t","schema":3,"recorded_at":4,'
        '"actor":"a","correlation_id":null,"causation_id":"c","data":{"b":1,"a":"é"}}'
    )
