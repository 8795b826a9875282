"""A conversation that is exported comes back as it was, and a bad file is told where it is bad."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.conversations import Conversations, NewMessage, Said, ToolCall, ToolOutcome
from core.conversations.exchange import exported, shown_branch
from core.conversations.importing import imported
from core.conversations.setup import Setup
from core.erasure import SubjectKeys
from core.errors import Invalid, Refused
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Conversations]:
    """Conversations on an empty home."""
    store = EventStore.open(tmp_path / "main.db", projections=ALL)
    keys = SubjectKeys(tmp_path / "keys.db", Secrets(tmp_path / "secrets"))
    yield Conversations(store=store, keys=keys)
    keys.close()
    store.close()


async def talk(door: Conversations) -> str:
    """Two answers to one question, the first of them chosen, and a tool call."""
    which = await door.start(actor="window")
    asked = await door.add(which, NewMessage(role="user", text="What time is it?"), actor="w")
    call = ToolCall(id="c1", name="clock", arguments='{"zone": "UTC"}')
    calls = Said(tool_calls=(call,), reasoning="I need a clock.", lane="direct")
    first = await door.add(
        which,
        NewMessage(role="assistant", said=calls, parent_id=asked, model="qwen", prompt_tokens=3),
        actor="w",
    )
    tool = ToolOutcome(server="time", tool="clock", outcome="failed", truncated=7, approved="once")
    result = Said(text="12:00", answers="c1", tool=tool)
    told = NewMessage(role="tool", said=result, parent_id=first)
    told_id = await door.add(which, told, actor="w")
    await door.add(
        which,
        NewMessage(role="assistant", text="Other", parent_id=asked, outcome="stopped"),
        actor="w",
    )
    await door.choose(which, told_id, actor="w")
    await door.rename(which, "Time", actor="w")
    await door.file(which, "Work", actor="w")
    return which


async def test_json_brings_everything_back(door: Conversations) -> None:
    """Text, thoughts, calls, the tree, title and folder; under new ids."""
    before = await door.read(await talk(door))
    [filed] = imported(exported(before, "json"))
    after = await door.read(await door.take_in(filed, actor="window"))
    assert after.conversation.conversation_id != before.conversation.conversation_id
    assert (after.conversation.title, after.conversation.folder) == ("Time", "Work")
    places = [{m.message_id: at for at, m in enumerate(c.messages)} for c in (before, after)]
    for at, (old, new) in enumerate(zip(before.messages, after.messages, strict=True)):
        assert (old.role, old.text, old.said, old.outcome, old.model, old.prompt_tokens) == (
            new.role,
            new.text,
            new.said,
            new.outcome,
            new.model,
            new.prompt_tokens,
        )
        assert places[0].get(old.parent_id or "") == places[1].get(new.parent_id or ""), at


async def test_openais_messages_go_out_and_come_in(door: Conversations) -> None:
    """The branch that is shown, with its calls."""
    before = await door.read(await talk(door))
    text = exported(before, "openai")
    roles = [one["role"] for one in json.loads(text)["messages"]]
    assert roles == ["user", "assistant", "tool"]
    for told in (text, json.dumps(json.loads(text)["messages"])):
        [filed] = imported(told)
        after = await door.read(await door.take_in(filed, actor="window"))
        assert [one.text for one in shown_branch(after)] == ["What time is it?", "", "12:00"]
        assert after.messages[1].said is not None
        assert after.messages[1].said.tool_calls[0].arguments == '{"zone": "UTC"}'


async def test_markdown_is_for_people(door: Conversations) -> None:
    """A title, where it is filed, how it asks, who said what and when."""
    which = await talk(door)
    text = exported(await door.read(which), "markdown")
    assert text.startswith("# Time\n\n*Folder: Work*\n\n## user · ")
    assert "\n## qwen · " in text
    assert 'Calls `clock`:\n\n```json\n{"zone": "UTC"}\n```\n' in text
    assert "\n## time › clock (failed) · " in text
    assert "\n```\n12:00\n```\n" in text
    assert "Other" not in text
    await door.pin(which, True, actor="w")
    await door.set_up(which, Setup(system="Be brief."), actor="w")
    await door.file(which, "*Work*", actor="w")
    text = exported(await door.read(which), "markdown")
    begin = "# Time\n\n*Folder: \\*Work\\**\n\n*Pinned*\n\n## system prompt\n\nBe brief.\n\n## user"
    assert text.startswith(begin)


async def test_openais_messages_keep_what_they_have_a_place_for(door: Conversations) -> None:
    """Title, folder and pin as metadata, the system prompt as the first message."""
    which = await talk(door)
    await door.pin(which, True, actor="w")
    await door.set_up(which, Setup(system="Be brief."), actor="w")
    text = exported(await door.read(which), "openai")
    assert json.loads(text)["metadata"] == {"title": "Time", "folder": "Work", "pinned": "true"}
    [filed] = imported(text)
    after = await door.read(await door.take_in(filed, actor="window"))
    view = after.conversation
    assert (view.title, view.folder, view.pinned) == ("Time", "Work", True)
    assert [one.role for one in shown_branch(after)] == ["system", "user", "assistant", "tool"]


async def test_an_older_export_is_imported(door: Conversations) -> None:
    """It says neither pin nor branch: the newest message is shown, a person gave the title."""
    [filed] = imported(
        json.dumps(
            {
                "format": "vllm-studio-conversation",
                "version": 1,
                "title": "Old",
                "messages": [
                    {"role": "user", "text": "a"},
                    {"role": "assistant", "text": "b", "parent": 0},
                    {"role": "assistant", "text": "c", "parent": 0},
                ],
            }
        )
    )
    after = await door.read(await door.take_in(filed, actor="window"))
    assert [one.text for one in shown_branch(after)] == ["a", "c"]
    view = after.conversation
    assert (view.title, view.titled_by, view.pinned) == ("Old", "person", False)


async def test_what_a_tool_says_can_not_end_its_code(door: Conversations) -> None:
    """A page that holds fences stays one piece."""
    which = await door.start(actor="w")
    await door.add(which, NewMessage(role="tool", text="a\n````\n# Title"), actor="w")
    assert "\n`````\na\n````\n# Title\n`````\n" in exported(await door.read(which), "markdown")


async def test_what_was_erased_is_not_exported(door: Conversations) -> None:
    """There is nothing to be exported any more."""
    which = await talk(door)
    await door.erase(which, actor="window")
    with pytest.raises(Refused):
        exported(await door.read(which), "json")


def ours(*messages: dict[str, Any]) -> str:
    """A file of our own with these."""
    return json.dumps({"format": "vllm-studio-conversation", "messages": messages})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "no JSON"),
        ("[]", "no message"),
        ('{"messages": []}', "no message"),
        ('{"a": 1}', "has no `messages`"),
        ('[{"messages": []}, {"messages": [7]}]', "conversation 2 .* message 1"),
        ('[{"role": "user"}, {"role": "king"}]', "message 2 of conversation 1 .*'king'"),
        (
            '{"format": "vllm-studio-conversation", "messages": [{"role": "user", "parent": 0}]}',
            "message 1 of conversation 1 follows",
        ),
        ('{"format": "vllm-studio-conversation", "version": 9, "messages": []}', "newer version"),
        ('{"format": "vllm-studio-conversation", "messages": [{"role": 7}]}', "role"),
        (ours({"role": "user"}, {"role": "user", "outcome": "bad"}), "message 2 .*outcome 'bad'"),
        (ours({"role": "user", "prompt_tokens": -1}), "message 1 .*count of tokens"),
        (ours({"role": "user", "text": "x" * 9_000_000}), "message 1 .*at most 8 MiB"),
        (
            '{"format": "vllm-studio-conversation", "messages": [{"role": "user"}], "chosen": 1}',
            "conversation 1 shows a branch",
        ),
        (
            '{"format": "vllm-studio-conversation", "title": "x", "titled_by": "king"}',
            "title by 'king'",
        ),
        (
            '[{"role": "user", "content": [{"image_url": "data:image/png;base64,é"}]}]',
            "a picture of message 1 is no base64",
        ),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_a_bad_file_is_told_where_it_is_bad(text: str, words: str) -> None:
    """Before anything is started for it."""
    with pytest.raises(Invalid, match=words):
        imported(text)


@pytest.mark.parametrize("calls", [5, [7], [{"function": "f"}], {"a": 1}])
def test_tool_calls_of_another_shape_are_no_calls(calls: object) -> None:
    """What an old program wrote is no reason to refuse what was said."""
    [filed] = imported(json.dumps([{"role": "assistant", "content": "x", "tool_calls": calls}]))
    assert filed.messages[0].text == "x"


async def test_words_are_found_in_titles_and_messages(door: Conversations) -> None:
    """Whatever their case, every word of them; erased ones are not searched."""
    which = await talk(door)
    other = await door.start(actor="window")
    long = "x " * 100 + "the Grüße of spring" + " y" * 100
    said = await door.add(other, NewMessage(role="user", text=long), actor="w")
    [found] = await door.search("SPRING grüße")
    assert (found.conversation.conversation_id, found.message_id, found.times) == (other, said, 1)
    assert "the Grüße of spring" in found.around
    assert found.around.startswith("… ")
    assert found.around.endswith(" …")
    [titled] = await door.search("time")
    assert titled.conversation.conversation_id == which
    assert await door.search("nowhere") == ()
    await door.erase(which, actor="window")
    assert await door.search("time") == ()
