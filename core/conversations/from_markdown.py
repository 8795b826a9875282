"""A conversation out of the Markdown that `exchange.py` makes of it; pure.

It holds what is shown: title, folder, pin, system prompt, and who said what, with calls of tools
and their results. Other branches, thoughts, counts and files are not in it; the name of a file
that went with a message stays as a line of its text.
"""

import re
from collections import defaultdict, deque
from typing import Any

from core.conversations.decider import ROLES
from core.mcp.naming import offered_name

WHEN = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
HEADING = rf"## .* · {WHEN}"
CALL = r"Calls `.*`:"
_MARKED = re.compile(rf"(?m)^(\\*(?:{HEADING}|{CALL}))$")
_SIGNED = re.compile(rf"(?m)^\\(\\*(?:{HEADING}|{CALL}))$")
_HEADING = re.compile(rf"## (.*) · {WHEN}")
_TOOL = re.compile(r"(.*?) › (.*?)(?: \(([a-z-]+)\))?")
_FOLDER = re.compile(r"\*Folder: (.*)\*")
_FENCE = re.compile(r"(`{3,})(?:json)?")
UNTITLED = "Conversation"
SYSTEM = "## system prompt"


def as_words(text: str) -> str:
    """With a sign before lines that would be taken for what stands between messages."""
    return _MARKED.sub(r"\\\1", text)


def from_markdown(text: str) -> dict[str, Any] | None:
    """The conversation as it is filed; None: nothing is said in it."""
    if text.count("\n") == text.count("\r\n"):  # it was saved by an editor of Windows
        text = text.replace("\r\n", "\n")
    lines = text.strip("\ufeff\n").split("\n")
    heads = [at for at, line in enumerate(lines) if _HEADING.fullmatch(line)]
    if not heads:
        return None
    ends = [*heads[1:], len(lines)]
    told = _beside(lines[: heads[0]])
    told["messages"] = [
        _message(lines[begin], lines[begin + 1 : end], at)
        for at, (begin, end) in enumerate(zip(heads, ends, strict=True))
    ]
    _pair(told["messages"])
    return told


def _beside(lines: list[str]) -> dict[str, Any]:
    """What stands before the first message."""
    told: dict[str, Any] = {}
    if SYSTEM in lines:
        at = lines.index(SYSTEM)
        told["setup"] = {"system": _words(lines[at + 1 :])}
        lines = lines[:at]
    title = lines[0].removeprefix("# ").strip() if lines and lines[0].startswith("# ") else ""
    told["title"] = title if title != UNTITLED else None
    for line in lines[1:]:
        if found := _FOLDER.fullmatch(line):
            told["folder"] = re.sub(r"\\([*_`<&])", r"\1", found[1])
        told["pinned"] = told.get("pinned", False) or line == "*Pinned*"
    return told


def _message(head: str, body: list[str], at: int) -> dict[str, Any]:
    heading = _HEADING.fullmatch(head)
    who = heading[1] if heading else ""
    told: dict[str, Any] = {"role": who, "parent": at - 1 if at else None}
    if found := _TOOL.fullmatch(who):
        told["role"] = "tool"
        outcome = {"server": found[1], "tool": found[2], "outcome": found[3] or "done"}
        told |= {"text": _result(body), "said": {"tool": outcome, "answers": ""}}
    elif who == "tool":
        told |= {"text": _result(body), "said": {"answers": ""}}
    elif who in ROLES and who != "assistant":
        told["text"] = _words(body)
    else:
        told |= {"role": "assistant", "model": who if who != "assistant" else None}
        words, calls = _calls(body, at)
        told |= {"text": _words(words), "said": {"tool_calls": calls}}
    return told


def _calls(body: list[str], at: int) -> tuple[list[str], list[dict[str, str]]]:
    """The lines of an answer without the calls that it ends with, and these."""
    begin = next((n for n, line in enumerate(body) if re.fullmatch(CALL, line)), len(body))
    found: list[dict[str, str]] = []
    place = begin
    while place + 2 < len(body) and (call := re.fullmatch(CALL, body[place])):
        try:
            end = body.index(body[place + 2].removesuffix("json"), place + 3)
        except ValueError:
            break
        arguments = _plain("\n".join(body[place + 3 : end]))
        name = call[0][7:-2]
        found.append({"id": f"call-{at}-{len(found)}", "name": name, "arguments": arguments})
        place = end + 1
        while place < len(body) and not body[place]:
            place += 1
    # What is left was changed by somebody: it stays what they wrote
    return body[:begin] + body[place:], found


def _pair(messages: list[dict[str, Any]]) -> None:
    """Say of each result which call of the answer before it it belongs to."""
    calls: list[dict[str, str]] = []
    results: list[dict[str, Any]] = []
    for one in messages:
        if one["role"] == "tool":
            results.append(one["said"])
        elif one["role"] == "assistant":
            _settle(calls, results)
            calls, results = one["said"]["tool_calls"], []
    _settle(calls, results)


def _settle(calls: list[dict[str, str]], results: list[dict[str, Any]]) -> None:
    """Results stand as they came. 1. by the name of the tool 2. the rest in turn."""
    waiting: dict[str, deque[str]] = defaultdict(deque)
    for call in calls:
        waiting[call["name"]].append(call["id"])
    for said in results:  # 1
        name = next((name for name in _names(said) if waiting.get(name)), None)
        if name is not None:
            said["answers"] = waiting[name].popleft()
    taken = {said["answers"] for said in results}
    left = (call["id"] for call in calls if call["id"] not in taken)
    for said in results:  # 2
        said["answers"] = said["answers"] or next(left, "")


def _names(said: dict[str, Any]) -> tuple[str, ...]:
    """What a model may have called the tool of a result by; other programs know no servers."""
    if "tool" not in said:
        return ()
    server, tool = said["tool"]["server"], said["tool"]["tool"]
    return offered_name(server, tool), f"{server}__{tool}", tool


def _result(body: list[str]) -> str:
    """What stands as code in it, or all of it."""
    begin, end = 0, len(body)
    while begin < end and not body[end - 1]:
        end -= 1
    while begin < end and not body[begin]:
        begin += 1
    if end - begin > 1 and _FENCE.fullmatch(body[begin]) and body[end - 1] == body[begin]:
        return _plain("\n".join(body[begin + 1 : end - 1]))
    return _words(body[begin:end])


def _words(lines: list[str]) -> str:
    return _plain("\n".join(lines).strip())


def _plain(text: str) -> str:
    """Without the sign of `as_words`."""
    return _SIGNED.sub(r"\1", text)
