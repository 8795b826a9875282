"""What is told of a file that goes with a message; the file itself lies sealed beside the log."""

import msgspec

from core.attachments.shapes import FileKind


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file as it was taken in. New fields have defaults: old messages stay readable."""

    id: str
    name: str
    kind: FileKind
    mime: str
    size: int  # bytes of the file as it is kept
    sha256: str  # of those
    tokens: int  # an estimate, whatever the model
    text: str = ""  # the hash under which its text is kept; none where it has no text
    extracted: int = 0  # bytes of that text
    pages: int | None = None
    blank_pages: int = 0  # of these, those without text: pictures, or nothing
    left_out: int = 0  # pages whose text is not among what was taken
    width: int | None = None
    height: int | None = None
    scaled_from: tuple[int, int] | None = None  # what it was before it was made smaller
    frames: int = 1  # of which the first was taken
    encoding: str = ""  # what a text was written in


class FiledFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a conversation's file; messages name it by its id there."""

    id: str
    name: str
    data: bytes  # as base64


def file_names(attachments: tuple[Attachment, ...]) -> frozenset[str]:
    """The hashes under which the files of these lie."""
    named = {one.id for one in attachments} | {one.sha256 for one in attachments}
    return frozenset(named | {one.text for one in attachments if one.text})
