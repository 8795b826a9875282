"""The door to attachments: taken in, told to a model, shown again, tidied.

    a file ──► Extracting (a child) ──► picture made anew, or text ──► Blobs, sealed
                                                    │
                                     Attachment, whose id is the hash of what is told of it

An attachment that no message names yet is known by its id alone: what is told of it lies beside
the file, sealed as well, so that nothing has to be remembered between attaching and sending.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from core.attachments.estimate import tokens_of_picture, tokens_of_text
from core.attachments.extracting import Extracting
from core.attachments.names import safe_name
from core.attachments.sees import Sees
from core.attachments.shapes import MIB, MOST_BYTES, Extracted
from core.attachments.telling import Part, paged, picture_part, text_part, unseen_part
from core.blobs import Blobs
from core.clock import Clock
from core.conversations import Conversations, MessageView
from core.conversations.attached import Attachment, file_names
from core.conversations.items import stream_of
from core.erasure import KeyGone, Unreadable
from core.errors import Invalid, NotFound, Refused, StudioError
from core.ids import uuid7
from events.errors import EventError

T = TypeVar("T")
log = logging.getLogger(__name__)

MOST_OF_A_MESSAGE = 20
ORPHANED_S = 24 * 3600.0  # how long an attachment waits for its message
TIDY_S = 6 * 3600.0
SUBJECT = stream_of("")


class ReadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file and what was found in it, on its way to be kept."""

    name: str
    data: bytes
    found: Extracted


class _Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a file, as it lies beside it; its hash is the attachment's id."""

    nonce: str  # the same file twice is two attachments, and an id tells nothing of the file
    told: Attachment


