"""A history that every engine takes: each call has its one result, in order. Pure.

A run that was cut, an import, or a branch that goes on from the middle leave calls without results;
calls side by side bring theirs in any order. Engines refuse the one, and some mistake the other.

What a tool says is put into a template by the engine, between marks of its own. A result that holds
such marks could end its turn and begin another: they are written otherwise before it is sent.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.chat.calls import sendable

UNKNOWN = (
    "There is no result of this call: whether it was carried out is not known. Do not repeat it "
    "unless the person wants that."
)

Turn = dict[str, Any]
_MARKS = re.compile(r"<(\|[A-Za-z_]{2,32}\||/?(?:tool_call|tool_response|think))>")


def mended(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """The same messages; results without a call are told as what they are, missing ones added."""
    told: list[Turn] = []
    left = [dict(one) for one in messages]
    while left:
        one = left.pop(0)
        calls = one.get("tool_calls")
        if calls:
            told.append(one | {"tool_calls": [_sendable(call) for call in calls]})
            results = _leading_results(left)
            told += [_result_of(call["id"], results) for call in calls]
            told += [_astray(result) for result in results]
        elif one["role"] == "tool":
            told.append(_astray(one))
        else:
            told.append(one)
    return told


def _leading_results(left: list[Turn]) -> list[Turn]:
    results: list[Turn] = []
    while left and left[0]["role"] == "tool":
        results.append(left.pop(0))
    return results


def _result_of(call_id: str, results: list[Turn]) -> Turn:
    for at, result in enumerate(results):
        if result["tool_call_id"] == call_id:
            results.pop(at)
            return result | {"content": defanged(result["content"])}
    return {"role": "tool", "tool_call_id": call_id, "content": UNKNOWN}


def _astray(result: Turn) -> Turn:
    return {"role": "user", "content": f"A tool's result:\n{defanged(result['content'])}"}


def defanged(result: str) -> str:
    """A result that can not pretend to end, to be a call, or to be somebody else's turn."""
    return _MARKS.sub(r"‹\1›", result)


def _sendable(call: Mapping[str, Any]) -> Turn:
    function = call["function"]
    mended_ = {**function, "arguments": sendable(function["arguments"])}
    return {**call, "function": mended_}
