"""What other programs hand out is read as it was said there, with its branches."""

import json
from typing import Any

import pytest

from core.conversations.exchange import Filed
from core.conversations.importing import imported
from core.errors import Invalid

BEGUN = '<details type="reasoning">'
ENDS = "</summary>" * 200_000


def told(filed: Filed) -> list[tuple[int | None, str, str]]:
    """What each follows, who said it, and what."""
    return [(one.parent, one.role, one.text) for one in filed.messages]


def chatgpt(*nodes: tuple[str, str | None, dict[str, Any] | None]) -> dict[str, Any]:
    """Nodes in ChatGPT's form: id, parent, message."""
    mapping = {
        name: {"id": name, "parent": parent, "message": message} for name, parent, message in nodes
    }
    return {"title": "Whales\nand ships", "mapping": mapping, "current_node": nodes[-1][0]}


def said(role: str, *parts: object, kind: str = "text", **more: Any) -> dict[str, Any]:
    """A message in ChatGPT's form."""
    return {
        "author": {"role": role},
        "content": {"content_type": kind, "parts": list(parts)},
        **more,
    }


def test_chatgpts_tree_comes_with_its_branches() -> None:
    """What is hidden, or was said to a tool, is passed over, and nobody is lost by it."""
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    export = chatgpt(
        ("root", None, None),
        ("hidden", "root", said("system", "", metadata={})),
        ("q", "hidden", said("user", picture, "Who is Ahab?", kind="multimodal_text")),
        ("wants", "q", said("assistant", 'search("Ahab")', recipient="browser")),
        ("found", "wants", said("tool", "a page")),
        ("a", "found", said("assistant", "A captain.", metadata={"model_slug": "gpt-4o"})),
        ("a2", "q", said("assistant", "Nobody.", recipient="all")),
        ("q2", "a", said("user", "Of what?")),
    )
    [filed] = imported(json.dumps([export]))
    assert told(filed) == [
        (None, "user", "Who is Ahab?"),
        (0, "assistant", "A captain."),
        (1, "user", "Of what?"),
        (0, "assistant", "Nobody."),
    ]
    assert (filed.title, filed.chosen) == ("Whales and ships", 2)
    assert [one.model for one in filed.messages] == [None, "gpt-4o", None, None]


def test_open_webuis_history_comes_with_thoughts_and_pin() -> None:
    """Its thoughts stand in the text, as HTML."""
    thoughts = (
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds'
        "</summary>\n&gt; Is 1 &lt; 2?\n> Yes.\n</details>\n"
    )
    messages = {
        "1": {"id": "1", "parentId": None, "role": "user", "content": "Is it so?"},
        "2": {"parentId": "1", "role": "assistant", "content": thoughts + "It is.", "model": "q"},
        "3": {"parentId": "1", "role": "assistant", "content": "No.", "model": "other"},
    }
    history = {"messages": messages, "currentId": "2"}
    export = {"id": "x", "title": "So", "pinned": True, "chat": {"history": history}}
    [filed] = imported(json.dumps([export]))
    assert told(filed) == [
        (None, "user", "Is it so?"),
        (0, "assistant", "It is."),
        (0, "assistant", "No."),
    ]
    assert (filed.title, filed.pinned, filed.chosen) == ("So", True, 1)
    answer = filed.messages[1]
    assert answer.said is not None
    assert (answer.model, answer.said.reasoning) == ("q", "Is 1 < 2?\nYes.")


def test_what_a_person_wrote_stays_as_it_is() -> None:
    """Also where it looks like a model's thoughts: somebody asks about them."""
    asked = f"What does {BEGUN}a</details> mean?"
    messages = {"1": {"parentId": None, "role": "user", "content": asked}}
    [filed] = imported(json.dumps({"chat": {"history": {"messages": messages}}}))
    assert told(filed) == [(None, "user", asked)]


@pytest.mark.parametrize(
    ("text", "said", "thought"),
    [
        (f"{BEGUN}a</details>One. {BEGUN}b</details> Two.", "One. Two.", "a\n\nb"),
        (f"{BEGUN}<summary>s</summary></details>One.", "One.", ""),
        (f"One. {BEGUN}and no end", f"One. {BEGUN}and no end", ""),
        (BEGUN * 200_000, BEGUN * 200_000, ""),  # it holds nobody up
        (f"{BEGUN}<summary>{ENDS}", f"{BEGUN}<summary>{ENDS}", ""),
    ],
    ids=["two", "empty", "cut", "never-ending", "never-ending-summary"],
)
def test_open_webuis_thoughts_are_taken_out_whatever_stands_there(
    text: str, said: str, thought: str
) -> None:
    """A file that somebody made to be read for ever is read like any other."""
    messages = {"1": {"parentId": None, "role": "assistant", "content": text}}
    [filed] = imported(json.dumps({"chat": {"history": {"messages": messages}}}))
    [answer] = filed.messages
    assert answer.said is not None
    assert (answer.text, answer.said.reasoning) == (said, thought)


def test_claudes_messages_come_one_after_the_other() -> None:
    """With what it thought; what is empty is passed over."""
    content = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Yes."},
        {"type": "tool_use", "name": "x", "input": {}},
    ]
    export = {
        "uuid": "u",
        "name": "Short",
        "chat_messages": [
            {"sender": "human", "text": "Well?"},
            {"sender": "human", "text": ""},
            {"sender": "assistant", "text": "old", "content": content},
        ],
    }
    [filed] = imported(json.dumps(export))
    assert told(filed) == [(None, "user", "Well?"), (0, "assistant", "Yes.")]
    assert filed.messages[1].said is not None
    assert filed.messages[1].said.reasoning == "Hm."
    assert filed.title == "Short"


def test_a_long_chain_is_read_and_a_ring_is_refused() -> None:
    """However deep it is; what never begins can not be read."""
    chain = [(str(n), str(n - 1) if n else None, said("user", f"{n}")) for n in range(5000)]
    [filed] = imported(json.dumps(chatgpt(*chain)))
    assert [one.parent for one in filed.messages] == [None, *range(4999)]
    ring = chatgpt(("a", "b", said("user", "x")), ("b", "a", said("user", "y")))
    with pytest.raises(Invalid, match="ring"):
        imported(json.dumps(ring))


@pytest.mark.parametrize(
    "export",
    [
        {"mapping": {"a": 3, "b": {"message": 4, "parent": 5}}},
        {"mapping": {"a": {"message": {"author": 1, "content": {"parts": [3]}}}}},
        {"mapping": {"a": {"message": {"author": {"role": "user"}, "content": {"parts": 3}}}}},
        {"chat": {"history": {"messages": {"a": None}, "currentId": 7}}},
        {"chat_messages": [None, {"sender": 5, "text": 6, "content": [1, {"text": 2}]}]},
    ],
)
def test_what_holds_no_message_is_no_conversation(export: dict[str, Any]) -> None:
    """Whatever stands in the places of what is expected."""
    with pytest.raises(Invalid, match="there is no message in it"):
        imported(json.dumps({"title": "Empty", **export}))
