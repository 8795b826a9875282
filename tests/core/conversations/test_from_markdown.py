"""A conversation that went out as Markdown comes in again as it was shown."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.conversations import Conversation, NewMessage, Said, ToolCall, ToolOutcome
from core.conversations.attached import Attachment
from core.conversations.exchange import exported, shown_branch
from core.conversations.importing import imported
from core.conversations.setup import Setup
from core.errors import Invalid
from core.mcp.naming import offered_name
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
        "calls": st.lists(calls, min_size=1, max_size=3, unique_by=lambda one: one.id).map(tuple),
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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Conversations on an empty home."""
    house = House(tmp_path)
    yield house
    house.close()


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
            places = {call.id: at for at, call in enumerate(said.tool_calls)}
        shown.append(
            (
                one.role,
                (one.text or "").strip(),
                one.model,
                [(" ".join(call.name.split()), call.arguments) for call in said.tool_calls],
                said.tool and (said.tool.server, said.tool.tool, said.tool.outcome),
                places.get(said.answers),
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


@pytest.mark.parametrize("turn", [1, -1], ids=["in turn", "as they came"])
async def test_results_find_their_calls_under_any_name(house: House, turn: int) -> None:
    """A model is offered other names where signs are not allowed, or there are too many of them.

    A result that names no tool takes what is left, though it came first.
    """
    tools = [("files", name) for name in ("read.a", "read.b", "read/a", "l" * 70, "l" * 71)]
    tools += [("a__b", "c"), ("a", "b__c"), ("a_", "c"), ("a", "c_01234567")]
    calls = [(f"{server}/{tool}", offered_name(server, tool)) for server, tool in tools]
    asked = [("nobody's", "nonsense"), *calls]
    answer = Said(tool_calls=tuple(ToolCall(id=i, name=n, arguments="{}") for i, n in asked))
    results = [
        Said(text=f"{server}/{tool}", answers=f"{server}/{tool}", tool=outcome(server, tool))
        for server, tool in tools
    ]
    results.append(Said(text="nobody's", answers="nobody's", tool=outcome("", "nonsense")))
    door = house.conversations
    which = await door.start(actor="w")
    before = await door.add(which, NewMessage(role="assistant", said=answer), actor="w")
    for said in results[::turn]:
        told = NewMessage(role="tool", said=said, parent_id=before)
        before = await door.add(which, told, actor="w")
    [filed] = imported(exported(await door.read(which), "markdown"))
    (first, *rest) = [one.said for one in filed.messages if one.said]
    texts = {one.answers: one.text or filed.messages[at].text for at, one in enumerate(rest, 1)}
    assert [texts[call.id] for call in first.tool_calls] == [name for name, _ in asked]


def outcome(server: str, tool: str) -> ToolOutcome:
    """Done."""
    return ToolOutcome(server=server, tool=tool, outcome="done")


ANSWER = "## qwen · 2026-12-01 10:00 UTC"
RESULT = "## a › x · 2026-12-01 10:00 UTC"


@pytest.mark.parametrize(
    "text",
    [
        ANSWER + "\n\nCalls `x`:\n\n```json\n```" * 40_000,
        ANSWER + "\n\nCalls `x`:\n\n```json\n```" * 15_000 + f"\n{RESULT}\n\n1" * 15_000,
        RESULT + "\n" * 1_000_000 + "1",
        RESULT + "\n\n1" + "\n" * 1_000_000 + "1",
    ],
    ids=["calls", "calls with results", "blank lines", "blank lines within"],
)
def test_a_long_one_is_read_once(text: str) -> None:
    """Whoever reads it again for each line takes minutes, and can not be stopped."""
    [filed] = imported(text)
    assert filed.messages


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


async def test_a_file_that_went_along_is_named(house: House) -> None:
    """It is not in the Markdown; its name stays."""
    door = house.conversations
    file = Attachment(
        id="f", name="a.pdf", kind="pdf", mime="", size=9, sha256="", tokens=1, pages=3
    )
    said = Said(text="See", attachments=(file,))
    which = await door.start(actor="w")
    await door.add(which, NewMessage(role="user", said=said), actor="w")
    [filed] = imported(exported(await door.read(which), "markdown"))
    assert filed.messages[0].text == "*Attached: a.pdf (pdf, 3 pages)*\n\nSee"
