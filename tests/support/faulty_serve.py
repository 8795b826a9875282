"""`vllm-studio serve` with mistakes built in, each with somebody's words in its exception.

| Asked with | Fails |
|---|---|
| the header `x-fault: inside` | the request, where bodies are captured |
| the header `x-fault: outside` | the request, before anything of ours can answer |
| `x-fault: api` under /api | the handler |
| `x-fault: task` | a task that nobody waits for |
| `x-fault: death` | a background task, and with it the studio |
"""

import asyncio
from typing import Any

import core.keeping
from core.api.guard import Guard
from core.captures import Captures
from core.conversations.reading import Reading
from desktop.__main__ import main

_last_words: list[str] = []
_tasks: list[object] = []


def _install() -> None:
    begin, guard, one = Captures.begin, Guard.__call__, Reading.one

    def faulty_begin(self: Captures, request_id: str, asked: Any) -> Any:
        if asked.headers.get(b"x-fault") == b"inside":
            raise ValueError(f"could not take {asked.body.data!r} with {asked.headers!r}")
        return begin(self, request_id, asked)

    async def faulty_guard(self: Guard, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers") or ())
        fault, words = headers.get(b"x-fault"), headers.get(b"x-words", b"").decode()
        if fault == b"outside":
            raise KeyError(words)
        if fault == b"task":
            _ = asyncio.get_running_loop().create_task(_fails(words))
            asyncio.get_running_loop().call_soon(_raises, words)
        if fault == b"death":
            _last_words.append(words)
        await guard(self, scope, receive, send)

    def faulty_one(self: Reading, which: str, at: int | None) -> Any:
        if which.startswith("fault-"):
            raise LookupError(which)
        return one(self, which, at)

    missed = core.keeping.to_bring_back

    def faulty_missed(application: Any) -> list[str]:
        if _last_words:
            raise ValueError(_last_words[0])
        return missed(application)

    Captures.begin = faulty_begin  # type: ignore[method-assign]
    Guard.__call__ = faulty_guard  # type: ignore[method-assign]
    Reading.one = faulty_one  # type: ignore[method-assign]
    core.keeping.to_bring_back = faulty_missed
    core.keeping.LOOK_EVERY_S = 0.2


async def _fails(words: str) -> None:
    raise ValueError(words)


def _raises(words: str) -> None:
    raise ValueError(words)


if __name__ == "__main__":
    _install()
    main()
