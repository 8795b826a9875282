"""Finds the token counts in an answer that goes by, without decoding the answer.

A substring test finds `"usage"`; only the object behind it is decoded. Inside generated text the
quotes would be escaped, so a model that talks about usage does not fool it. Counts may come more
than once (Anthropic tells prompt and answer in two events; some engines count on and on): the
largest of each counts.
"""

import json
import json.scanner
import re
from typing import Any

import msgspec

_NEEDLE = b'"usage"'
_PLAIN = b'"usage":{'
_BEGIN = re.compile(rb'"usage"\s*:\s*')
ABSURD = 1_000_000_000  # tokens that no engine makes for one request; below 0 none does either
_LONGEST = 4096  # bytes of a usage object, generously
# An object and where it ends; StopIteration where none begins.
_decode = json.scanner.make_scanner(json.JSONDecoder())  # type: ignore[arg-type]  # its own way


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Token counts of one request; None where nobody told."""

    prompt: int | None = None
    completion: int | None = None
    cached: int | None = None
    reasoning: int | None = None  # part of `completion`

    def most(self, other: "Tokens") -> "Tokens":
        """The larger of each."""
        return Tokens(
            prompt=_most(self.prompt, other.prompt),
            completion=_most(self.completion, other.completion),
            cached=_most(self.cached, other.cached),
            reasoning=_most(self.reasoning, other.reasoning),
        )


NOTHING = Tokens()


class UsageFinder:
    """Feed it the answer in whatever pieces it comes."""

    def __init__(self) -> None:
        self.tokens = NOTHING
        self._carry = b""

    def feed_whole(self, data: bytes) -> None:
        """Look at a piece that no object crosses, such as whole events: cheaper than `feed`."""
        if self._carry or _NEEDLE in data:
            self.feed(data)
            self._carry = b""

    def feed(self, data: bytes) -> None:
        """Look at the next piece."""
        data = self._carry + data
        at = data.find(_NEEDLE)
        while at >= 0:
            after = self._read(data, at)
            if after is None:  # the object goes on in the next piece
                self._carry = data[at:]
                return
            at = data.find(_NEEDLE, after)
        self._carry = data[-(len(_NEEDLE) - 1) :]

    def _read(self, data: bytes, at: int) -> int | None:
        """Where to look on; None when more bytes are needed to tell."""
        begin = at + len(_NEEDLE) + 1
        if not data.startswith(b":{", begin - 1):  # as mostly
            head = _BEGIN.match(data, at)
            if head is None or head.end() == len(data):
                window = data[at : at + _LONGEST]
                could_grow = re.fullmatch(rb'"usage"\s*(:\s*)?', window) is not None
                return None if could_grow and len(window) < _LONGEST else at + len(_NEEDLE)
            begin = head.end()
            if not data.startswith(b"{", begin):
                return begin
        try:
            found, _ = _decode(data[begin : at + _LONGEST].decode("utf-8", "ignore"), 0)
        except (ValueError, StopIteration, RecursionError) as error:
            torn = not isinstance(error, RecursionError) and len(data) - at < _LONGEST
            return None if torn else begin
        found = tokens_of(found)
        self.tokens = found if self.tokens is NOTHING else self.tokens.most(found)
        return begin


def tokens_in(document: bytes) -> Tokens:
    """What a whole document tells."""
    at = document.rfind(_PLAIN)  # mostly it is the last thing there
    if at < 0 or document.find(_NEEDLE, at + 1) >= 0 or document.find(_NEEDLE, 0, at) >= 0:
        finder = UsageFinder()
        finder.feed(document)
        return finder.tokens
    begin = at + len(_PLAIN) - 1
    told = document[begin : at + _LONGEST].decode("utf-8", "ignore")
    try:
        return tokens_of(_decode(told, 0)[0])
    except (ValueError, StopIteration, RecursionError):
        return NOTHING


def tokens_of(usage: dict[str, Any]) -> Tokens:
    """Read a usage object of any dialect: chat, completions, responses, messages, embeddings."""
    told = usage.get
    details = told("prompt_tokens_details") or told("input_tokens_details")
    cached = _within(details, "cached_tokens") if details else None
    made_of = told("completion_tokens_details") or told("output_tokens_details")
    reasoning = _within(made_of, "reasoning_tokens") if made_of else None
    prompt, completion = told("prompt_tokens"), told("completion_tokens")
    if type(prompt) is not int or not 0 <= prompt <= ABSURD:  # `_count`, for each request
        prompt = None
    if type(completion) is not int or not 0 <= completion <= ABSURD:
        completion = None
    if prompt is None:
        prompt = _count(told("input_tokens"))
        read = _count(told("cache_read_input_tokens"))
        made = _count(told("cache_creation_input_tokens"))
        if prompt is not None:  # Anthropic does not count the cached part as input
            prompt += (read or 0) + (made or 0)
        cached = cached if read is None else read
    if completion is None:
        completion = _count(told("output_tokens"))
    return Tokens(prompt=prompt, completion=completion, cached=cached, reasoning=reasoning)


def _within(details: object, key: str) -> int | None:
    return _count(details.get(key)) if isinstance(details, dict) else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= ABSURD else None  # no bool is one


def _most(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
