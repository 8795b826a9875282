"""The night's clients: each asks once and remembers exactly what it got."""

import asyncio
import json
import time
from typing import Any

import httpx

from tests.chaos.actions import Ask
from tests.chaos.history import Client, Ending

CONNECT_S = 10.0


class Clients:
    """Asks in tasks of its own, one connection each: a kept connection would blur who lost it."""

    def __init__(self, v1: str, *, give_up_s: float) -> None:
        self.records: list[Client] = []
        self.running: dict[str, float] = {}  # request id → since, of those whose answer has begun
        self._give_up_s = give_up_s
        self._tasks: set[asyncio.Task[Client]] = set()
        self._http = httpx.AsyncClient(
            base_url=v1,
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    def ask(self, ask: Ask) -> "asyncio.Task[Client]":
        """Begin one; what it got in the end."""
        task = asyncio.create_task(self._ask(ask))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def all_ended(self) -> None:
        """Until every one has ended, or has been given up."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Nobody asks any more."""
        await self._http.aclose()

    async def _ask(self, ask: Ask) -> Client:
        call = _Call(ask)
        patience = self._give_up_s if ask.leaves_after is None else ask.leaves_after
        try:
            async with asyncio.timeout(patience):
                await self._talk(call)
        except TimeoutError:
            call.ending = "unending" if ask.leaves_after is None else "left"
        finally:
            self.running.pop(call.request_id or "", None)
            record = call.record()
            self.records.append(record)
        return record

    async def _talk(self, call: "_Call") -> None:
        request = {
            "model": call.ask.model,
            "messages": [{"role": "user", "content": f"request {call.ask.number}"}],
            "stream": call.ask.stream,
            "max_tokens": call.ask.tokens,
        }
        try:
            async with self._http.stream("POST", "/chat/completions", json=request) as answer:
                call.begins(answer)
                if call.request_id:
                    self.running[call.request_id] = time.time()
                if answer.status_code != 200 or not call.ask.stream:
                    call.whole(await answer.aread())
                    return
                async for line in answer.aiter_lines():
                    call.line(line)
            call.ended_stream()
        except httpx.ConnectError:
            call.ending = "unreached"
        except httpx.TransportError:
            call.ending = "cut" if call.status else "lost"


class _Call:
    """One request while it runs."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.began = time.time()
        self.ending: Ending = "lost"
        self.request_id: str | None = None
        self.status = 0
        self.retry_after: str | None = None
        self._text: list[str] = []
        self._error: dict[str, Any] = {}
        self._done = False

    def begins(self, answer: httpx.Response) -> None:
        """Status and headers are there."""
        self.status = answer.status_code
        self.request_id = answer.headers.get("x-request-id")
        self.retry_after = answer.headers.get("retry-after")

    def line(self, line: str) -> None:
        """One line of a stream."""
        if line == "data: [DONE]":
            self._done = True
        elif line.startswith("data: "):
            event = json.loads(line[6:])
            self._error = event.get("error") or self._error
            for choice in event.get("choices", ()):
                self._text.append(choice["delta"].get("content") or "")

    def ended_stream(self) -> None:
        """The connection ended as it should; the stream must say how."""
        if self._error:
            self.ending = "broken"
        else:
            self.ending = "answered" if self._done else "cut"

    def whole(self, body: bytes) -> None:
        """An answer, or an error, in one piece."""
        try:
            told = json.loads(body)
        except ValueError:
            told = {}
        if self.status == 200:
            self._text = [choice["message"]["content"] for choice in told.get("choices", ())]
            self.ending = "answered"
        else:
            self._error = told.get("error") or {}
            self.ending = "refused"

    def record(self) -> Client:
        """What it saw, in the end."""
        return Client(
            number=self.ask.number,
            model=self.ask.model,
            stream=self.ask.stream,
            tokens=self.ask.tokens,
            began=self.began,
            ended=time.time(),
            ending=self.ending,
            request_id=self.request_id,
            status=self.status,
            text="".join(self._text),
            error=str(self._error.get("message") or ""),
            code=str(self._error.get("code") or self._error.get("type") or ""),
            retry_after=self.retry_after,
        )