class Attachments:
    """Files that go with messages. Loop-bound."""

    def __init__(
        self,
        *,
        blobs: Blobs,
        conversations: Conversations,
        clock: Clock,
        extracting: Extracting | None = None,
    ) -> None:
        self._blobs = blobs
        self._conversations = conversations
        self._extracting = extracting or Extracting()
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()  # something is kept, or a conversation goes

    # ---- attaching -----------------------------------------------------------------------------

    async def take_in(self, which: str, name: str, data: bytes) -> Attachment:
        """Read a file and keep it, for a message that is to come.

        Raises NotFound, Refused (it was erased), Invalid (why it can not be attached), Unavailable.
        """
        await self._demand_open(which)
        return await self.keep(which, await self.read(name, data))

    async def read(self, name: str, data: bytes) -> ReadFile:
        """Read a file, and keep nothing yet. Raises Invalid, Unavailable."""
        demand_whole(len(data))
        shown = safe_name(name)
        return ReadFile(name=shown, data=data, found=await self._extracting.read(shown, data))

    async def keep(self, which: str, read: ReadFile) -> Attachment:
        """Keep what was read. Raises Refused, Unavailable."""
        async with self._one_at_a_time:
            return await self._in_thread(which, partial(self._keep, which, read))

    async def named(self, which: str, ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Those that a message is about to name; they wait no longer. Raises Invalid."""
        if len(ids) > MOST_OF_A_MESSAGE:
            raise Invalid(
                f"a message has at most {MOST_OF_A_MESSAGE} attachments", field="attachments"
            )
        if len(set(ids)) < len(ids):
            raise Invalid("an attachment is named twice", field="attachments")
        return tuple([await self._in_thread(which, partial(self._named, which, i)) for i in ids])

    # ---- looking at ----------------------------------------------------------------------------

    async def file(self, which: str, attachment_id: str) -> tuple[Attachment, bytes]:
        """The file as it is kept. Raises NotFound, Unavailable."""
        await self._demand_open(which)
        one = await self._in_thread(which, partial(self._sheet, which, attachment_id))
        return one, await self._in_thread(which, partial(self._got, which, one.sha256))

    async def text(self, which: str, attachment_id: str) -> str:
        """Its text, as a model is told it. Raises NotFound, Unavailable."""
        await self._demand_open(which)
        one = await self._in_thread(which, partial(self._sheet, which, attachment_id))
        if not one.text:
            raise NotFound("this attachment has no text", code="attachment-without-text")
        data = await self._in_thread(which, partial(self._got, which, one.text))
        return paged(one, data.decode())

    async def parts(
        self, which: str, attachments: Sequence[Attachment], sees: Sees
    ) -> tuple[Part, ...]:
        """What a model is told of them. Raises Refused when one can not be read any more."""
        return tuple([await self._part(which, one, sees) for one in attachments])

    async def parts_of(
        self, which: str, branch: Sequence[MessageView], sees: Sees
    ) -> Mapping[str, tuple[Part, ...]]:
        """The same for every message of a branch that has files, by message id."""
        return {
            one.message_id: await self.parts(which, one.said.attachments, sees)
            for one in branch
            if one.said is not None and one.said.attachments
        }

    # ---- what goes -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Tidy now and then, for as long as the studio runs."""
        while True:
            await self.tidy()
            await asyncio.sleep(TIDY_S)

    async def tidy(self) -> int:
        """Remove what was attached and never sent, and what an erasure left; how many files.

        A conversation that was begun for such a file, and holds nothing else, is erased with it.
        """
        gone = 0
        for subject in await asyncio.to_thread(self._blobs.subjects):
            if subject.startswith(SUBJECT):
                try:
                    gone += await self._tidied(subject)
                except (StudioError, EventError, ValueError) as problem:
                    log.info("the files of %s were not looked through: %s", subject, problem)
        try:
            await self._erase_empty()
        except (StudioError, EventError) as problem:
            log.info("conversations with nothing in them were not erased: %s", problem)
        return gone

    async def _erase_empty(self) -> None:
        before = self._clock.now() - ORPHANED_S * 1e6
        for one in await self._conversations.list():
            if one.empty and one.started_at < before:
                subject = stream_of(one.conversation_id)
                async with self._one_at_a_time:
                    if not await asyncio.to_thread(self._blobs.size, subject):
                        await self._conversations.erase_empty(one.conversation_id)

    async def _tidied(self, subject: str) -> int:
        before = self._clock.now() / 1e6 - ORPHANED_S
        read = await self._conversations.read(subject.removeprefix(SUBJECT))
        if any(one.unreadable == "altered" for one in read.messages):
            return 0  # what it named is not known
        named = [one.said.attachments for one in read.messages if one.said is not None]
        kept = frozenset().union(*map(file_names, named))
        return await asyncio.to_thread(partial(self._blobs.tidy, subject, kept, before=before))

    # ---- parts, in threads ---------------------------------------------------------------------

    def _keep(self, which: str, read: ReadFile) -> Attachment:
        subject, found = stream_of(which), read.found
        kept = self._blobs.put(subject, read.data if found.data is None else found.data)
        text = None if found.text is None else found.text.encode()
        told = Attachment(
            id="",
            name=read.name,
            kind=found.kind,
            mime=found.mime,
            size=kept.size,
            sha256=kept.sha256,
            tokens=_estimated(found),
            text="" if text is None else self._blobs.put(subject, text).sha256,
            extracted=0 if text is None else len(text),
            pages=found.pages,
            blank_pages=found.blank_pages,
            left_out=found.left_out,
            width=found.width,
            height=found.height,
            scaled_from=found.scaled_from,
            frames=found.frames,
            encoding=found.encoding,
        )
        sheet = msgspec.json.encode(_Sheet(nonce=uuid7(), told=told))
        return msgspec.structs.replace(told, id=self._blobs.put(subject, sheet).sha256)

    def _named(self, which: str, attachment_id: str) -> Attachment:
        one = self._sheet(which, attachment_id)
        for sha256 in file_names((one,)):
            if not self._blobs.touch(stream_of(which), sha256):
                raise _not_here()
        return one

    def _sheet(self, which: str, attachment_id: str) -> Attachment:
        try:
            sheet = _sheet.decode(self._got(which, attachment_id))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise _not_here() from None  # the hash of another file
        return msgspec.structs.replace(sheet.told, id=attachment_id)

    def _got(self, which: str, sha256: str) -> bytes:
        try:
            data = self._blobs.get(stream_of(which), sha256)
        except ValueError:  # no hash at all
            raise _not_here() from None
        if isinstance(data, Unreadable):
            raise _not_here()
        return data

    async def _part(self, which: str, one: Attachment, sees: Sees) -> Part:
        wanted = one.sha256 if one.kind == "image" else one.text
        if one.kind == "image" and sees == "no":
            return unseen_part(one)
        try:
            data = await self._in_thread(which, partial(self._got, which, wanted))
        except NotFound:
            raise Refused(
                f"the file {one.name} of this conversation can not be read any more",
                code="attachment-unreadable",
                next_action="go on from a message before it, or attach the file again",
            ) from None
        return picture_part(one, data) if one.kind == "image" else text_part(one, data.decode())

    async def _demand_open(self, which: str) -> None:
        if (await self._conversations.view(which)).standing != "open":
            raise _closed()

    async def _in_thread(self, which: str, call: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(call)
        except KeyGone:
            raise _closed() from None


def demand_whole(size: int) -> None:
    """Raises Invalid where no file of this size can be attached, or there is none."""
    if size == 0:
        raise Invalid("this file is empty", field="file", code="file-empty")
    if size > MOST_BYTES:
        raise Invalid(
            f"a file has at most {MOST_BYTES // MIB} MiB",
            field="file",
            code="file-too-large",
            next_action="make it smaller, or attach the part of it that matters",
        )


def _estimated(found: Extracted) -> int:
    if found.text is not None:
        return tokens_of_text(found.text)
    return tokens_of_picture(found.width or 0, found.height or 0)


def _not_here() -> NotFound:
    return NotFound(
        "there is no such attachment in this conversation",
        code="attachment-not-found",
        next_action="attach the file again",
    )


def _closed() -> Refused:
    return Refused(
        "this conversation was erased, or its key is not here: it takes no files",
        code="conversation-unreadable",
        next_action="start a new conversation",
    )


_sheet = msgspec.json.Decoder(_Sheet)
