"""How the sim engine's answers look: chat, text, responses and messages, streamed and whole.

Each format turns pieces into the events that vLLM sends, or into one document.
Standard library only; loaded by sim_engine.py from beside it.
"""

# ruff: noqa: D102, D103 - a test program: JSON is Any, names say the rest

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.sim_script import Piece
else:
    from sim_script import Piece


@dataclass
class Counts:
    """Tokens, as far as they are known."""

    prompt: int = 0
    cached: int = 0
    made: int = 0
    thought: int = 0

    def chat(self) -> dict[str, Any]:
        cached = {"cached_tokens": self.cached} if self.cached else None
        used = {"prompt_tokens": self.prompt, "completion_tokens": self.made,
                "total_tokens": self.prompt + self.made,
                "prompt_tokens_details": cached}  # fmt: skip
        if self.thought:
            used["completion_tokens_details"] = {"reasoning_tokens": self.thought}
        return used

    def responses(self) -> dict[str, Any]:
        return {"input_tokens": self.prompt, "output_tokens": self.made,
                "total_tokens": self.prompt + self.made,
                "input_tokens_details": {"cached_tokens": self.cached},
                "output_tokens_details": {"reasoning_tokens": self.thought}}  # fmt: skip

    def messages(self) -> dict[str, Any]:
        return {"input_tokens": self.prompt, "output_tokens": self.made}


