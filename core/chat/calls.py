"""Tool calls as a model writes them: put together from their pieces, and read. Pure.

What is wrong with a call is told to the model as that call's result, so every problem here is a
sentence for a model: what is wrong, and what to do.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.chat.chunks import CallPiece
from core.ids import uuid7
from core.mcp.views import Offered

MOST_NAMED = 40  # tools that are told to a model that asked for one that is not there


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A call that a model wants. Its id is ours: models repeat theirs, or have none."""

    call_id: str
    name: str
    arguments: str  # as the model wrote them
    problem: str = ""  # why they can not even be looked at


class Unreadable(Exception):
    """A call that can not be carried out as it was written; the text is for the model."""


@dataclass
class _Coming:
    id: str = ""
    name: str = ""
    arguments: str = ""


class CallsComing:
    """Native calls out of a stream. Some engines number them, some only name them anew."""

    def __init__(self) -> None:
        self._calls: list[_Coming] = []
        self._at: dict[int, _Coming] = {}

    def feed(self, pieces: Iterable[CallPiece]) -> None:
        """More of them."""
        for piece in pieces:
            coming = self._at.get(piece.index)
            if coming is None or (piece.id and coming.id and piece.id != coming.id):
                coming = self._at[piece.index] = _Coming()
                self._calls.append(coming)
            coming.id = coming.id or piece.id
            coming.name = coming.name or piece.name
            coming.arguments += piece.arguments

    def all(self) -> list[Wanted]:
        """What has come, in order."""
        return [wanted(one.name, one.arguments) for one in self._calls]


def wanted(name: str, arguments: str, problem: str = "") -> Wanted:
    """A call under an id of its own."""
    return Wanted(call_id=uuid7(), name=name, arguments=arguments, problem=problem)


def meant(name: str, offered: Sequence[Offered]) -> Offered | None:
    """The tool of that name, also without its server's, which small models leave out."""
    for tool in offered:
        if tool.name == name:
            return tool
    short = [tool for tool in offered if tool.tool == name]
    return short[0] if len(short) == 1 else None


def demand_offered(call: Wanted, offered: Sequence[Offered]) -> Offered:
    """The tool that is meant. Raises Unreadable."""
    tool = meant(call.name, offered)
    if tool is not None:
        return tool
    names = ", ".join(tool.name for tool in offered[:MOST_NAMED]) or "none"
    called = repr(call.name[:80]) if call.name else "without a name"
    raise Unreadable(f"There is no tool {called}. The tools are: {names}.")


def arguments_of(call: Wanted, *, cut: bool = False) -> dict[str, Any]:
    """Its arguments. `cut`: the answer ended at its limit of tokens. Raises Unreadable."""
    if call.problem:
        raise Unreadable(call.problem)
    if not call.arguments.strip():
        return {}
    try:
        told = json.loads(call.arguments)
        if isinstance(told, str):  # some models write JSON into a JSON string
            told = json.loads(told)
    except (ValueError, RecursionError) as problem:
        why = "the answer ended at its limit of tokens" if cut else str(problem)
        raise Unreadable(
            f"The arguments of this call are no JSON ({why}): nothing was called. "
            "Call again, with one JSON object as its arguments."
        ) from None
    if not isinstance(told, dict):
        raise Unreadable(
            "The arguments of this call are no JSON object: nothing was called. "
            "Call again, with one JSON object as its arguments."
        )
    return told


def sendable(arguments: str) -> str:
    """Arguments for the next question: engines refuse a history in which they are no JSON."""
    try:
        told = json.loads(arguments.strip() or "{}")
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        return arguments.strip() or "{}"
    return json.dumps({"malformed": arguments}, ensure_ascii=False)
