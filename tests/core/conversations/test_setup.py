"""How a conversation asks its model: sealed, checked at its field, carried by an export."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.conversations import Conversations
from core.conversations.exchange import exported
from core.conversations.importing import imported
from core.conversations.parameters import demand_parameters
from core.conversations.setup import Setup, demand_setup
from core.erasure import SubjectKeys
from core.errors import Invalid
from core.secrets import Secrets
from events.facts import ConversationSetUp
from events.projections import ALL
from events.store import EventStore

SECRET = "speak like the heron of Halifax"
SET = Setup(
    model="qwen",
    system=SECRET,
    parameters={"temperature": 0.2, "stop": ["heron"]},
    tools=("time", "files/read"),
    preset="Birds",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty log."""
    store = EventStore.open(tmp_path / "main.db", projections=ALL)
    yield store
    store.close()


@pytest.fixture
def door(tmp_path: Path, store: EventStore) -> Iterator[Conversations]:
    """Conversations on it."""
    keys = SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))
    yield Conversations(store=store, keys=keys)
    keys.close()


async def test_the_newest_setup_is_read_back_and_nothing_of_it_is_in_clear(
    door: Conversations, store: EventStore, tmp_path: Path
) -> None:
    """Also at an earlier position it is the one of then."""
    which = await door.start(actor="window")
    assert (await door.read(which)).setup is None
    await door.set_up(which, SET, actor="window")
    then = store.head
    await door.set_up(which, Setup(model="llama"), actor="window")
    assert (await door.read(which)).setup == Setup(model="llama")
    assert (await door.read(which, at=then)).setup == SET
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET.encode() not in on_disk
    assert b"Birds" not in on_disk


async def test_an_erased_conversation_has_no_setup(door: Conversations, store: EventStore) -> None:
    """At no position."""
    which = await door.start(actor="window")
    await door.set_up(which, SET, actor="window")
    then = store.head
    await door.erase(which, actor="window")
    assert (await door.read(which)).setup is None
    assert (await door.read(which, at=then)).setup is None


async def test_an_export_carries_it(door: Conversations) -> None:
    """And a file whose setup is wrong says so before anything is imported."""
    which = await door.start(actor="window")
    await door.set_up(which, SET, actor="window")
    text = exported(await door.read(which), "json")
    [filed] = imported(json.dumps({"messages": [{"role": "user", "content": "x"}]}))
    assert filed.setup is None
    told = json.loads(text) | {"messages": [{"role": "user", "text": "x"}]}
    [filed] = imported(json.dumps(told))
    again = await door.take_in(filed, actor="window")
    assert (await door.read(again)).setup == SET
    told["setup"]["parameters"]["temperature"] = 9
    with pytest.raises(Invalid, match="setup of conversation 1: temperature is a number"):
        imported(json.dumps(told))


async def test_a_title_that_a_person_chose_stays(door: Conversations) -> None:
    """A model's title takes the place of a first line, and of nothing else."""
    which = await door.start(actor="window")
    assert (await door.view(which)).titled_by == ""
    await door.rename(which, "What is a heron?", actor="window", origin="first-line")
    await door.rename(which, "Herons", actor="window", origin="model")
    view = await door.view(which)
    assert (view.title, view.titled_by) == ("Herons", "model")
    await door.rename(which, "My birds", actor="window")
    await door.rename(which, "Herons again", actor="window", origin="model")
    view = await door.view(which)
    assert (view.title, view.titled_by) == ("My birds", "person")
    with pytest.raises(Invalid, match="origin is one of person"):
        await door.rename(which, "x", actor="window", origin="cat")


@pytest.mark.parametrize(
    "parameters",
    [
        {"temperature": 0, "top_p": 1, "top_k": -1, "min_p": 0.05, "seed": -3},
        {"max_tokens": 1, "stop": "END", "presence_penalty": -2, "frequency_penalty": 2.0},
        {"repetition_penalty": 1.1, "reasoning_effort": "low"},
        {"chat_template_kwargs": {"enable_thinking": False, "custom": 3}},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}},
        {"logit_bias": {"7": -100}, "guided_regex": "[a-z]+", "priority": 3},
    ],
)
def test_what_engines_take_is_taken(parameters: dict[str, Any]) -> None:
    """In their ranges; what is not known is theirs to judge."""
    demand_parameters(parameters)


@pytest.mark.parametrize(
    ("parameters", "field", "words"),
    [
        ({"temperature": 2.1}, "temperature", "a number, 0 to 2, not 2.1"),
        ({"temperature": "hot"}, "temperature", 'not "hot"'),
        ({"temperature": True}, "temperature", "not true"),
        ({"temperature": None}, "temperature", "not null"),
        ({"top_p": 0}, "top_p", "above 0, at most 1"),
        ({"top_k": 1.5}, "top_k", "a whole number"),
        ({"max_tokens": 0}, "max_tokens", "1 to"),
        ({"stop": ["a", ""]}, "stop", "none of them empty"),
        ({"stop": ["a"] * 17}, "stop", "at most 16"),
        ({"seed": 2**63}, "seed", "a whole number"),
        ({"reasoning_effort": "huge"}, "reasoning_effort", "one of none, minimal"),
        (
            {"chat_template_kwargs": {"enable_thinking": "no"}},
            "chat_template_kwargs.enable_thinking",
            "true or false",
        ),
        ({"response_format": {"type": "xml"}}, "response_format", "an object whose type"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
            "response_format.json_schema.name",
            "needs a name",
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": {"type": "heron"}},
                }
            },
            "response_format.json_schema.schema.type",
            "no JSON schema",
        ),
        ({"messages": []}, "messages", "the studio sets it itself"),
        ({"tools": []}, "tools", "the studio sets it itself"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    parameters: dict[str, Any], field: str, words: str
) -> None:
    """With what it may be."""
    with pytest.raises(Invalid, match=words) as refused:
        demand_parameters(parameters)
    assert refused.value.field == f"parameters.{field}"


@pytest.mark.parametrize(
    ("setup", "field"),
    [
        (Setup(system="x" * 200_001), "setup.system"),
        (Setup(tools=("",)), "setup.tools"),
        (Setup(model="m" * 201), "setup.model"),
        (Setup(parameters={"top_p": 7}), "setup.parameters.top_p"),
        (Setup(parameters={"big": "x" * 300_000}), "setup.parameters"),
    ],
)
def test_a_setup_has_its_limits(setup: Setup, field: str) -> None:
    """Each told at its field."""
    with pytest.raises(Invalid) as refused:
        demand_setup(setup)
    assert refused.value.field == field


def test_blanks_around_it_are_left_out() -> None:
    """A system prompt of blanks alone is none."""
    assert demand_setup(Setup(system=" \n ", model=" qwen ")) == Setup(model="qwen")


async def test_what_can_not_be_read_is_not_taken_for_nothing(
    door: Conversations, store: EventStore
) -> None:
    """A prompt may stand in it: such a conversation is not empty, and not tidied away."""
    which = await door.start(actor="window")
    assert (await door.view(which)).empty
    torn = ConversationSetUp(conversation_id=which, sealed=b"torn")
    await store.append(f"conversation-{which}", [torn], actor="window", expected=1)
    assert not await door.erase_empty(which)
    view = (await door.read(which)).conversation
    assert (view.standing, view.empty) == ("open", False)
