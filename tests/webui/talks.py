"""The stand-in's conversations: kept in memory, answered from a script, whoever looks or not."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from tests.webui import answers
from tests.webui.fake_studio import FakeStudio, Json

REFUSED = "qwen3-32b could not be started: out of memory"


class Talks:
    """Every conversation, and the replies under way."""

    def __init__(self, studio: FakeStudio) -> None:
        self.studio = studio
        self.views: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.setups: dict[str, Json | None] = {}
        self.replies: dict[str, Json] = {}
        self.unsent: dict[str, str] = {}
        self.ids = (f"id-{number}" for number in itertools.count(1))

    def start(self, title: str | None) -> Json:
        """A new one."""
        which, now = next(self.ids), time.time_ns() // 1000
        self.messages[which] = []
        self.views[which] = {
            "conversation_id": which,
            "standing": "open",
            "title": title,
            "titled_by": "first-line",
            "folder": None,
            "pinned": False,
            "empty": not title,
            "started_at": now,
            "started_by": "window",
            "last_at": now,
            "messages": 0,
            "model": None,
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "erased_at": None,
            "erased_by": None,
        }
        return self.views[which]

    def add(self, which: str, message_id: str, role: str, text: str, **more: Any) -> Json:
        """A message, recorded."""
        message = {
            "message_id": message_id,
            "parent_id": None,
            "role": role,
            "added_at": time.time_ns() // 1000,
            "outcome": "whole",
            "model": None,
            "request_id": None,
            "prompt_tokens": None,
            "completion_tokens": None,
            "size": len(text),
            "text": text,
            "said": {},
            "unreadable": None,
        } | more
        self.messages[which].append(message)
        self.views[which] |= {"last_at": message["added_at"], "empty": False}
        return message

    async def answer(self, which: str, reply: Json) -> None:
        """Say it, piece by piece, and record it."""
        studio, began = self.studio, time.monotonic()
        view = next(r for r in studio.status["recipes"] if r["public_name"] == reply["model"])
        if view["state"] != "ready":
            await studio.load(view["id"], "window", 0.3)
        asked = next(m for m in self.messages[which] if m["message_id"] == reply["parent_id"])
        refused = "refuse" in asked["text"].lower()
        first = None
        due = time.monotonic()
        for kind, piece in [] if refused else answers.pieces(asked["text"]):
            if reply["stopped"]:
                break
            first = first or (time.monotonic() - began) * 1000
            reply["grown"].append((kind, piece))
            due += answers.PAUSE_S
            if (ahead := due - time.monotonic()) > 0:  # as many a second as promised, also at 1,000
                await asyncio.sleep(ahead)
        outcome = "cut" if refused else "stopped" if reply["stopped"] else "whole"
        said = {
            "reasoning": "".join(p for kind, p in reply["grown"] if kind == "reasoning"),
            "lane": "gateway",
            "finish": "stop",
            "failure": REFUSED if refused else "",
            "first_token_ms": first,
            "thought_ms": 40.0,
            "duration_ms": (time.monotonic() - began) * 1000,
        }
        reply["message"] = self.add(
            which,
            reply["reply_id"],
            "assistant",
            "".join(piece for kind, piece in reply["grown"] if kind == "text"),
            parent_id=reply["parent_id"],
            outcome=outcome,
            model=reply["model"],
            completion_tokens=len(reply["grown"]),
            said=said,
        )

    async def events(self, reply: Json, after: int) -> AsyncGenerator[str, None]:
        """What has come after an event, as it comes."""
        seen = after
        while True:
            fresh = reply["grown"][seen:]
            seen += len(fresh)
            if fresh:
                told = {
                    "kind": "grew",
                    "text": "".join(piece for kind, piece in fresh if kind == "text"),
                    "reasoning": "".join(piece for kind, piece in fresh if kind == "reasoning"),
                    "tokens": seen,
                }
                yield f"event: reply\nid: {seen}\ndata: {json.dumps(told)}\n\n"
            elif message := reply["message"]:
                ended = {"kind": "ended", "outcome": message["outcome"], "message": message}
                yield f"event: reply\nid: {seen + 1}\ndata: {json.dumps(ended)}\n\n"
                return
            await asyncio.sleep(0.03)


def talk_handlers(studio: FakeStudio) -> list[Any]:
    """Every route of conversations that the window uses."""
    talks = Talks(studio)

    @get("/api/conversations", sync_to_thread=False)
    def listed() -> Json:
        return {"conversations": sorted(talks.views.values(), key=lambda one: -one["last_at"])}

    @get("/api/conversations/search", sync_to_thread=False)
    def search(text: FromQuery[str]) -> Json:
        found = [
            {"conversation": view, "message_id": one["message_id"], "around": text, "times": 1}
            for which, view in talks.views.items()
            for one in talks.messages[which][:1]
            if text.lower() in " ".join(m["text"].lower() for m in talks.messages[which])
        ]
        return {"found": found}

    @get("/api/conversations/unsent", sync_to_thread=False)
    def unsent() -> Json:
        return {"unsent": talks.unsent}

    @put("/api/conversations/unsent", status_code=200, sync_to_thread=False)
    def keep_unsent(data: JSONBody[Json]) -> Json:
        talks.unsent[data["conversation_id"]] = data["text"]
        return {"ok": True}

    @post("/api/conversations", status_code=201, sync_to_thread=False)
    def start(data: JSONBody[Json]) -> Json:
        view = talks.start(data.get("title"))
        talks.setups[view["conversation_id"]] = data.get("setup")
        return view

    @get("/api/conversations/{which:str}", sync_to_thread=False)
    def read(
        which: FromPath[str], newest: FromQuery[int] = 0, but: FromQuery[str] = ""
    ) -> Response[Json]:
        if which not in talks.views:
            return Response({"detail": "no such conversation", "code": "c"}, status_code=404)
        messages = talks.messages[which]
        chosen = messages[-1]["message_id"] if messages else None
        told = {"conversation": talks.views[which], "messages": messages, "chosen": chosen}
        told |= cut(messages, newest, but or None) if newest else {}
        return Response(told | {"setup": talks.setups.get(which)})

    @patch("/api/conversations/{which:str}", sync_to_thread=False)
    def change(which: FromPath[str], data: JSONBody[Json]) -> Json:
        if "setup" in data:
            talks.setups[which] = data["setup"]
        talks.views[which] |= {k: v for k, v in data.items() if k not in ("chosen", "setup")}
        return talks.views[which]

    @delete("/api/conversations/{which:str}", status_code=200, sync_to_thread=False)
    def erase(which: FromPath[str]) -> Json:
        talks.messages[which] = []
        talks.views[which] |= {"standing": "erased", "title": None}
        return talks.views[which]

    @post("/api/conversations/{which:str}/messages", status_code=201, sync_to_thread=False)
    def say(which: FromPath[str], data: JSONBody[Json]) -> Json:
        return talks.add(which, next(talks.ids), "user", data["text"], parent_id=data["after"])

    @get("/api/conversations/{which:str}/replies", sync_to_thread=False)
    def under_way(which: FromPath[str]) -> Json:
        return {"replies": [view_of(r) for r in talks.replies.values() if running(r, which)]}

    @post("/api/conversations/{which:str}/replies", status_code=202)
    async def begin(
        request: Request[Any, Any, Any], which: FromPath[str], data: JSONBody[Json]
    ) -> Json:
        studio.asked.append({"path": "replies"} | data)
        reply: Json = {
            "reply_id": next(talks.ids),
            "conversation_id": which,
            "parent_id": data["to"],
            "model": data["model"],
            "since": time.time_ns() // 1000,
            "grown": [],
            "stopped": False,
            "message": None,
        }
        talks.replies[reply["reply_id"]] = reply
        studio.spawn(talks.answer(which, reply))
        return view_of(reply)

    @get("/api/conversations/{which:str}/replies/{reply_id:str}", sync_to_thread=False)
    def follow(request: Request[Any, Any, Any], reply_id: FromPath[str]) -> Stream:
        after = int(request.headers.get("last-event-id", "0"))
        return Stream(talks.events(talks.replies[reply_id], after), media_type="text/event-stream")

    @post("/api/conversations/{which:str}/replies/{reply_id:str}/stop", status_code=200)
    async def stop(reply_id: FromPath[str]) -> Json:
        talks.replies[reply_id]["stopped"] = True
        return {"ok": True}

    @post("/_fake/conversations", status_code=201, sync_to_thread=False)
    def fill(data: JSONBody[Json]) -> Json:
        """One that was there before: its title, and what was said, in order."""
        view = talks.start(data["title"])
        parent = None
        for said in data["messages"]:
            model = {"model": "qwen3-32b"} if said["role"] == "assistant" else {}
            message_id = next(talks.ids)
            more = {"parent_id": parent, **model}
            talks.add(view["conversation_id"], message_id, said["role"], said["text"], **more)
            parent = message_id
        view["messages"] = len(data["messages"])
        return view

    begun = [fill, listed, search, unsent, keep_unsent, start, read, change, erase]
    return [*begun, say, under_way, begin, follow, stop]


def cut(messages: list[Json], newest: int, but: str | None) -> Json:
    """The end of a long conversation, or with `but` the rest of it, as the studio cuts it."""
    known = {one["message_id"]: one for one in messages}
    branch: list[Json] = []
    at = known.get(but or (messages[-1]["message_id"] if messages else ""))
    while at and not (len(branch) >= newest and branch[-1]["role"] == "user"):
        branch.append(at)
        at = known.get(at["parent_id"])
    if but:
        ids = {one["message_id"] for one in branch}
        places = [place for place, one in enumerate(messages) if one["message_id"] in ids]
        rest = [one for one in messages if one["message_id"] not in ids]
        return {"messages": rest, "places": places}
    above = {one["parent_id"] for one in branch}
    end = [one for one in messages if one["parent_id"] in above]
    earlier = len(messages) - len(end)
    return {"messages": end, "earlier": earlier} if earlier >= newest else {}


def running(reply: Json, which: str) -> bool:
    """Whether it belongs here and has not ended."""
    return reply["conversation_id"] == which and reply["message"] is None


def view_of(reply: Json) -> Json:
    """A reply as the studio shows it."""
    text = "".join(piece for kind, piece in reply["grown"] if kind == "text")
    thought = "".join(piece for kind, piece in reply["grown"] if kind == "reasoning")
    shown = {k: reply[k] for k in ("reply_id", "conversation_id", "parent_id", "model", "since")}
    more = {"events": len(reply["grown"]), "text": text, "reasoning": thought, "request_id": ""}
    return shown | more | {"message_id": reply["reply_id"], "calls": []}
