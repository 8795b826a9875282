"""What was ever written can still be read, and reads the same."""

import sqlite3
from pathlib import Path

import msgspec
import pytest

from events import codec
from events.audit.merkle import leaf_hash
from events.codec import FACT_TYPES, wire_name
from events.envelope import UnknownEvent
from events.projections import ALL, USAGE
from events.projections.engine_runs import engine_runs
from events.projections.saved_recipes import recipe_history, saved_recipe
from events.sentences import sentence
from events.store import EventStore
from events.upcasting import UPCASTERS

HERE = Path(__file__).parent
EXAMPLES = sorted(path.stem for path in HERE.glob("*.json"))


class Example(msgspec.Struct, forbid_unknown_fields=True):
    """One fact as it stands in a log, and what it means today."""

    schema: int
    data: msgspec.Raw
    reads_as: dict[str, object]


def example(name: str) -> tuple[str, Example]:
    """Read a file; the type comes from its name."""
    type, _, schema = name.rpartition(".")
    read = msgspec.json.decode((HERE / f"{name}.json").read_bytes(), type=Example)
    assert read.schema == int(schema)
    return type, read


@pytest.mark.parametrize("kind", FACT_TYPES, ids=wire_name)
def test_every_fact_has_an_example_of_every_shape(kind: type) -> None:
    """From the first schema to today's, none is missing."""
    tag = wire_name(kind)
    wanted = {f"{tag}.{schema}" for schema in range(1, UPCASTERS.current(tag) + 1)}
    assert wanted <= set(EXAMPLES), f"write {wanted - set(EXAMPLES)} in tests/history"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_still_reads_as_it_did(name: str) -> None:
    """With the same values in the same fields; fields that came later have their defaults."""
    type, written = example(name)
    event = codec.decode(type, written.schema, bytes(written.data))
    assert not isinstance(event, UnknownEvent), "a fact that was once known is unknown"
    now = msgspec.json.decode(codec.encode(event))
    assert {field: now[field] for field in written.reads_as} == written.reads_as
    assert sentence(event)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_shows_every_field_it_could_have(name: str) -> None:
    """Optional fields are filled in, or nothing would notice one that is renamed."""
    type, written = example(name)
    left_empty = [field for field, value in written.reads_as.items() if value in (None, [], "")]
    assert left_empty == []
    event = codec.decode(type, written.schema, bytes(written.data))
    unseen = set(event.__struct_fields__) - set(written.reads_as)
    required = {field.name for field in msgspec.structs.fields(event) if field.required}
    assert not unseen & required


@pytest.fixture
def old_log(tmp_path: Path) -> Path:
    """The log of 0.1.0 as a file."""
    path = tmp_path / "main.db"
    connection = sqlite3.connect(path)
    connection.executescript((HERE / "log-0.1.0.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def test_a_log_of_the_first_version_opens_and_is_whole(old_log: Path) -> None:
    """Its tail is verified on open, every hash holds, every event is known."""
    store = EventStore.open(old_log, projections=(*ALL, *USAGE))
    try:
        told = store.read_all()
        assert [recorded.position for recorded in told] == list(range(1, 41))
        assert [one for one in told if leaf_hash(codec.canonical_line(one)) != one.leaf] == []
        assert [one.type for one in told if isinstance(one.event, UnknownEvent)] == []
        assert store.broken_projections == {}
    finally:
        store.close()


def test_a_log_of_the_first_version_tells_the_same_story(old_log: Path) -> None:
    """Also when its read models are folded again from the start."""
    connection = sqlite3.connect(old_log)
    connection.execute("delete from log_projections")
    connection.commit()
    connection.close()
    store = EventStore.open(old_log, projections=(*ALL, *USAGE))
    try:
        with store.reading() as connection:
            qwen = saved_recipe(connection, "qwen3-8b")
            assert qwen is not None
            assert (qwen.revision, qwen.recipe["aliases"]) == (2, ["qwen", "größer"])
            assert len(recipe_history(connection, "qwen3-8b")) == 2
            assert [run.state for run in engine_runs(connection)] == ["stopped"]
    finally:
        store.close()


def test_the_hash_of_a_line_is_the_one_an_auditor_computes() -> None:
    """One line with everything awkward in it: neither its letters nor its hash ever change.

    The hash is what `(printf '\\0'; cat line) | sha256sum` says.
    """
    line = (
        '{"position":7,"id":"01a20847-03dc-7000-9da0-f69cf7a6aa60","stream":"settings",'
        '"version":1,"type":"setting-changed","schema":1,"recorded_at":1795435201500000,'
        '"actor":"key:\\"Zoë\\"\\u0000\\n\\u001f\x7f/<😀\u2028","correlation_id":null,'
        '"causation_id":"c\\\\1","data":{"key":"k","value":"\\u00e9","previous":1E+3}}'
    ).encode()
    data = b'{"key":"k","value":"\\u00e9","previous":1E+3}'  # as it was written, to the letter
    written = codec.envelope_line(**{**msgspec.json.decode(line), "data": data})
    assert written == line
    assert leaf_hash(written).hex() == (
        "e8c59d12df5a1dfd9803cf293f9bf46477aad7de60a25de21a5a1ffdffef9ee8"
    )
