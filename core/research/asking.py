"""How a research asks its model: over the hot path, like every client, and without a tool.

1. it is asked with the schema of the answer, where the engine takes one
2. what it wrote is read leniently
3. where that fails it is told why and asked once more
4. where that fails, too, there is no answer, and the run goes on without

Every question is paid out of the run's purse: its answer may be as long as what is left there. What
engines do not count is estimated, and how many tokens a model makes of a text is learned from what
they do count.

A model that thinks before it speaks, and was cut off in its thoughts, is given room for them from
then on. A context that is too small makes the question smaller; what fails and may pass is tried
again a few times. What is left is raised: then the run pauses and says why.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

from core.chat.chunks import Chunks
from core.chat.inner_call import Asgi, InnerCall, ModelFailed, Told
from core.chat.thinking import ThinkSplitter
from core.research.parsing import Unreadable, parsed
from core.research.prompts import Maker, Prompt, repair
from core.research.purse import Purse, Share, Spent, endless

log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)
WAITS_S = (1.0, 5.0, 15.0)  # before it is tried again
SMALLEST = 0.1  # of a question's usual size
PLAIN = frozenset({"transformers"})  # engines that take no schema
USUAL_CONTEXT = 6_000  # tokens that a question of the usual size and its answer need
ROOM_TO_THINK = 4_096  # tokens, besides those of the answer
RATE = 0.3  # tokens of a byte of a question, until it is known better
LEAST_RATE = 0.05
TEMPLATE = 32  # tokens that a template puts around a question
MOST_LONG = 400_000  # characters of an answer; more is no answer
_TOO_LONG = re.compile(
    r"context (?:length|window|size)|maximum context|too (?:long|many tokens)|exceeds?\b.*\btokens?"
    r"|max_tokens|max_model_len|prompt is longer",
    re.IGNORECASE,
)


class ResearchAsker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: the person whose run it is."""

    actor: str
    owner: bool = True
    key_id: str | None = None


