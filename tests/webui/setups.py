"""The stand-in's presets, and what the next request would hold, for the window to show."""

import itertools
import time
from typing import Any

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

Json = dict[str, Any]
CONTEXT = 8192
NOTHING: Json = {"model": "", "system": "", "parameters": {}, "tools": []}


def setup_handlers() -> list[Any]:
    """Every route of presets and of the room that the window uses."""
    presets: dict[str, Json] = {}
    ids = (f"preset-{number}" for number in itertools.count(1))

    @get("/api/presets", sync_to_thread=False)
    def listed() -> Json:
        return {"presets": sorted(presets.values(), key=lambda one: one["name"].casefold())}

    @put("/api/presets/{name:str}", sync_to_thread=False)
    def save(name: FromPath[str], data: JSONBody[Json]) -> Json:
        before = presets.pop(name, None)
        kept = {
            **NOTHING,
            **data,
            "name": data.get("name") or name,
            "preset_id": before["preset_id"] if before else next(ids),
            "saved_at": time.time_ns() // 1000,
            "saved_by": "window",
        }
        presets[kept["name"]] = kept
        return kept

    @delete("/api/presets/{name:str}", status_code=204, sync_to_thread=False)
    def remove(name: FromPath[str]) -> None:
        del presets[name]

    @post("/api/conversations/room", status_code=200, sync_to_thread=False)
    def room(data: JSONBody[Json]) -> Json:
        texts = {"system": data["system"], "draft": data["draft"]}
        parts: list[Json] = [
            {"kind": kind, "tokens": len(str(text).split()), "items": 1}
            for kind, text in texts.items()
            if text
        ]
        if data["to"]:
            parts.append({"kind": "questions", "tokens": 240, "items": 2})
            parts.append({"kind": "answers", "tokens": 1320, "items": 2})
        if data["tools"]:
            parts.append({"kind": "tools", "tokens": 410, "items": len(data["tools"])})
        used = sum(part["tokens"] for part in parts)
        answer = int(data["parameters"].get("max_tokens", 0))
        over = max(0, used + answer - CONTEXT)
        return {
            "model": data["model"],
            "context": CONTEXT,
            "context_told": True,
            "how": "counted",
            "parts": parts,
            "used": used,
            "answer": answer,
            "free": max(0, CONTEXT - used - answer),
            "over": over,
            "help": ["shorter-answer", "new-conversation"] if over else [],
        }

    return [listed, save, remove, room]
