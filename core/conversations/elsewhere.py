"""Conversations as other programs hand them out, read as ours; pure.

    ChatGPT      `mapping`: messages by id, each with its `parent`; `current_node`
    Open WebUI   `chat.history.messages`: by id, each with its `parentId`; `currentId`
    Claude       `chat_messages`: one after the other

Branches come along. What stays away: what nobody said and nobody saw (hidden messages, what tools
were asked), and files, which are not in those exports.
"""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

ROLES = {"user": "user", "assistant": "assistant", "human": "user", "system": "system"}
SHOWN = ("text", "multimodal_text")  # of ChatGPT's kinds of content
_THOUGHTS = re.compile(r'<details type="reasoning"[^<>]*>\s*')
_SUMMARY, _SUMMARY_ENDS, _ENDS = "<summary>", "</summary>", "</details>"


class _Node(NamedTuple):
    """A place in the tree; without a message its followers follow the one before it."""

    parent: str | None
    message: dict[str, Any] | None


def from_elsewhere(told: dict[str, Any]) -> dict[str, Any] | None:
    """As a `Filed` is made of it; None: it is of none of these programs.

    Raises ValidationError where it is, and can not be read.
    """
    history = _dict(_dict(told.get("chat")).get("history"))
    if isinstance(told.get("mapping"), dict):
        nodes, leaf, read = told["mapping"], told.get("current_node"), _chatgpt
    elif isinstance(history.get("messages"), dict):
        nodes, leaf, read = history["messages"], history.get("currentId"), _open_webui
    elif isinstance(told.get("chat_messages"), list):
        nodes, leaf, read = _one_by_one(told["chat_messages"]), None, _claude
    else:
        return None
    messages, chosen = _in_order(nodes, leaf, read)
    title = told.get("title") or told.get("name") or _dict(told.get("chat")).get("title")
    return {
        "title": " ".join(str(title).split()) if title and messages else None,
        "pinned": told.get("pinned") is True,
        "messages": messages,
        "chosen": chosen,
    }


def _in_order(
    nodes: Mapping[str, Any], leaf: object, read: Callable[[dict[str, Any]], _Node]
) -> tuple[list[dict[str, Any]], int | None]:
    """Each message after the one that it follows; and the place at which the shown branch ends."""
    tree = {name: read(_dict(node)) for name, node in nodes.items()}
    under: dict[str | None, list[str]] = {}
    for name, node in tree.items():
        under.setdefault(node.parent if node.parent in tree else None, []).append(name)
    messages: list[dict[str, Any]] = []
    places: dict[str | None, int | None] = {None: None}
    waiting = under.get(None, [])[::-1]
    while waiting:
        name = waiting.pop()
        node = tree[name]
        place = places.get(node.parent)
        if node.message is not None:
            messages.append({**node.message, "parent": place})
            place = len(messages) - 1
        places[name] = place
        waiting += under.get(name, [])[::-1]
    if len(places) <= len(tree):
        raise msgspec.ValidationError("its messages follow each other in a ring")
    return messages, places.get(leaf) if isinstance(leaf, str) else None


def _chatgpt(node: dict[str, Any]) -> _Node:
    message, parent = _dict(node.get("message")), node.get("parent")
    content, beside = _dict(message.get("content")), _dict(message.get("metadata"))
    role = _dict(message.get("author")).get("role")
    parts = content.get("parts")
    shown = parts if isinstance(parts, list) else []
    text = "\n\n".join(one for one in shown if isinstance(one, str) and one)
    hidden = (
        role not in ("user", "assistant")
        or content.get("content_type", "text") not in SHOWN
        or message.get("recipient", "all") != "all"
        or beside.get("is_visually_hidden_from_conversation") is True
    )
    told = None if hidden else _message(role, text, model=beside.get("model_slug"))
    return _Node(_name(parent), told)


def _open_webui(node: dict[str, Any]) -> _Node:
    content = node.get("content")
    text = content if isinstance(content, str) else ""
    said, found = _without_thoughts(text) if node.get("role") == "assistant" else (text, [])
    quoted = (html.unescape(one).strip() for one in found)
    thoughts = "\n\n".join(re.sub(r"^>[ ]?", "", one, flags=re.MULTILINE) for one in quoted)
    told = _message(node.get("role"), said, model=node.get("model"), thoughts=thoughts)
    return _Node(_name(node.get("parentId")), told)


def _without_thoughts(text: str) -> tuple[str, list[str]]:
    """What was said, and what was thought; each letter is looked at once, whatever stands there."""
    said: list[str] = []
    thoughts: list[str] = []
    at = 0
    while (begins := _THOUGHTS.search(text, at)) is not None:
        ends = text.find(_ENDS, begins.end())
        if ends < 0:
            break
        thought = text[begins.end() : ends]
        if thought.startswith(_SUMMARY) and _SUMMARY_ENDS in thought:
            thought = thought.partition(_SUMMARY_ENDS)[2]
        said.append(text[at : begins.start()])
        thoughts.append(thought)
        at = ends + len(_ENDS)
        while text[at : at + 1].isspace():
            at += 1
    return "".join((*said, text[at:])), thoughts


def _claude(node: dict[str, Any]) -> _Node:
    parts = node.get("content")
    shown = [one for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
    texts = [one["text"] for one in shown if isinstance(one.get("text"), str) and one["text"]]
    thoughts = [one["thinking"] for one in shown if isinstance(one.get("thinking"), str)]
    text = "\n\n".join(texts) or node.get("text")
    told = _message(
        node.get("sender"),
        text if isinstance(text, str) else "",
        thoughts="\n\n".join(thoughts),
    )
    return _Node(_name(node.get("before")), told)


def _one_by_one(messages: list[Any]) -> dict[str, dict[str, Any]]:
    """By their numbers, each after the one before it."""
    return {
        str(at): {**_dict(one), "before": str(at - 1) if at else None}
        for at, one in enumerate(messages)
    }


def _message(
    role: object, text: str, *, model: object = None, thoughts: str = ""
) -> dict[str, Any] | None:
    ours = ROLES.get(role) if isinstance(role, str) else None
    if ours is None or not (text.strip() or thoughts):
        return None
    return {
        "role": ours,
        "text": text,
        "model": model if ours == "assistant" and isinstance(model, str) and model else None,
        "said": {"reasoning": thoughts},
    }


def _dict(told: object) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _name(told: object) -> str | None:
    return told if isinstance(told, str) else None
