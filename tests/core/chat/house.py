"""A home with conversations and a model that says what it is told, and waits for replies."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.attachments.attachments import Attachments
from core.attachments.extracting import Extracting
from core.attachments.telling import Part
from core.blobs import Blobs
from core.chat import Chat, Ended, Event, Grew, NewReply, ReplyDone, ReplyView
from core.chat.drafts import Drafts
from core.clock import SystemClock
from core.conversations import Conversation, Conversations, MessageView, NewMessage
from core.erasure import SubjectKeys
from core.errors import NotFound
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore
from tests.core.chat.hand_tools import HandTools
from tests.core.chat.scripted import InTurn, Message, Scripted
from tests.harness.waiting import eventually


@dataclass
class Asker:
    """Who asks."""

    actor: str = "window"


class House:
    """A home with conversations and chat, and a hot path that says what it is told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.engines: dict[str, str] = {}
        self.takes_tools: dict[str, bool] = {}
        self.blind = False  # the model is not shown pictures
        self.tools = HandTools()
        self.done: list[ReplyDone] = []
        self.say(Scripted())
        self.open()

    def say(self, script: Scripted) -> Scripted:
        """Answer so from now on."""
        self.script = script
        return script

    def say_in_turn(self, *scripts: Scripted) -> InTurn:
        """Answer each request with the next of these."""
        self.script = in_turn = InTurn(*scripts)
        return in_turn

    def open(self) -> None:
        """Open what is there, as a start does."""
        self.store = EventStore.open(self.home / "main.db", projections=ALL)
        self.keys = SubjectKeys(self.home / "keys.db", Secrets(self.home / "secrets"))
        self.conversations = Conversations(store=self.store, keys=self.keys)
        self.attachments = Attachments(
            blobs=Blobs(self.home / "blobs", self.keys),
            conversations=self.conversations,
            extracting=Extracting(),
            clock=SystemClock(),
        )
        self.chat = Chat(
            conversations=self.conversations,
            drafts=Drafts(self.home / "drafts", self.keys),
            proxy=self._answer,
            clock=SystemClock(),
            engine_of=self.engines.get,
            takes_tools=self.takes_tools.get,
            toolbox=self.tools,
            files=self._files,
            keep_file=self.attachments.take_in,
            keep_s=0,
            after=(self._break, self.done.append),
        )

    async def _files(
        self, which: str, branch: Sequence[MessageView], model: str
    ) -> Mapping[str, Sequence[Part]]:
        return await self.attachments.parts_of(which, branch, "no" if self.blind else "yes")

    async def _answer(self, scope: Message, receive: Any, send: Any) -> None:
        await self.script(scope, receive, send)

    def _break(self, done: ReplyDone) -> None:
        raise RuntimeError(f"nobody else is troubled by what breaks after {done.reply_id}")

    def close(self) -> None:
        """Let go of the files."""
        self.keys.close()
        self.store.close()

    async def asked(self, text: str = "Who are you?") -> tuple[str, str]:
        """A conversation with one question: their ids."""
        which = await self.conversations.start(actor="window")
        said = NewMessage(role="user", text=text)
        return which, await self.conversations.add(which, said, actor="window")

    async def begin(self, which: str, to: str, **more: Any) -> ReplyView:
        """Let the model answer."""
        return await self.chat.begin(which, NewReply(model="qwen", to=to, **more), asker=Asker())

    async def ended(self, reply: ReplyView, after: int = 0) -> tuple[str, Ended]:
        """What comes of it after these events, and its end."""
        text = ""
        follow = self.chat.follow(reply.conversation_id, reply.reply_id, after)
        async for _, event in follow:
            if isinstance(event, Ended):
                return text, event
            text += event.text if isinstance(event, Grew) else ""
        raise AssertionError("a reply ends")

    async def run(self, text: str = "Weather?", **more: Any) -> tuple[str, list[Event]]:
        """A conversation in which a question with tools is answered; all that happened."""
        which, question = await self.asked(text)
        reply = await self.begin(which, question, **({"tools": ("hand",)} | more))
        return which, await self.happened(reply)

    async def happened(self, reply: ReplyView, after: int = 0) -> list[Event]:
        """Every event of a reply, to its end."""
        follow = self.chat.follow(reply.conversation_id, reply.reply_id, after)
        async with asyncio.timeout(60):
            return [event async for _, event in follow]

    async def messages(self, which: str) -> list[MessageView]:
        """All of it, from the first on; each follows the one before it."""
        read = await self.conversations.read(which)
        parents = [None, *(one.message_id for one in read.messages)]
        assert [one.parent_id for one in read.messages] == parents[:-1], "one chain"
        return list(read.messages)

    async def answers(self, which: str) -> list[MessageView]:
        """The answers of a conversation."""
        read: Conversation = await self.conversations.read(which)
        return [one for one in read.messages if one.role == "assistant"]

    def drafts(self) -> list[Path]:
        """The drafts on the disk."""
        return sorted((self.home / "drafts").glob("*"))


async def grown(house: House, reply: ReplyView, events: int) -> None:
    """Until so much of it has come."""
    follow = house.chat.follow(reply.conversation_id, reply.reply_id, 0)
    async with contextlib.aclosing(follow), asyncio.timeout(60):
        async for number, _ in follow:
            if number >= events:
                return


async def recorded(house: House, reply: ReplyView) -> None:
    """Until it is over."""
    with contextlib.suppress(NotFound):
        await house.ended(reply)


async def kept(house: House, reply: ReplyView, text: str) -> None:
    """Until this much of it is kept."""
    drafts = Drafts(house.home / "drafts", house.keys)

    def texts() -> list[str]:
        said = [draft.message.said for _, draft in drafts.left() if draft]
        return [one.text for one in said if one]

    await grown(house, reply, 1)
    await asyncio.to_thread(eventually, lambda: text in texts(), within=60, what="the draft")
