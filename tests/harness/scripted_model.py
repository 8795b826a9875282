"""A model that says what a test tells it to, behind a real recipe of a real studio.

    studio ── recipe (command) ──► forwarding_engine.py ──► ScriptedModel, in the test's process

The script is a function of the test: it is given each question as it came over the wire and yields
what is to be said, piece by piece. It may wait in between, for a test's event or a while.

    def script(question):
        if question.role == "tool":
            yield Text(f"It says {question.text}.")
        else:
            yield Call("weather__get_weather", {"city": "Paris"})

    with ScriptedModel(script) as model:
        studio.add(model.recipe("talks"))
"""

import contextlib
import json
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

FORWARDING = Path(__file__).parents[1] / "support" / "forwarding_engine.py"


class Text(NamedTuple):
    """A piece of the answer."""

    text: str


class Thought(NamedTuple):
    """A piece of reasoning."""

    text: str


class Call(NamedTuple):
    """A tool call; `arguments` as a text may be anything. It comes in two parts."""

    name: str
    arguments: dict[str, Any] | str
    id: str = ""


class Pause(NamedTuple):
    """Nothing comes for a while."""

    seconds: float


class Hold(NamedTuple):
    """Nothing comes until the test lets it, or whoever asked has left."""

    until: threading.Event


class Usage(NamedTuple):
    """Counts to be told, instead of those that are counted."""

    prompt: int
    completion: int


class Finish(NamedTuple):
    """Why it ends, instead of "stop" or "tool_calls"."""

    reason: str


class Refuse(NamedTuple):
    """No answer; the first thing that a script says."""

    status: int
    message: str


class Break(NamedTuple):
    """The connection ends in the middle."""


Say = Text | Thought | Call | Pause | Hold | Usage | Finish | Refuse | Break


class Question:
    """One request."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.messages: list[dict[str, Any]] = body.get("messages") or []
        last = self.messages[-1] if self.messages else {}
        self.role: str = last.get("role", "")
        self.text = text_of(last)  # of the last message
        self.system = "\n".join(text_of(m) for m in self.messages if m.get("role") == "system")
        self.tools = [tool["function"]["name"] for tool in body.get("tools") or ()]

    @property
    def asked(self) -> str:
        """The last thing that a user said."""
        said = [text_of(m) for m in self.messages if m.get("role") == "user"]
        return said[-1] if said else ""

    @property
    def results(self) -> list[str]:
        """What tools have answered since then."""
        found: list[str] = []
        for message in self.messages:
            if message.get("role") == "user":
                found.clear()
            elif message.get("role") == "tool":
                found.append(text_of(message))
        return found


Script = Callable[[Question], Iterable[Say]]


def text_of(message: dict[str, Any]) -> str:
    """The words of a message, also where it has parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def in_turn(*answers: Iterable[Say]) -> Script:
    """The first request is told the first answer, the next one the next; then always the last."""
    left = list(answers)

    def script(question: Question) -> Iterable[Say]:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


