"""How a model is asked: what a thinking one needs, and what is never sent."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from core.research.asking import ROOM_TO_THINK, Asking, ResearchAsker
from core.research.prompts import ask_back
from tests.core.chat.scripted import DONE, chunk

Message = MutableMapping[str, Any]


class Thinker:
    """Thinks for 500 tokens before it says anything; `tagged`: in its own words."""

    def __init__(self, *, tagged: bool) -> None:
        self.tagged = tagged
        self.asked: list[dict[str, Any]] = []

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one request."""
        body = json.loads((await receive())["body"])
        self.asked.append(body)
        thought = "Let me see. " * 50
        pieces = [chunk(f"<think>{thought}")] if self.tagged else [chunk(reasoning=thought)]
        if body["max_tokens"] > 500:
            said = '{"questions": ["Which one?"]}'
            pieces += [chunk(f"</think>{said}" if self.tagged else said), chunk(finish="stop")]
        else:
            pieces.append(chunk(finish="length"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (*pieces, DONE):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def test_a_model_that_thinks_is_given_room_for_it() -> None:
    """Once it was cut off in its thoughts; from then on at once. Its thoughts are no answer."""
    for tagged in (False, True):
        model = Thinker(tagged=tagged)
        asking = Asking(model)
        for _ in range(2):
            told = await asking.ask(
                "qwen", lambda size: ask_back("How high?"), ResearchAsker(actor="window")
            )
            assert told.value is not None
            assert told.value.questions == ["Which one?"]
        rooms = [one["max_tokens"] for one in model.asked]
        assert rooms == [400, 400 + ROOM_TO_THINK, 400 + ROOM_TO_THINK]
