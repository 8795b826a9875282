"""How many tokens a text has, as the model's own engine counts them; it must be in memory.

The engine is asked itself, past the endpoint: counting is no request of anybody, loads nothing, and
would fill the usage log with every letter that is typed. What was counted is remembered, so that
a long conversation is counted once.
"""

import asyncio
import hashlib
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from core.gateway.litellm_config import Endpoint

TIMEOUT_S = 5.0
REMEMBERED = 2048  # texts
PATH = "/tokenize"
NO_SUCH_PATH = frozenset({404, 405, 501})


class Counted(msgspec.Struct, frozen=True):
    """What an engine says of a text."""

    count: int
    max_model_len: int | None = None


class CountsNothing(Exception):
    """The engine has no such path, and will have none."""


Ask = Callable[[Endpoint, Mapping[str, Any]], Counted | None]


class Tokens:
    """Asks engines; None wherever none can tell. Loop-bound."""

    def __init__(
        self,
        *,
        engine_of: Callable[[str], Endpoint | None],
        planned: Callable[[str], int | None] = lambda model: None,
        ask: Ask | None = None,
    ) -> None:
        """`engine_of`: the ready engine behind a model's name; `planned`: its context, unloaded."""
        self._engine_of = engine_of
        self._planned = planned
        self._ask = ask or ask_engine
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._contexts: dict[str, int] = {}  # by engine run
        self._mute: set[str] = set()  # engine runs that do not count

    def resident(self, model: str) -> bool:
        """Whether an engine is there that may be asked."""
        engine = self._engine_of(model)
        return engine is not None and engine.engine_id not in self._mute

    def context_of(self, model: str) -> int | None:
        """How many tokens a request and its answer may have together."""
        engine = self._engine_of(model)
        told = self._contexts.get(engine.engine_id) if engine is not None else None
        return told or self._planned(model)

    def told_context(self, model: str) -> bool:
        """Whether the engine itself said so."""
        engine = self._engine_of(model)
        return engine is not None and engine.engine_id in self._contexts

    async def count(self, model: str, text: str) -> int | None:
        """The tokens of a text alone."""
        if not text:
            return 0
        return await self._count(model, {"prompt": text, "add_special_tokens": False})

    async def count_request(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        template: Mapping[str, Any] | None = None,
    ) -> int | None:
        """The tokens of a whole request, as the model's chat template writes it."""
        body: dict[str, Any] = {"messages": list(messages), "add_generation_prompt": True}
        if tools:
            body["tools"] = list(tools)
        if template:
            body["chat_template_kwargs"] = dict(template)
        return await self._count(model, body)

    async def _count(self, model: str, body: Mapping[str, Any]) -> int | None:
        engine = self._engine_of(model)
        if engine is None or engine.engine_id in self._mute:
            return None
        key = _key(engine.engine_id, body)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        try:
            told = {"model": engine.model_name, **body}
            counted = await asyncio.to_thread(self._ask, engine, told)
        except CountsNothing:
            self._mute.add(engine.engine_id)
            return None
        if counted is None:
            return None
        if counted.max_model_len:
            self._contexts[engine.engine_id] = counted.max_model_len
        self._known[key] = counted.count
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return counted.count


def ask_engine(engine: Endpoint, body: Mapping[str, Any]) -> Counted | None:
    """What the engine says; None where it can not tell in time, or not of this. Blocks.

    Raises CountsNothing.
    """
    request = urllib.request.Request(
        f"http://{engine.host}:{engine.port}{PATH}",  # loopback
        data=msgspec.json.encode(body),
        headers={"content-type": "application/json"},
    )
    if engine.api_key:
        request.add_header("authorization", f"Bearer {engine.api_key}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return _counted.decode(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            if refused.code in NO_SUCH_PATH:
                raise CountsNothing from None
        return None
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def _key(engine_id: str, body: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(engine_id.encode() + b"\0" + msgspec.json.encode(body)).digest()


_counted = msgspec.json.Decoder(Counted)
