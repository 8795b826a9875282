"""A tool of a server as a search: called with its approval, its answer read leniently."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from core.mcp.toolbox import Told
from core.mcp.views import CallResult, CallState, CallWish, Offered, Outcome
from core.research.web.tool_search import Asking, ToolSearch, arguments_for, found_in
from core.research.web.views import WebProblem

QUERY = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}


class Tools:
    """A toolbox with one tool that answers what a test says, and tells where the call stands."""

    def __init__(self, text: str = "[]", outcome: Outcome = "done", there: bool = True) -> None:
        self.text = text
        self.outcome: Outcome = outcome
        self.there = there
        self.wishes: list[CallWish] = []
        self.actors: list[str] = []

    def offered(self, chosen: Sequence[str]) -> tuple[Offered, ...]:
        """The one that is chosen, where it is there."""
        server, _, tool = chosen[0].partition("/")
        known = Offered(
            name=f"{server}__{tool}",
            server=server,
            tool=tool,
            title="",
            description="",
            parameters=QUERY,
            policy="ask",
        )
        return (known,) if self.there else ()

    async def call(self, wish: CallWish, *, actor: str, told: Told) -> CallResult:
        """As the real one: states are told, and nothing is raised."""
        self.wishes.append(wish)
        self.actors.append(actor)
        told(
            CallState(
                call_id=wish.call_id,
                conversation_id=wish.conversation_id,
                reply_id=wish.reply_id,
                server="web",
                tool="search",
                arguments=wish.arguments,
                arguments_hash="",
                state="asking",
                since=0,
            )
        )
        return CallResult(outcome=self.outcome, text=self.text)


async def test_the_call_is_made_for_the_research_that_asks() -> None:
    """Its id is what approvals are bound to, and who waits for one is told."""
    told: list[CallState] = []
    tools = Tools(json.dumps([{"title": "Ada", "link": "https://a.example/?utm_source=x"}]))
    asking = Asking(conversation_id="research-1", reply_id="r", actor="owner", told=told.append)
    hits = await ToolSearch("mine", "web/search", tools, asking).search(" Mount\nAda ", most=5)
    (wish,) = tools.wishes
    assert (wish.name, wish.conversation_id, wish.reply_id) == ("web__search", "research-1", "r")
    assert wish.arguments == {"query": "Mount Ada"}
    assert tools.actors == ["owner"]
    assert [state.state for state in told] == ["asking"]
    assert [(hit.url, hit.title, hit.provider) for hit in hits] == [
        ("https://a.example/", "Ada", "mine")
    ]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("denied", "denied"), ("timed-out", "timeout"), ("failed", "server-error"),
     ("cancelled", "server-error")],
)  # fmt: skip
async def test_a_call_that_comes_to_nothing_says_why(outcome: Outcome, code: str) -> None:
    """With what may be done."""
    search = ToolSearch("mine", "web/search", Tools("no", outcome), Asking(conversation_id="r"))
    with pytest.raises(WebProblem) as failed:
        await search.search("x", most=5)
    assert failed.value.code == code
    assert failed.value.next_action


async def test_a_tool_that_nobody_offers_is_missing() -> None:
    """It is not called."""
    tools = Tools(there=False)
    search = ToolSearch("mine", "web/search", tools, Asking(conversation_id="r"))
    with pytest.raises(WebProblem) as failed:
        await search.search("x", most=5)
    assert failed.value.code == "missing-tool"
    assert tools.wishes == []


def schema(required: Sequence[str] = (), **properties: str | dict[str, Any]) -> dict[str, Any]:
    """Of a tool's parameters."""
    described = {
        name: {"type": one} if isinstance(one, str) else one for name, one in properties.items()
    }
    return {"type": "object", "properties": described, "required": list(required)}


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        (schema(query="string"), {"query": "ada"}),
        (schema(q="string", count="integer"), {"q": "ada", "count": 7}),
        (schema(search_query="string", lang="string"), {"search_query": "ada"}),
        (schema(thing="string"), {"thing": "ada"}),
        (schema(("about",), about="string", lang="string"), {"about": "ada"}),
        (
            schema(query="string", max_results={"type": "integer", "maximum": 5}),
            {"query": "ada", "max_results": 5},
        ),
        (schema(query={"title": "Query"}), {"query": "ada"}),
    ],
)
def test_the_place_for_the_query_is_found(
    parameters: dict[str, Any], arguments: dict[str, Any]
) -> None:
    """By its usual names, or because there is only one."""
    assert arguments_for(parameters, "ada", 7) == arguments


def test_the_place_may_be_named() -> None:
    """Where it can not be guessed; a name that is not there is no place."""
    two = schema(one="string", two="string")
    assert arguments_for(two, "ada", 7, "two") == {"two": "ada"}
    for unclear in (two, schema(), {}, schema(n="integer")):
        with pytest.raises(WebProblem):
            arguments_for(unclear, "ada", 7, "three")


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps([{"title": "Ada", "url": "https://a.example/", "snippet": "high"},
                    {"title": "Bel", "url": "https://b.example/", "snippet": "low"}]),
        json.dumps({"hits": [{"name": "Ada", "link": "https://a.example/", "description": "high"},
                                {"name": "Bel", "href": "https://b.example/", "content": "low"}]}),
        json.dumps({"content": [{"type": "text", "text": "1. [Ada](https://a.example/)\nhigh\n\n"
                                 "2. [Bel](https://b.example/)\nlow"}]}),
        "Title: Ada\nURL: https://a.example/\nDescription: high\n\n"
        "Title: Bel\nURL: https://b.example/\nDescription: low",
        "Found 2 search results:\n\n1. Ada\n   URL: https://a.example/\n   Summary: high\n\n"
        "2. Bel\n   URL: https://b.example/\n   Summary: low\n",
        "- [Ada](https://a.example/)\n  high\n- [Bel](https://b.example/)\n  low",
        "## Ada\nhttps://a.example/\nhigh\n\n## Bel\nhttps://b.example/\nlow",
    ],
)  # fmt: skip
def test_answers_of_many_forms_are_read(answer: str) -> None:
    """JSON of any shape, Markdown, paragraphs with labels."""
    assert found_in(answer) == [
        ("https://a.example/", "Ada", "high"),
        ("https://b.example/", "Bel", "low"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "nothing found",
        "[]",
        "{}",
        "null",
        "7",
        "[" * 99 + "]" * 99,
        "[" * 90_000,
        '{"a":' * 9_000,
    ],
)
def test_an_answer_without_addresses_has_no_hits(answer: str) -> None:
    """However deep it is."""
    assert found_in(answer) == []
