"""Whatever a conversation holds: its export, imported, is the same conversation."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.conversations import Conversation, Conversations, NewMessage, Said, ToolCall, ToolOutcome
from core.conversations.decider import MOST_TOKENS, ORIGINS, OUTCOMES, ROLES
from core.conversations.exchange import exported
from core.conversations.importing import imported
from core.conversations.setup import Setup
from tests.core.conversations.test_conversations import House

texts = st.text(max_size=40)
lines = st.text(min_size=1, max_size=200).filter(lambda line: bool(line.split()))
tokens = st.none() | st.integers(0, MOST_TOKENS)
calls = st.builds(ToolCall, id=texts, name=texts, arguments=texts)
outcomes = st.builds(
    ToolOutcome,
    server=texts,
    tool=texts,
    outcome=st.sampled_from(["done", "failed", "denied", "timed-out", "cancelled"]),
    duration_ms=st.floats(0, 1e9),
    truncated=st.integers(0, 2**40),
    approved=st.sampled_from(["", "once", "conversation", "always", "policy"]),
)
saids = st.builds(
    Said,
    text=texts,
    reasoning=texts,
    finish=texts,
    failure=texts,
    next_action=texts,
    lane=texts,
    tool_calls=st.lists(calls, max_size=2).map(tuple),
    answers=texts,
    tool=st.none() | outcomes,
    missing=st.lists(texts, max_size=2).map(tuple),
    cost=st.none() | st.floats(0, 1e6),
    first_token_ms=st.none() | st.floats(0, 1e9),
)
messages: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    role=st.sampled_from(ROLES),
    said=saids,
    outcome=st.sampled_from(OUTCOMES),
    model=st.none() | texts,
    prompt_tokens=tokens,
    completion_tokens=tokens,
    follows=st.none() | st.integers(0, 20),
)
setups = st.builds(
    Setup,
    model=texts.map(str.strip),
    system=texts.map(str.strip),
    parameters=st.dictionaries(st.just("temperature"), st.floats(0, 2)),
    tools=st.lists(st.text(min_size=1, max_size=9), max_size=2).map(tuple),
    preset=texts,
)
conversations = st.fixed_dictionaries(
    {
        "messages": st.lists(messages, min_size=1, max_size=6),
        "title": st.none() | st.tuples(lines, st.sampled_from(ORIGINS)),
        "folder": st.none() | lines,
        "pinned": st.booleans(),
        "chosen": st.none() | st.integers(0, 20),
        "setup": st.none() | setups,
    }
)


async def held(door: Conversations, told: dict[str, Any]) -> str:
    """A conversation with all of that; its id."""
    which, ids = await door.start(actor="w"), list[str]()
    for one in told["messages"]:
        follows = one["follows"]
        parent = ids[follows % len(ids)] if ids and follows is not None else None
        rest = {name: value for name, value in one.items() if name != "follows"}
        ids.append(await door.add(which, NewMessage(parent_id=parent, **rest), actor="w"))
    if told["title"] is not None:
        title, origin = told["title"]
        await door.rename(which, title, actor="w", origin=origin)
    if told["folder"] is not None:
        await door.file(which, told["folder"], actor="w")
    if told["setup"] is not None:
        await door.set_up(which, told["setup"], actor="w")
    if told["chosen"] is not None:
        await door.choose(which, ids[told["chosen"] % len(ids)], actor="w")
    await door.pin(which, told["pinned"], actor="w")
    return which


def looks(read: Conversation) -> dict[str, Any]:
    """All that is seen of it, but for ids and times; messages by their places."""
    places = {one.message_id: at for at, one in enumerate(read.messages)}
    view = read.conversation
    return {
        "title": (view.title, view.titled_by),
        "folder": (view.folder, view.pinned, view.standing),
        "counts": (view.messages, view.model, view.prompt_tokens, view.completion_tokens),
        "chosen": places.get(read.chosen or ""),
        "setup": read.setup,
        "messages": [
            (
                one.role,
                one.text,
                one.said,
                one.outcome,
                one.model,
                (one.prompt_tokens, one.completion_tokens),
                (one.size, one.unreadable),
                places.get(one.parent_id or ""),
            )
            for one in read.messages
        ],
    }


@settings(max_examples=30, deadline=None)
@given(conversations)
def test_an_export_that_is_imported_looks_the_same(told: dict[str, Any]) -> None:
    """Once, and a second time."""

    async def there_and_back(house: House) -> None:
        door = house.conversations
        first = await door.read(await held(door, told))
        [filed] = imported(exported(first, "json"))
        second = await door.read(await door.take_in(filed, actor="w"))
        assert looks(second) == looks(first)
        [filed] = imported(exported(second, "json"))
        assert looks(await door.read(await door.take_in(filed, actor="w"))) == looks(first)

    with tempfile.TemporaryDirectory() as home:
        house = House(Path(home))
        try:
            asyncio.run(there_and_back(house))
        finally:
            house.close()