def event(data: dict[str, Any], name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"


def joined(pieces: list[Piece], kind: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind == kind)


def calls(pieces: list[Piece]) -> list[tuple[int, str, str]]:
    """The tool calls: number, name, arguments."""
    found: dict[int, tuple[str, str]] = {}
    for piece in pieces:
        if piece.kind == "tool":
            name, said = found.get(piece.call, (piece.name, ""))
            found[piece.call] = name, said + piece.text
    return [(number, name, said) for number, (name, said) in found.items()]


# chat/completions and completions


class Chat:
    """OpenAI's two oldest formats. `field`: what this engine calls reasoning."""

    done = "data: [DONE]\n\n"

    def __init__(self, body: dict[str, Any], id_: str, *, is_chat: bool, field: str) -> None:
        self.body, self.is_chat, self.field = body, is_chat, field
        self.id = f"{'chatcmpl' if is_chat else 'cmpl'}-{id_}"
        self.n = int(body.get("n") or 1)
        wanted = body.get("stream_options") or {}
        self.each = bool(wanted.get("continuous_usage_stats"))
        self.include_usage = bool(wanted.get("include_usage"))
        self.called: set[int] = set()

    def begin(self, counts: Counts) -> list[str]:
        if not self.is_chat:
            return []
        return [self._chunk({"delta": {"role": "assistant", "content": ""}}, None, counts)]

    def piece(self, piece: Piece, counts: Counts) -> list[str]:
        if not self.is_chat:
            what: dict[str, Any] = {"text": piece.text}
        elif piece.kind == "tool":
            what = {"delta": {"tool_calls": [self._call_delta(piece)]}}
        else:
            name = self.field if piece.kind == "reasoning" else "content"
            what = {"delta": {name: piece.text}}
        return [self._chunk({**what, "logprobs": self._logprobs([piece])}, None, counts)]

    def end(self, reason: str, pieces: list[Piece], counts: Counts) -> list[str]:
        last: dict[str, Any] = {"delta": {}} if self.is_chat else {"text": ""}
        events = [self._chunk(last, self._reason(reason, pieces), counts)]
        if self.include_usage:
            events.append(event({**self._frame(stream=True), "choices": [],
                                 "usage": counts.chat()}))  # fmt: skip
        return [*events, self.done]

    def whole(self, reason: str, pieces: list[Piece], counts: Counts) -> dict[str, Any]:
        if self.is_chat:
            said: dict[str, Any] = {"role": "assistant", "content": joined(pieces, "text")}
            if thought := joined(pieces, "reasoning"):
                said[self.field] = thought
            if asked := calls(pieces):
                said["content"] = said["content"] or None
                said["tool_calls"] = [
                    {"id": self._call_id(n), "type": "function",
                     "function": {"name": name, "arguments": arguments}}
                    for n, name, arguments in asked
                ]  # fmt: skip
            what: dict[str, Any] = {"message": said}
        else:
            what = {"text": joined(pieces, "text")}
        choices = [
            {"index": index, **what, "logprobs": self._logprobs(pieces),
             "finish_reason": self._reason(reason, pieces)}
            for index in range(self.n)
        ]  # fmt: skip
        return {**self._frame(stream=False), "choices": choices, "usage": counts.chat()}

    def _chunk(self, what: dict[str, Any], reason: str | None, counts: Counts) -> str:
        more = {"usage": counts.chat()} if self.each else {}
        said = {"logprobs": None, **what, "finish_reason": reason}
        return "".join(
            event({**self._frame(stream=True), "choices": [{"index": index, **said}], **more})
            for index in range(self.n)
        )

    def _frame(self, *, stream: bool) -> dict[str, Any]:
        kind = "chat.completion" if self.is_chat else "text_completion"
        kind += ".chunk" if stream and self.is_chat else ""
        return {"id": self.id, "object": kind, "created": int(time.time()),
                "model": self.body["model"]}  # fmt: skip

    def _reason(self, reason: str, pieces: list[Piece]) -> str:
        return "tool_calls" if reason == "stop" and calls(pieces) else reason

    def _call_delta(self, piece: Piece) -> dict[str, Any]:
        said: dict[str, Any] = {"index": piece.call, "function": {"arguments": piece.text}}
        if piece.call not in self.called:
            self.called.add(piece.call)
            said |= {"id": self._call_id(piece.call), "type": "function"}
            said["function"]["name"] = piece.name
        return said

    def _call_id(self, number: int) -> str:
        return f"call_{self.id}_{number}"

    def _logprobs(self, pieces: list[Piece]) -> dict[str, Any] | None:
        wanted = self.body.get("logprobs")
        if wanted in (None, False):
            return None
        words = [piece.text for piece in pieces]
        if self.is_chat:
            each = [{"token": w, "logprob": -0.25, "bytes": list(w.encode())} for w in words]
            top = range(int(self.body.get("top_logprobs") or 0))
            return {"content": [{**one, "top_logprobs": [one for _ in top]} for one in each]}
        offsets = [sum(map(len, words[:n])) for n in range(len(words))]
        return {"tokens": words, "token_logprobs": [-0.25] * len(words),
                "top_logprobs": [{w: -0.25} for w in words],
                "text_offset": offsets}  # fmt: skip


# responses


class Responses:
    """OpenAI's newest format, as vLLM speaks it: typed events with numbers."""

    done = ""

    def __init__(self, body: dict[str, Any], id_: str) -> None:
        self.body, self.id, self.number = body, f"resp_{id_}", 0
        self.items: list[dict[str, Any]] = []
        self.open: tuple[str, int] | None = None

    def begin(self, counts: Counts) -> list[str]:
        started = self._response("in_progress", None)
        return [
            self._event("response.created", response=started),
            self._event("response.in_progress", response=started),
        ]

    def piece(self, piece: Piece, counts: Counts) -> list[str]:
        events = []
        if self.open != (piece.kind, piece.call):
            events += self._close()
            events += self._opened(piece)
        item = self.items[-1]
        at = {"item_id": item["id"], "output_index": len(self.items) - 1}
        match piece.kind:
            case "tool":
                item["arguments"] += piece.text
                kind = "response.function_call_arguments.delta"
                return [*events, self._event(kind, delta=piece.text, **at)]
            case "reasoning":
                item["content"][0]["text"] += piece.text
                kind = "response.reasoning_text.delta"
                return [*events, self._event(kind, delta=piece.text, content_index=0, **at)]
            case _:
                item["content"][0]["text"] += piece.text
                kind = "response.output_text.delta"
                more = {"delta": piece.text, "content_index": 0, "logprobs": []}
                return [*events, self._event(kind, **more, **at)]

    def end(self, reason: str, pieces: list[Piece], counts: Counts) -> list[str]:
        whole = self.whole(reason, pieces, counts)
        return [*self._close(), self._event(f"response.{whole['status']}", response=whole)]

    def whole(self, reason: str, pieces: list[Piece], counts: Counts) -> dict[str, Any]:
        if not self.items:
            for piece in pieces:
                self.piece(piece, counts)
            self._close()
        status = "incomplete" if reason == "length" else "completed"
        return self._response(status, counts.responses())

    def _opened(self, piece: Piece) -> list[str]:
        self.open = piece.kind, piece.call
        where = len(self.items)
        item: dict[str, Any] = {"status": "in_progress"}
        match piece.kind:
            case "tool":
                item |= {"type": "function_call", "id": f"fc_{where}", "name": piece.name,
                         "call_id": f"call_{self.id}_{where}", "arguments": ""}  # fmt: skip
            case "reasoning":
                item |= {"type": "reasoning", "id": f"rs_{where}", "summary": [],
                         "content": [{"type": "reasoning_text", "text": ""}]}  # fmt: skip
            case _:
                item |= {"type": "message", "id": f"msg_{where}", "role": "assistant",
                         "content": [{"type": "output_text", "text": "",
                                      "annotations": []}]}  # fmt: skip
        self.items.append(item)
        empty = {**item, "content": []} if "content" in item else item
        added = self._event("response.output_item.added", output_index=where, item=empty)
        if piece.kind == "tool":
            return [added]
        part = {"item_id": item["id"], "output_index": where, "content_index": 0,
                "part": dict(item["content"][0])}  # fmt: skip
        return [added, self._event("response.content_part.added", **part)]

    def _close(self) -> list[str]:
        if self.open is None:
            return []
        kind, self.open = self.open[0], None
        item, where = self.items[-1], len(self.items) - 1
        item["status"] = "completed"
        at = {"item_id": item["id"], "output_index": where}
        over = {"output_index": where, "item": item}
        if kind == "tool":
            done = {"arguments": item["arguments"], "name": item["name"], **at}
            return [
                self._event("response.function_call_arguments.done", **done),
                self._event("response.output_item.done", **over),
            ]
        part = item["content"][0]
        name = "reasoning_text" if kind == "reasoning" else "output_text"
        said = {"text": part["text"], "content_index": 0, "logprobs": [], **at}
        closed = {"part": part, "content_index": 0, **at}
        return [
            self._event(f"response.{name}.done", **said),
            self._event("response.content_part.done", **closed),
            self._event("response.output_item.done", **over),
        ]

    def _response(self, status: str, usage: dict[str, Any] | None) -> dict[str, Any]:
        cut = {"reason": "max_output_tokens"} if status == "incomplete" else None
        return {"id": self.id, "object": "response", "created_at": int(time.time()),
                "model": self.body["model"], "status": status, "output": list(self.items),
                "usage": usage, "error": None, "incomplete_details": cut,
                "instructions": self.body.get("instructions"), "metadata": None,
                "parallel_tool_calls": True, "temperature": 1.0, "top_p": 1.0,
                "tool_choice": self.body.get("tool_choice") or "auto",
                "tools": self.body.get("tools") or []}  # fmt: skip

    def _event(self, kind: str, **data: Any) -> str:
        self.number += 1
        return event({"type": kind, "sequence_number": self.number - 1, **data}, kind)


# messages


class Messages:
    """Anthropic's format, as vLLM speaks it: blocks that open and close."""

    done = ""

    def __init__(self, body: dict[str, Any], id_: str) -> None:
        self.body, self.id = body, f"chatcmpl-{id_}"
        self.blocks = -1
        self.open: tuple[str, int] | None = None

    def begin(self, counts: Counts) -> list[str]:
        message = {**self._frame(), "content": [], "usage": counts.messages()}
        return [self._event("message_start", message=message)]

    def piece(self, piece: Piece, counts: Counts) -> list[str]:
        events = []
        if self.open != (piece.kind, piece.call):
            events += self._close()
            self.open, self.blocks = (piece.kind, piece.call), self.blocks + 1
            block = self._block(piece.kind, "", piece.name, self.blocks)
            events.append(self._event("content_block_start", index=self.blocks,
                                      content_block=block))  # fmt: skip
        name, field = {
            "reasoning": ("thinking_delta", "thinking"),
            "tool": ("input_json_delta", "partial_json"),
        }.get(piece.kind, ("text_delta", "text"))
        delta = {"type": name, field: piece.text}
        return [*events, self._event("content_block_delta", index=self.blocks, delta=delta)]

    def end(self, reason: str, pieces: list[Piece], counts: Counts) -> list[str]:
        delta = {"stop_reason": self._reason(reason, pieces), "stop_sequence": None}
        return [
            *self._close(),
            self._event("message_delta", delta=delta, usage=counts.messages()),
            self._event("message_stop"),
        ]

    def whole(self, reason: str, pieces: list[Piece], counts: Counts) -> dict[str, Any]:
        blocks = [
            self._block(kind, said, "", 0)
            for kind in ("reasoning", "text")
            if (said := joined(pieces, kind))
        ]
        blocks += [self._block("tool", said, name, n) for n, name, said in calls(pieces)]
        return {**self._frame(), "content": blocks, "usage": counts.messages(),
                "stop_reason": self._reason(reason, pieces)}  # fmt: skip

    def _block(self, kind: str, said: str, name: str, number: int) -> dict[str, Any]:
        match kind:
            case "reasoning":
                return {"type": "thinking", "thinking": said, "signature": "sim"}
            case "tool":
                return {"type": "tool_use", "id": f"toolu_{self.id}_{number}", "name": name,
                        "input": json.loads(said or "{}")}  # fmt: skip
            case _:
                return {"type": "text", "text": said}

    def _close(self) -> list[str]:
        if self.open is None:
            return []
        kind, self.open = self.open[0], None
        signed = []
        if kind == "reasoning":
            delta = {"type": "signature_delta", "signature": "sim"}
            signed = [self._event("content_block_delta", index=self.blocks, delta=delta)]
        return [*signed, self._event("content_block_stop", index=self.blocks)]

    def _reason(self, reason: str, pieces: list[Piece]) -> str:
        if reason == "length":
            return "max_tokens"
        return "tool_use" if calls(pieces) else "end_turn"

    def _frame(self) -> dict[str, Any]:
        return {"id": self.id, "type": "message", "role": "assistant",
                "model": self.body["model"], "stop_reason": None,
                "stop_sequence": None}  # fmt: skip

    def _event(self, kind: str, **data: Any) -> str:
        return event({"type": kind, **data}, kind)
