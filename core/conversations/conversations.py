"""Conversations as the rest of the app uses them: written sealed, read back, erased.

Erasing goes in this order, and whoever starts next goes on where it was left:

    1. the wish is recorded        from now on nobody is shown it
    2. its key is destroyed        from now on nobody can read it, in no copy of the log
    3. that it is erased is recorded

Every reading asks for today's key, also of the state at an earlier position: what was erased
since then is shown as erased there too.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeVar

from core.command_handler import Decider, Lately, handle
from core.conversations import decider as rules
from core.conversations.attached import Attachment
from core.conversations.commands import (
    AddMessage,
    ChooseBranch,
    ConversationCommand,
    FinishErasure,
    Pin,
    PutIntoFolder,
    Rename,
    RequestErasure,
    SetUp,
    StartConversation,
)
from core.conversations.exchange import Filed
from core.conversations.importing import messages_of
from core.conversations.items import FOLDER, SETUP, TITLE, item_of, stream_of
from core.conversations.reading import Reading
from core.conversations.setup import Setup, demand_setup, sealable_setup
from core.conversations.views import (
    MOST_TITLE,
    Conversation,
    ConversationView,
    Found,
    MessageView,
    NewMessage,
    line_of,
    sealable,
)
from core.erasure import KeyGone, SubjectKeys
from core.errors import Refused, Unavailable
from core.ids import uuid7
from events.errors import EventError, VersionConflict
from events.facts import ConversationErased, ConversationErasureRequested
from events.projections.conversations import conversations_to_erase
from events.store import EventStore

T = TypeVar("T")
FilesOf = Callable[[str], Awaitable[Mapping[str, Attachment]]]
log = logging.getLogger(__name__)

MOST_LATELY = 16  # conversations whose state is at hand

RULES: Decider[ConversationCommand, rules.State] = Decider(
    initial=rules.initial, decide=rules.decide, evolve=rules.evolve
)


class Conversations:
    """The door to conversations. Everything may raise EventError when the log can not be used."""

    def __init__(
        self,
        *,
        store: EventStore,
        keys: SubjectKeys,
        forgotten: Callable[[str], None] = lambda subject: None,
    ) -> None:
        """`forgotten`: told, in a thread, of each subject whose key was destroyed."""
        self._store = store
        self._keys = keys
        self._forgotten = forgotten
        self._lately = Lately(store, RULES, most=MOST_LATELY)
        self._reading = Reading(store=store, keys=keys)
        self._erasures: set[asyncio.Task[None]] = set()

    # ---- what is said --------------------------------------------------------------------------

    async def start(self, *, actor: str) -> str:
        """Begin a conversation; its id. Its key is on the disk first."""
        which = uuid7()
        await self._with_keys(partial(self._keys.create, stream_of(which)))
        await self._handle(StartConversation(conversation_id=which), actor)
        return which

    async def add(self, which: str, message: NewMessage, *, actor: str) -> str:
        """Put a message into it; the message's id, once it is on the disk.

        Raises NotFound, Refused (it was erased) or Invalid.
        """
        message_id = message.message_id or uuid7()
        sealed = await self._seal(which, item_of(message_id), sealable(message))
        command = AddMessage(
            conversation_id=which,
            message_id=message_id,
            role=message.role,
            sealed=sealed,
            parent_id=message.parent_id,
            outcome=message.outcome,
            model=message.model,
            request_id=message.request_id,
            prompt_tokens=message.prompt_tokens,
            completion_tokens=message.completion_tokens,
        )
        await self._handle(command, actor)
        return message_id

    async def rename(self, which: str, title: str, *, actor: str, origin: str = "person") -> None:
        """Give it a title; sealed as well. `origin`: person, first-line or model."""
        sealed = await self._seal(which, TITLE, line_of(title, "title"))
        await self._handle(Rename(conversation_id=which, sealed=sealed, origin=origin), actor)

    async def set_up(self, which: str, setup: Setup, *, actor: str) -> None:
        """Say how it asks its model; sealed as well. Raises Invalid, at the field."""
        sealed = await self._seal(which, SETUP, sealable_setup(demand_setup(setup)))
        await self._handle(SetUp(conversation_id=which, sealed=sealed), actor)

    async def file(self, which: str, folder: str | None, *, actor: str) -> None:
        """Put it into a folder, or out of it. Folders are their conversations, nothing more."""
        sealed = None
        if folder is not None:
            sealed = await self._seal(which, FOLDER, line_of(folder, "folder"))
        await self._handle(PutIntoFolder(conversation_id=which, sealed=sealed), actor)

    async def pin(self, which: str, pinned: bool, *, actor: str) -> None:
        """Keep it on top, or no more."""
        await self._handle(Pin(conversation_id=which, pinned=pinned), actor)

    async def choose(self, which: str, message_id: str, *, actor: str) -> None:
        """Show the branch that ends at this message, until another is chosen or grows."""
        await self._handle(ChooseBranch(conversation_id=which, message_id=message_id), actor)

    async def take_in(self, filed: Filed, *, actor: str, files: FilesOf | None = None) -> str:
        """A conversation from a file, as a new one; its id. Raises Invalid.

        `files`: asked to keep its files for the new conversation; told by the ids they had.
        """
        which = await self.start(actor=actor)
        ids = [uuid7() for _ in filed.messages]
        for message in messages_of(filed, ids, await files(which) if files is not None else {}):
            await self.add(which, message, actor=actor)
        if filed.title and filed.title.strip():
            title = filed.title.strip()[:MOST_TITLE]
            await self.rename(which, title, actor=actor, origin=filed.titled_by)
        if filed.folder and filed.folder.strip():
            await self.file(which, filed.folder.strip()[:MOST_TITLE], actor=actor)
        if filed.setup is not None:
            await self.set_up(which, filed.setup, actor=actor)
        if filed.chosen is not None:
            await self.choose(which, ids[filed.chosen], actor=actor)
        if filed.pinned:
            await self.pin(which, True, actor=actor)
        return which

    # ---- reading -------------------------------------------------------------------------------

    async def list(self, *, at: int | None = None) -> list[ConversationView]:
        """All of them, also the erased, the last used first; `at` an earlier position."""
        return await self._with_keys(partial(self._reading.all, at))

    async def read(self, which: str, *, at: int | None = None) -> Conversation:
        """One with its messages; `at` an earlier position. Raises NotFound."""
        return await self._with_keys(partial(self._reading.one, which, at))

    async def newest(self, which: str, count: int, *, at: int | None = None) -> Conversation:
        """One with the last `count` messages of the branch that is shown. Raises NotFound."""
        return await self._with_keys(partial(self._reading.newest, which, count, at))

    async def rest(
        self, which: str, count: int, leaf: str, *, at: int | None = None
    ) -> Conversation:
        """One without the last `count` messages of the branch to `leaf`. Raises NotFound."""
        return await self._with_keys(partial(self._reading.rest, which, count, leaf, at))

    async def search(self, text: str) -> tuple[Found, ...]:
        """Those whose title or messages hold these words, the last used first, with where."""
        return await self._with_keys(partial(self._reading.search, text))

    async def view(self, which: str) -> ConversationView:
        """One without its messages. Raises NotFound."""
        return await self._with_keys(partial(self._reading.view, which))

    async def message(self, which: str, message_id: str) -> MessageView:
        """One message of one. Raises NotFound."""
        return await self._with_keys(partial(self._reading.message, which, message_id))

    # ---- erasing -------------------------------------------------------------------------------

    async def erase(self, which: str, *, actor: str) -> ConversationView:
        """Erase it; when this returns nobody can read it. Again changes nothing.

        Raises NotFound, and Unavailable when the key could not be destroyed: then the wish is in
        the log, nobody is shown the conversation, and asking again or a restart goes on.
        """
        await self._handle(RequestErasure(conversation_id=which), actor)  # 1
        task = asyncio.ensure_future(self._finish(which, actor))
        self._erasures.add(task)  # who asked may leave; it goes on
        task.add_done_callback(self._erasures.discard)
        await asyncio.shield(task)
        return (await self.read(which)).conversation

    async def erase_empty(self, which: str) -> bool:
        """Erase it where it holds nothing; False: it does, or somebody has just come back to it."""
        stream = stream_of(which)
        version, _ = self._lately.read(stream)
        if not (await self.view(which)).empty:
            return False
        wish = ConversationErasureRequested(conversation_id=which)
        try:
            await self._store.append(stream, [wish], actor="system", expected=version)
        except VersionConflict:
            return False
        await self._finish(which, "system")
        return True

    async def finish_erasures(self) -> None:
        """Finish what a crash, or a `keys.db` from a backup, has left half done."""
        try:
            living = await asyncio.to_thread(self._keys.living)
            with self._store.reading() as connection:
                wanted = conversations_to_erase(connection)
            for row in wanted:
                if row.erased_at is None or stream_of(row.conversation_id) in living:
                    log.info("finishing the erasure of conversation %s", row.conversation_id)
                    await self._finish(row.conversation_id, row.erased_by or "system")
        except (sqlite3.Error, OSError, EventError, Unavailable) as problem:
            log.warning("erasures that were begun could not be finished: %s", problem)

    async def close(self) -> None:
        """Wait for erasures under way, and let go of the keys."""
        await asyncio.gather(*self._erasures, return_exceptions=True)
        await asyncio.to_thread(self._reading.close)
        await asyncio.to_thread(self._keys.close)

    async def _finish(self, which: str, actor: str) -> None:
        await self._with_keys(partial(self._keys.destroy, stream_of(which)))  # 2
        await self._with_keys(partial(self._forgotten, stream_of(which)))
        try:
            await self._handle(FinishErasure(conversation_id=which), actor)  # 3
        except EventError as problem:
            log.warning("that %s was erased is recorded later: %s", which, problem)
            erased = ConversationErased(conversation_id=which)
            self._store.append_later(stream_of(which), erased, actor=actor)

    # ---- parts ---------------------------------------------------------------------------------

    async def _seal(self, which: str, item: str, plain: bytes) -> bytes:
        stream = stream_of(which)
        try:
            return await self._with_keys(partial(self._keys.encrypt, stream, item, plain))
        except KeyGone:
            rules.demand_open(which, self._lately.read(stream)[1])
            raise Refused(
                f"the key of the conversation {which} is not here: it can not go on",
                code="conversation-lost",
                next_action="bring keys.db and secrets/erasure-key back from a backup",
            ) from None

    async def _with_keys(self, call: Callable[[], T]) -> T:
        """In a thread. Raises Unavailable when keys.db can not be used."""
        try:
            return await asyncio.to_thread(call)
        except (sqlite3.Error, OSError) as problem:
            raise Unavailable(
                f"the conversations or their keys can not be used now: {problem}",
                code="keys-unavailable",
                next_action="see that the disk has room and keys.db can be written",
            ) from problem

    async def _handle(self, command: ConversationCommand, actor: str) -> None:
        stream = stream_of(command.conversation_id)
        await handle(self._store, stream, RULES, command, actor=actor, lately=self._lately)
