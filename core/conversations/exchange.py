"""Conversations as files: Markdown to read, JSON with everything, messages as OpenAI takes them.

What is exported as JSON is imported with its branches; a list of OpenAI's messages becomes one
branch. An import is a new conversation each time: nothing that is here is changed by it.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from core.conversations.attached import Attachment, FiledFile
from core.conversations.branches import branch_to, calls_of
from core.conversations.decider import MOST_TOKENS, OUTCOMES, ROLES
from core.conversations.setup import Setup, demand_setup, sealable_setup
from core.conversations.views import Conversation, MessageView, NewMessage, Said, sealable
from core.errors import Invalid, Refused

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
    folder: str | None = None
    setup: Setup | None = None
    messages: tuple[FiledMessage, ...] = ()
    files: tuple[FiledFile, ...] = ()


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with an export of the files of its messages."""

    files: tuple[FiledFile, ...] = ()  # for `json`
    contents: Mapping[str, Any] = {}  # for `openai`: what a message is with its files, by its id


# ---- out ----------------------------------------------------------------------------------------


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
        told = [_openai(one, contents) for one in branch if one.text is not None]
        return _pretty({"messages": told})
    return "".join(_markdown(conversation, branch))


def shown_branch(conversation: Conversation) -> list[MessageView]:
    """The messages that are shown, from the first on."""
    return branch_to(conversation, conversation.chosen)


