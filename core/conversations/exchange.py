"""Conversations as files: Markdown to read, JSON with everything, messages as OpenAI takes them.

What is exported as JSON comes back as it was (`importing.py`): its branches and which of them is
shown, title, folder, pin, setup and files. Of Markdown comes back what is shown
(`from_markdown.py`).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from core.conversations.attached import Attachment, FiledFile
from core.conversations.branches import branch_to, calls_of
from core.conversations.from_markdown import SYSTEM, UNTITLED, as_words
from core.conversations.setup import Setup
from core.conversations.views import (
    Conversation,
    ConversationView,
    MessageView,
    Said,
)
from core.errors import Refused

Format = Literal["markdown", "json", "openai"]
FORMAT = "vllm-studio-conversation"
VERSION = 1


class FiledMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message in a file; `parent` is the place of the one before it in the list."""

    role: str
    text: str = ""
    parent: int | None = None
    said: Said | None = None
    outcome: str = "whole"
    model: str | None = None
    at: int | None = None  # µs since the epoch
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Filed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A conversation in a file."""

    format: str = msgspec.field(default="")
    version: int = VERSION
    title: str | None = None
    titled_by: str = "person"
    folder: str | None = None
    pinned: bool = False
    chosen: int | None = None  # the place of the message at which the shown branch ends
    setup: Setup | None = None
    messages: tuple[FiledMessage, ...] = ()
    files: tuple[FiledFile, ...] = ()


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with an export of the files of its messages."""

    files: tuple[FiledFile, ...] = ()  # for `json`
    contents: Mapping[str, Any] = {}  # for `openai`: what a message is with its files, by its id


def exported(conversation: Conversation, form: Format, taken: Taken | None = None) -> str:
    """As a file's text. Raises Refused when it can not be read any more."""
    if conversation.conversation.standing != "open":
        raise Refused(
            "this conversation can not be read any more",
            code="conversation-unreadable",
            next_action="what was said in it is gone; that it was there stays in the log",
        )
    if form == "json":
        return _pretty(_filed(conversation, taken.files if taken else ()))
    branch = shown_branch(conversation)
    if form == "openai":
        contents = taken.contents if taken else {}
        system = conversation.setup.system if conversation.setup else ""
        told: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        told += [_openai(one, contents) for one in branch if one.text is not None]
        return _pretty({"metadata": _told_beside(conversation.conversation), "messages": told})
    return "".join(_markdown(conversation, branch))


def shown_branch(conversation: Conversation) -> list[MessageView]:
    """The messages that are shown, from the first on."""
    return branch_to(conversation, conversation.chosen)


def _filed(conversation: Conversation, files: tuple[FiledFile, ...]) -> Filed:
    places = {one.message_id: at for at, one in enumerate(conversation.messages)}
    return Filed(
        format=FORMAT,
        title=conversation.conversation.title,
        titled_by=conversation.conversation.titled_by or "person",
        folder=conversation.conversation.folder,
        pinned=conversation.conversation.pinned,
        chosen=places.get(conversation.chosen or ""),
        setup=conversation.setup,
        messages=tuple(
            FiledMessage(
                role=one.role,
                text=one.text or "",
                parent=None if one.parent_id is None else places.get(one.parent_id),
                said=one.said,
                outcome=one.outcome,
                model=one.model,
                at=one.added_at,
                prompt_tokens=one.prompt_tokens,
                completion_tokens=one.completion_tokens,
            )
            for one in conversation.messages
        ),
        files=files,
    )


def _told_beside(view: ConversationView) -> dict[str, str]:
    """What OpenAI's messages have no place for, as the `metadata` that a request may carry."""
    told = {"title": view.title, "folder": view.folder, "pinned": "true" if view.pinned else None}
    return {name: value for name, value in told.items() if value}


def _openai(one: MessageView, contents: Mapping[str, Any]) -> dict[str, Any]:
    content = contents.get(one.message_id, one.text)
    told: dict[str, Any] = {"role": one.role, "content": content}
    said = one.said or Said()
    if said.answers:
        told["tool_call_id"] = said.answers
    if said.tool_calls:
        told["tool_calls"] = calls_of(said)
    return told


def _markdown(conversation: Conversation, branch: list[MessageView]) -> Iterator[str]:
    view = conversation.conversation
    yield f"# {_line(view.title or UNTITLED)}\n"
    if view.folder:
        yield f"\n*Folder: {_plain(_line(view.folder))}*\n"
    if view.pinned:
        yield "\n*Pinned*\n"
    if conversation.setup is not None and conversation.setup.system:
        yield f"\n{SYSTEM}\n\n{as_words(conversation.setup.system)}\n"
    for one in branch:
        when = datetime.fromtimestamp(one.added_at / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
        yield f"\n## {_who(one)} · {when}\n\n"
        text, said = as_words((one.text or "").strip()), one.said or Said()
        yield from (f"*{_attached(file)}*\n\n" for file in said.attachments)
        if one.role == "tool":
            yield _fenced(text)
        elif text or not said.tool_calls:
            yield f"{text}\n"
        for call in said.tool_calls:
            arguments = _fenced(as_words(call.arguments), "json")
            yield f"\nCalls `{_line(call.name)}`:\n\n{arguments}"


def _attached(file: Attachment) -> str:
    pages = f", {file.pages} pages" if file.pages else ""
    return f"Attached: {_plain(file.name)} ({file.kind}{pages})"


def _plain(name: str) -> str:
    """A name is no Markdown."""
    return re.sub(r"([*_`<&])", r"\\\1", name)


def _who(one: MessageView) -> str:
    if one.role == "assistant":
        return _line(one.model or one.role)
    tool = one.said.tool if one.said else None
    if tool is None or not tool.server:
        return one.role
    how = "" if tool.outcome == "done" else f" ({tool.outcome})"
    return _line(f"{tool.server} › {tool.tool}{how}")


def _line(name: str) -> str:
    return " ".join(name.split())


def _fenced(text: str, language: str = "") -> str:
    """As code; what stands in it can not end it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _pretty(told: object) -> str:
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"
