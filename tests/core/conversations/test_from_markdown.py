"""A conversation that went out as Markdown comes in again as it was shown."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.conversations import Conversation, NewMessage, Said, ToolCall, ToolOutcome
from core.conversations.exchange import exported, shown_branch
from core.conversations.importing import imported
from core.conversations.setup import Setup
from core.errors import Invalid
from tests.core.conversations.test_conversations import House
from tests.core.conversations.test_round_trip import held

HEADING = "## user · 2026-12-01 10:00 UTC"
CALLS = "Calls `erase`:\n\n```json\n{}\n```"
words = st.text(alphabet="ab *`\\\n#", max_size=30)
nasty = st.sampled_from([HEADING, f"\\{HEADING}", CALLS, "```\nopen", "## system prompt", "", "x"])
texts = st.lists(words | nasty, max_size=3).map("\n".join)
names = st.text(alphabet="ab c*`_", min_size=1, max_size=9).filter(str.strip)
calls = st.builds(ToolCall, id=names, name=names, arguments=texts)
answers = st.fixed_dictionaries(
    {"role": st.just("assistant"), "text": texts, "model": st.just("qwen"), "calls": st.just(())}
)
calling = st.fixed_dictionaries(
    {
        "role": st.just("assistant"),
        "text": texts,
        "model": st.just("qwen"),
        "calls": st.lists(calls, min_size=1, max_size=3).map(tuple),
    }
)
asking = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "system"]), "text": texts, "model": st.none()}
)
messages = st.lists(asking | answers | calling, min_size=1, max_size=5)
conversations = st.fixed_dictionaries(
    {
        "title": st.none() | names.filter(lambda one: one.strip() != "Conversation"),
        "folder": st.none() | names,
        "pinned": st.booleans(),
        "system": texts.map(str.strip),
        "messages": messages,
    }
)


def told(said: dict[str, Any]) -> dict[str, Any]:
    """As `held` takes a conversation; each call has a result."""
    chain: list[dict[str, Any]] = []
    for one in said["messages"]:
        spoken = Said(text=one["text"], tool_calls=one.get("calls", ()))
        chain.append({"role": one["role"], "said": spoken, "model": one["model"]})
        for call in one.get("calls", ()):
            tool = ToolOutcome(server="files", tool="read", outcome="failed")
            result = Said(text=one["text"], answers=call.id, tool=tool)
            chain.append({"role": "tool", "said": result, "model": None})
    follows = [{**one, "follows": at - 1 if at else None} for at, one in enumerate(chain)]
    return {
        "messages": follows,
        "title": said["title"] and (said["title"], "person"),
        "folder": said["folder"],
        "pinned": said["pinned"],
        "chosen": None,
        "setup": Setup(system=said["system"]) if said["system"] else None,
    }


def looks(read: Conversation) -> dict[str, Any]:
    """What Markdown has a place for; results by the place of their call in their answer."""
    places: dict[str, int] = {}
    shown = []
    for one in shown_branch(read):
        said = one.said or Said()
        if said.tool_calls:
            places = {call.id: at for at, call in reversed(list(enumerate(said.tool_calls)))}
        shown.append(
            (
                one.role,
                (one.text or "").strip(),
                one.model,
                [(" ".join(call.name.split()), call.arguments) for call in said.tool_calls],
                said.tool and (said.tool.server, said.tool.tool, said.tool.outcome),
                said.answers in places,
            )
        )
    view = read.conversation
    title, folder = (" ".join((one or "").split()) for one in (view.title, view.folder))
    system = read.setup.system if read.setup else ""
    return {"beside": (title, folder, view.pinned, system), "shown": shown}


@settings(max_examples=60, deadline=None)
@given(conversations)
@example(
    {
        "title": None,
        "folder": None,
        "pinned": False,
        "system": HEADING,
        "messages": [{"role": "user", "text": f"{HEADING}\n\n{CALLS}", "model": None}],
    }
)
def test_what_is_shown_comes_back(said: dict[str, Any]) -> None:
    """Also where what was said looks like what stands between messages."""

    async def there_and_back(house: House) -> None:
        door = house.conversations
        first = await door.read(await held(door, told(said)))
        [filed] = imported(exported(first, "markdown"))
        second = await door.read(await door.take_in(filed, actor="w"))
        assert looks(second) == looks(first)

    with tempfile.TemporaryDirectory() as home:
        house = House(Path(home))
        try:
            asyncio.run(there_and_back(house))
        finally:
            house.close()


def test_results_find_their_calls() -> None:
    """By the tool's name, whichever came first; a second call of it by its turn."""
    [filed] = imported(
        "# Two\n\n## qwen · 2026-12-01 10:00 UTC\n\n"
        + "".join(f"\nCalls `{name}`:\n\n```json\n{{}}\n```\n" for name in ("a__x", "b__y", "a__x"))
        + "".join(
            f"\n## {who} · 2026-12-01 10:00 UTC\n\n```\n{text}\n```\n"
            for who, text in (("b › y", "1"), ("a › x (failed)", "2"), ("a › x", "3"))
        )
    )
    ids = [one.id for one in filed.messages[0].said.tool_calls] if filed.messages[0].said else []
    answers = [one.said.answers for one in filed.messages[1:] if one.said]
    assert answers == [ids[1], ids[0], ids[2]]


def test_an_editor_may_have_changed_it() -> None:
    """Ends of lines of Windows, a mark at its beginning, results without their fences."""
    text = (
        "\ufeff# Walk\r\n\r\n## user · 2026-12-01 10:00 UTC\r\n\r\nWhere to?\r\nTo sea?\r\n"
        "\r\n## maps › find · 2026-12-01 10:01 UTC\r\n\r\nThe sea.\r\n"
    )
    [filed] = imported(text)
    assert (filed.title, filed.setup, filed.pinned) == ("Walk", None, False)
    assert [(one.role, one.text) for one in filed.messages] == [
        ("user", "Where to?\nTo sea?"),
        ("tool", "The sea."),
    ]


@pytest.mark.parametrize("text", ["# A heading\n\nand words", "## user\n\nHello", "#"])
def test_markdown_without_a_message_is_refused(text: str) -> None:
    """A conversation would be begun of any file otherwise."""
    with pytest.raises(Invalid, match="no message in this Markdown"):
        imported(text)


async def test_a_file_that_went_along_is_named(tmp_path: Path) -> None:
    """It is not in the Markdown; its name stays."""
    house = House(tmp_path)
    which = await house.conversations.start(actor="w")
    await house.conversations.add(which, NewMessage(role="user", text="See"), actor="w")
    text = exported(await house.conversations.read(which), "markdown")
    text = text.replace("See", "*Attached: a.pdf (pdf, 3 pages)*\n\nSee")
    [filed] = imported(text)
    assert filed.messages[0].text == "*Attached: a.pdf (pdf, 3 pages)*\n\nSee"
    house.close()
