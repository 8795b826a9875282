"""Conversations out of files: what an export gave, or a list of OpenAI's messages.

Markdown is read by `from_markdown.py`, what other programs hand out by `elsewhere.py`. A list of
OpenAI's messages becomes one branch. All of a file is read before anything is started for it; an
import is a new conversation each time: nothing that is here is changed by it.
"""

import base64
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from core.conversations.attached import Attachment, FiledFile
from core.conversations.decider import MOST_TOKENS, ORIGINS, OUTCOMES, ROLES
from core.conversations.elsewhere import from_elsewhere
from core.conversations.exchange import FORMAT, VERSION, Filed, FiledMessage
from core.conversations.from_markdown import from_markdown
from core.conversations.setup import Setup, demand_setup, sealable_setup
from core.conversations.views import NewMessage, Said, sealable
from core.errors import Invalid

MOST_SIDE = 100_000  # pixels of a picture's side that is believed, and frames of one


def imported(text: str) -> list[Filed]:
    """The conversations of a file: ours, one or a list of them, or OpenAI's messages.

    Raises Invalid, which says where.
    """
    if text.lstrip("\ufeff \r\n").startswith("#"):
        return [_read(_of_markdown(text), 0)]
    try:
        told = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as problem:
        raise Invalid(f"this is no JSON: {problem}", field="text") from None
    if isinstance(told, list) and told and _is_message(told[0]):
        told = {"messages": told}
    found = [_read(one, at) for at, one in enumerate(told if isinstance(told, list) else [told])]
    if not any(map(holds_something, found)):
        raise Invalid(
            "there is no message in it",
            field="text",
            next_action="give an export of a conversation, a list of OpenAI's messages, or an "
            "export of ChatGPT, Claude or Open WebUI",
        )
    return found


def _of_markdown(text: str) -> dict[str, Any]:
    told = from_markdown(text)
    if told is None:
        raise Invalid(
            "there is no message in this Markdown",
            field="text",
            next_action="give one that was exported here: each message has a heading with who "
            "said it and when",
        )
    return {"format": FORMAT, **told}


def holds_something(filed: Filed) -> bool:
    """Whether it is worth a conversation: something is said in it, or somebody prepared it."""
    return bool(filed.messages or filed.title or filed.setup)


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
        filed = msgspec.convert(told if ours else _of_others(told), Filed)
    except msgspec.ValidationError as problem:
        raise Invalid(f"conversation {at + 1} can not be read: {problem}", field="text") from None
    if filed.version > VERSION:
        raise Invalid(
            f"conversation {at + 1} was exported by a newer version of vLLM Studio", field="text"
        )
    if filed.setup is not None:
        _demand_setup(filed.setup, at)
    if filed.titled_by not in ORIGINS:
        raise Invalid(
            f"conversation {at + 1} has a title by {filed.titled_by!r:.40}, who is nobody",
            field="text",
        )
    if filed.chosen is not None and not 0 <= filed.chosen < len(filed.messages):
        raise Invalid(
            f"conversation {at + 1} shows a branch to a message that is not in it", field="text"
        )
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
    named = (_as_before(files[one.id], one) for one in said.attachments if one.id in files)
    return msgspec.structs.replace(said, attachments=tuple(named))


def _as_before(kept: Attachment, named: Attachment) -> Attachment:
    """What a picture was before it was first made smaller is told on: the file holds it no more."""
    was = named.scaled_from
    if kept.kind != "image" or kept.scaled_from is not None:
        return kept
    sensible = was is None or all(0 < side <= MOST_SIDE for side in was)
    return msgspec.structs.replace(
        kept,
        scaled_from=was if sensible else None,
        frames=max(kept.frames, min(named.frames, MOST_SIDE)),
    )


def _of_others(told: object) -> dict[str, Any]:
    found = from_elsewhere(told) if isinstance(told, dict) else None
    return _from_openai(told) if found is None else found


def _from_openai(told: object) -> dict[str, Any]:
    if not isinstance(told, dict) or not isinstance(told.get("messages"), list):
        raise msgspec.ValidationError("it has no `messages`")
    files: list[FiledFile] = []
    messages = [_from_openai_message(one, at, files) for at, one in enumerate(told["messages"])]
    given = told.get("metadata")
    told_beside = given if isinstance(given, dict) else {}
    beside = {name: value for name, value in told_beside.items() if isinstance(value, str)}
    return {
        "title": told.get("title") or beside.get("title"),
        "folder": beside.get("folder"),
        "pinned": beside.get("pinned") == "true",
        "messages": messages,
        "files": files,
    }


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
            except ValueError:
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
