"""Conversations as they can be read today, now or at an earlier position of the log.

Nothing here fails because something was erased: it is shown as erased. Blocks, as its keys do.
"""

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from core.conversations.decider import not_found
from core.conversations.end import end_of
from core.conversations.items import FOLDER, SETUP, TITLE, item_of, stream_of
from core.conversations.setup import Setup, opened_setup
from core.conversations.then import MODEL, Then
from core.conversations.views import (
    Conversation,
    ConversationView,
    Found,
    MessageView,
    Said,
    Standing,
    view_of,
)
from core.erasure import SubjectKeys, Unreadable
from core.erasure.subject_keys import OVERHEAD
from core.errors import Invalid
from events.envelope import Recorded
from events.facts import (
    ConversationBranchChosen,
    ConversationErasureRequested,
    ConversationSetUp,
    MessageAdded,
)
from events.projections.conversations import ConversationRow, conversation, conversations
from events.replay import empty, fold
from events.store import EventStore

FIRST_PAGE, PAGE = 10, 160  # facts that are read at once from the end of a conversation
AROUND = 60  # characters on each side of what was found


class Reading:
    """Opens what is sealed, where there still is a key."""

    def __init__(self, *, store: EventStore, keys: SubjectKeys) -> None:
        self._store = store
        self._keys = keys
        self._then = Then(store)

    def close(self) -> None:
        """Let go of what is at hand of earlier positions."""
        self._then.close()

    def all(self, at: int | None) -> list[ConversationView]:
        """Every conversation, also the erased, the last used first."""
        with self._store.reading() as connection:
            now = conversations(connection)
        shown = now if at is None else self._rows_at(at)
        gone = {row.conversation_id for row in now if row.erasing_at is not None}
        return [self._view(row, gone=row.conversation_id in gone) for row in shown]

    def one(self, which: str, at: int | None) -> Conversation:
        """One with its messages. Raises NotFound."""
        view, told = self._whole(which, at)
        return self._shown(view, told, [one for one in told if _is_message(one)])

    def newest(self, which: str, count: int, at: int | None) -> Conversation:
        """One with the last messages of the branch that is shown, and what stands beside them.

        All of it where little would be left out. Raises NotFound.
        """
        if at is not None:
            view, told = self._whole(which, at)
            end = end_of(reversed(told), count)
        else:
            view = self.view(which)
            end = end_of(self._back(which), count)
            told = self._last_setup(which)
        if view.messages - len(end.messages) < count:
            return self.one(which, at)
        read = self._shown(view, told, end.messages)
        earlier = view.messages - len(end.messages)
        return msgspec.structs.replace(read, chosen=end.leaf, earlier=earlier)

    def rest(self, which: str, count: int, leaf: str, at: int | None) -> Conversation:
        """One without the last messages of the branch that ends at `leaf`. Raises NotFound."""
        view, told = self._whole(which, at)
        all_of_it = [one for one in told if _is_message(one)]
        known = set(end_of(reversed(told), count, leaf).branch)
        places = [n for n, one in enumerate(all_of_it) if _id_of(one) in known]
        read = self._shown(view, told, [one for one in all_of_it if _id_of(one) not in known])
        return msgspec.structs.replace(read, places=tuple(places))

    def _whole(self, which: str, at: int | None) -> tuple[ConversationView, list[Recorded]]:
        told = self._store.read_stream(stream_of(which))
        gone = any(isinstance(one.event, ConversationErasureRequested) for one in told)
        told = [one for one in told if at is None or one.position <= at]
        row = _folded(which, told)
        if row is None:
            raise not_found(which)
        return self._view(row, gone=gone), told

    def _back(self, which: str, count: int = PAGE) -> Iterator[Recorded]:
        """Its facts, the newest first, read as far as somebody looks; `count` at first."""
        before: int | None = None
        while page := self._store.read_stream_back(stream_of(which), before, count):
            yield from page
            before, count = page[-1].version, min(PAGE, 2 * count)

    def _last_setup(self, which: str) -> list[Recorded]:
        kind = str(ConversationSetUp.__struct_config__.tag)
        return self._store.read_stream_back(stream_of(which), limit=1, type=kind)

    def _shown(
        self, view: ConversationView, told: Sequence[Recorded], messages: Sequence[Recorded]
    ) -> Conversation:
        gone = view.standing == "erased"
        return Conversation(
            conversation=view,
            messages=self._messages(view.conversation_id, messages, gone=gone),
            chosen=_chosen(told),
            setup=None if gone else self._setup(view.conversation_id, told),
        )

    def view(self, which: str) -> ConversationView:
        """One without its messages. Raises NotFound."""
        with self._store.reading() as connection:
            row = conversation(connection, which)
        if row is None:
            raise not_found(which)
        return self._view(row, gone=row.erasing_at is not None)

    def message(self, which: str, message_id: str) -> MessageView:
        """One message, as it can be read now. Raises NotFound."""
        gone = False  # nothing is said after the wish to erase it: reading back comes upon it first
        for one in self._back(which, FIRST_PAGE):
            gone = gone or isinstance(one.event, ConversationErasureRequested)
            if _is_message(one) and _id_of(one) == message_id:
                return self._messages(which, [one], gone=gone)[0]
        raise not_found(which)

    def search(self, text: str) -> tuple[Found, ...]:
        """Those whose title or messages hold every word of `text`, whatever its case."""
        words = text.casefold().split()
        found = []
        for view in self.all(None):
            if view.standing == "open" and (one := self._searched(view, words)) is not None:
                found.append(one)
        return tuple(found)

    def _searched(self, view: ConversationView, words: list[str]) -> Found | None:
        newest: tuple[str, str] | None = None
        times = 0
        which = view.conversation_id
        told = [one for one in self._store.read_stream(stream_of(which)) if _is_message(one)]
        for one, said in zip(told, self._said(which, told), strict=True):
            if not isinstance(said, Said):
                continue
            whole = "\n".join((said.text, *(file.name for file in said.attachments)))
            folded = whole.casefold()
            if all(word in folded for word in words):
                newest = (_id_of(one), around(whole, words[0]))
                times += 1
        if newest is not None:
            return Found(conversation=view, message_id=newest[0], around=newest[1], times=times)
        title = view.title or ""
        if all(word in title.casefold() for word in words):
            return Found(conversation=view, message_id=None, around=title, times=0)
        return None

    def _setup(self, which: str, told: Sequence[Recorded]) -> Setup | None:
        """The newest word on how it asks its model."""
        for one in reversed(told):
            if isinstance(one.event, ConversationSetUp):
                plain = self._keys.decrypt(stream_of(which), SETUP, one.event.sealed)
                return None if isinstance(plain, Unreadable) else opened_setup(plain)
        return None

    def _rows_at(self, at: int) -> list[ConversationRow]:
        if not 0 <= at <= self._store.head:
            raise Invalid(f"`at` is a position from 0 to {self._store.head}", field="at")
        return self._then.rows(at)

    def _view(self, row: ConversationRow, *, gone: bool) -> ConversationView:
        which = row.conversation_id
        missing = Unreadable.ERASED if gone else self._keys.missing(stream_of(which))
        if missing is not None:
            standing: Standing = "erased" if missing is Unreadable.ERASED else "lost"
            return view_of(row, standing, None, None)
        title, folder = self._line(which, TITLE, row.title), self._line(which, FOLDER, row.folder)
        return view_of(row, "open", title, folder, empty=self._is_empty(row))

    def _is_empty(self, row: ConversationRow) -> bool:
        """Whether it holds nothing that anybody wrote: a prompt and parameters are something."""
        if row.messages or row.title or row.folder or row.pinned:
            return False
        told = self._last_setup(row.conversation_id)
        setup = self._setup(row.conversation_id, told)
        if setup is None:
            return not told  # what can not be read may be something
        return not (setup.system or setup.parameters)

    def _line(self, which: str, item: str, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        plain = self._keys.decrypt(stream_of(which), item, sealed)
        return None if isinstance(plain, Unreadable) else plain.decode("utf-8", "replace")

    def _messages(
        self, which: str, told: Sequence[Recorded], *, gone: bool
    ) -> tuple[MessageView, ...]:
        if gone:
            return tuple(_message(one, Unreadable.ERASED) for one in told)
        return tuple(map(_message, told, self._said(which, told)))

    def _said(self, which: str, told: Sequence[Recorded]) -> Iterator[Said | Unreadable]:
        messages = (one.event for one in told if isinstance(one.event, MessageAdded))
        sealed = ((item_of(one.message_id), one.sealed) for one in messages)
        return map(_read, self._keys.decrypt_each(stream_of(which), sealed))


def _read(plain: bytes | Unreadable) -> Said | Unreadable:
    if isinstance(plain, Unreadable):
        return plain
    try:
        return _decoder.decode(plain)
    except msgspec.MsgspecError:
        return Unreadable.ALTERED


def _message(recorded: Recorded, said: Said | Unreadable) -> MessageView:
    message = recorded.event
    assert isinstance(message, MessageAdded)
    return MessageView(
        message_id=message.message_id,
        parent_id=message.parent_id,
        role=message.role,
        added_at=recorded.recorded_at,
        outcome=message.outcome,
        model=message.model,
        request_id=message.request_id,
        prompt_tokens=message.prompt_tokens,
        completion_tokens=message.completion_tokens,
        size=max(0, len(message.sealed) - OVERHEAD),
        text=said.text if isinstance(said, Said) else None,
        said=msgspec.structs.replace(said, text="") if isinstance(said, Said) else None,
        unreadable=said.value if isinstance(said, Unreadable) else None,
    )


def _is_message(one: Recorded) -> bool:
    return isinstance(one.event, MessageAdded)


def _id_of(one: Recorded) -> str:
    return one.event.message_id if isinstance(one.event, MessageAdded) else ""


def _folded(which: str, told: Sequence[Recorded]) -> ConversationRow | None:
    connection: sqlite3.Connection = empty(MODEL)
    try:
        fold(connection, MODEL, told)
        return conversation(connection, which)
    finally:
        connection.close()


def _chosen(told: Sequence[Recorded]) -> str | None:
    """The newest message, unless another was chosen after it came."""
    for one in reversed(told):
        if isinstance(one.event, MessageAdded | ConversationBranchChosen):
            return one.event.message_id
    return None


def around(text: str, word: str) -> str:
    """The text about the first `word` in it, in one line."""
    at = max(0, text.casefold().find(word))
    start, end = max(0, at - AROUND), at + len(word) + AROUND
    piece = " ".join(text[start:end].split())
    return f"{'… ' if start else ''}{piece}{' …' if end < len(text) else ''}"


_decoder = msgspec.json.Decoder(Said)