class Answered(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What a model answered; `value` None: it could not be read. And what that cost."""

    value: T | None
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Written(msgspec.Struct, frozen=True):
    text: str
    prompt_tokens: int
    completion_tokens: int
    lost_in_thought: bool = False  # it was cut off before it had said anything


class Asking:
    """Asks models for those who do research. Loop-bound."""

    def __init__(
        self,
        proxy: Asgi,
        *,
        engine_of: Callable[[str], str | None] = lambda model: None,
        context_of: Callable[[str], int | None] = lambda model: None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`context_of`: the tokens that a model can hold, where it is known."""
        self._proxy = proxy
        self._engine_of = engine_of
        self._context_of = context_of
        self._wait = wait
        self._plain: set[str] = set()  # models that refused a schema
        self._thinks: set[str] = set()  # models that need room for their thoughts
        self._rates: dict[str, float] = {}  # tokens of a byte, the most that a model made of one

    async def ask(
        self, model: str, make: Maker[T], asker: ResearchAsker, purse: Purse | None = None
    ) -> Answered[T]:
        """Ask; `make` a prompt of so much of its usual size. Raises ModelFailed, Spent."""
        size = min(1.0, (self._context_of(model) or USUAL_CONTEXT) / USUAL_CONTEXT)
        purse = purse or endless()
        while True:
            try:
                return await self._asked(model, make(size), size, asker, purse)
            except ModelFailed as failed:
                if not _is_too_long(failed) or size / 2 < SMALLEST:
                    raise
                size /= 2

    async def _asked(
        self, model: str, prompt: Prompt[T], size: float, asker: ResearchAsker, purse: Purse
    ) -> Answered[T]:
        messages = prompt.messages()
        written = await self._written(model, prompt, messages, size, asker, purse)  # 1
        try:
            return _answered(parsed(written.text, prompt.kind), written)  # 2
        except Unreadable as problem:
            messages += [
                {"role": "assistant", "content": written.text[:4_000] or "…"},
                {"role": "user", "content": repair(str(problem), prompt.shape)},
            ]
        try:
            again = await self._written(model, prompt, messages, size, asker, purse)  # 3
        except Spent:
            return _answered(None, written)
        try:
            return _answered(parsed(again.text, prompt.kind), written, again)
        except Unreadable as problem:
            log.info("%s did not answer `%s` in its form: %s", model, prompt.name, problem)
            return _answered(None, written, again)  # 4

    async def _written(
        self,
        model: str,
        prompt: Prompt[Any],
        messages: list[dict[str, Any]],
        size: float,
        asker: ResearchAsker,
        purse: Purse,
    ) -> _Written:
        tries = iter(WAITS_S)
        lost: list[_Written] = []
        while True:
            room = prompt.most + (ROOM_TO_THINK if model in self._thinks else 0)
            body: dict[str, Any] = {
                "model": model,
                "messages": messages,
                "temperature": 0,
                "max_tokens": max(64, round(room * size)),
                "stream": True,
                "stream_options": {"include_usage": True},
            }
            held = model not in self._plain and self._engine_of(model) not in PLAIN
            if held:
                body["response_format"] = prompt.schema()
            try:
                written = await self._paid(body, asker, purse)
                if not written.lost_in_thought or model in self._thinks:
                    return _with(written, lost)
                self._thinks.add(model)
                lost.append(written)
                continue
            except ModelFailed as failed:
                if _is_too_long(failed):
                    raise
                if held and failed.status in (400, 422, 501):
                    self._plain.add(model)
                    continue
                pause = next(tries, None) if _may_pass(failed) else None
                if pause is None:
                    raise
            await self._wait(pause)

    async def _paid(self, body: dict[str, Any], asker: ResearchAsker, purse: Purse) -> _Written:
        """One question, answered within what the purse has for it. Raises Spent."""
        model, size = body["model"], len(msgspec.json.encode(body["messages"]))
        question = round(size * self._rates.get(model, RATE)) + TEMPLATE
        with await purse.share(question, body["max_tokens"]) as share:
            share.used = question  # an engine reads it all before it says a word
            room = min(body["max_tokens"], max(1, share.held - question))
            try:
                told = await self._once(body | {"max_tokens": room}, asker, share, question)
            except ModelFailed as failed:
                if share.used == question and failed.status < 500:
                    share.used = 0  # it was refused
                raise
        rate = told.prompt_tokens / size
        self._rates[model] = max(LEAST_RATE, rate, self._rates.get(model, 0.0))
        return told

    async def _once(
        self, body: dict[str, Any], asker: ResearchAsker, share: Share, question: int
    ) -> _Written:
        encoded = msgspec.json.encode(body)
        call, chunks = InnerCall(self._proxy, encoded, asker=asker), Chunks()
        splitter = ThinkSplitter()
        text: list[str] = []
        size = prompt_tokens = completion_tokens = 0
        thought, finish = False, ""
        async with contextlib.aclosing(call.stream()) as stream:
            async for data in stream:
                for piece in chunks.feed(data):
                    size += len(piece.text) + len(piece.reasoning)
                    split = splitter.push(piece.text)
                    text.append(split.text)
                    thought = thought or bool(piece.reasoning or split.reasoning)
                    finish = piece.finish or finish
                    prompt_tokens = piece.prompt_tokens or prompt_tokens
                    completion_tokens = piece.completion_tokens or completion_tokens
                share.used = (prompt_tokens or question) + (completion_tokens or size // 4)
                if size > MOST_LONG:
                    raise ModelFailed(422, Told(message="the answer has no end", code="too-long"))
        if not chunks.done:
            raise ModelFailed(502, Told(message="the answer broke off", code="broken-stream"))
        rest = splitter.finish()
        said = "".join((*text, rest.text))
        lost = (thought or bool(rest.reasoning)) and finish == "length" and "}" not in said
        written = _Written(
            said, prompt_tokens or len(encoded) // 4, completion_tokens or size // 4, lost
        )
        share.used = written.prompt_tokens + written.completion_tokens
        return written


def _with(written: _Written, lost: list[_Written]) -> _Written:
    """The last answer, with what those before it cost."""
    return msgspec.structs.replace(
        written,
        prompt_tokens=written.prompt_tokens + sum(one.prompt_tokens for one in lost),
        completion_tokens=written.completion_tokens + sum(one.completion_tokens for one in lost),
    )


def _answered(value: T | None, *written: _Written) -> Answered[T]:
    return Answered(
        value=value,
        prompt_tokens=sum(one.prompt_tokens for one in written),
        completion_tokens=sum(one.completion_tokens for one in written),
    )


def _is_too_long(failed: ModelFailed) -> bool:
    return failed.status in (400, 413, 422) and _TOO_LONG.search(failed.message) is not None


def _may_pass(failed: ModelFailed) -> bool:
    """A refusal that names what to do is a person's business; a crash or a crowd passes."""
    return failed.status == 429 or failed.status >= 500
