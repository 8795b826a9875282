"""How a model is told of files: pictures as OpenAI's parts, text in a block with the file's name.

A question with text alone stays a plain string, which every engine and every template takes.
Pure.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from core.conversations.attached import Attachment

Part = Mapping[str, Any]
_PAGE_END = "\f"


def picture_part(one: Attachment, data: bytes) -> Part:
    """The picture itself, for a model that sees, or might."""
    url = f"data:{one.mime};base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def unseen_part(one: Attachment) -> Part:
    """That there is a picture, for a model that can not see."""
    size = f", {one.width} x {one.height} pixels" if one.width else ""
    return _text_part(f"[picture {quoted(one.name)}{size}: this model is not shown pictures]")


def text_part(one: Attachment, text: str) -> Part:
    """A file's text, between a first and a last line that are not in it."""
    tag = "file"
    while f"</{tag}>" in text:
        tag += "-"
    return _text_part(f"<{tag} name={quoted(one.name)}>\n{paged(one, text)}\n</{tag}>")


def paged(one: Attachment, text: str) -> str:
    """The text with the number of each page, where it has pages, and what is missing."""
    if one.pages is None:
        return text.strip("\n")
    told = [
        f"[page {number} of {one.pages}]\n{page or '(no text on this page)'}"
        for number, page in enumerate(text.split(_PAGE_END), 1)
    ]
    if one.left_out:
        told.append(f"[the last {one.left_out} pages are left out]")
    return "\n\n".join(told)


def content_of(text: str, parts: Sequence[Part]) -> str | list[Part]:
    """A message with its files: the files first, so that what is asked comes last."""
    told = [*parts, _text_part(text)] if text.strip() else list(parts)
    if all(one["type"] == "text" for one in told):
        return "\n\n".join(one["text"] for one in told)
    return told


def quoted(name: str) -> str:
    """A name between quotes that it can not end."""
    return '"' + name.replace('"', "'") + '"'


def _text_part(text: str) -> Part:
    return {"type": "text", "text": text}
