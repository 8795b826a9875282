"""A conversation out of the Markdown that `exchange.py` makes of it; pure.

It holds what is shown: title, folder, pin, system prompt, and who said what, with calls of tools
and their results. Other branches, thoughts, counts and files are not in it; the name of a file
that went with a message stays as a line of its text.
"""

import re
from collections.abc import Iterator
from typing import Any

from core.conversations.decider import ROLES

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
    asked: list[tuple[str, str]] = []  # the calls that have no result yet: their ids and names
    told["messages"] = [
        _message(lines[begin], lines[begin + 1 : end], at, asked)
        for at, (begin, end) in enumerate(zip(heads, ends, strict=True))
    ]
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


def _message(head: str, body: list[str], at: int, asked: list[tuple[str, str]]) -> dict[str, Any]:
    heading = _HEADING.fullmatch(head)
    who = heading[1] if heading else ""
    told: dict[str, Any] = {"role": who, "parent": at - 1 if at else None}
    if found := _TOOL.fullmatch(who):
        told["role"] = "tool"
        outcome = {"server": found[1], "tool": found[2], "outcome": found[3] or "done"}
        answers = _answered(outcome["server"], outcome["tool"], asked)
        told |= {"text": _result(body), "said": {"tool": outcome, "answers": answers}}
    elif who == "tool":
        told |= {"text": _result(body), "said": {"answers": _answered("", "", asked)}}
    elif who in ROLES and who != "assistant":
        told["text"] = _words(body)
    else:
        told |= {"role": "assistant", "model": who if who != "assistant" else None}
        calls = list(_calls(body, at))
        told |= {"text": _words(body), "said": {"tool_calls": calls}}
        asked[:] = [(one["id"], one["name"]) for one in calls]
    return told


def _calls(body: list[str], at: int) -> Iterator[dict[str, str]]:
    """The calls that an answer ends with; they are taken out of its lines."""
    found: list[tuple[str, str]] = []
    place = next((n for n, line in enumerate(body) if re.fullmatch(CALL, line)), len(body))
    rest = body[place:]
    del body[place:]
    while rest and (call := re.fullmatch(CALL, rest[0])) and len(rest) > 2:
        fence = rest[2].removesuffix("json")
        if fence not in rest[3:]:
            break
        end = rest.index(fence, 3)
        found.append((call[0][7:-2], _plain("\n".join(rest[3:end]))))
        rest = rest[end + 1 :]
        while rest and not rest[0]:
            del rest[0]
    body += rest  # somebody has changed it: it stays what they wrote
    for place, (name, arguments) in enumerate(found):
        yield {"id": f"call-{at}-{place}", "name": name, "arguments": arguments}


def _answered(server: str, tool: str, asked: list[tuple[str, str]]) -> str:
    """The id of the call that a result belongs to: of this tool, or the first that has none."""
    names = {tool, f"{server}__{tool}"}
    found = next((one for one in asked if one[1] in names), asked[0] if asked else ("", ""))
    if found in asked:
        asked.remove(found)
    return found[0]


def _result(body: list[str]) -> str:
    """What stands as code in it, or all of it."""
    while body and not body[-1]:
        body = body[:-1]
    while body and not body[0]:
        body = body[1:]
    if len(body) > 1 and _FENCE.fullmatch(body[0]) and body[-1] == body[0]:
        return _plain("\n".join(body[1:-1]))
    return _words(body)


def _words(lines: list[str]) -> str:
    return _plain("\n".join(lines).strip())


def _plain(text: str) -> str:
    """Without the sign of `as_words`."""
    return _SIGNED.sub(r"\1", text)
