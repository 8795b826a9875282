"""What the next request of a conversation would hold, against what its model can hold. Pure.

    | system | tools | attachments | questions | answers | results | draft | … | answer | free |

Counted by the model's engine where it can be asked. Otherwise estimated: from what earlier requests
of this conversation took, else from the letters.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from core.conversations import MessageView, Said

Kind = Literal[
    "system", "tools", "attachments", "questions", "answers", "results", "draft", "template"
]
How = Literal["counted", "from-earlier", "guessed"]
KINDS: tuple[Kind, ...] = (
    "system",
    "tools",
    "attachments",
    "questions",
    "answers",
    "results",
    "draft",
    "template",
)
LATIN = 3.8  # characters of a token, as most tokenizers have it
A_MESSAGE = 4  # tokens that a chat template spends on each
LEAST_RATIO, MOST_RATIO = 0.5, 12.0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of what would be sent."""

    kind: Kind
    tokens: int
    items: int  # messages, tools or files


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The next request, part by part. `over`: so many tokens are too many."""

    model: str
    context: int | None  # None: nobody knows what the model can hold
    context_told: bool  # by the engine itself, not by a recipe or a file
    how: How
    parts: tuple[Part, ...]
    used: int
    answer: int  # kept for the answer, where it was said how long it may be
    free: int | None
    over: int
    help: tuple[str, ...] = ()  # what would make it fit, by its code


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of each kind, as text; files are told by their tokens."""

    texts: dict[Kind, str]
    items: dict[Kind, int]
    messages: int
    attachments: int = 0  # tokens, as they were estimated when they came


def texts_of(
    branch: Sequence[MessageView],
    *,
    system: str,
    tools: Sequence[str],
    draft: str,
    attached: int = 0,
) -> Texts:
    """A branch by kinds. `tools`: their descriptions; `attached`: tokens of files not yet sent."""
    found: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    found["system"] = [system] if system else []
    found["tools"] = list(tools)
    found["draft"] = [draft] if draft else []
    files, tokens = 0, attached
    for one in branch:
        said = one.said or Said()
        found[_kind_of(one.role)].append((one.text or "") + "".join(map(_call, said.tool_calls)))
        files += len(said.attachments)
        tokens += sum(file.tokens for file in said.attachments)
    items = {kind: len(texts) for kind, texts in found.items()}
    items["attachments"] = files + (1 if attached else 0)
    return Texts(
        texts={kind: "\n".join(texts) for kind, texts in found.items()},
        items=items,
        messages=len(branch) + len(found["system"]) + len(found["draft"]),
        attachments=tokens,
    )


def room_of(
    model: str,
    texts: Texts,
    counts: Mapping[Kind, int],
    *,
    how: How,
    context: int | None,
    context_told: bool,
    answer: int,
) -> Room:
    """The parts that there are, and what is left."""
    parts = tuple(
        Part(kind=kind, tokens=counts[kind], items=texts.items.get(kind, 0))
        for kind in KINDS
        if counts.get(kind)
    )
    used = sum(part.tokens for part in parts)
    left = None if context is None else context - used - answer
    over = 0 if left is None else max(0, -left)
    return Room(
        model=model,
        context=context,
        context_told=context_told,
        how=how,
        parts=parts,
        used=used,
        answer=answer,
        free=None if left is None else max(0, left),
        over=over,
        help=tuple(_helps(counts, over, answer)) if over else (),
    )


def estimated(texts: Texts, branch: Sequence[MessageView]) -> tuple[dict[Kind, int], How]:
    """Tokens of each kind without an engine, and by what they were told."""
    ratio = _ratio(branch)
    counts: dict[Kind, int] = {
        kind: letters(text) if ratio is None else math.ceil(len(text) / ratio)
        for kind, text in texts.texts.items()
    }
    counts["attachments"] = texts.attachments
    counts["template"] = texts.messages * A_MESSAGE
    return counts, "guessed" if ratio is None else "from-earlier"


def letters(text: str) -> int:
    """A guess: a token for each Chinese, Japanese or Korean letter, one for four others."""
    wide = sum(1 for letter in text if ord(letter) >= 0x2E80)
    return wide + math.ceil((len(text) - wide) / LATIN)


def _ratio(branch: Sequence[MessageView]) -> float | None:
    """Characters of a token, as the newest whole answers of this branch took them."""
    characters = tokens = 0
    for one in branch:
        said = one.said or Said()
        if one.role == "assistant" and one.outcome == "whole" and one.completion_tokens:
            characters += len(one.text or "") + len(said.reasoning)
            tokens += one.completion_tokens
    if tokens < 16 or not characters:
        return None
    return min(MOST_RATIO, max(LEAST_RATIO, characters / tokens))


def _helps(counts: Mapping[Kind, int], over: int, answer: int) -> list[str]:
    """What would be enough by itself, the easiest first; at least that a new one begins empty."""
    helps = []
    if answer > over:
        helps.append("shorter-answer")
    if counts.get("tools", 0) >= over:
        helps.append("fewer-tools")
    if counts.get("attachments", 0) >= over:
        helps.append("fewer-files")
    if counts.get("draft", 0) >= over:
        helps.append("shorter-question")
    helps += ["longer-context", "new-conversation"]
    return helps


def _kind_of(role: str) -> Kind:
    kinds: dict[str, Kind] = {"assistant": "answers", "tool": "results", "system": "system"}
    return kinds.get(role, "questions")


def _call(call: object) -> str:
    return f"\n{getattr(call, 'name', '')} {getattr(call, 'arguments', '')}"
