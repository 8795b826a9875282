"""Titles of conversations, found by the model that answered in them, while it has nothing to do.

    a reply is whole ──► its title is still the first line of what was said
                              │
                              ▼
         the model is resident, and nobody waits for it or for a change
                              │
                              ▼
         one short request, which may load nothing ──► a title, or the first line stays

It is a request like any other: the usage log has it, as of who asked. Nothing depends on it:
whatever goes wrong, the first line stays, and no person is told.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec

from core.chat.chat import ReplyDone
from core.chat.chunks import Chunks
from core.chat.inner_call import Asgi, Asker, InnerCall
from core.chat.title_words import title_of, wish
from core.conversations import Conversations, MessageView
from core.conversations.branches import branch_to
from core.errors import StudioError
from events.errors import EventError

log = logging.getLogger(__name__)

FIRST_LINE = "first-line"
MOST_MESSAGES = 12  # a conversation that is longer has found its name in its list
MOST_TOKENS = 32
PATIENCE_S = 30.0
OBEYS_TEMPLATES = frozenset({"vllm", "sglang", "command"})  # engines that can be told not to think
LOADS_NOTHING = ((b"x-studio-load", b"never"),)


class Titles:
    """One attempt a conversation. Loop-bound; `after` is a hook of `Chat`."""

    def __init__(
        self,
        *,
        conversations: Conversations,
        proxy: Asgi,
        engine_of: Callable[[str], str | None],
        at_rest: Callable[[str], bool],
        wanted: Callable[[], bool],
    ) -> None:
        """`at_rest`: whether a model, by its name, is resident and nobody needs it now."""
        self._conversations = conversations
        self._proxy = proxy
        self._engine_of = engine_of
        self._at_rest = at_rest
        self._wanted = wanted
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by conversation
        self._asked: set[str] = set()  # conversations whose model was asked in this run

    def after(self, done: ReplyDone) -> None:
        """A reply is over: find a title where one is wanted."""
        which = done.conversation_id
        if done.outcome != "whole" or done.message is None or not done.message.text:
            return
        if which in self._asked or which in self._tasks or not self._wanted():
            return
        task = asyncio.create_task(self._try(done, done.message))
        self._tasks[which] = task
        task.add_done_callback(lambda _: self._tasks.pop(which, None))

    async def end_of(self, which: str) -> None:
        """The conversation is about to be erased: no model is told of it any more."""
        task = self._tasks.get(which)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    async def close(self) -> None:
        """End what is under way."""
        for which in tuple(self._tasks):
            await self.end_of(which)

    async def _try(self, done: ReplyDone, answer: MessageView) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._find(done, answer)
        except (StudioError, EventError, TimeoutError) as problem:
            log.info("a conversation keeps its first line as its title: %s", problem)
        except Exception:
            log.exception("a title could not be found")

    async def _find(self, done: ReplyDone, answer: MessageView) -> None:
        which = done.conversation_id
        view = await self._conversations.view(which)
        if view.titled_by != FIRST_LINE or view.messages > MOST_MESSAGES:
            return
        conversation = await self._conversations.read(which)
        branch = branch_to(conversation, answer.message_id)
        question = next((one for one in branch if one.role == "user"), None)
        if question is None or not question.text or not self._at_rest(done.model):
            return  # the next answer may find it at rest
        self._asked.add(which)
        said = await self._ask(done.model, wish(question.text, answer.text or ""), done.asker)
        title = title_of(said, answer.text or "")
        if title is not None and title != view.title:
            await self._conversations.rename(which, title, actor=done.asker.actor, origin="model")

    async def _ask(self, model: str, text: str, asker: Asker) -> str:
        """What it says. Raises ModelFailed."""
        call = InnerCall(self._proxy, self._body(model, text), asker=asker, headers=LOADS_NOTHING)
        chunks, said = Chunks(), ""
        async with contextlib.aclosing(call.stream()) as stream:
            async for data in stream:
                said += "".join(piece.text for piece in chunks.feed(data))
        return said

    def _body(self, model: str, text: str) -> bytes:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": text}],
            "max_tokens": MOST_TOKENS,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self._engine_of(model) in OBEYS_TEMPLATES:
            body["chat_template_kwargs"] = {"enable_thinking": False}
        return msgspec.json.encode(body)
