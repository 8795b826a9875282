"""An export as CloudEvents: what the specification asks for, and no byte of the log lost.

The rules are those of CloudEvents 1.0.2 (its context attributes and types) and its JSON format.
"""

import json
import re
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events import codec
from events.audit.canonical import LineInvalid, parse
from events.audit.cloudevents import from_line, to_line
from events.audit.merkle import leaf_hash
from events.store import EventStore
from tests.events.conftest import append_foreign, append_story
from tests.events.exports import disproved, export_log, proved_until
from tests.events.stories import a_day

LOG_ID = "0b5f3c52-8f2e-4f5e-9c58-5f4c1b8f2a11"
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
SOME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
LINES = st.builds(
    codec.envelope_line,
    st.integers(1, 2**31 - 1),
    SOME,
    SOME,
    st.integers(1, 2**31 - 1),
    SOME,
    st.integers(1, 99),
    st.integers(-(10**15), 2 * 10**17),
    SOME,
    st.none() | TEXT,
    st.none() | TEXT,
    st.dictionaries(TEXT, DATA, max_size=3).map(lambda data: json.dumps(data).encode()),
)


def check_rules(event: dict[str, object]) -> None:
    """Fail unless this is a CloudEvent that any reader has to take."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    assert attributes["specversion"] == "1.0"
    for name, value in attributes.items():
        assert re.fullmatch("[a-z0-9]{1,20}", name), name
        if isinstance(value, str):
            assert value, name
            assert not any(map(_is_forbidden, value)), (name, value)
        else:  # an Integer, which has 32 bits
            assert isinstance(value, int)
            assert -(2**31) <= value < 2**31
    for required in ("id", "source", "type"):
        assert attributes[required]
    assert attributes["datacontenttype"] == "application/json"
    rfc3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    assert re.fullmatch(rfc3339, str(attributes["time"]))
    datetime.fromisoformat(str(attributes["time"]))
    assert re.fullmatch(r"[A-Za-z0-9./:_-]+", str(attributes["source"]))  # a URI reference


def _is_forbidden(sign: str) -> bool:
    """Control characters, halves of surrogate pairs, and what Unicode calls no character."""
    code = ord(sign)
    no_character = 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return unicodedata.category(sign) in ("Cc", "Cs") or no_character


@given(LINES)
@example(codec.envelope_line(1, "%", "%25\x00", 1, "a.v2.v3", 3, 0, "\ufffe%", "", "%", b"{}"))
@example(codec.envelope_line(1, "i", "s\U0001f600", 1, "t", 1, -1, "\U0010ffff", None, "", b"[1]"))
def test_any_line_can_be_told_as_a_cloudevent_and_back(line: bytes) -> None:
    """By the rules, and without losing a byte."""
    event = from_line(line, LOG_ID)
    assert b"\n" not in event
    check_rules(json.loads(event))
    assert to_line(event) == line


def test_a_fact_is_told_in_the_words_of_cloudevents(log: EventStore) -> None:
    """Names that a broker can route by."""
    append_story(log, a_day(1))
    recorded = log.read_all()[3]
    event = json.loads(from_line(codec.canonical_line(recorded), log.log_id))
    assert event == {
        "specversion": "1.0",
        "id": recorded.id,
        "source": f"vllm-studio.local/log/{log.log_id}",
        "type": "local.vllm-studio.recipe-cloned.v1",
        "subject": "recipe-two",
        "time": "2026-11-18T11:06:40.000000Z",
        "datacontenttype": "application/json",
        "position": 4,
        "streamversion": 1,
        "actor": "cli",
        "leaf": recorded.leaf.hex(),
        "data": json.loads(recorded.data),
    }
    at = datetime.fromisoformat(event["time"]).timestamp()
    assert at == recorded.recorded_at / 1e6


def test_an_event_that_was_changed_has_another_leaf(log: EventStore) -> None:
    """So a CloudEvent can be checked by itself."""
    [first] = log.read_all()
    event = from_line(codec.canonical_line(first), log.log_id)
    for change in ((b'"actor":"system"', b'"actor":"person"'), (b".v1", b".v2"), (b"{", b"[")):
        with pytest.raises(LineInvalid):
            to_line(event.replace(*change))


def test_a_whole_log_as_cloudevents_proves_itself(log: EventStore, tmp_path: Path) -> None:
    """Kinds of events nobody knows yet too."""
    append_story(log, a_day(2))
    append_foreign(log, "future", "thing-of-tomorrow", b'{"b":1, "a":1.50}', schema=7)
    export_log(log, tmp_path / "export", lines="cloudevents")
    assert disproved(tmp_path / "export") == []
    assert proved_until(tmp_path / "export", "signature") == log.head
    events = (tmp_path / "export" / "log.cloudevents.jsonl").read_bytes().splitlines()
    assert [to_line(event) for event in events] == [*map(codec.canonical_line, log.read_all())]
    assert json.loads(events[-1])["type"] == "local.vllm-studio.thing-of-tomorrow.v7"


@given(LINES)
def test_a_line_is_parsed_to_what_it_was_made_of(line: bytes) -> None:
    """And its hash is that of its parts."""
    parts = parse(line)
    assert bytes(parts) == line
    assert leaf_hash(bytes(parts)) == leaf_hash(line)


@pytest.mark.parametrize(
    "change",
    [
        (b'{"position"', b'{ "position"'),
        (b'"schema":1,', b'"schema":1,"extra":1,'),
        (b'"position":1,', b'"position":1.0,'),
        (b'"position":1,', b'"position":0,'),
        (b'"position":1,', b'"position":99999999999999999999,'),
        (b'"stream":"audit"', b'"stream":""'),
        (b'"stream":"audit"', b'"stream":"\\u0061udit"'),
        (b'"stream":"audit"', b'"stream":"\xff"'),
        (b"}}", b"}"),
        (b"}}", b"}}x"),
    ],
)
def test_what_a_log_would_not_write_is_no_line(
    log: EventStore, change: tuple[bytes, bytes]
) -> None:
    """Otherwise the same event could have two hashes."""
    line = codec.canonical_line(log.read_all()[0])
    assert parse(line).position == 1
    assert line.replace(*change) != line
    with pytest.raises(LineInvalid):
        parse(line.replace(*change))