class ScriptedModel:
    """The server. `asked` holds every question, `left` how many askers hung up."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Question] = []
        self.left = 0
        model = self

        class Handler(_Handler):
            scripted = model

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="scripted model")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def recipe(self, recipe_id: str, **more: Any) -> dict[str, Any]:
        """A recipe behind which it stands; `more` are the recipe's own fields."""
        command = [sys.executable, str(FORWARDING), "--port", "{port}"]
        return {
            "id": recipe_id,
            "engine": "command",
            "command": [*command, "--to", f"127.0.0.1:{self.port}"],
            "lane": "direct",
            "load_timeout_s": 60.0,
            "stop_grace_s": 5.0,
            **more,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Just enough of vLLM's surface."""

    scripted: ScriptedModel
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the test's output."""

    def do_GET(self) -> None:
        """It is always well, and serves whatever it is asked for."""
        if self.path == "/v1/models":
            self._whole(200, {"object": "list", "data": []})
        else:
            self._whole(200 if self.path in ("/health", "/ping") else 404, {})

    def do_POST(self) -> None:
        """One question."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))) or b"{}")
        if not self.path.endswith("/chat/completions"):
            self._whole(404, {"error": {"message": f"no {self.path} here"}})
            return
        question = Question(body)
        self.scripted.asked.append(question)
        says = iter(self.scripted.script(question))
        first = next(says, None)
        if isinstance(first, Refuse):
            self._whole(first.status, {"error": {"message": first.message, "code": first.status}})
            return
        answer = _Streamed(self) if body.get("stream") else _Whole(self)
        try:
            for say in _with(first, says):
                if not self._said(answer, say):
                    return
            answer.end(body)
        except (BrokenPipeError, ConnectionResetError, _Gone):
            self.scripted.left += 1
            self.close_connection = True

    def _said(self, answer: "_Answer", say: Say) -> bool:
        """Whether more may follow."""
        match say:
            case Pause(seconds):
                self._wait(threading.Event(), seconds)
            case Hold(until):
                self._wait(until, 120)
            case Break():
                self.close_connection = True
                return False
            case _:
                answer.say(say)
        return True

    def _wait(self, until: threading.Event, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not until.wait(0.02) and time.monotonic() < end:
            ready, _, _ = select.select([self.connection], [], [], 0)
            if ready:
                raise _Gone

    def _whole(self, status: int, told: dict[str, Any]) -> None:
        data = json.dumps(told).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)


def _with(first: Say | None, rest: Iterable[Say]) -> Iterable[Say]:
    if first is not None:
        yield first
    yield from rest


class _Gone(Exception):
    """Whoever asked has hung up."""


class _Answer:
    """What has been said so far."""

    def __init__(self, handler: _Handler) -> None:
        self.handler = handler
        self.text, self.thought = "", ""
        self.calls: list[dict[str, Any]] = []
        self.pieces = 0
        self.usage: Usage | None = None
        self.reason = ""

    def say(self, say: Say) -> None:
        """One piece."""
        self.pieces += 1
        match say:
            case Text(text):
                self.text += text
                self.tell({"content": text})
            case Thought(text):
                self.thought += text
                self.tell({"reasoning": text})
            case Call():
                self._call(say)
            case Usage():
                self.usage = say
            case Finish(reason):
                self.reason = reason
            case _:
                raise AssertionError(f"{say} can only come first")

    def _call(self, call: Call) -> None:
        given = call.arguments
        text = given if isinstance(given, str) else json.dumps(given)
        index, id_ = len(self.calls), call.id or f"call-{len(self.calls)}"
        self.calls.append(
            {"id": id_, "type": "function", "function": {"name": call.name, "arguments": text}}
        )
        half = len(text) // 2
        begun = {"name": call.name, "arguments": text[:half]}
        self.tell(
            {"tool_calls": [{"index": index, "id": id_, "type": "function", "function": begun}]}
        )
        self.tell({"tool_calls": [{"index": index, "function": {"arguments": text[half:]}}]})

    def tell(self, delta: dict[str, Any]) -> None:
        """A piece, to whom it may concern now."""

    @property
    def finish(self) -> str:
        """Why it ends."""
        return self.reason or ("tool_calls" if self.calls else "stop")

    def counts(self, body: dict[str, Any]) -> dict[str, Any]:
        """Words of the question, pieces of the answer."""
        words = len(json.dumps(body.get("messages")).split())
        used = self.usage or Usage(words, self.pieces)
        return {
            "prompt_tokens": used.prompt,
            "completion_tokens": used.completion,
            "total_tokens": used.prompt + used.completion,
        }

    def end(self, body: dict[str, Any]) -> None:
        """It is complete."""


class _Whole(_Answer):
    def end(self, body: dict[str, Any]) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.calls:
            message["tool_calls"] = self.calls
        if self.thought:
            message["reasoning"] = self.thought
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        told = {"id": "scripted", "object": "chat.completion", "model": body.get("model")}
        self.handler._whole(200, {**told, "choices": [choice], "usage": self.counts(body)})


class _Streamed(_Answer):
    def __init__(self, handler: _Handler) -> None:
        super().__init__(handler)
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        self.tell({"role": "assistant", "content": ""})

    def tell(self, delta: dict[str, Any]) -> None:
        self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

    def end(self, body: dict[str, Any]) -> None:
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": self.finish}]})
        self._event({"choices": [], "usage": self.counts(body)})
        self._chunk(b"data: [DONE]\n\n")
        self.handler.wfile.write(b"0\r\n\r\n")

    def _event(self, told: dict[str, Any]) -> None:
        head = {"id": "scripted", "object": "chat.completion.chunk", "model": "scripted"}
        self._chunk(b"data: " + json.dumps({**head, **told}).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.handler.wfile.flush()
