"""One small question with one right answer: whether an engine that slept is in its right mind.

After a level 2 sleep without its weights an engine answers 200 with gibberish. At temperature 0 the
same question has the same answer, so what it said before it slept is what it must say again.
"""

from typing import Any

import msgspec

from core.engines.loopback import ask

FEW_TOKENS = 4  # gibberish shows at the first; with many, rounding could change a word
NUMBERS = 8  # of an embedding
QUESTIONS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": FEW_TOKENS,
        "temperature": 0,
    },
    "/v1/completions": {"prompt": "Hi", "max_tokens": FEW_TOKENS, "temperature": 0},
    "/v1/embeddings": {"input": "Hi"},
}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An engine as somebody sees it who talks to it and watches its memory."""

    port: int
    kind: str
    model_name: str
    model: str  # where its weights are
    api_key: str | None
    process_group: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, and where it was given."""

    path: str
    answer: str


async def first_answer(target: Target, timeout_s: float) -> Said | None:
    """What it says on the first path on which it says anything: a chat, a text or an embedding."""
    for path in QUESTIONS:
        said = await answer_on(target, path, timeout_s)
        if said is not None:
            return Said(path=path, answer=said)
    return None


async def answer_on(target: Target, path: str, timeout_s: float) -> str | None:
    """What it says there; None when it says nothing proper."""
    body = msgspec.json.encode({"model": target.model_name, **QUESTIONS[path]})
    answer = await ask(target.port, path, timeout_s=timeout_s, key=target.api_key, body=body)
    if answer is None or not answer.ok:
        return None
    try:
        return _text(msgspec.json.decode(answer.body))
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError):
        return None


def _text(answer: Any) -> str:  # noqa: ANN401 - JSON
    if "data" in answer:
        numbers = answer["data"][0]["embedding"][:NUMBERS]
        return " ".join(f"{float(number) + 0.0:.2f}" for number in numbers)
    choice = answer["choices"][0]
    message = choice.get("message") or {"content": choice.get("text")}
    spoken = (message.get(name) for name in ("reasoning", "reasoning_content", "content"))
    return "".join(text for text in spoken if isinstance(text, str))