def _filed(conversation: Conversation, files: tuple[FiledFile, ...]) -> Filed:
    places = {one.message_id: at for at, one in enumerate(conversation.messages)}
    return Filed(
        format=FORMAT,
        title=conversation.conversation.title,
        folder=conversation.conversation.folder,
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
    yield f"# {conversation.conversation.title or 'Conversation'}\n"
    for one in branch:
        when = datetime.fromtimestamp(one.added_at / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
        yield f"\n## {_who(one)} · {when}\n\n"
        text, said = (one.text or "").strip(), one.said or Said()
        yield from (f"*{_attached(file)}*\n\n" for file in said.attachments)
        if one.role == "tool":
            yield _fenced(text)
        elif text or not said.tool_calls:
            yield f"{text}\n"
        for call in said.tool_calls:
            yield f"\nCalls `{call.name}`:\n\n{_fenced(call.arguments, 'json')}"


def _attached(file: Attachment) -> str:
    pages = f", {file.pages} pages" if file.pages else ""
    name = re.sub(r"([*_`<&])", r"\\\1", file.name)  # a name is no Markdown
    return f"Attached: {name} ({file.kind}{pages})"


def _who(one: MessageView) -> str:
    if one.role == "assistant":
        return one.model or one.role
    tool = one.said.tool if one.said else None
    if tool is None or not tool.server:
        return one.role
    how = "" if tool.outcome == "done" else f" ({tool.outcome})"
    return f"{tool.server} › {tool.tool}{how}"


def _fenced(text: str, language: str = "") -> str:
    """As code; what stands in it can not end it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _pretty(told: object) -> str:
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"


# ---- in -----------------------------------------------------------------------------------------


def imported(text: str) -> list[Filed]:
    """The conversations of a file: ours, one or a list of them, or OpenAI's messages.

    Raises Invalid, which says where.
    """
    try:
        told = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as problem:
        raise Invalid(f"this is no JSON: {problem}", field="text") from None
    if isinstance(told, list) and told and _is_message(told[0]):
        told = {"messages": told}
    found = [_read(one, at) for at, one in enumerate(told if isinstance(told, list) else [told])]
    if not any(one.messages for one in found):
        raise Invalid(
            "there is no message in it",
            field="text",
            next_action="give a file that `export` made, or a list of OpenAI's messages",
        )
    return found


def messages_of(
    filed: Filed, ids: list[str], files: Mapping[str, Attachment] = MappingProxyType({})
) -> Iterator[NewMessage]:
    """Its messages, to be added in this order under these ids; `files` by their ids in it."""
    for at, one in enumerate(filed.messages):
        yield NewMessage(
            role=one.role,
            said=_with_files(_said(one), files),
            message_id=ids[at],
            parent_id=None if one.parent is None else ids[one.parent],
            outcome=one.outcome,
            model=one.model,
            prompt_tokens=one.prompt_tokens,
            completion_tokens=one.completion_tokens,
        )


def _is_message(told: object) -> bool:
    return isinstance(told, dict) and "role" in told


def _read(told: object, at: int) -> Filed:
    ours = isinstance(told, dict) and told.get("format") == FORMAT
    try:
        filed = msgspec.convert(told if ours else _from_openai(told), Filed)
    except msgspec.ValidationError as problem:
        raise Invalid(f"conversation {at + 1} can not be read: {problem}", field="text") from None
    if filed.version > VERSION:
        raise Invalid(
            f"conversation {at + 1} was exported by a newer version of vLLM Studio", field="text"
        )
    if filed.setup is not None:
        _demand_setup(filed.setup, at)
    for place, one in enumerate(filed.messages):
        where = f"message {place + 1} of conversation {at + 1}"
        if one.role not in ROLES:
            raise Invalid(f"{where} has the role {one.role!r:.40}, which is none", field="text")
        if one.parent is not None and not 0 <= one.parent < place:
            raise Invalid(f"{where} follows one that is not before it", field="text")
        _demand_addable(one, where)
    return filed


def _demand_setup(setup: Setup, at: int) -> None:
    try:
        sealable_setup(demand_setup(setup))
    except Invalid as problem:
        raise Invalid(
            f"the setup of conversation {at + 1}: {problem.message}", field="text"
        ) from None


def _demand_addable(one: FiledMessage, where: str) -> None:
    """What the log would refuse later, with half of the file in it."""
    if one.outcome not in OUTCOMES:
        raise Invalid(f"{where} has the outcome {one.outcome!r:.40}, which is none", field="text")
    for count in (one.prompt_tokens, one.completion_tokens):
        if count is not None and not 0 <= count <= MOST_TOKENS:
            raise Invalid(f"{where} has {count} as a count of tokens", field="text")
    try:
        sealable(NewMessage(role=one.role, said=_said(one)))
    except Invalid as problem:
        raise Invalid(f"{where}: {problem.message}", field="text") from None


def _said(one: FiledMessage) -> Said:
    return msgspec.structs.replace(one.said or Said(), text=one.text)


def _with_files(said: Said, files: Mapping[str, Attachment]) -> Said:
    """What it names is what was kept here; a file that is not in the file is named no more."""
    named = tuple(files[one.id] for one in said.attachments if one.id in files)
    return msgspec.structs.replace(said, attachments=named)


def _from_openai(told: object) -> dict[str, Any]:
    if not isinstance(told, dict) or not isinstance(told.get("messages"), list):
        raise msgspec.ValidationError("it has no `messages`")
    files: list[FiledFile] = []
    messages = [_from_openai_message(one, at, files) for at, one in enumerate(told["messages"])]
    return {"title": told.get("title"), "messages": messages, "files": files}


def _from_openai_message(told: object, at: int, files: list[FiledFile]) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise msgspec.ValidationError(f"message {at + 1} is no object")
    said: dict[str, Any] = {"answers": told.get("tool_call_id") or ""}
    calls = told.get("tool_calls")
    said["tool_calls"] = [_call(one) for one in calls] if isinstance(calls, list) else []
    said["reasoning"] = told.get("reasoning_content") or told.get("reasoning") or ""
    shown = list(_pictures(told.get("content"), at))
    said["attachments"] = [_named(one) for one in shown]
    files += shown
    return {
        "role": {"developer": "system"}.get(str(told.get("role")), told.get("role")),
        "text": _text(told.get("content")),
        "parent": at - 1 if at else None,
        "said": said,
        "model": told.get("model"),
    }


def _call(told: object) -> dict[str, Any]:
    call: dict[str, Any] = told if isinstance(told, dict) else {}
    given = call.get("function")
    function: dict[str, Any] = given if isinstance(given, dict) else {}
    return {
        "id": str(call.get("id", "")),
        "name": str(function.get("name", "")),
        "arguments": str(function.get("arguments", "")),
    }


def _pictures(content: object, at: int) -> Iterator[FiledFile]:
    """The pictures that lie in a list of parts; those that only have an address stay away."""
    for place, part in enumerate(content if isinstance(content, list) else ()):
        given = part.get("image_url") if isinstance(part, dict) else None
        url = given.get("url") if isinstance(given, dict) else given
        kind, found, data = url.partition(";base64,") if isinstance(url, str) else ("", "", "")
        if found and kind.startswith("data:image/"):
            try:
                name = f"picture-{at + 1}-{place + 1}.{kind.removeprefix('data:image/')[:8]}"
                yield FiledFile(id=name, name=name, data=base64.b64decode(data, validate=True))
            except binascii.Error:
                raise msgspec.ValidationError(
                    f"a picture of message {at + 1} is no base64"
                ) from None


def _named(file: FiledFile) -> dict[str, Any]:
    """As a message names a file that is not read yet."""
    return {
        "id": file.id,
        "name": file.name,
        "kind": "image",
        "mime": "",
        "size": 0,
        "sha256": "",
        "tokens": 0,
    }


def _text(content: object) -> str:
    """Text, or the text parts of a list of parts."""
    if isinstance(content, list):
        parts = [one.get("text", "") for one in content if isinstance(one, dict)]
        return "\n\n".join(part for part in parts if isinstance(part, str) and part)
    return content if isinstance(content, str) else ""
